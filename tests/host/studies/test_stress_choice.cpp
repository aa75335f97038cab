#include "host/studies/stress/stress_choice.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>
#include <tuple>

#include "host/base/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/study_frame.hpp"

using namespace servesweep;
using namespace servesweep::testing;

namespace {

StudyRow gpus_row(double num_gpus, double violations, double capacity_per_s, int replication = 0) {
  StudyRow row;
  row.step = kGpus;
  row.num_gpus = num_gpus;
  row.request_violations = violations;
  row.capacity_per_s = capacity_per_s;
  row.replication = replication;
  return row;
}

StudyRow grid_row(double num_gpus, double k_bins, double violations, double mean_latency_s = 8) {
  StudyRow row;
  row.step = kGrid;
  row.num_gpus = num_gpus;
  row.k_bins = k_bins;
  row.request_violations = violations;
  row.mean_latency_s = mean_latency_s;
  return row;
}

std::tuple<int, int, bool> choice(const std::vector<StudyRow>& rows) {
  const Choice c = choose_method(study_frame(rows));
  return {static_cast<int>(c.num_gpus), static_cast<int>(c.k_bins), c.meets_sla};
}

template <class F>
std::string error(F call) {
  try {
    call();
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("the fewest GPUs within the SLA") {
  const Choice c = choose_gpus(study_frame({gpus_row(8, 0.01, 30), gpus_row(1, 0.9, 5),
                                            gpus_row(4, 0.05, 28), gpus_row(2, 0.0501, 20)}));
  CHECK(c.num_gpus == 4);
  CHECK(c.meets_sla);
  CHECK(text_of(c.reason) ==
        "the fewest GPUs tried with a request SLA violation rate of at most 5 % are 4: 5 %, "
        "against 5.01 % on 2.");
}

TEST_CASE("GPUs are judged by means over the seeds") {
  // 2 GPUs: 6 % on average, though one seed is within the limit
  const Frame rows = study_frame({gpus_row(2, 0.02, 20, 0), gpus_row(2, 0.10, 20, 1),
                                  gpus_row(4, 0.06, 28, 0), gpus_row(4, 0.02, 28, 1)});
  CHECK(choose_gpus(rows).num_gpus == 4);
}

TEST_CASE("none within the SLA: the fewest GPUs near the best capacity") {
  const Choice c =
      choose_gpus(study_frame({gpus_row(1, 0.99, 5), gpus_row(16, 0.3, 94.9), gpus_row(32, 0.2, 95),
                               gpus_row(64, 0.1, 100), gpus_row(100, 0.12, 99)}));
  CHECK(c.num_gpus == 32);
  CHECK_FALSE(c.meets_sla);
  CHECK(text_of(c.reason) ==
        "no number of GPUs tried keeps the request SLA violation rate within 5 % (lowest: 10 % on "
        "64 GPUs); the fewest whose capacity under the token SLA is at most 5 % below the best, "
        "100 requests/s, are 32: 95 requests/s.");
}

TEST_CASE("worlds that did not end, or completed nothing, are never chosen") {
  StudyRow stopped = gpus_row(1, 0, 100), empty = gpus_row(2, kMissing, 100),
           one_seed_stopped = gpus_row(4, 0, 100);
  stopped.status = 1;
  one_seed_stopped.status = 2;
  CHECK(choose_gpus(study_frame({stopped, empty, one_seed_stopped, gpus_row(4, 0, 100, 1),
                                 gpus_row(8, 0.04, 30)}))
            .num_gpus == 8);
  CHECK(error([&] {
          choose_gpus(study_frame({stopped, empty}));
        }) ==
        "no configuration to choose from (every one in study.h5 has a world that did not run to "
        "its end, or completed nothing) see its status with `servesweep show`");
  StudyRow grid = grid_row(1, 1, 0);
  grid.status = 1;
  CHECK(choice({grid, grid_row(2, 4, 0.5)}) == std::make_tuple(2, 4, false));
}

TEST_CASE("nothing to choose from is an error") {
  const std::string message =
      "no configuration to choose from (study.h5 has no such worlds) run the step that makes them";
  CHECK(error([] { choose_gpus(study_frame({})); }) == message);
  CHECK(error([] { choose_method(study_frame({})); }) == message);
  CHECK(error([] { choose_k(study_frame({})); }) == message);
}

TEST_CASE("a method's GPUs come first, then K") {
  CHECK(choice({grid_row(1, 4, 0.06), grid_row(2, 4, 0.05), grid_row(2, 8, 0.04),
                grid_row(4, 8, 0.001)}) == std::make_tuple(2, 8, true));
  CHECK(text_of(choose_method(study_frame({grid_row(2, 4, 0.05), grid_row(2, 8, 0.04)})).reason) ==
        "of the fewest GPUs tried with a request SLA violation rate of at most 5 %, the lowest "
        "rate is that of 2 GPUs with K = 8: 4 %.");
}

TEST_CASE("equal violation rates: lowest mean latency, then smallest K") {
  CHECK(choice({grid_row(2, 4, 0.02, 9), grid_row(2, 8, 0.02, 7), grid_row(2, 16, 0.02, 8)}) ==
        std::make_tuple(2, 8, true));
  CHECK(choice({grid_row(2, 16, 0.02, 7), grid_row(2, 8, 0.02, 7), grid_row(2, 4, 0.03, 1)}) ==
        std::make_tuple(2, 8, true));
}

TEST_CASE("no method within the SLA: the lowest violation rate, then fewest GPUs") {
  CHECK(choice({grid_row(1, 4, 0.9), grid_row(8, 4, 0.2, 5), grid_row(4, 16, 0.2, 9),
                grid_row(4, 8, 0.2, 9)}) == std::make_tuple(4, 8, false));
  CHECK(text_of(choose_method(study_frame({grid_row(1, 4, 0.9), grid_row(1, 8, 0.8)})).reason) ==
        "no configuration tried keeps the request SLA violation rate within 5 %; the lowest is "
        "that of 1 GPU with K = 8: 80 %.");
}

TEST_CASE("the best K on one number of GPUs") {
  CHECK(choose_k(study_frame({grid_row(1, 1, 0.9), grid_row(1, 8, 0.7), grid_row(1, 32, 0.8)}))
            .k_bins == 8);
  CHECK_THROWS_AS(choose_k(study_frame({grid_row(1, 1, 0.9), grid_row(2, 8, 0.7)})),
                  std::logic_error);
}

// The rules once more, as plain loops over a table of [GPUs][K].
TEST_CASE("choices of random grids are those of an independent search") {
  std::mt19937 random(7);
  const std::vector<int> gpu_counts = {1, 2, 4, 8}, bins = {1, 2, 4, 8};
  int with_sla = 0, without = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    const int offset = static_cast<int>(random() % 12);
    std::vector<StudyRow> rows;
    for (const int gpus : gpu_counts) {
      for (const int k : bins) {
        const double violations = (offset + static_cast<int>(random() % 8)) / 100.0;
        rows.push_back(grid_row(gpus, k, violations, 1 + static_cast<int>(random() % 3)));
      }
    }
    const StudyRow* best = nullptr;
    for (const int gpus : gpu_counts) {  // within the limit, the first number of GPUs that has any
      if (best != nullptr) break;
      for (const StudyRow& row : rows) {
        if (row.num_gpus != gpus || row.request_violations > 0.05) continue;
        if (best == nullptr || row.request_violations < best->request_violations ||
            (row.request_violations == best->request_violations &&
             row.mean_latency_s < best->mean_latency_s)) {
          best = &row;  // rows are in order of K
        }
      }
    }
    const bool meets = best != nullptr;
    ++(meets ? with_sla : without);
    if (!meets) {
      for (const StudyRow& row : rows) {  // in order of GPUs, then K
        if (best == nullptr || row.request_violations < best->request_violations ||
            (row.request_violations == best->request_violations && row.num_gpus == best->num_gpus &&
             row.mean_latency_s < best->mean_latency_s)) {
          best = &row;
        }
      }
    }
    const std::tuple<int, int, bool> expected(static_cast<int>(best->num_gpus),
                                              static_cast<int>(best->k_bins), meets);
    std::shuffle(rows.begin(), rows.end(), random);
    REQUIRE(choice(rows) == expected);
  }
  CHECK(with_sla > 200);
  CHECK(without > 200);
}
