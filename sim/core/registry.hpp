// Registries: the models that a run-time choice has, one type each. A registry is
//   enum class Router : std::int32_t {};
//   using Routers = Registry<Router, RoundRobinRouter, RandomRouter, ...>;
//   template <>
//   struct EnumNames<Router> : Routers::Names {};
// A model's code is its place in the list. Result files hold codes: new models come last. Models
// with data of their own are chosen with that data in a tagged union, Chosen.
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

// One of the models' data: Model::Lowered, a plain struct.
template <class First, class... Others>
union LoweredUnion {
  typename First::Lowered first;
  LoweredUnion<Others...> others;

  SERVESWEEP_FUNCTION LoweredUnion() : first() {}

  template <class Model>
  SERVESWEEP_FUNCTION constexpr typename Model::Lowered& as() {
    if constexpr (std::is_same_v<Model, First>) {
      return first;
    } else {
      return others.template as<Model>();
    }
  }
  template <class Model>
  SERVESWEEP_FUNCTION constexpr const typename Model::Lowered& as() const {
    if constexpr (std::is_same_v<Model, First>) {
      return first;
    } else {
      return others.template as<Model>();
    }
  }
};
template <class Last>
union LoweredUnion<Last> {
  typename Last::Lowered first;

  SERVESWEEP_FUNCTION LoweredUnion() : first() {}

  template <class Model>
  SERVESWEEP_FUNCTION constexpr typename Model::Lowered& as() {
    static_assert(std::is_same_v<Model, Last>, "the registry lists the model");
    return first;
  }
  template <class Model>
  SERVESWEEP_FUNCTION constexpr const typename Model::Lowered& as() const {
    static_assert(std::is_same_v<Model, Last>, "the registry lists the model");
    return first;
  }
};

// A model of a registry with its data; the first one to begin with.
template <class Models>
class Chosen;
template <class Enum, class... Models>
class Chosen<Registry<Enum, Models...>> {
 public:
  Enum kind{};

  template <class Model>
  SERVESWEEP_FUNCTION bool is() const {
    return kind == Registry<Enum, Models...>::template code_of<Model>();
  }
  // The data of the chosen model, which is this one.
  template <class Model>
  SERVESWEEP_FUNCTION typename Model::Lowered& as() {
    return lowered_.template as<Model>();
  }
  template <class Model>
  SERVESWEEP_FUNCTION const typename Model::Lowered& as() const {
    return lowered_.template as<Model>();
  }
  // Chooses a model; returns its data, which the caller sets.
  template <class Model>
  SERVESWEEP_FUNCTION typename Model::Lowered& choose() {
    kind = Registry<Enum, Models...>::template code_of<Model>();
    return as<Model>() = typename Model::Lowered();
  }

  // Calls visitor(Model{}, its data) for the chosen model.
  template <class Visitor>
  SERVESWEEP_INLINE decltype(auto) visit(Visitor&& visitor) const {
    return Registry<Enum, Models...>::visit(
        kind, [&](auto model) { return visitor(model, lowered_.template as<decltype(model)>()); });
  }

 private:
  LoweredUnion<Models...> lowered_;
};

}  // namespace servesweep
