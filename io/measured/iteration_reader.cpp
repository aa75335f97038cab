#include "io/measured/iteration_reader.hpp"

#include <algorithm>
#include <vector>

#include "io/files/text_source.hpp"
#include "io/measured/number_table.hpp"

namespace servesweep {

bool has_iterations(const std::string& path) {
  const std::vector<std::string> names = header_of(TextSource(path).text());
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name == "prefill_tokens" || name == "sequences" || name == "context_tokens";
  });
}

MeasuredIterations read_iterations(const std::string& path) {
  const TextSource source(path);
  return parse_iterations(source.text(), path);
}

MeasuredIterations parse_iterations(std::string_view text, const std::string& name) {
  const std::vector<NumberColumn> columns = {
      {{"prefill_tokens"}, "prefill tokens"},
      {{"prefill_pair_tokens"}, "prefill pair tokens", 0, false},
      {{"sequences", "decodes"}, "sequences"},
      {{"context_tokens"}, "context tokens"},
      {{"time", "latency"}, "time", 0, true, true}};
  const NumberTable table =
      parse_number_table(text, name, columns,
                         "measured iterations have prefill_tokens, sequences, context_tokens and "
                         "time_ms, and may have prefill_pair_tokens");
  MeasuredIterations measured;
  measured.has_pairs = table.found[1];
  for (const std::vector<double>& row : table.rows) {
    measured.rows.push_back({row[0], row[1], row[2], row[3], row[4]});
  }
  return measured;
}

}  // namespace servesweep
