#include "io/files/toml_reader.hpp"

#include <filesystem>

#include "tests/support/catch.hpp"
#include "tests/support/small_parameters.hpp"
#include "tests/support/temp_folder.hpp"

namespace servesweep {
namespace {

namespace fs = std::filesystem;

std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    parse_toml(text, "s.toml", "", overrides);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

// "key=value" of each entry, as a message shows it.
std::vector<std::string> entries(const std::string& text,
                                 const std::vector<std::string>& overrides = {}) {
  std::vector<std::string> all;
  for (const SpecEntry& e : parse_toml(text, "s.toml", "", overrides).entries) {
    all.push_back(e.key + "=" + e.value.written());
  }
  return all;
}

using Lines = std::vector<std::string>;

TEST_CASE("tables become dotted keys in the order of the file") {
  CHECK(entries("z = 1\na.b = 'x'\n[t.u]\nv = [1, [2.5, true]]\n[e]\n[d]\nk = { from = 1, x = 2 }\n"
                "n = { m = 1979-05-27 }\n'q.r' = 3") ==
        Lines{"z=1", "a.b=\"x\"", "t.u.v=[1, [2.5, true]]", "e={}", "d.k={from = 1, x = 2}",
              "d.n.m=a date or time", "d.\"q.r\"=3"});
}

TEST_CASE("places") {
  const RunSpec spec = parse_toml("a = 1\n[t]\n  key = [10,\n    20]\n", "s.toml");
  REQUIRE(spec.entries.size() == 2);
  const SpecEntry& e = spec.entries[1];
  CHECK(e.at_key("m").text() == "s.toml:3:3: m");
  CHECK(e.at(e.value, "m").text() == "s.toml:3:9: m");
  CHECK(e.at(std::get<SpecValue::Array>(e.value.data)[1], "m").text() == "s.toml:4:5: m");
  CHECK(spec.find("t.key") == &e);
  CHECK(spec.find("key") == nullptr);
}

TEST_CASE("values of overrides") {
  const auto value = [](const std::string& text) { return entries("", {text})[0]; };
  CHECK(value("k=4") == "k=4");
  CHECK(value(" t.k = 1e3 ") == "t.k=1000.0");
  CHECK(value("k=[1, 2]") == "k=[1, 2]");
  CHECK(value("k=true") == "k=true");
  CHECK(value("k=static_fifo") == "k=\"static_fifo\"");
  CHECK(value("k='quoted'") == "k=\"quoted\"");
  CHECK(value("k=[static_fifo,dynamic_no_bins]") == "k=[\"static_fifo\", \"dynamic_no_bins\"]");
  CHECK(value("k=[data/a.csv, 2.csv, \"b c\", 2]") == "k=[\"data/a.csv\", \"2.csv\", \"b c\", 2]");
  CHECK(value("k={from=1,to=9,num=3,scale=log}") ==
        "k={from = 1, num = 3, scale = \"log\", to = 9}");
  CHECK(value("k=k_bins <= 4 * num_gpus") == "k=\"k_bins <= 4 * num_gpus\"");
  CHECK(value("k=a=b") == "k=\"a=b\"");
  CHECK(value("k=1, 2") == "k=\"1, 2\"");
  CHECK(value("k=1,") == "k=\"1,\"");
  CHECK(value("k=1 # x") == "k=\"1 # x\"");
  CHECK(value("k=1]\ny=[2") == "k=\"1]\\u000Ay=[2\"");
  CHECK(value("k=2024-01-01") == "k=\"2024-01-01\"");
  CHECK(value("k=") == "k=\"\"");
  CHECK(value("k=[]") == "k=[]");
  CHECK(value("k=[[0, 5], []]") == "k=[[0, 5], []]");

  const RunSpec spec = parse_toml("k = 1", "s.toml", "", {"k=2", "k=3"});
  REQUIRE(spec.find("k"));
  CHECK(spec.find("k")->at_key("m").text() == "-s:2: m");
}

TEST_CASE("syntax errors have a place") {
  CHECK(error_of("a = 1\nb = [1,\n") ==
        "s.toml:2:9: invalid TOML (Error while parsing array: encountered end-of-file)");
  CHECK(error_of("a = 1\na = 2") ==
        "s.toml:2:5: invalid TOML (Error while parsing key-value pair: cannot redefine existing "
        "integer 'a')");
  CHECK(error_of("a = 1", {"b", "=3", "c=[1", "d=4"}) ==
        "-s:1: invalid override \"b\" (must be key=value)\n"
        "-s:2: invalid override \"=3\" (must be key=value)\n"
        "-s:3: invalid value of c: \"[1\" (not a TOML array or table)");
}

TEST_CASE("keys of very many parts are refused before they are tables") {
  const auto key = [](int parts) {
    std::string text = "a";
    for (int i = 1; i < parts; ++i) text += ".a";
    return text;
  };
  CHECK(entries(key(16) + " = 1").size() == 1);
  const std::string refused =
      "invalid key (more than 16 parts with dots between them) see the list that --dump-default "
      "prints";
  CHECK(error_of("x = 1\n" + key(200'000) + " = 1") == "s.toml:2: " + refused);
  CHECK(error_of("[" + key(20'000) + "]\n") == "s.toml:1: " + refused);
  CHECK(error_of("[[" + key(17) + "]]\n") == "s.toml:1: " + refused);
  CHECK(error_of("x = { " + key(17) + " = 1 }\n") == "s.toml:1: " + refused);
  CHECK(error_of("x = '''\n'\n'''\ny = \"\\\"\"\n" + key(17) + " = 1\n") == "s.toml:5: " + refused);
  CHECK_FALSE(error_of("", {"x={" + key(200'000) + "=1}"}).empty());
  // Dots elsewhere are no parts.
  const std::string dots(100, '.');
  CHECK(entries("a = '" + dots + "' # " + dots + "\nb = \"\"\"\n" + dots + "\"\"\"\n'" + dots +
                "' = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]")
            .size() == 3);
}

TEST_CASE("the engine") {
  CHECK(engine_of(parse_toml("", "s.toml")) == "batch");
  CHECK(engine_of(parse_toml("engine = 'x'", "s.toml")) == "x");
  CHECK(engine_of(parse_toml("engine = 'x'", "s.toml", "", {"engine=y"})) == "y");
  CHECK_THROWS_WITH(engine_of(parse_toml("engine = 1", "s.toml")),
                    "s.toml:1:10: invalid engine=1 (must be a string)");
}

// --- files ------------------------------------------------------------------------------------

// The current folder, as long as it lives.
class CurrentFolder {
 public:
  CurrentFolder() : before_(fs::current_path()) {
    fs::create_directory(folder_ / "sweeps");
    fs::current_path(folder_.path());
  }
  ~CurrentFolder() { fs::current_path(before_); }
  void write(const std::string& name, const std::string& text) const {
    write_bytes(folder_ / name, text);
  }

 private:
  TempFolder folder_;
  fs::path before_;
};

std::string file_error(const std::string& path) {
  try {
    read_toml(path);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("files that cannot be read") {
  const CurrentFolder folder;
  CHECK_THROWS_AS(read_toml("none.toml"), IoError);
  CHECK_THROWS_AS(read_toml("sweeps"), IoError);
  folder.write("s.toml", "[sweep]\ndesign = 'csv'\ncsv = 'none.csv'");
  CHECK_THROWS_AS(read_toml("s.toml"), IoError);
}

TEST_CASE("relative names start at the sweep file, those of overrides at the current folder") {
  const CurrentFolder folder;
  folder.write("sweeps/s.toml", "[workload]\ntrace = ['t.csv', '/data/t.csv']\n");
  const Sweep s = build_sweep(read_toml("sweeps/s.toml"), small::parameters());
  CHECK(s.texts() == Lines{"", "/data/t.csv", "t.csv"});
  CHECK(s.path("t.csv") == "sweeps/t.csv");

  const Sweep o = build_sweep(read_toml("sweeps/s.toml", {"trace=[u.csv, sweeps/t.csv, /x.csv]"}),
                              small::parameters());
  CHECK(o.texts() == Lines{"", "../u.csv", "/x.csv", "t.csv"});

  fs::current_path("sweeps");
  CHECK(build_sweep(read_toml("s.toml"), small::parameters()).fingerprint() == s.fingerprint());
  const Sweep here = build_sweep(read_toml("../sweeps/s.toml", {"trace=[../u.csv, t.csv, /x.csv]"}),
                                 small::parameters());
  CHECK(here.resolved_toml() == o.resolved_toml());
}

TEST_CASE("points from a csv file") {
  const CurrentFolder folder;
  folder.write("sweeps/s.toml", "[sweep]\ndesign = 'csv'\ncsv = 'p.csv'\n[cluster]\nnum_gpus = 3");
  folder.write("sweeps/p.csv",
               "\xEF\xBB\xBFkind, k_bins,\"trace\"\r\nstatic_fifo,,\"a,b.csv\"\r\n\r\n"
               "multi_bin_dynamic, 8 ,x.csv\n");
  const Sweep s = build_sweep(read_toml("sweeps/s.toml"), small::parameters());
  CHECK(small::points(s) == Lines{"workload_trace=a,b.csv scheduler_kind=static_fifo num_gpus=3",
                                  "workload_trace=x.csv k_bins=8 num_gpus=3"});
  // An override's name starts in the current folder; another design reads no file.
  folder.write("q.csv", "k_bins\n1\n2\n");
  CHECK(build_sweep(read_toml("sweeps/s.toml", {"sweep.csv=q.csv"}), small::parameters())
            .num_points() == 2);
  CHECK(read_toml("sweeps/s.toml", {"sweep.design=grid", "sweep.csv=none.csv"}).points ==
        std::nullopt);

  folder.write("sweeps/p.csv", "kind,k_bins\nstatic_fifo\n\"a\"b,1\nstatic_fifo, 0\n1,2,3\n");
  CHECK(file_error("sweeps/s.toml") ==
        "sweeps/p.csv:2:1: row of 1 cells (the header has 2)\n"
        "sweeps/p.csv:3:4: broken row (a quoted field ends before its comma)\n"
        "sweeps/p.csv:5:1: row of 3 cells (the header has 2)");
  folder.write("sweeps/p.csv", "kind,k_bins\n\"static_fifo\", 0\n");
  try {
    build_sweep(read_toml("sweeps/s.toml"), small::parameters());
    FAIL("no error");
  } catch (const InputError& error) {
    CHECK(std::string(error.what()) ==
          "sweeps/p.csv:2:16: invalid scheduler.k_bins=0 (must be an integer in [1, 1024])");
  }
}

}  // namespace
}  // namespace servesweep
