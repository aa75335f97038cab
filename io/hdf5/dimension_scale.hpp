// Dimension scales: datasets that name the dimensions of other datasets and carry their
// coordinates (the H5DS convention of the HDF5 library, on which netCDF-4 builds).
#pragma once

#include <string>
#include <vector>

#include "io/hdf5/hdf5.hpp"

namespace servesweep::hdf5 {

void make_dimension_scale(hid_t dataset, const std::string& name);
// A dimension without coordinates, as netCDF-4 stores it.
void create_dimension(hid_t group, const std::string& name, hsize_t size);

struct Dimensioned {
  std::string dataset;
  std::vector<std::string> scales;  // [dimension of the dataset]
};
// Links datasets of a group with their scales, once, when all datasets are there. Readers of
// netCDF-4 need this of every dataset that is not a scale.
void link_dimension_scales(hid_t group, const std::vector<Dimensioned>& datasets);

}  // namespace servesweep::hdf5
