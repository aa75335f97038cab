#include "io/results/verify.hpp"

#include <filesystem>

#include "host/base/error.hpp"
#include "io/files/checksum.hpp"
#include "io/hdf5/guarded_process.hpp"
#include "io/results/result_reader.hpp"

namespace servesweep {

void verify_results(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored)) continue;  // the reader says why not
    if (verify_checksum(path) != Checksum::kDiffers) continue;
    throw IoError("cannot read " + path +
                  " (its checksum differs: it has changed since it was written) fetch it again or "
                  "make it anew; --no-verify reads it all the same");
  }
}

void check_written(const std::string& path, std::int64_t num_worlds) {
  if (verify_checksum(path) == Checksum::kSame) {
    const hdf5::Id file = hdf5::open_file(path);
    const hdf5::Id worlds = hdf5::open_object(file, kWorldsGroup);
    const hdf5::Id rows = hdf5::open_object(worlds, world_column().name);
    if (hdf5::num_rows(rows) == static_cast<hsize_t>(num_worlds)) return;
  }
  throw IoError("cannot write " + path + " (what was read back is not what was written) run again");
}

void read_all(const std::string& path) {
  const ResultFile file(path);
  for (const ResultColumn& column : file.columns()) file.data(column.spec.name);
  for (const std::string& table : file.tables()) file.table(table);
  file.sweeps();
  file.findings();
  file.methods();
}

void check_existing_result(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored) || !hdf5::is_hdf5(path)) return;
  verify_results({path});
  run_guarded(path, time_limit_for({path}), [&] {
    try {
      read_all(path);
    } catch (const std::exception&) {
      return 1;  // the caller meets it, too, and says so
    }
    return 0;
  });
}

}  // namespace servesweep
