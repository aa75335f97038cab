#include "host/engines/engines.hpp"

#include <vector>

#include "host/base/error.hpp"
#include "host/base/names.hpp"

namespace servesweep {
namespace {

struct Registered {
  const char* name;
  std::unique_ptr<Engine> (*make)();
};

std::vector<Registered>& engines() {
  static std::vector<Registered> engines = {{"batch", make_batch_engine},
                                            {"continuous", make_continuous_engine}};
  return engines;
}

}  // namespace

std::vector<std::string> engine_names() {
  std::vector<std::string> names;
  for (const Registered& engine : engines()) names.emplace_back(engine.name);
  return names;
}

bool register_engine(const char* name, std::unique_ptr<Engine> (*make)()) {
  engines().push_back({name, make});
  return true;
}

std::unique_ptr<Engine> make_engine(const std::string& name) {
  for (const Registered& engine : engines()) {
    if (name == engine.name) return engine.make();
  }
  const std::vector<std::string> names = engine_names();
  throw InputError("invalid engine=" + name + " (must be one of " + joined(names) + ")" +
                   did_you_mean(nearest(name, names)));
}

std::unique_ptr<Engine> make_engine(const RunSpec& spec) {
  const std::string name = engine_of(spec);
  try {
    return make_engine(name);
  } catch (const InputError& error) {
    const SpecEntry* entry = spec.find("engine");
    throw InputError({entry->at(entry->value, error.what())});
  }
}

}  // namespace servesweep
