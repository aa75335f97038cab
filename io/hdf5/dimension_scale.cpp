#include "io/hdf5/dimension_scale.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace servesweep::hdf5 {
namespace {

void write(hid_t object, const char* name, hid_t file_type, hid_t memory_type, const Id& space,
           const void* data) {
  const Id attribute(H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT),
                     H5Aclose);
  check_write(H5Awrite(attribute, memory_type, data), object);
}

Id vector_space(hsize_t size) { return Id(H5Screate_simple(1, &size, nullptr), H5Sclose); }

}  // namespace

void make_dimension_scale(hid_t dataset, const std::string& name) {
  // CLASS and NAME must be fixed-length, unlike all other texts.
  const auto write_fixed = [&](const char* attribute, const std::string& text) {
    const Id type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type, text.size() + 1);
    write(dataset, attribute, type, type, Id(H5Screate(H5S_SCALAR), H5Sclose), text.c_str());
  };
  write_fixed("CLASS", "DIMENSION_SCALE");
  write_fixed("NAME", name);
}

void create_dimension(hid_t group, const std::string& name, hsize_t size) {
  std::string digits = std::to_string(size);
  if (digits.size() < 10) digits.insert(0, 10 - digits.size(), ' ');
  make_dimension_scale(create_empty_dataset(group, name, size),
                       "This is a netCDF dimension but not a netCDF variable." + digits);
}

void link_dimension_scales(hid_t group, const std::vector<Dimensioned>& datasets) {
  struct User {
    hobj_ref_t dataset;
    std::int32_t dimension;
  };
  std::vector<std::pair<std::string, std::vector<User>>> scales;  // which dataset uses which scale
  const auto reference_to = [&](const std::string& name) {
    hobj_ref_t reference = 0;
    check_write(H5Rcreate(&reference, group, name.c_str(), H5R_OBJECT, -1), group);
    return reference;
  };

  const Id list_type(H5Tvlen_create(H5T_STD_REF_OBJ), H5Tclose);
  for (const Dimensioned& d : datasets) {
    const hobj_ref_t dataset = reference_to(d.dataset);
    std::vector<hobj_ref_t> references;
    for (const std::string& name : d.scales) {
      auto scale = std::find_if(scales.begin(), scales.end(),
                                [&](const auto& s) { return s.first == name; });
      if (scale == scales.end()) scale = scales.insert(scale, {name, {}});
      scale->second.push_back({dataset, static_cast<std::int32_t>(references.size())});
      references.push_back(reference_to(name));
    }
    std::vector<hvl_t> lists;
    for (hobj_ref_t& reference : references) lists.push_back({1, &reference});
    write(open_object(group, d.dataset), "DIMENSION_LIST", list_type, list_type,
          vector_space(lists.size()), lists.data());
  }

  const Id user_type(H5Tcreate(H5T_COMPOUND, sizeof(User)), H5Tclose);
  H5Tinsert(user_type, "dataset", offsetof(User, dataset), H5T_STD_REF_OBJ);
  H5Tinsert(user_type, "dimension", offsetof(User, dimension), H5T_NATIVE_INT32);
  const Id packed_type(H5Tcopy(user_type), H5Tclose);  // padding would be random bytes on disk
  H5Tpack(packed_type);
  for (const auto& [name, users] : scales) {
    write(open_object(group, name), "REFERENCE_LIST", packed_type, user_type,
          vector_space(users.size()), users.data());
  }
}

}  // namespace servesweep::hdf5
