#include "io/tables/export.hpp"

#include <algorithm>
#include <functional>

#include "io/tables/text_fields.hpp"

namespace servesweep {
namespace {

constexpr std::int64_t kBlockWorlds = 4096;

// The texts [column][world] of blocks of worlds, in order.
void for_each_block(const ResultFile& file,
                    const std::function<void(std::vector<std::vector<std::string>>)>& visit) {
  for (std::int64_t first = 0; first < file.num_worlds(); first += kBlockWorlds) {
    const std::int64_t count = std::min(kBlockWorlds, file.num_worlds() - first);
    std::vector<std::vector<std::string>> block;
    for (const ResultColumn& column : file.columns()) {
      block.push_back(column_texts(column.spec, file.data(column.spec.name, first, count)));
    }
    visit(std::move(block));
  }
}

}  // namespace

void export_csv(const ResultFile& file, std::ostream& out) {
  const auto& columns = file.columns();
  for (std::size_t c = 0; c < columns.size(); ++c) {
    out << (c == 0 ? "" : ",") << csv_field(columns[c].spec.name);
  }
  out << '\n';
  for_each_block(file, [&](const auto& block) {
    for (std::size_t row = 0; row < block[0].size(); ++row) {
      for (std::size_t c = 0; c < block.size(); ++c) {
        out << (c == 0 ? "" : ",") << csv_field(block[c][row]);
      }
      out << '\n';
    }
  });
}

void export_json(const ResultFile& file, std::ostream& out) {
  const auto& columns = file.columns();
  out << "{\n\"attributes\": {";
  const char* separator = "\n";
  for (const auto& [name, text] : file.attributes()) {
    out << separator << json_text(name) << ": " << json_text(text);
    separator = ",\n";
  }
  out << "},\n\"columns\": [";
  separator = "\n";
  for (const ResultColumn& column : columns) {
    out << separator << "{\"name\": " << json_text(column.spec.name)
        << ", \"role\": " << json_text(name_of(column.role))
        << ", \"units\": " << json_text(column.spec.unit)
        << ", \"long_name\": " << json_text(column.spec.long_name) << "}";
    separator = ",\n";
  }
  out << "],\n\"worlds\": [";
  separator = "\n";
  for_each_block(file, [&](const auto& block) {
    for (std::size_t row = 0; row < block[0].size(); ++row) {
      out << separator << "{";
      for (std::size_t c = 0; c < block.size(); ++c) {
        out << (c == 0 ? "" : ", ") << json_text(columns[c].spec.name) << ": "
            << json_value(columns[c].spec.type, block[c][row]);
      }
      out << "}";
      separator = ",\n";
    }
  });
  out << "]\n}\n";
}

}  // namespace servesweep
