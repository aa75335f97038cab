#include "host/sweep/sweep_settings.hpp"

namespace servesweep {

const ParameterSet& setting_parameters() {
  static const ParameterSet set = [] {
    ParameterSet s;
    s.add<RunFields>("");
    s.add<DesignFields>("sweep");
    s.add<OutputFields>("output");
    return s;
  }();
  return set;
}

}  // namespace servesweep
