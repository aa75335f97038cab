#include "io/results/result_store.hpp"

#include <nlohmann/json.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "host/base/error.hpp"
#include "io/files/atomic_file.hpp"
#include "io/files/checksum.hpp"
#include "io/hdf5/hdf5.hpp"
#include "io/results/output_format.hpp"
#include "io/results/result_writer.hpp"
#include "kernels/device/profile.hpp"

namespace servesweep {
namespace {

namespace fs = std::filesystem;

std::string range_text(const WorldRange& range) {
  return std::to_string(range.first) + ".." + std::to_string(range.second - 1);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Where two texts first differ.
std::string first_difference(const std::string& there, const std::string& here) {
  const auto a = lines_of(there), b = lines_of(here);
  const auto [i, j] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto quoted = [](const auto& at, const auto& end) {
    return at == end ? std::string("nothing") : "`" + *at + "`";
  };
  return quoted(i, a.end()) + " there, " + quoted(j, b.end()) + " now";
}

// A file is not there, or in a folder that cannot be read: what follows says so.
bool is_there(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool is_shard(const fs::path& path) {
  return path.filename().string().starts_with("shard-") && path.extension() == ".h5";
}

// The sweep of an unfinished run or of a result file: equal sweeps have equal results.
struct SweepIdentity {
  std::string fingerprint;
  std::string traces;
  std::string resolved_toml;

  bool operator==(const SweepIdentity& other) const {
    return fingerprint == other.fingerprint && traces == other.traces;
  }
};

std::string difference(const SweepIdentity& there, const SweepIdentity& here) {
  if (there.resolved_toml != here.resolved_toml) {
    return first_difference(there.resolved_toml, here.resolved_toml);
  }
  return "its traces have other contents: " + first_difference(there.traces, here.traces);
}

[[noreturn]] void refuse(const std::string& what, const std::string& why) {
  throw InputError(what + " (" + why +
                   ") choose another output, or start over with --fresh, which gives it up");
}

SweepIdentity identity(const Sweep& sweep, const Provenance& provenance) {
  return {sweep.fingerprint(), provenance.traces, sweep.resolved_toml()};
}

// Nothing if there is no file; InputError if it is no result file.
std::optional<SweepIdentity> read_result_file(const std::string& path) {
  if (!is_there(path)) return std::nullopt;
  std::string reason = "its format is unknown";
  try {
    const hdf5::Id file = hdf5::open_file(path);
    if (hdf5::read_text_attribute(file, "format") == kFormatName) {
      const auto text = [&](const char* name) {
        return hdf5::read_text_attribute(file, name).value_or("");
      };
      return SweepIdentity{text("sweep_fingerprint"), text("traces"), text("resolved_toml")};
    }
  } catch (const IoError& error) {
    reason = error.what();
  }
  throw InputError(path + " exists and is no servesweep result file (" + reason +
                   ") choose another output");
}

}  // namespace

Hdf5ResultStore::Hdf5ResultStore(std::string path, const ResultSchema& schema, const Sweep& sweep,
                                 Provenance provenance, OnExisting on_existing)
    : path_(std::move(path)),
      parts_(path_ + kPartsSuffix),
      schema_(schema),
      sweep_(sweep),
      provenance_(std::move(provenance)) {
  const bool start_over = on_existing == OnExisting::kStartOver;
  target_of(path_);
  // Unfinished parts go before a result file: they were begun with kStartOver.
  const auto complete = [&] { return !start_over && !has_parts() && file_matches(); };
  already_complete_ = complete();
  if (already_complete_) {
    clear_leftovers();
    return;
  }
  lock_ = FolderLock(parts_);
  if (start_over) {
    // Replaces no other kind of file. A damaged one need not be opened to know it.
    if (!is_there(path_) || verify_checksum(path_) == Checksum::kNone) read_result_file(path_);
    clear_parts();
  }
  already_complete_ = complete();  // by a run that has ended since
  if (already_complete_) {
    clear_parts();
    lock_.remove_folder();
  } else if (has_parts()) {
    check_parts();
    load_shards();
  } else {
    clear_parts();
    const nlohmann::json run = {{"sweep_fingerprint", sweep_.fingerprint()},
                                {"traces", provenance_.traces},
                                {"code", provenance_.code()},
                                {"schema", schema_text(schema_)},
                                {"resolved_toml", sweep_.resolved_toml()}};
    write_file_atomically(run_path(), run.dump(1) + "\n", Leftovers::kKeep);
  }
}

Hdf5ResultStore::~Hdf5ResultStore() {
  if (already_complete_ || !shards_.empty()) return;
  clear_parts();
  lock_.remove_folder();
}

bool Hdf5ResultStore::has_parts() const {
  if (!is_there(run_path())) return false;
  const fs::directory_iterator files(parts_);
  return std::any_of(begin(files), end(files), [](const auto& e) { return is_shard(e.path()); });
}

std::string Hdf5ResultStore::run_path() const { return parts_ + "/run.json"; }

bool Hdf5ResultStore::file_matches() const {
  const auto there = read_result_file(path_);
  if (!there) return false;
  const SweepIdentity here = identity(sweep_, provenance_);
  if (*there == here) return true;
  refuse(path_ + " holds the results of another sweep", difference(*there, here));
}

void Hdf5ResultStore::check_parts() const {
  const std::string what = parts_ + " holds an unfinished run of ";
  std::ifstream in(run_path());
  const nlohmann::json run = nlohmann::json::parse(in, nullptr, false);
  const auto text = [&](const char* key) {
    return run.is_object() ? run.value(key, std::string()) : std::string();
  };
  const SweepIdentity there = {text("sweep_fingerprint"), text("traces"), text("resolved_toml")};
  const SweepIdentity here = identity(sweep_, provenance_);
  if (there != here) refuse(what + "another sweep", difference(there, here));
  if (text("code") != provenance_.code()) {
    refuse(what + "another version of servesweep",
           text("code") + " there, " + provenance_.code() + " now");
  }
  if (text("schema") != schema_text(schema_)) {
    refuse(what + "another version of servesweep", "its results have other columns");
  }
}

void Hdf5ResultStore::load_shards() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(parts_)) {
    std::error_code ignored;  // it is in nobody's way
    if (entry.path().extension() == ".tmp") fs::remove(entry.path(), ignored);
    if (is_shard(entry.path())) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    try {
      Shard shard = open_shard(path.string(), schema_);
      const std::int64_t end = shards_.empty() ? 0 : shards_.back().worlds.second;
      if (shard.worlds.first < end || shard.worlds.second > sweep_.num_worlds()) {
        throw IoError("worlds " + range_text(shard.worlds) + " do not belong there");
      }
      shards_.push_back(std::move(shard));
    } catch (const IoError& error) {
      warnings_.push_back("discarded the damaged part " + path.string() + " (" + error.what() +
                          ") its worlds run again");
      std::error_code ignored;
      fs::remove(path, ignored);
    }
  }
}

std::vector<WorldRange> Hdf5ResultStore::finished() const {
  if (already_complete_) return {{0, sweep_.num_worlds()}};
  std::vector<WorldRange> ranges;
  for (const Shard& shard : shards_) {
    if (!ranges.empty() && ranges.back().second == shard.worlds.first) {
      ranges.back().second = shard.worlds.second;
    } else {
      ranges.push_back(shard.worlds);
    }
  }
  return ranges;
}

void Hdf5ResultStore::append(const ResultChunk& chunk) {
  const WorldRange worlds = {chunk.first_world, chunk.first_world + chunk.num_worlds};
  const auto next = std::upper_bound(
      shards_.begin(), shards_.end(), worlds.first,
      [](std::int64_t world, const Shard& shard) { return world < shard.worlds.first; });
  const bool free = (next == shards_.begin() || std::prev(next)->worlds.second <= worlds.first) &&
                    (next == shards_.end() || worlds.second <= next->worlds.first) &&
                    worlds.first >= 0 && worlds.second <= sweep_.num_worlds();
  if (already_complete_ || !free) throw std::logic_error("worlds " + range_text(worlds) + " twice");
  ProfileRegion region("servesweep::save");
  const Shard& shard = *shards_.insert(next, write_shard(parts_, schema_, chunk));
  region.add_bytes(fs::file_size(shard.path));
}

void Hdf5ResultStore::finish() {
  if (already_complete_) return;
  std::string missing;
  std::int64_t end = 0;
  for (const WorldRange& range : finished()) {
    if (range.first > end) missing += " " + range_text({end, range.first});
    end = range.second;
  }
  if (end < sweep_.num_worlds()) missing += " " + range_text({end, sweep_.num_worlds()});
  if (!missing.empty()) {
    throw IoError("cannot make " + path_ + " (missing worlds:" + missing +
                  ") run again to compute them");
  }
  Provenance provenance = provenance_;
  if (provenance.time_finished_utc.empty()) provenance.time_finished_utc = utc_now();
  write_result_file(path_, schema_, sweep_, provenance, shards_, [this] { lock_.check_held(); });
  already_complete_ = true;
  shards_.clear();
  clear_parts();
  lock_.remove_folder();
}

// What a kill after the result file was made has left.
void Hdf5ResultStore::clear_leftovers() {
  remove_leftovers(path_);
  std::error_code ignored;
  if (!fs::is_directory(parts_, ignored)) return;
  try {
    lock_ = FolderLock(parts_);
    if (!has_parts()) clear_parts();
    lock_.remove_folder();
  } catch (const BusyError&) {
    return;  // its owner clears it
  } catch (const IoError&) {
    return;  // a folder of others
  }
}

// run.json goes first: parts without it are no run.
void Hdf5ResultStore::clear_parts() {
  std::error_code ignored;
  fs::remove(run_path(), ignored);
  for (const auto& entry : fs::directory_iterator(parts_)) {
    if (entry.path().extension() == ".tmp" || is_shard(entry.path())) {
      fs::remove(entry.path(), ignored);
    }
  }
}

}  // namespace servesweep
