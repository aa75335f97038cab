// The results of a run on disk. While it runs, finished chunks are shards in `<path>.parts`, which
// survive a kill at any moment; finish() makes the result file from them. Constructed again for the
// same sweep, it goes on where the last run stopped.
#pragma once

#include <string>
#include <vector>

#include "host/base/provenance.hpp"
#include "host/results/result.hpp"
#include "host/sweep/sweep.hpp"
#include "io/files/folder_lock.hpp"
#include "io/results/shard.hpp"

namespace servesweep {

enum class OnExisting { kResume, kStartOver };

class Hdf5ResultStore : public ResultStore {
 public:
  // InputError where `path`, or its parts, belong to another sweep (or other contents of its
  // traces: the provenance must have them) or another program version; BusyError where a run is
  // going on.
  // kStartOver replaces results of any sweep, but no other file. The schema and the sweep must live
  // as long as the store.
  Hdf5ResultStore(std::string path, const ResultSchema& schema, const Sweep& sweep,
                  Provenance provenance, OnExisting on_existing = OnExisting::kResume);
  // Leaves nothing behind where no chunk was finished.
  ~Hdf5ResultStore() override;
  Hdf5ResultStore(const Hdf5ResultStore&) = delete;
  Hdf5ResultStore& operator=(const Hdf5ResultStore&) = delete;

  // The result file of this very sweep is there: nothing is left to do.
  bool already_complete() const { return already_complete_; }
  // What was discarded while resuming.
  const std::vector<std::string>& warnings() const { return warnings_; }

  std::vector<WorldRange> finished() const override;
  void append(const ResultChunk& chunk) override;
  void finish() override;  // time_finished_utc is now unless the provenance has it

 private:
  std::string run_path() const;  // says which run the parts belong to
  bool has_parts() const;        // finished chunks of an unfinished run
  bool file_matches() const;     // path_ is the result of this sweep; InputError: of another
  void check_parts() const;
  void load_shards();
  void clear_parts();
  void clear_leftovers();

  std::string path_, parts_;
  const ResultSchema& schema_;
  const Sweep& sweep_;
  Provenance provenance_;
  FolderLock lock_;
  bool already_complete_ = false;
  std::vector<Shard> shards_;  // sorted, disjoint
  std::vector<std::string> warnings_;
};

}  // namespace servesweep
