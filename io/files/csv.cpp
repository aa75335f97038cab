#include "io/files/csv.hpp"

#include <algorithm>
#include <cstddef>

namespace servesweep {
namespace {

std::string_view without_blank_end(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

CsvReader::CsvReader(std::string_view text, bool is_end)
    : at_(text.data()),
      end_(at_ + (is_end ? without_blank_end(text) : text).size()),
      record_(at_),
      is_end_(is_end),
      done_(at_ == end_) {}

// Both keep the invariant of next(): at_ is at the start of a record, or done_.
CsvReader::Record CsvReader::broken(const char* error, const char* where) {
  error_ = error;
  where_ = where;
  at_ = std::find(record_, end_, '\n');
  done_ = at_ == end_;
  if (!done_) ++at_;
  return Record::kBroken;
}

CsvReader::Record CsvReader::next(std::vector<std::string_view>& fields) {
  fields.clear();
  if (done_ || (!is_end_ && at_ == end_)) return Record::kEnd;
  record_ = at_;
  const char* const end = end_;
  for (;;) {
    std::string_view field;
    const char* p = at_;
    if (p != end && *p == '"') {
      if (!read_quoted(field)) {
        is_open_ = at_ == end;
        return at_ == end ? broken("the quoted field is not closed", p)
                          : broken("a quoted field ends before its comma", at_);
      }
      p = at_;
    } else {
      while (p != end && *p != ',' && *p != '\n') ++p;
      const bool crlf = p != end && *p == '\n' && p != at_ && p[-1] == '\r';
      field = between(at_, crlf ? p - 1 : p);
    }
    fields.push_back(field);
    done_ = p == end;
    at_ = done_ ? p : p + 1;
    if (done_ || *p == '\n') return Record::kFields;
  }
}

// From the opening quote to the comma or line end after the closing one; false leaves at_ where
// neither stands, at end_ if the quote is never closed.
bool CsvReader::read_quoted(std::string_view& field) {
  const char* const begin = at_ + 1;
  const char* p = begin;
  for (;;) {
    p = std::find(p, end_, '"');
    if (p == end_) {
      at_ = end_;
      return false;
    }
    if (p + 1 == end_ || p[1] != '"') break;
    p += 2;
  }
  field = between(begin, p);
  at_ = p + 1;
  if (end_ - at_ >= 2 && at_[0] == '\r' && at_[1] == '\n') ++at_;
  return at_ == end_ || *at_ == ',' || *at_ == '\n';
}

}  // namespace servesweep
