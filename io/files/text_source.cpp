#include "io/files/text_source.hpp"

#include "host/base/machine.hpp"

namespace servesweep {

TextSource::TextSource(const std::string& path) : stream_(path) {
  stream_.read_all(this_machine().memory_bytes / 2);
}

}  // namespace servesweep
