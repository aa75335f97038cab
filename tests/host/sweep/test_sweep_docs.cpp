// What is generated from the field lists: the dumped default and docs/parameters.md.
#include "host/sweep/parameter_docs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/small_parameters.hpp"

namespace servesweep {
namespace {

TEST_CASE("the dumped default is the default sweep, without warnings") {
  const std::string dump = dump_default("batch", small::parameters());
  INFO(dump);
  const Sweep s = small::sweep(dump);
  CHECK(s.fingerprint() == small::sweep("").fingerprint());
  CHECK(s.warnings().empty());
}

TEST_CASE("the dumped default shows every key with what it takes") {
  const std::string dump = dump_default("batch", small::parameters());
  const auto has = [&](const std::string& part) { return dump.find(part) != std::string::npos; };
  for (const Parameter& p : small::parameters()) {
    INFO(p.key);
    const std::string bare = p.key.substr(p.key.rfind('.') + 1);
    CHECK(has("\n" + bare + " = ") != has("\n# " + bare + " = "));
    CHECK(has("# " + p.text));
  }
  CHECK(
      has("\n[cluster]\n# GPUs. (integer in [1, 1000])\nnum_gpus = 1\n\n"
          "# Memory of a GPU. (number in [0, 1000000] GB)\ngpu_memory_gb = 12.0\n"));
  CHECK(
      has("\n# Requests per batch. (integer in [1, 1024]) Only if scheduler.kind = static_fifo.\n"
          "# batch_size = 8\n"));
  CHECK(
      has("\n# Number of bins. (integer in [1, 1024]) Only if scheduler.kind = multi_bin_dynamic "
          "and\n# scheduler.bin_edges is not given.\nk_bins = 4\n"));
  CHECK(has("\nseed = 42\n"));
  CHECK(has("\n# where = "));
  CHECK(has("\nsave_histograms = \"auto\"\n"));
}

TEST_CASE("all commented keys are keys") {
  std::string dump = dump_default("batch", small::parameters());
  for (const char* key : {"sigma", "batch_size"}) {
    const std::string commented = std::string("\n# ") + key + " = ";
    const std::size_t at = dump.find(commented);
    REQUIRE(at != std::string::npos);
    dump.erase(at + 1, 2);
  }
  const Sweep s = small::sweep(dump);
  CHECK(s.warnings().size() == 2);  // set, but not read
}

TEST_CASE("markdown") {
  const std::string text = parameters_markdown("batch", small::parameters());
  const auto has = [&](const std::string& part) { return text.find(part) != std::string::npos; };
  CHECK(
      has("\n### [cluster]\n\n| key | column | values | default | meaning |\n"
          "|---|---|---|---|---|\n| `num_gpus` | `num_gpus` | integer in [1, 1000] | `1` | GPUs. "
          "|\n"));
  CHECK(
      has("| `kind` | `scheduler_kind` | one of \"static_fifo\", \"dynamic_no_bins\", "
          "\"multi_bin_dynamic\" | `\"multi_bin_dynamic\"` | Which scheduler. |\n"));
  CHECK(has("| `seed` | integer in [0, 9007199254740992] | `42` |"));
}

}  // namespace
}  // namespace servesweep
