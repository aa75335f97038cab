#include "host/engines/engine.hpp"

#include "host/base/units.hpp"

namespace servesweep {

std::string RunLimits::shortage(const MemoryNeeds& needs) const {
  const bool has_own_memory = max_device_memory_bytes > 0;
  const std::size_t host = needs.host + (has_own_memory ? 0 : needs.device);
  if (host > max_memory_bytes) {
    return format_size(host) + " of memory, --max-memory is " + format_size(max_memory_bytes);
  }
  if (has_own_memory && needs.device > max_device_memory_bytes) {
    return format_size(needs.device) + " of the device's memory, --max-device-memory is " +
           format_size(max_device_memory_bytes);
  }
  return {};
}

}  // namespace servesweep
