// Registries: the models that a run-time choice has, one type each. A registry is
//   enum class Router : std::int32_t {};
//   using Routers = Registry<Router, RoundRobinRouter, RandomRouter, ...>;
//   template <>
//   struct EnumNames<Router> : Routers::Names {};
// A model's code is its place in the list. Result files hold codes: new models come last.
#pragma once

#include <type_traits>

#include "sim/core/field.hpp"
#include "sim/core/portability.hpp"

namespace servesweep {

// Calls visitor(Model{}) for the model of this place in a list of models.
template <class First, class... Others, class Visitor>
SERVESWEEP_INLINE decltype(auto) visit_place(std::int32_t place, Visitor&& visitor) {
  if constexpr (sizeof...(Others) == 0) {
    return visitor(First{});
  } else {
    if (place == 0) return visitor(First{});
    return visit_place<Others...>(place - 1, visitor);
  }
}

template <class Enum, class... Models>
struct Registry {
  static constexpr std::int32_t kCount = sizeof...(Models);

  struct Names {
    static constexpr const char* values[] = {Models::kName...};  // [code]
  };

  template <class Model>
  SERVESWEEP_FUNCTION static constexpr Enum code_of() {
    static_assert((std::is_same_v<Model, Models> || ...), "the registry lists the model");
    std::int32_t code = 0;
    bool found = false;
    ((found = found || std::is_same_v<Model, Models>, code += found ? 0 : 1), ...);
    return static_cast<Enum>(code);
  }

  // Calls visitor(Model{}) for the chosen model.
  template <class Visitor>
  SERVESWEEP_INLINE static decltype(auto) visit(Enum code, Visitor&& visitor) {
    return visit_place<Models...>(static_cast<std::int32_t>(code), visitor);
  }

  // Calls visitor(Model{}) for each model, in the order of their codes.
  template <class Visitor>
  static void for_each(Visitor&& visitor) {
    (visitor(Models{}), ...);
  }
};

}  // namespace servesweep
