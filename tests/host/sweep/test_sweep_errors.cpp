// Whole messages: what a user reads when a sweep file is wrong.
#include <algorithm>

#include "tests/support/catch.hpp"
#include "tests/support/small_parameters.hpp"

namespace servesweep {
namespace {

using small::errors;

TEST_CASE("all errors of a file at once, from top to bottom, overrides last") {
  CHECK(errors(R"(engine = "batch"
seed = -1
replications = 1.5
k_bins = 3
sweeep = 2
[workload]
trace = 7
requests = ["many", 0, 10, 10.0, 2.5]
rps_scaling = { from = 0, to = 8, num = 4, scale = "log" }
real_timestamps = "yes"
predictor = ["oracle", "nosy", "xyz"]
sigma = []
[scheduler]
kbins = 4
kind = { from = 1, to = 2, num = 2 }
batch_size = { from = 9, to = 2, num = 0, scale = "cubic", stp = 1 }
bin_edges = [1, 2.5]
)") ==
        R"(sweep.toml:2:8: invalid seed=-1 (must be an integer in [0, 9007199254740992])
sweep.toml:3:16: invalid replications=1.5 (must be an integer in [1, 1000000])
sweep.toml:4:1: unknown key k_bins (not a parameter of engine "batch") did you mean scheduler.k_bins?
sweep.toml:5:1: unknown key sweeep (not a parameter of engine "batch") see the list that --dump-default prints
sweep.toml:7:9: invalid workload.trace=7 (must be a string, in UTF-8 and without control characters)
sweep.toml:8:13: invalid workload.requests="many" (must be an integer in [1, 1e+09])
sweep.toml:8:21: invalid workload.requests=0 (must be an integer in [1, 1e+09])
sweep.toml:8:28: duplicate 10.0 in workload.requests (an axis has each value once) remove it
sweep.toml:8:34: invalid workload.requests=2.5 (must be an integer in [1, 1e+09])
sweep.toml:9:24: invalid from=0 in the range of workload.rps_scaling (must be above 0 with scale "log")
sweep.toml:10:19: invalid workload.real_timestamps="yes" (must be true or false)
sweep.toml:11:24: invalid workload.predictor="nosy" (must be one of oracle, noisy) did you mean noisy?
sweep.toml:11:32: invalid workload.predictor="xyz" (must be one of oracle, noisy)
sweep.toml:12:9: invalid workload.sigma=[] (an axis needs a value) add one or remove the key
sweep.toml:14:1: unknown key scheduler.kbins (not a parameter of engine "batch") did you mean scheduler.k_bins?
sweep.toml:15:8: invalid range of scheduler.kind (must be one of static_fifo, dynamic_no_bins, multi_bin_dynamic) list the values: [...]
sweep.toml:16:40: invalid num=0 in the range of scheduler.batch_size (must be an integer in [1, 1000000])
sweep.toml:16:51: invalid scale="cubic" in the range of scheduler.batch_size (must be "lin" or "log")
sweep.toml:16:66: unknown key stp in the range of scheduler.batch_size (a range has from, to, num and scale)
sweep.toml:17:13: invalid scheduler.bin_edges=[1, 2.5] (must be an array of integers))");
  CHECK(
      errors(R"([shceduler]
[cluster]
num_gpus = { from = 1 }
gpu_memory_gb = [nan, inf, -1, 1979-05-27]
[sweep]
design = "gird"
where = ["k_bins <= 4 * num_gpu", 7]
samples = 1e9
[output]
save_histograms = "maybe"
["a.b"]
"c d" = 1
)",
             {"num_gpus=0", "kindd=1", "gpu_memory_gb=[word, 2]"}) ==
      R"(sweep.toml:1:2: unknown table shceduler (not a parameter of engine "batch") did you mean scheduler?
sweep.toml:6:10: invalid sweep.design="gird" (must be one of grid, zip, csv, random, lhs) did you mean grid?
sweep.toml:7:10: invalid condition "k_bins <= 4 * num_gpu" (unknown name num_gpu at character 15) did you mean cluster.num_gpus?
sweep.toml:7:35: invalid sweep.where=7 (must be a string or an array of strings)
sweep.toml:8:11: invalid sweep.samples=1e+09 (must be an integer in [0, 1e+07])
sweep.toml:10:19: invalid output.save_histograms="maybe" (must be one of auto, true, false)
sweep.toml:12:1: unknown key "a.b"."c d" (not a parameter of engine "batch") see the list that --dump-default prints
-s:1: invalid cluster.num_gpus=0 (must be an integer in [1, 1000])
-s:2: unknown key kindd (not a parameter of engine "batch") did you mean scheduler.kind?
-s:3: invalid cluster.gpu_memory_gb="word" (must be a number in [0, 1000000]))");
}

TEST_CASE("of very many errors the first are shown, all are counted") {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "key" + std::to_string(i) + " = 1\n";
  const std::string all = errors(text);
  CHECK(std::count(all.begin(), all.end(), '\n') == 20);
  CHECK(all.starts_with("sweep.toml:1:1: unknown key key0 "));
  CHECK(all.ends_with("\nand 99,980 more errors (the first 20 are above)"));
  const std::string long_key = errors(std::string(1'000'000, 'k') + " = 1");
  CHECK(long_key.size() < 300);
}

TEST_CASE("integers that no double is are refused, not rounded") {
  const std::string rule = " (must be an integer in [0, 9007199254740992])";
  CHECK(errors("seed = 9007199254740992").empty());
  for (const char* seed : {"9007199254740993", "9007199254740994", "9223372036854775807"}) {
    CHECK(errors(std::string("seed = ") + seed) ==
          std::string("sweep.toml:1:8: invalid seed=") + seed + rule);
  }
  // Written so, it may have been 9007199254740993.0.
  CHECK(errors("seed = 9007199254740992.0").find("invalid seed=") != std::string::npos);
  CHECK(errors("[scheduler]\nbin_edges = [1, 9007199254740993]").find("must be an array of") !=
        std::string::npos);
}

TEST_CASE("numbers out of range") {
  CHECK(errors("[cluster]\ngpu_memory_gb = [nan, inf, -1, 1979-05-27]") ==
        "sweep.toml:2:18: invalid cluster.gpu_memory_gb=nan (must be a number in [0, 1000000])\n"
        "sweep.toml:2:23: invalid cluster.gpu_memory_gb=inf (must be a number in [0, 1000000])\n"
        "sweep.toml:2:28: invalid cluster.gpu_memory_gb=-1 (must be a number in [0, 1000000])\n"
        "sweep.toml:2:32: invalid cluster.gpu_memory_gb=a date or time (must be a number in [0, "
        "1000000])");
  CHECK(errors("seed = 9007199254740994") ==
        "sweep.toml:1:8: invalid seed=9007199254740994 (must be an integer in [0, "
        "9007199254740992])");
}

TEST_CASE("errors in ranges") {
  CHECK(errors("[scheduler]\nk_bins = { from = 9, to = 2, num = 3 }") ==
        "sweep.toml:2:10: invalid range of scheduler.k_bins (from=9 is above to=2) swap them");
  CHECK(errors("[scheduler]\nk_bins = { from = 0, to = 2000, num = 3 }") ==
        "sweep.toml:2:19: invalid scheduler.k_bins=0 (must be an integer in [1, 1024])\n"
        "sweep.toml:2:27: invalid scheduler.k_bins=2000 (must be an integer in [1, 1024])");
  CHECK(errors("[cluster]\nnum_gpus = { from = 1, to = 3 }") ==
        "sweep.toml:2:12: missing num in the range of cluster.num_gpus (only the designs random "
        "and lhs draw from a whole range) add num = 8");
  CHECK(errors("[cluster]\nnum_gpus = { from = 1, num = 3 }") ==
        "sweep.toml:2:12: missing to in the range of cluster.num_gpus (it has two ends) add it");
  CHECK(errors("[cluster]\nnum_gpus = { form = 1, num = 3 }") ==
        "sweep.toml:2:14: unknown key cluster.num_gpus.form (cluster.num_gpus is no table) write a "
        "range as { from = 1, to = 8, num = 4 }\n"
        "sweep.toml:2:24: unknown key cluster.num_gpus.num (cluster.num_gpus is no table) write a "
        "range as { from = 1, to = 8, num = 4 }");
}

TEST_CASE("lists") {
  CHECK(
      errors("[scheduler]\nk_bins = [[1, 2], [3]]\nbin_edges = [[1, 2], [3, \"a\"], 4, [1, 2]]") ==
      "sweep.toml:2:11: invalid scheduler.k_bins=[1, 2] (must be an integer in [1, 1024])\n"
      "sweep.toml:2:19: invalid scheduler.k_bins=[3] (must be an integer in [1, 1024])\n"
      "sweep.toml:3:22: invalid scheduler.bin_edges=[3, \"a\"] (must be an array of integers)\n"
      "sweep.toml:3:32: invalid scheduler.bin_edges=4 (must be an array of integers)\n"
      "sweep.toml:3:35: duplicate [1, 2] in scheduler.bin_edges (an axis has each value once) "
      "remove it");
}

TEST_CASE("a table is no value") {
  CHECK(errors("workload = 3") ==
        "sweep.toml:1:1: invalid workload=3 (it is a table) write [workload] and its keys below");
  CHECK(errors("[[workload]]\nrequests = 2") ==
        "sweep.toml:1:3: invalid workload=[{requests = 2}] (it is a table) write [workload] and "
        "its keys below");
  CHECK(errors("[workload]\n[cluster]\n[sweep]") == "");
  CHECK(errors("workload = { requests = 3 }") == "");
}

TEST_CASE("long and unprintable values are quoted in short") {
  CHECK(errors("[scheduler]\nkind = \"" + std::string(500, 'x') + "\"") ==
        "sweep.toml:2:8: invalid scheduler.kind=\"" + std::string(59, 'x') +
            "... (must be one of static_fifo, dynamic_no_bins, multi_bin_dynamic)");
  CHECK(errors("[workload]\ntrace = \"a\\u0000b\"") ==
        "sweep.toml:2:9: invalid workload.trace=\"a\\u0000b\" (must be a string, in UTF-8 and "
        "without control characters)");
  CHECK(errors("", {"workload.trace=\xC3\x28"}) ==
        "-s:1: invalid workload.trace=\"\xC3(\" (must be a string, in UTF-8 and without control "
        "characters)");
}

TEST_CASE("designs") {
  CHECK(errors("[sweep]\ndesign = \"zip\"\n[cluster]\nnum_gpus = [1, 2]\n[scheduler]\n"
               "k_bins = [1, 2, 3]") ==
        "sweep.toml:4:12: axis cluster.num_gpus has 2 values (scheduler.k_bins has 3; design "
        "\"zip\" advances all axes together) make them equally long");
  CHECK(errors("[sweep]\ndesign = \"lhs\"") ==
        "sweep.toml:2:1: missing sweep.samples (design is \"lhs\") set it to the number of points");
  CHECK(errors("[sweep]\ndesign = \"csv\"\n[cluster]\nnum_gpus = [1, 2]") ==
        "sweep.toml:2:1: missing sweep.csv (design is \"csv\") set it to a file of points\n"
        "sweep.toml:4:12: invalid axis cluster.num_gpus (design \"csv\" takes its points from the "
        "file alone) give one value or make it a column there");
  CHECK(errors("[workload]\nrequests = { from = 1, to = 10000, num = 10000 }\n[cluster]\n"
               "num_gpus = { from = 1, to = 1000, num = 1000 }\n"
               "gpu_memory_gb = { from = 1, to = 100, num = 1000 }") ==
        "sweep.toml: too many points: 1e+10, which are 1e+10 worlds (must be at most 10,000,000 "
        "points) give the axes fewer values or use design = \"lhs\"");
  CHECK(errors("replications = 1000000\n[cluster]\nnum_gpus = { from = 1, to = 1000, num = 1000 }\n"
               "gpu_memory_gb = { from = 1, to = 100, num = 2 }") ==
        "sweep.toml: too many worlds: 2,000,000,000 = 2,000 points x 1,000,000 replications (must "
        "be at most 1,000,000,000) lower replications or give the axes fewer values");
  CHECK(errors("[cluster]\nnum_gpus = [1, 2]\n[sweep]\nwhere = \"1 / (num_gpus - 2) < 0\"") ==
        "sweep.toml:4:1: invalid condition \"1 / (num_gpus - 2) < 0\" (division by zero at "
        "character 3) exclude it before: \"x != 0 and 1 / x < ...\"");
  CHECK(errors("[cluster]\nnum_gpus = [1, 2]\n[sweep]\nwhere = [\"num_gpus > 2\"]") ==
        "sweep.toml:4:1: no points are left (sweep.where drops all 2) relax it");
}

std::string csv_errors(const std::vector<std::string>& header, std::vector<std::string> cells) {
  RunSpec spec = parse_toml("[sweep]\ndesign = \"csv\"\n[cluster]\nnum_gpus = 3", "sweep.toml");
  PointTable table;
  table.file = "p.csv";
  for (std::size_t i = 0; i < header.size(); ++i) {
    table.header.push_back({header[i], 1, static_cast<int>(10 * i) + 1});
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    table.cells.push_back({cells[i], 2 + static_cast<int>(i / header.size()),
                           static_cast<int>(10 * (i % header.size())) + 1});
  }
  spec.points = table;
  try {
    build_sweep(spec, small::parameters());
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("points of a csv file") {
  CHECK(csv_errors({"k_bns", "kind", "scheduler_kind"}, {"1", "lifo", "static_fifo"}) ==
        "p.csv:1:1: unknown column k_bns (not a parameter) did you mean scheduler.k_bins?\n"
        "p.csv:1:21: duplicate column scheduler_kind (scheduler.kind has one already) remove it\n"
        "p.csv:2:11: invalid scheduler.kind=\"lifo\" (must be one of static_fifo, dynamic_no_bins, "
        "multi_bin_dynamic)");
  CHECK(csv_errors({"num_gpus", "real_timestamps", "bin_edges"}, {"5000", "1", "3 x"}) ==
        "sweep.toml:4:1: cluster.num_gpus is given twice (it is a column of p.csv) remove one\n"
        "p.csv:2:1: invalid cluster.num_gpus=5000 (must be an integer in [1, 1000])\n"
        "p.csv:2:11: invalid workload.real_timestamps=\"1\" (must be true or false)\n"
        "p.csv:2:21: invalid scheduler.bin_edges=[3, \"x\"] (must be an array of integers)");
  CHECK(csv_errors({"k_bins"}, {}) == "p.csv: no points (needs a header of parameters and rows)");
  const std::string many = csv_errors({"k_bins"}, std::vector<std::string>(1000, "0"));
  CHECK(std::count(many.begin(), many.end(), '\n') == 20);
  CHECK(many.ends_with("\nand 980 more errors (the first 20 are above)"));
}

TEST_CASE("what an engine has against points") {
  CHECK(errors("[scheduler]\nk_bins = [1, 101, 200, 150]\n[workload]\nrequests = [1, 2, 3]") ==
        "sweep.toml:2:1: invalid scheduler.k_bins=101 (must be at most 100 per GPU)\n"
        "sweep.toml:2:1: invalid scheduler.k_bins=150 (must be at most 100 per GPU)\n"
        "sweep.toml:2:1: invalid scheduler.k_bins=200 (must be at most 100 per GPU)");
  const std::string many = errors("[scheduler]\nk_bins = { from = 101, to = 200, num = 100 }");
  CHECK(std::count(many.begin(), many.end(), '\n') == 20);
  CHECK(many.find("\nsweep.toml:2:1: further findings are not shown") != std::string::npos);
}

TEST_CASE("overrides") {
  CHECK(errors("engine = 7\nx = 1", {"engine=8"}) ==
        "sweep.toml:2:1: unknown key x (not a parameter of engine \"batch\") see the list that "
        "--dump-default prints\n-s:1: invalid engine=8 (must be a string)");
  CHECK(errors("[cluster]\nnum_gpus = 0\n[scheduler]\nkind = \"lifo\"",
               {"num_gpus=2", "scheduler_kind=static_fifo"}) == "");
  CHECK(errors("", {"num_gpus=2", "cluster.num_gpus=0"}) ==
        "-s:2: invalid cluster.num_gpus=0 (must be an integer in [1, 1000])");
  CHECK(errors("", {"num_gpus=1x"}) ==
        "-s:1: invalid cluster.num_gpus=\"1x\" (must be an integer in [1, 1000])");
}

TEST_CASE("a short name must be one key's") {
  ParameterSet set;
  set.add<small::Noise>("a");
  set.add<small::Noise>("b");
  try {
    build_sweep(parse_toml("", "sweep.toml", "", {"sigma=2", "b_sigma=3"}), set);
    FAIL("no error");
  } catch (const InputError& error) {
    CHECK(std::string(error.what()) ==
          "-s:1: ambiguous key sigma (several keys end so) write one of a.sigma, b.sigma");
  }
}

}  // namespace
}  // namespace servesweep
