#include "tests/support/emulated_lanes.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <numeric>
#include <string_view>

namespace servesweep::testing {

namespace {

std::string readable(const std::type_info& type) {
  int status = 0;
  char* text = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string name = text != nullptr ? text : type.name();
  std::free(text);
  return name;
}

std::string describe(const LaneCall& call) {
  return std::string(call.kind_) + "(" + std::to_string(call.count_) + ") of " +
         readable(*call.body_);
}

// The call that lanes make when they have nothing more to do.
struct EndCall final : LaneCall {
  EndCall() : LaneCall("end", typeid(EndCall), 0) {}
};

}  // namespace

// -- shared memory
// ----------------------------------------------------------------------------------

void SharedRegions::add(std::string name, void* data, std::size_t bytes) {
  auto* first = static_cast<unsigned char*>(data);
  regions_.push_back({std::move(name), first, std::vector<unsigned char>(first, first + bytes)});
}

std::vector<SharedRegions::Byte> SharedRegions::changed() const {
  constexpr std::size_t kBlock = 1024;
  std::vector<Byte> bytes;
  for (const Region& region : regions_) {
    const std::size_t size = region.copy.size();
    if (size == 0 || std::memcmp(region.data, region.copy.data(), size) == 0) continue;
    for (std::size_t block = 0; block < size; block += kBlock) {
      const std::size_t end = std::min(size, block + kBlock);
      if (std::memcmp(region.data + block, region.copy.data() + block, end - block) == 0) continue;
      for (std::size_t i = block; i < end; ++i) {
        if (region.data[i] != region.copy[i]) bytes.push_back({region.data + i, region.copy[i]});
      }
    }
  }
  return bytes;
}

void SharedRegions::accept(const unsigned char* place) {
  for (Region& region : regions_) {
    if (region.holds(place)) region.copy[static_cast<std::size_t>(place - region.data)] = *place;
  }
}

bool SharedRegions::contains(const void* place, std::size_t bytes) const {
  const auto* last = static_cast<const unsigned char*>(place) + bytes - 1;
  return std::any_of(regions_.begin(), regions_.end(), [&](const Region& region) {
    return region.holds(place) && region.holds(last);
  });
}

std::string SharedRegions::name(const void* place) const {
  for (const Region& region : regions_) {
    if (!region.holds(place)) continue;
    const auto offset = static_cast<const unsigned char*>(place) - region.data;
    return "byte " + std::to_string(offset) + " of " + region.name;
  }
  return "memory that is not shared";
}

// -- lanes
// ------------------------------------------------------------------------------------------

void EmulatedLanes::meet(LaneCall& call) const { group_.meet(lane_, call); }

void EmulatedLanes::add(std::uint32_t& counter, std::uint32_t n) const {
  if (!group_.in_call_) group_.fail("add() outside a call, by every lane");
  if (!group_.memory_.contains(&counter, sizeof counter)) {
    group_.fail("add() to memory that is not shared");
  }
  group_.adds_.push_back({&counter, n});
}

std::int64_t EmulatedLanes::least(const std::int64_t* values, std::int32_t count) const {
  if (count % 8 != 0) group_.fail("least() of " + std::to_string(count) + ", no multiple of 8");
  struct Least {
    std::int64_t value = kNever;
    void join(const Least& other) { value = min_of(value, other.value); }
  };
  return reduce<Least>(count,
                       [=](std::int32_t i, Least& partial) {
                         partial.value = min_of(partial.value, values[i]);
                       })
      .value;
}

// -- the group
// --------------------------------------------------------------------------------------

void EmulatedGroup::start_lanes(const std::function<void(std::int32_t)>& body) {
  Fiber outside;
  outside_ = &outside;
  problem_.clear();
  in_call_ = false;
  adds_.clear();
  accept_changes();
  const auto width = static_cast<std::size_t>(width_);
  order_.resize(width);
  std::iota(order_.begin(), order_.end(), 0);
  arrived_.assign(width, nullptr);
  fibers_.clear();
  for (std::int32_t lane = 0; lane < width_; ++lane) {
    fibers_.push_back(std::make_unique<Fiber>([this, lane, &body] {
      std::string thrown;
      try {
        body(lane);
      } catch (const std::exception& error) {
        thrown = error.what();
      }
      if (!thrown.empty()) fail("a lane throws: " + thrown);
      EndCall end;
      meet(lane, end);
    }));
  }
  shuffle_lanes();
  turn_ = 0;
  outside.switch_to(*fibers_[static_cast<std::size_t>(order_[0])]);
  fibers_.clear();
  if (!problem_.empty()) throw LaneError(problem_);
}

void EmulatedGroup::meet(std::int32_t lane, LaneCall& own_call) {
  if (in_call_) fail("a call inside another: " + describe(own_call));
  arrived_[static_cast<std::size_t>(lane)] = &own_call;
  Fiber& self = *fibers_[static_cast<std::size_t>(lane)];
  if (++turn_ == order_.size()) {
    execute();
    if (own_call.kind_ == std::string_view("end")) self.switch_to(*outside_);
    shuffle_lanes();
    turn_ = 0;
  }
  Fiber& next = *fibers_[static_cast<std::size_t>(order_[turn_])];
  if (&next != &self) self.switch_to(next);
}

// All lanes have come.
void EmulatedGroup::execute() {
  check_same_call();
  const auto strays = memory_.changed();
  if (!strays.empty()) {
    fail("memory changed outside a call, before this one: " + memory_.name(strays.front().place));
  }
  in_call_ = true;
  if (call(0).kind_ == std::string_view("once")) {
    call(order_[random_() % order_.size()]).visit(0);
    accept_changes();
  } else {
    run_together();
    const auto changed = memory_.changed();
    if (!changed.empty()) run_apart(changed);
    for (LaneCall* one : arrived_) one->join(arrived_, random_);
  }
  apply_adds();
  in_call_ = false;
  ++calls_;
  arrived_.assign(order_.size(), nullptr);
}

void EmulatedGroup::check_same_call() {
  const LaneCall& expected = call(0);
  for (std::int32_t lane = 1; lane < width_; ++lane) {
    const LaneCall& other = call(lane);
    if (other.kind_ == std::string_view(expected.kind_) && *other.body_ == *expected.body_ &&
        other.count_ == expected.count_) {
      continue;
    }
    fail("lanes part: lane 0 makes " + describe(expected) + ", lane " + std::to_string(lane) +
         " makes " + describe(other));
  }
}

bool EmulatedGroup::is(std::int32_t lane, std::int32_t index) {
  const bool answer = call(lane).is(index);
  auto& known = answers_[static_cast<std::size_t>(index)];
  if (known >= 0 && (known != 0) != answer) {
    fail("the answer for index " + std::to_string(index) + " depends on what other lanes write");
  }
  known = answer ? 1 : 0;
  return answer;
}

void EmulatedGroup::run_together() {
  const std::string_view kind = call(0).kind_;
  const std::int32_t count = call(0).count_;
  if (kind == "for_each" || kind == "reduce") {
    shuffle_lanes();
    for (const std::int32_t lane : order_) visit_lane(lane);
    return;
  }
  // Chunk by chunk, each looked at by all its lanes.
  answers_.assign(static_cast<std::size_t>(count), -1);
  ranks_.assign(static_cast<std::size_t>(count), 0);
  std::int32_t result = kind == "pack" ? 0 : count;
  for (std::int32_t chunk = 0; chunk < count; chunk += width_) {
    const std::int32_t here = std::min(width_, count - chunk);
    shuffle_lanes();
    for (const std::int32_t lane : order_) {
      if (lane < here) is(lane, chunk + lane);
    }
    std::int32_t hit = here;
    for (std::int32_t lane = 0; lane < here; ++lane) {
      const auto index = static_cast<std::size_t>(chunk + lane);
      if (answers_[index] != 1) continue;
      hit = std::min(hit, lane);
      if (kind == "pack") ranks_[index] = result++;
    }
    if (kind == "pack") {
      shuffle_lanes();
      for (const std::int32_t lane : order_) {
        if (lane >= here || answers_[static_cast<std::size_t>(chunk + lane)] != 1) continue;
        call(lane).take(ranks_[static_cast<std::size_t>(chunk + lane)], chunk + lane);
      }
    } else if (hit < here) {
      result = chunk + hit;
      break;
    }
  }
  if (kind == "count_leading") {
    for (std::int32_t i = result; i < count; ++i) {
      if (!call(0).is(i)) fail("index " + std::to_string(i) + " comes after one that failed");
    }
  }
  for (LaneCall* one : arrived_) one->result_ = result;
}

// A lane's part of for_each or reduce, in random order.
void EmulatedGroup::visit_lane(std::int32_t lane) {
  std::vector<std::int32_t> indices;
  for (std::int32_t i = lane; i < call(lane).count_; i += width_) indices.push_back(i);
  std::shuffle(indices.begin(), indices.end(), random_);
  call(lane).start();
  for (const std::int32_t i : indices) call(lane).visit(i);
}

// Does the call again, every lane alone on the memory from before it, and compares.
void EmulatedGroup::run_apart(const std::vector<SharedRegions::Byte>& changed) {
  const std::string_view kind = call(0).kind_;
  std::map<unsigned char*, unsigned char> together;
  for (const auto& byte : changed) {
    together[byte.place] = *byte.place;
    *byte.place = byte.before;
  }
  struct Write {
    std::int32_t lane;
    unsigned char value;
  };
  std::map<unsigned char*, Write> apart;
  const std::vector<Add> adds = adds_;
  shuffle_lanes();
  for (const std::int32_t lane : order_) {
    if (kind == "for_each" || kind == "reduce") {
      visit_lane(lane);
    } else {
      for (std::int32_t i = lane; i < call(lane).count_; i += width_) {
        if (answers_[static_cast<std::size_t>(i)] < 0) break;
        if (is(lane, i)) call(lane).take(ranks_[static_cast<std::size_t>(i)], i);
      }
    }
    for (const auto& byte : memory_.changed()) {
      const auto [other, is_new] = apart.insert({byte.place, {lane, *byte.place}});
      if (!is_new) {
        fail("lanes " + std::to_string(other->second.lane) + " and " + std::to_string(lane) +
             " write " + memory_.name(byte.place));
      }
      *byte.place = byte.before;
    }
  }
  adds_ = adds;  // they were counted twice
  for (const auto& [place, write] : apart) {
    const auto before = together.find(place);
    if (before == together.end() || before->second != write.value) {
      fail("the order of lanes decides about " + memory_.name(place));
    }
    *place = write.value;
    memory_.accept(place);
  }
  for (const auto& [place, value] : together) {
    if (apart.count(place) == 0) fail("the order of lanes decides about " + memory_.name(place));
  }
  for (const Add& add : adds_) {
    const auto* first = reinterpret_cast<unsigned char*>(add.counter);
    for (std::size_t i = 0; i < sizeof *add.counter; ++i) {
      if (apart.count(const_cast<unsigned char*>(first + i)) > 0) {
        fail("written and added to: " + memory_.name(first));
      }
    }
  }
}

void EmulatedGroup::apply_adds() {
  for (const Add& add : adds_) {
    *add.counter += add.n;
    const auto* first = reinterpret_cast<const unsigned char*>(add.counter);
    for (std::size_t i = 0; i < sizeof *add.counter; ++i) memory_.accept(first + i);
  }
  adds_.clear();
}

void EmulatedGroup::accept_changes() {
  for (const auto& byte : memory_.changed()) memory_.accept(byte.place);
}

void EmulatedGroup::shuffle_lanes() { std::shuffle(order_.begin(), order_.end(), random_); }

// Leaves all lanes where they are.
void EmulatedGroup::fail(const std::string& problem) {
  problem_ = "call " + std::to_string(calls_);
  if (arrived_.front() != nullptr) problem_ += ", " + describe(call(0));
  problem_ += ": " + problem;
  Fiber lost;
  lost.switch_to(*outside_);
  std::abort();
}

}  // namespace servesweep::testing
