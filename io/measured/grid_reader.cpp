#include "io/measured/grid_reader.hpp"

#include "io/files/text_source.hpp"
#include "io/measured/number_table.hpp"

namespace servesweep {

std::vector<GridPoint> parse_service_grid(std::string_view text, const std::string& name) {
  const std::vector<NumberColumn> columns = {
      {{"batch_size", "batch"}, "batch size", 1},
      {{"length", "length_tokens", "seq_len", "max_seq_len", "total_tokens"}, "length"},
      {{"latency"}, "latency", 0, true, true}};
  std::vector<GridPoint> points;
  for (const std::vector<double>& row :
       parse_number_table(text, name, columns,
                          "a service grid has batch_size, length and latency_ms or latency_s")
           .rows) {
    points.push_back({row[0], row[1], row[2]});
  }
  return points;
}

std::vector<GridPoint> read_service_grid(const std::string& path) {
  const TextSource source(path);
  return parse_service_grid(source.text(), path);
}

}  // namespace servesweep
