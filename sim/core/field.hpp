// The field list of a parameter struct: written once beside the struct, read by parsing, range
// checks, --dump-default, the result file's input columns and docs/parameters.md.
//
// A parameter struct P is trivially copyable, holds human units (named in the member), defaults as
// member initialisers, and
//   template <class Visitor> static void fields(Visitor&& visit) {
//     visit(&P::alpha_ms, "alpha_ms", "ms", 0.0, 1e9, "Fixed time of a batch.");
//     visit(&P::kind, FieldName{"kind", "scheduler_kind"}, "...");  // an enum with EnumNames
//     visit(&P::keep_failed, "keep_failed", "...");                 // a bool
//     visit(&P::trace, "trace", "...");                             // a file, Words or IntegerList
//   }
// visit(member, name, unit, min, max, text) is for double, std::int32_t and std::int64_t.
#pragma once

#include <cstdint>

namespace servesweep {

// What a field is called. Its result column has the same name, unless it states another one: a key
// like `kind` says too little without its table. Names of columns never change (tests/io/
// names_of_format_2.txt) and mean the same in every engine.
struct FieldName {
  const char* key;     // in its table of the sweep file
  const char* column;  // null: the table and the key, for structs that several tables have

  constexpr FieldName(const char* name) : key(name), column(name) {}  // NOLINT: a name is one
  constexpr FieldName(const char* key_, const char* column_) : key(key_), column(column_) {}
};

constexpr FieldName in_table(const char* key) { return {key, nullptr}; }

// The names of an enum's values, in their order. Specialise with
//   static constexpr const char* values[] = {...};
template <class Enum>
struct EnumNames;

// The name of an enum's value.
template <class Enum>
constexpr const char* name_of(Enum value) {
  return EnumNames<Enum>::values[static_cast<std::int32_t>(value)];
}

// Index into the sweep's pool of texts; 0 is the empty text. The type of a member says what its
// text is: the name of a file or folder, which starts in the folder of the sweep file, or no name.
struct InputFile {  // of no kind that several models read
  std::int32_t id = 0;
};
struct TraceFile {  // requests
  std::int32_t id = 0;
};
struct GridFile {  // measured batch times
  std::int32_t id = 0;
};
struct ProfileFolder {  // measured kernel times
  std::int32_t id = 0;
};
struct Words {
  std::int32_t id = 0;
};
struct IntegerList {  // separated by one space, as in "0 100 10000"
  std::int32_t id = 0;
};

}  // namespace servesweep
