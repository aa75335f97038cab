// A lane group (sim/core/lanes.hpp) of any width on one CPU thread, as a GPU would run it: every
// lane is a fiber that runs all of the code, and the lanes meet in every call. Between calls they
// run in random order; inside one the indices are spread over lanes that run in random order too,
// reductions join in random trees, and searches look at a whole chunk of lanes before they stop.
//
// Memory that the lanes share is given to the group, which fails where
//   - lanes do not make the same calls, or end with different results
//   - shared memory changes outside a call
//   - two lanes change one byte in one call, but by add()
//   - what a call does depends on the order in which its lanes run: it is done twice, once one lane
//     after the other, once with each lane alone on the memory from before the call
// Not seen: a write of the value that was there already.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "sim/core/lanes.hpp"
#include "tests/support/fiber.hpp"

namespace servesweep::testing {

// A violation of the contract of sim/core/lanes.hpp.
struct LaneError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Memory that all lanes see, with a copy of it as of the last call.
class SharedRegions {
 public:
  void add(std::string name, void* data, std::size_t bytes);

  struct Byte {
    unsigned char* place;
    unsigned char before;
  };
  // The bytes that are not as in the copy.
  std::vector<Byte> changed() const;
  // The copy becomes what memory is at `place`.
  void accept(const unsigned char* place);
  bool contains(const void* place, std::size_t bytes) const;
  std::string name(const void* place) const;  // region and offset

 private:
  struct Region {
    std::string name;
    unsigned char* data;
    std::vector<unsigned char> copy;
    bool holds(const void* place) const { return place >= data && place < data + copy.size(); }
  };
  std::vector<Region> regions_;
};

// One lane's part in a call of the group.
class LaneCall {
 public:
  LaneCall(const char* kind, const std::type_info& body, std::int32_t count)
      : kind_(kind), body_(&body), count_(count) {}
  virtual ~LaneCall() = default;

  virtual void start() {}
  virtual void visit(std::int32_t) {}               // once, for_each, reduce
  virtual bool is(std::int32_t) { return false; }   // first, count_leading, pack
  virtual void take(std::int32_t, std::int32_t) {}  // pack: rank, index
  virtual void join(const std::vector<LaneCall*>&, std::mt19937_64&) {}  // reduce

  const char* kind_;
  const std::type_info* body_;
  std::int32_t count_;
  std::int32_t result_ = 0;
};

class EmulatedGroup;

// What a lane's code sees of its group.
class EmulatedLanes {
 public:
  EmulatedLanes(EmulatedGroup& group, std::int32_t lane) : group_(group), lane_(lane) {}

  template <class Body>
  void all(const Body& body) const {
    body();
  }

  template <class Body>
  void once(const Body& body) const {
    struct Call final : LaneCall {
      explicit Call(const Body& b) : LaneCall("once", typeid(Body), 1), body(b) {}
      void visit(std::int32_t) override { body(); }
      const Body& body;
    } call(body);
    meet(call);
  }

  template <class Body>
  void for_each(std::int32_t count, const Body& body) const {
    struct Call final : LaneCall {
      Call(std::int32_t n, const Body& b) : LaneCall("for_each", typeid(Body), n), body(b) {}
      void visit(std::int32_t i) override { body(i); }
      const Body& body;
    } call(count, body);
    meet(call);
  }

  void add(std::uint32_t& counter, std::uint32_t n) const;

  template <class T, class Body>
  T reduce(std::int32_t count, const Body& body) const {
    struct Call final : LaneCall {
      Call(std::int32_t n, const Body& b) : LaneCall("reduce", typeid(Body), n), body(b) {}
      void start() override { partial = T(); }
      void visit(std::int32_t i) override { body(i, partial); }
      // Every lane has a tree of its own: where they do not all give the same, lanes part.
      void join(const std::vector<LaneCall*>& calls, std::mt19937_64& random) override {
        std::vector<T> parts;
        for (LaneCall* call : calls) parts.push_back(static_cast<Call*>(call)->partial);
        while (parts.size() > 1) {
          std::swap(parts[random() % parts.size()], parts.back());
          const T last = parts.back();
          parts.pop_back();
          parts[random() % parts.size()].join(last);
        }
        total = parts.front();
      }
      const Body& body;
      T partial;
      T total;
    } call(count, body);
    meet(call);
    return call.total;
  }

