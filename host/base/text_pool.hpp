// The texts of a sweep (file names, integer lists) by id; id 0 is "". Ids are in order of arrival
// while a sweep is built and in order of spelling in a finished Sweep.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace servesweep {

class TextPool {
 public:
  double add(const std::string& text) {
    const auto [entry, added] = ids_.emplace(text, texts_.size());
    if (added) texts_.push_back(text);
    return static_cast<double>(entry->second);
  }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::vector<std::string> texts_{""};
  std::map<std::string, std::size_t> ids_{{"", 0}};
};

}  // namespace servesweep
