// What studies share: their steps as sweeps, run one after the other into one result file that they
// add to, and gone on with where they stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "host/cli/commands.hpp"
#include "host/cli/support/sweep_options.hpp"
#include "host/cli/support/sweep_run.hpp"
#include "host/results/study.hpp"
#include "io/files/folder_lock.hpp"

namespace servesweep {

struct StudyOptions {
  std::string output;
  bool fresh = false, quiet = false, original_names = false;
  DeviceOptions device;
  std::vector<std::string> inputs = {};  // files that the study reads: none is replaced

  // Of a file beside the output, which has the output's name before its own, or the original's.
  std::string side_file(const std::string& original_prefix, const std::string& name) const;

  void add_to(CLI::App& command);  // the default output is the one that is set
};

// `replicated`: what --seeds replicates.
void add_seeds(CLI::App& command, std::int32_t& seeds, std::uint64_t& seed,
               const std::string& replicated);

// The answer stands last, where a terminal shows it.
void print_findings(const std::vector<StudyFinding>& findings);

// What a study makes of its worlds.
struct StudyConclusions {
  std::vector<StudyFinding> findings;
  std::vector<MethodRow> methods;
  std::vector<std::pair<std::string, std::string>> files;  // (name, contents), beside the output
  std::string original_prefix = {};                        // of these names, with --original-names
};

// The file holds the steps that were finished, and the folder beside it what the last one has done.
// No std::exception: exit_code_of() is to let it pass.
struct StudyInterrupted {};

// The exit code of the study's run, which may throw StudyInterrupted.
int study_exit_code(const std::function<int()>& run);

class StudyRun {
 public:
  struct Step {
    std::string name;
    LoadedSweep loaded;
  };
  using Conclude = std::function<StudyConclusions(const Study&)>;

  // Starts the device. InputError where the output is another study's, or another one writes to it.
  StudyRun(const std::string& name, const std::vector<std::string>& steps, StudyOptions options,
           const Program& program, Conclude conclude);

  // `step`: an enum in the order of the study's steps.
  template <class Enum>
  Step load(Enum step, const SweepPoints& points) const {
    return {study_.steps.at(static_cast<std::size_t>(step)), load_sweep(points)};
  }
  // The step's worlds, where another one needs them. `remedy`: what to do where they are missing.
  Frame worlds_for(const std::string& needed_by, const Step& step, const std::string& called,
                   const std::string& remedy) const;
  // Runs the step, unless it is there, and writes the file. Throws StudyInterrupted.
  void run(const Step& step);
  // InputError where worlds in the file are of another version of this trace.
  void check_trace(const std::string& path, const std::string& sha256) const;
  // Beside the result file, since the start.
  const std::set<std::string>& files_written() const { return files_written_; }

 private:
  // Removed at the end, unless it holds unfinished steps.
  struct Folder {
    std::string path;
    FolderLock lock;
    explicit Folder(const std::string& name) : path(name), lock(name) {}
    ~Folder() { lock.remove_folder(); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
  };

  // The step's worlds, if all are there.
  std::optional<Frame> worlds_of(const Step& step) const;
  void write();

  StudyOptions options_;
  Conclude conclude_;
  Folder folder_;
  Provenance provenance_;
  Study study_;
  SweepRun how_;
  std::unique_ptr<WorkloadCache> workloads_;
  std::set<std::string> files_written_;
};

}  // namespace servesweep