  template <class Predicate>
  std::int32_t first(std::int32_t count, const Predicate& is_wanted) const {
    return search("first", count, is_wanted, true);
  }

  template <class Predicate>
  std::int32_t count_leading(std::int32_t count, const Predicate& is) const {
    return search("count_leading", count, is, false);
  }

  std::int64_t least(const std::int64_t* values, std::int32_t count) const;

  template <class Predicate, class Body>
  std::int32_t pack(std::int32_t count, const Predicate& predicate, const Body& body) const {
    struct Call final : LaneCall {
      Call(std::int32_t n, const Predicate& p, const Body& b)
          : LaneCall("pack", typeid(Body), n), predicate(p), body(b) {}
      bool is(std::int32_t i) override { return predicate(i); }
      void take(std::int32_t rank, std::int32_t i) override { body(rank, i); }
      const Predicate& predicate;
      const Body& body;
    } call(count, predicate, body);
    meet(call);
    return call.result_;
  }

 private:
  // The lowest i where predicate(i) is `wanted`.
  template <class Predicate>
  std::int32_t search(const char* kind, std::int32_t count, const Predicate& predicate,
                      bool wanted) const {
    struct Call final : LaneCall {
      Call(const char* what, std::int32_t n, const Predicate& p, bool w)
          : LaneCall(what, typeid(Predicate), n), predicate(p), wanted(w) {}
      bool is(std::int32_t i) override { return predicate(i) == wanted; }
      const Predicate& predicate;
      bool wanted;
    } call(kind, count, predicate, wanted);
    meet(call);
    return call.result_;
  }

  void meet(LaneCall& call) const;

  EmulatedGroup& group_;
  std::int32_t lane_;
};

class EmulatedGroup {
 public:
  EmulatedGroup(std::int32_t width, std::uint64_t seed) : width_(width), random_(seed) {}

  void share(std::string name, void* data, std::size_t bytes) {
    memory_.add(std::move(name), data, bytes);
  }
  template <class T>
  void share(std::string name, std::vector<T>& values) {
    share(std::move(name), values.data(), values.size() * sizeof(T));
  }

  // The result of body(lanes), run by every lane; LaneError where they break the contract. Lanes
  // are abandoned then: what body owns at that time leaks.
  template <class Body>
  auto run(const Body& body) {
    using Result = std::invoke_result_t<const Body&, const EmulatedLanes&>;
    std::vector<std::optional<Result>> results(static_cast<std::size_t>(width_));
    run_lanes([&](std::int32_t lane) {
      results[static_cast<std::size_t>(lane)] = body(EmulatedLanes(*this, lane));
    });
    for (const auto& result : results) {
      if (*result != *results.front()) throw LaneError("lanes end with different results");
    }
    return std::move(*results.front());
  }

  std::int64_t calls() const { return calls_; }

 private:
  friend class EmulatedLanes;

  struct Add {
    std::uint32_t* counter;
    std::uint32_t n;
  };

  template <class Body>
  void run_lanes(const Body& body) {
    start_lanes([&body](std::int32_t lane) { body(lane); });
  }
  void start_lanes(const std::function<void(std::int32_t)>& body);
  void meet(std::int32_t lane, LaneCall& call);
  void execute();
  void check_same_call();
  void visit_lane(std::int32_t lane);
  void run_together();
  void run_apart(const std::vector<SharedRegions::Byte>& changed);
  void apply_adds();
  void accept_changes();
  void shuffle_lanes();
  bool is(std::int32_t lane, std::int32_t index);
  [[noreturn]] void fail(const std::string& problem);

  LaneCall& call(std::int32_t lane) { return *arrived_[static_cast<std::size_t>(lane)]; }

  std::int32_t width_;
  std::mt19937_64 random_;
  SharedRegions memory_;
  std::int64_t calls_ = 0;

  Fiber* outside_ = nullptr;
  std::vector<std::unique_ptr<Fiber>> fibers_;  // [lane]
  std::vector<std::int32_t> order_;             // lanes, as they run
  std::size_t turn_ = 0;                        // place in order_ of the one that runs
  std::vector<LaneCall*> arrived_;              // [lane]
  bool in_call_ = false;
  std::vector<Add> adds_;             // of the call so far
  std::vector<signed char> answers_;  // [index]: is(), -1: not asked
  std::vector<std::int32_t> ranks_;   // [index], of pack()
  std::string problem_;
};

}  // namespace servesweep::testing
