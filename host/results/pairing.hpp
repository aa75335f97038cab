// Which points of two frames belong together. A point is the worlds that differ in nothing but
// their replication. Two points are partners where all inputs of the key are equal.
//
// An input is one of these:
//   compared  it may differ between partners: named by the caller, or (where none is named) one
//             that has one value in A and another one in B
//   one-sided read on one side only, so it cannot be in a key: what only one scheduler reads. Where
//             it varies, several points of its side have the same partner.
//   key       any other that varies
//   equal     one value, the same on both sides
// "One value" is one wherever a point reads the input: whether a point reads it follows from its
// other inputs. In a key, not read is a value like others.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/results/frame.hpp"
#include "host/results/replications.hpp"

namespace servesweep {

enum class InputUse { kKey, kCompared, kOnlyInA, kOnlyInB, kEqual };

// An input in the points of one side.
struct InputSide {
  bool varies = false;  // the points that read it have several values
  bool partly = false;  // only some points read it
  std::string value;    // the first that a point reads, as column_texts() has it; "" without one

  bool is_read() const { return !value.empty(); }
};

struct PairedInput {
  std::string name;
  InputUse use = InputUse::kKey;
  InputSide a, b;

  bool varies() const { return a.varies || b.varies; }
};

struct PointPair {
  std::size_t a = 0, b = 0;
};

struct Pairing {
  std::vector<PairedInput> inputs;  // in order of the files, without inputs that no point reads
  PointReplications points_a, points_b;           // in order of their first rows
  std::vector<PointPair> pairs;                   // in order of a, then b
  std::vector<std::size_t> only_in_a, only_in_b;  // points without a partner
};

// by: columns of a or b that are compared; empty: as above. InputError where points of one side
// cannot be told apart by what is not compared, where several points of A would have the same
// several partners, and where there is no pair.
Pairing pair_points(const Frame& a, const Frame& b, const std::vector<std::string>& by);

}  // namespace servesweep
