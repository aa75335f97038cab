// The result file: everything that goes in comes out, equal results are equal bytes.
#include <nlohmann/json.hpp>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include "host/base/error.hpp"
#include "io/results/result_reader.hpp"
#include "io/results/result_store.hpp"
#include "io/tables/export.hpp"
#include "io/tables/show.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_results.hpp"
#include "tests/support/temp_folder.hpp"

using namespace servesweep;

namespace {

// The sweep's results in chunks of `step` worlds.
void write_results(const std::string& path, const Sweep& sweep, std::int64_t step,
                   const Provenance& provenance = sample::provenance()) {
  Hdf5ResultStore store(path, sample::schema(), sweep, provenance);
  for (std::int64_t w = 0; w < sweep.num_worlds(); w += step) {
    store.append(sample::chunk(w, std::min(step, sweep.num_worlds() - w)));
  }
  store.finish();
}

bool equal(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("every column reads back") {
  TempFolder folder;
  const Sweep sweep = sample::irregular_sweep();
  write_results(folder / "r.h5", sweep, 5);
  const ResultFile file(folder / "r.h5");
  REQUIRE(sweep.num_worlds() == 12);
  REQUIRE(file.num_worlds() == 12);

  const ResultChunk all = sample::chunk(0, 12);
  for (std::size_t m = 0; m < sample::schema().metrics.size(); ++m) {
    const ColumnSpec& spec = sample::schema().metrics[m];
    INFO(spec.name);
    const ResultColumn& column = file.column(spec.name);
    CHECK(column.role == ColumnRole::kMetric);
    CHECK(column.spec.type == spec.type);
    CHECK(column.spec.long_name == spec.long_name);
    CHECK(column.spec.categories == spec.categories);
    CHECK(column.spec.has_fill == spec.has_fill);
    CHECK(column.spec.headline == spec.headline);
    CHECK(column_texts(spec, file.data(spec.name)) == column_texts(spec, all.metrics[m]));
  }
  CHECK(file.column("p99_latency_s").spec.unit == "s");
  for (std::int64_t w = 0; w < 12; ++w) {
    CHECK(equal(file.numbers("p99_latency_s")[static_cast<std::size_t>(w)],
                sample::p99_latency_s(w)));
  }
  CHECK(std::get<std::vector<std::int64_t>>(file.data("completed", 10, 2)) ==
        std::vector<std::int64_t>{30'000'000'000, 33'000'000'000});

  const auto strings = [&](const char* name) {
    const auto texts = file.texts(name);
    return std::vector<std::string>{texts[0], texts[2], texts[3], texts[11]};
  };
  using Strings = std::vector<std::string>;
  CHECK(strings("world") == Strings{"0", "2", "3", "11"});
  CHECK(strings("replication") == Strings{"0", "2", "0", "2"});
  CHECK(strings("scheduler_kind") == Strings{"plain", "plain", "binned", "binned"});
  CHECK(strings("scheduler_strict") == Strings{"true", "true", "true", "true"});
  CHECK(strings("k_bins") == Strings{"", "", "2", "8"});  // plain does not read it
  CHECK(strings("headroom_gb") == Strings{"", "", "0.5", "0.5"});
  CHECK(strings("binned_policy") == Strings{"", "", "first come", "first come"});
  CHECK(strings("binned_edges") == Strings{"", "", "0 100 1000", "0 100 1000"});
  CHECK(std::isnan(file.numbers("k_bins")[0]));
  CHECK(file.column("k_bins").role == ColumnRole::kInput);
  CHECK_FALSE(file.column("num_gpus").spec.has_fill);  // all read it
}

TEST_CASE("tables read back, with their lookups") {
  TempFolder folder;
  const Sweep sweep = sample::grid_sweep();
  write_results(folder / "r.h5", sweep, 7);
  const ResultFile file(folder / "r.h5");
  CHECK(file.tables() == std::vector<std::string>{"latency_histogram", "bins", "failures"});
  for (std::int64_t w = 0; w < sweep.num_worlds(); ++w) {
    INFO("world " << w);
    const auto rows = file.table_rows("latency_histogram", w);
    REQUIRE(rows.size() == 2);
    REQUIRE(rows[0].size() == static_cast<std::size_t>(sample::num_buckets(w)));
    for (std::size_t b = 0; b < rows[0].size(); ++b) {
      CHECK(rows[0][b] == static_cast<double>(3 * b));
      CHECK(rows[1][b] == static_cast<double>(w) + static_cast<double>(b) + 1);
    }
    const auto bins = file.table_rows("bins", w);
    REQUIRE(bins.size() == 3);
    REQUIRE(bins[2].size() == static_cast<std::size_t>(w % 3));
    if (w % 3 > 0) {
      CHECK(std::isnan(bins[0][0]));
      CHECK(bins[2][0] == static_cast<double>(w) * 5e9);
    }
    CHECK(file.table_rows("failures", w) == std::vector<std::vector<double>>{{}});
  }
  CHECK(file.lookup("latency_histogram", "bucket_upper_s").size() == 40);
  CHECK(file.lookup("latency_histogram", "bucket_upper_s")[9] == Approx(1.0));
  CHECK_THROWS_AS(file.table_rows("bins", 36), InputError);
  CHECK_THROWS_WITH(file.table_rows("bin", 0),
                    Catch::Matchers::ContainsSubstring("did you mean bins?"));
}

TEST_CASE("provenance and the resolved sweep are attributes") {
  TempFolder folder;
  const Sweep sweep = sample::irregular_sweep();
  write_results(folder / "r.h5", sweep, 12);
  const ResultFile file(folder / "r.h5");
  CHECK(file.attribute("resolved_toml") == sweep.resolved_toml());
  CHECK(file.attribute("sweep_fingerprint") == sweep.fingerprint());
  CHECK(file.attribute("seed") == "7");
  CHECK(file.attribute("git_dirty") == "0");
  CHECK(file.attribute("engine") == "sample");
  CHECK(file.attribute("time_finished_utc") == "2025-01-01T00:00:01Z");
  CHECK(file.attribute("no such attribute").empty());
}

TEST_CASE("the time of the end is now unless it is fixed") {
  TempFolder folder;
  Provenance provenance = sample::provenance();
  provenance.time_finished_utc.clear();
  const std::string before = utc_now();
  write_results(folder / "r.h5", sample::irregular_sweep(), 12, provenance);
  const std::string finished = ResultFile(folder / "r.h5").attribute("time_finished_utc");
  CHECK(finished >= before);
  CHECK(finished <= utc_now());
}

TEST_CASE("a full factorial has a grid, any other sweep has none") {
  TempFolder folder;
  write_results(folder / "grid.h5", sample::grid_sweep(), 36);
  write_results(folder / "irregular.h5", sample::irregular_sweep(), 12);
  const hdf5::Id grid = hdf5::open_file(folder / "grid.h5");
  REQUIRE(hdf5::exists(grid, kGridGroup));
  CHECK_FALSE(hdf5::exists(hdf5::open_file(folder / "irregular.h5"), kGridGroup));
  const hdf5::Id axes = hdf5::open_object(grid, kGridGroup);
  CHECK(hdf5::read_text_attribute(axes, "axes") ==
        "scheduler_kind num_gpus cluster_trace replication");
  const hdf5::Id shape(H5Aopen(axes, "shape", H5P_DEFAULT), H5Aclose);
  std::vector<std::int32_t> sizes(4);
  REQUIRE(H5Aread(shape, H5T_NATIVE_INT32, sizes.data()) >= 0);
  CHECK(sizes == std::vector<std::int32_t>{2, 3, 3, 2});
  CHECK(hdf5::children(axes) ==
        std::vector<std::string>{"scheduler_kind", "num_gpus", "cluster_trace", "replication"});
}

TEST_CASE("equal results are equal bytes, however they were chunked") {
  TempFolder folder;
  // Several chunks of rows in the file, and the last one not full.
  const Sweep sweep = sample::grid_sweep(4000);
  REQUIRE(sweep.num_worlds() == 48'000);
  write_results(folder / "a.h5", sweep, 48'000);
  write_results(folder / "b.h5", sweep, 7'001);
  const std::string a = read_bytes(folder / "a.h5");
  CHECK(a == read_bytes(folder / "b.h5"));
  const ResultFile file(folder / "a.h5");
  const auto p99 = file.numbers("p99_latency_s");
  bool same = true;
  for (std::size_t w = 0; w < p99.size(); ++w) {
    same = same && equal(p99[w], sample::p99_latency_s(static_cast<std::int64_t>(w)));
  }
  CHECK(same);
  const auto rows = file.table_rows("latency_histogram", 47'999);
  REQUIRE(rows[0].size() == static_cast<std::size_t>(sample::num_buckets(47'999)));
  CHECK(rows[1].back() == 999 + static_cast<double>(rows[1].size()));

  // Two files of one second would be equal with time stamps, too.
  const hdf5::Id h5 = hdf5::open_file(folder / "a.h5");
  const auto no_times = [](hid_t, const char* name, const auto* info, void*) -> herr_t {
    INFO(name);
    CHECK(info->ctime == 0);
    return 0;
  };
  H5Ovisit2(h5, H5_INDEX_NAME, H5_ITER_INC, no_times, nullptr, H5O_INFO_TIME);

  Provenance later = sample::provenance();
  later.time_finished_utc = "2025-01-02T00:00:00Z";
  write_results(folder / "c.h5", sweep, 48'000, later);
  CHECK(a != read_bytes(folder / "c.h5"));
}

TEST_CASE("CSV and JSON hold every value") {
  TempFolder folder;
  write_results(folder / "r.h5", sample::grid_sweep(), 36);
  const ResultFile file(folder / "r.h5");
  std::ostringstream csv;
  export_csv(file, csv);
  const auto lines = lines_of(csv.str());
  REQUIRE(lines.size() == 37);
  CHECK(lines[0] ==
        "world,replication,scheduler_kind,scheduler_strict,k_bins,headroom_gb,binned_policy,"
        "binned_edges,num_gpus,rate_per_s,cluster_trace,status,completed,largest_batch,p99_latency_"
        "s,note");
  CHECK(lines[3] ==
        "2,0,plain,true,,,,,1,12.5,plain.csv,completed,6000000000,2,12.902860758633551,note 2");
  CHECK(
      lines[5].starts_with("4,0,plain,true,,,,,1,12.5,\"wide spaces, and \"\"quotes\"\".csv\",c"));

  std::ostringstream out;
  export_json(file, out);
  const auto json = nlohmann::json::parse(out.str());
  CHECK(json["attributes"]["resolved_toml"] == file.attribute("resolved_toml"));
  CHECK(json["columns"].size() == file.columns().size());
  REQUIRE(json["worlds"].size() == 36);
  CHECK(json["worlds"][0]["completed"] == 0);
  CHECK(json["worlds"][4]["cluster_trace"] == "wide spaces, and \"quotes\".csv");
  CHECK(json["worlds"][3]["p99_latency_s"].is_null());
  for (std::size_t w = 0; w < 36; ++w) {
    const double value = sample::p99_latency_s(static_cast<std::int64_t>(w));
    if (!std::isnan(value)) CHECK(json["worlds"][w]["p99_latency_s"].get<double>() == value);
  }
}

TEST_CASE("show sorts, cuts and aligns") {
  TempFolder folder;
  write_results(folder / "r.h5", sample::irregular_sweep(), 12);
  const ResultFile file(folder / "r.h5");
  const auto lines = lines_of(render_table(file, {"p99_latency_s", true, 2, {}}));
  // What has one value where it applies is left out: headroom_gb, binned_policy, binned_edges.
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] == "                    scheduler_                          p99_");
  CHECK(lines[1] == "world  replication  kind        k_bins  status     latency_s");
  CHECK(lines[2] == "                                                         [s]");
  CHECK(lines[3] == "    2            2  plain            -  completed      12.90");
  CHECK(lines[4] == "    7            1  binned           4  completed      11.78");

  const auto first_of = [&](const ShowOptions& options, std::size_t line) {
    return lines_of(render_table(file, options)).at(line);
  };
  CHECK(first_of({"p99_latency_s", false, 0, {"world", "p99_latency_s"}}, 3) == "    0   0.006738");
  // Without a value, and by id among equals: worlds 3 and 10 have no latency.
  CHECK(first_of({"p99_latency_s", false, 0, {"world", "p99_latency_s"}}, 14) ==
        "   10          -");
  CHECK(first_of({"p99_latency_s", true, 0, {"world", "p99_latency_s"}}, 14) == "   10          -");
  CHECK(first_of({"scheduler_kind", false, 1, {"world", "scheduler_kind"}}, 3) == "    3  binned");
  const auto all = lines_of(render_table(file, {"", false, 2, {"all"}}));
  CHECK(all.size() == file.columns().size());
  CHECK(all[0] == "world                            0           1");
  CHECK(all[14] == "p99_latency_s     [s]     0.006738      0.3372");
  CHECK_THROWS_WITH(render_table(file, {"p99_latncy_s", false, 0, {}}),
                    Catch::Matchers::ContainsSubstring("unknown column p99_latncy_s") &&
                        Catch::Matchers::ContainsSubstring("did you mean p99_latency_s?"));
  CHECK(unfinished_worlds(file) == 1);
  CHECK_THAT(render_summary(file),
             Catch::Matchers::ContainsSubstring("12 worlds (1 did not run to their end), seed 7"));
}

TEST_CASE("what is no result file is refused") {
  TempFolder folder;
  CHECK_THROWS_AS(ResultFile(folder / "none.h5"), IoError);
  write_bytes(folder / "text.h5", "text");
  CHECK_THROWS_AS(ResultFile(folder / "text.h5"), IoError);
  { const hdf5::Id other = hdf5::create_file(folder / "other.h5"); }
  CHECK_THROWS_WITH(ResultFile(folder / "other.h5"),
                    Catch::Matchers::ContainsSubstring("no servesweep result file"));
  {
    const hdf5::Id older = hdf5::create_file(folder / "older.h5");
    hdf5::write_attribute(older, "format", kFormatName);
    hdf5::write_attribute(older, "format_version", kFormatVersion - 1);
    hdf5::write_attribute(older, "code_version", std::string("0.0.9"));
    hdf5::write_attribute(older, "git_commit", std::string("abc123"));
    hdf5::create_group(older, kWorldsGroup);
  }
  CHECK_THROWS_WITH(ResultFile(folder / "older.h5"),
                    Catch::Matchers::ContainsSubstring(
                        "it has format version 1; this program reads version 2) use the servesweep "
                        "that made it, version 0.0.9 of commit abc123, or what opens any HDF5: "
                        "xarray, h5py, h5dump"));
}

TEST_CASE("the generated page names every dataset and attribute of a file") {
  TempFolder folder;
  write_results(folder / "r.h5", sample::grid_sweep(), 36);
  const std::string page = output_format_markdown(sample::schema());
  const ResultFile file(folder / "r.h5");
  for (const auto& [name, text] : file.attributes()) {
    INFO(name);
    CHECK(page.find("| `" + name + "` |") != std::string::npos);
  }
  const hdf5::Id h5 = hdf5::open_file(folder / "r.h5");
  for (const std::string& group : hdf5::children(h5)) {
    if (group == kGridGroup) continue;
    const hdf5::Id parent = hdf5::open_object(h5, group);
    for (const std::string& name : hdf5::children(parent)) {
      INFO("/" << group << "/" << name);
      const hdf5::Id dataset = hdf5::open_object(parent, name);
      const auto role = hdf5::read_text_attribute(dataset, "role");
      if (!role || *role == "input" || (group != kWorldsGroup && name == "world")) continue;
      CHECK(page.find("| `/" + group + "/" + name + "` |") != std::string::npos);
      for (const std::string& attribute : hdf5::attribute_names(dataset)) {
        const bool of_hdf5 = attribute == "CLASS" || attribute == "NAME" ||
                             attribute == "DIMENSION_LIST" || attribute == "REFERENCE_LIST" ||
                             attribute == "sample_dimension";
        INFO(attribute);
        CHECK((of_hdf5 || page.find("| `" + attribute + "` |") != std::string::npos));
      }
    }
  }
}

// Not a test: writes the files that tests/app/test_result_file.py opens.
TEST_CASE("write sample files", "[.]") {
  const char* folder = std::getenv("SERVESWEEP_SAMPLE_FOLDER");
  REQUIRE(folder != nullptr);
  write_results(std::string(folder) + "/grid.h5", sample::grid_sweep(), 10);
  write_results(std::string(folder) + "/irregular.h5", sample::irregular_sweep(), 10);
}
