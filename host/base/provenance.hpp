// Where a result comes from: the program, the machine and the inputs. Its field list drives the
// root attributes of the result file and docs/output_format.md.
#pragma once

#include <cstdint>
#include <string>

namespace servesweep {

struct Provenance {
  std::string code_version;
  std::string git_commit;
  std::int32_t git_dirty = 0;
  std::string compiler;
  std::string compiler_flags;
  std::string kokkos_version;
  std::string kokkos_backend;
  std::string device;
  std::string command_line;
  std::string sweep_file;
  std::string traces;
  std::string time_started_utc;
  std::string time_finished_utc;  // "" until the result is finished, unless it is fixed

  // visit(member, name, text)
  template <class Visitor>
  static void fields(Visitor&& visit) {
    using P = Provenance;
    visit(&P::code_version, "code_version", "Version of servesweep.");
    visit(&P::git_commit, "git_commit", "Commit that it was built from.");
    visit(&P::git_dirty, "git_dirty", "1: its sources differed from that commit.");
    visit(&P::compiler, "compiler", "Compiler and its version.");
    visit(&P::compiler_flags, "compiler_flags", "Flags that it was compiled with.");
    visit(&P::kokkos_version, "kokkos_version", "Version of Kokkos.");
    visit(&P::kokkos_backend, "kokkos_backend", "Kokkos execution space that ran the worlds.");
    visit(&P::device, "device", "Processor that ran the worlds.");
    visit(&P::command_line, "command_line", "The command that made the file.");
    visit(&P::sweep_file, "sweep_file",
          "The sweep file as that command named it; file names in it start in its folder.");
    visit(
        &P::traces, "traces",
        "Traces, service grids and files of kernel profiles, one a line as sha256sum prints them: "
        "SHA-256, two blanks, path as the sweep file spells it.");
    visit(&P::time_started_utc, "time_started_utc",
          "Start of the run, ISO 8601; of its last part where it was resumed.");
    visit(&P::time_finished_utc, "time_finished_utc", "When the file was written, ISO 8601.");
  }

  // "0.1.0 (commit 1a2b3c)": what two parts of one result must have in common.
  std::string code() const;
};

// The time now as "2025-01-31T12:00:00Z".
std::string utc_now();

}  // namespace servesweep
