// Input files whose reading fails in the middle: an IoError that names the file, never half of it.
#include <cerrno>
#include <functional>
#include <string>

#include "host/base/error.hpp"
#include "io/files/toml_reader.hpp"
#include "io/measured/grid_reader.hpp"
#include "io/measured/iteration_reader.hpp"
#include "io/measured/profile_reader.hpp"
#include "io/traces/trace_reader.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/failing_disk.hpp"
#include "tests/support/temp_folder.hpp"

using namespace servesweep;

TEST_CASE("a file that cannot be read to its end is an error that names it") {
  const TempFolder folder;
  const std::string rows(100'000, '\n');
  write_bytes(folder / "trace.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n" + rows);
  write_bytes(folder / "grid.csv", "batch_size,length,time_ms\n" + rows);
  write_bytes(folder / "sweep.toml", "seed = 1\n" + rows);
  const auto fails = [](const std::string& file, const std::function<void()>& read) {
    const FailingDisk disk(DiskCall::kRead, EIO, 5);
    INFO(file);
    CHECK_THROWS_AS(read(), IoError);
    const FailingDisk again(DiskCall::kRead, EIO, 5);
    CHECK_THROWS_WITH(read(), Catch::Matchers::ContainsSubstring(file) &&
                                  Catch::Matchers::ContainsSubstring("Input/output error"));
  };
  fails("trace.csv", [&] { read_trace(folder / "trace.csv", {}); });
  fails("grid.csv", [&] { read_service_grid(folder / "grid.csv"); });
  fails("sweep.toml", [&] { read_toml(folder / "sweep.toml", {}); });
  // The last of a profile's files.
  for (const std::string& file : kernel_profile_files(folder.path())) {
    write_bytes(file, "layer,tokens,time_us\n" + rows);
  }
  fails(kernel_profile_files(folder.path()).front(), [&] { read_kernel_profile(folder.path()); });
}
