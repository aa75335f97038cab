#include "host/parameters/run_spec.hpp"

#include <algorithm>

#include "host/parameters/toml_text.hpp"

namespace servesweep {
namespace {

constexpr std::size_t kLongest = 60;  // characters of a value that a message quotes

void append(std::string& out, const SpecValue& value) {
  if (out.size() > kLongest) return;
  struct Writer {
    std::string& out;
    void operator()(std::monostate) { out += "a date or time"; }
    void operator()(bool v) { out += v ? "true" : "false"; }
    void operator()(std::int64_t v) { out += std::to_string(v); }
    void operator()(double v) { out += toml_real(v); }
    void operator()(const std::string& v) { out += toml_string(v); }
    void operator()(const SpecValue::Array& v) {
      out += "[";
      for (std::size_t i = 0; i < v.size() && out.size() <= kLongest; ++i) {
        if (i > 0) out += ", ";
        append(out, v[i]);
      }
      out += "]";
    }
    void operator()(const SpecValue::Table& v) {
      out += "{";
      for (std::size_t i = 0; i < v.size() && out.size() <= kLongest; ++i) {
        out += (i > 0 ? ", " : "") + v[i].key + " = ";
        append(out, v[i].value);
      }
      out += "}";
    }
  };
  std::visit(Writer{out}, value.data);
}

}  // namespace

std::string SpecValue::written() const {
  std::string out;
  append(out, *this);
  if (out.size() <= kLongest) return out;
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;  // inside UTF-8
  return out.substr(0, end) + "...";
}

const SpecEntry* RunSpec::find(std::string_view key) const {
  const auto entry = std::find_if(entries.rbegin(), entries.rend(),
                                  [&](const SpecEntry& e) { return e.key == key; });
  return entry == entries.rend() ? nullptr : &*entry;
}

std::string engine_of(const RunSpec& spec) {
  const SpecEntry* entry = spec.find("engine");
  if (!entry) return "batch";
  if (const std::string* name = std::get_if<std::string>(&entry->value.data)) return *name;
  throw InputError({entry->at(entry->value,
                              "invalid engine=" + entry->value.written() + " (must be a string)")});
}

}  // namespace servesweep
