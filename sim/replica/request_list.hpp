// A list of a world's requests, linked by next[request].
#pragma once

#include "sim/core/portability.hpp"

namespace servesweep {

constexpr std::uint32_t kNoRequest = UINT32_MAX;

SERVESWEEP_FUNCTION void append_request(std::uint32_t* next, std::uint32_t& head,
                                        std::uint32_t& tail, std::uint32_t request) {
  next[request] = kNoRequest;
  if (head == kNoRequest) {
    head = request;
  } else {
    next[tail] = request;
  }
  tail = request;
}

}  // namespace servesweep
