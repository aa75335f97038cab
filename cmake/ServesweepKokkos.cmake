# Finds Kokkos 3.4.1 to 5.x and leaves Kokkos::kokkos usable; also used by the installed package.
# Order: Kokkos_ROOT, CMAKE_PREFIX_PATH, the OpenMP build that scripts/bootstrap keeps in its
# cache (unless SERVESWEEP_CACHED_KOKKOS is OFF), the system's own.
# Sets Kokkos_VERSION, Kokkos_DEVICES and SERVESWEEP_KOKKOS_CXX_STANDARD.

set(servesweep_kokkos_hint "")
if(SERVESWEEP_CACHED_KOKKOS)
  if(NOT "$ENV{SERVESWEEP_CACHE}" STREQUAL "")
    set(servesweep_kokkos_hint "$ENV{SERVESWEEP_CACHE}/kokkos-openmp")
  elseif(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(servesweep_kokkos_hint "$ENV{XDG_CACHE_HOME}/servesweep/kokkos-openmp")
  else()
    set(servesweep_kokkos_hint "$ENV{HOME}/.cache/servesweep/kokkos-openmp")
  endif()
endif()

# No version here: Kokkos' version file accepts only the same major version.
find_package(Kokkos CONFIG QUIET HINTS ${servesweep_kokkos_hint})
if(NOT Kokkos_FOUND)
  message(FATAL_ERROR "Kokkos not found (no KokkosConfig.cmake): run scripts/bootstrap, "
    "or set Kokkos_ROOT to the folder where Kokkos is installed")
endif()
if(Kokkos_VERSION VERSION_LESS 3.4.1)
  message(FATAL_ERROR "Kokkos ${Kokkos_VERSION} in ${Kokkos_DIR} is too old (3.4.1 or newer is "
    "needed): set Kokkos_ROOT to a newer one")
endif()

# Debian's targets name an include folder that does not exist, which stops the generation.
foreach(target IN ITEMS Kokkos::kokkos Kokkos::all_libs ${Kokkos_LIBRARIES})
  if(TARGET ${target})
    get_target_property(servesweep_includes ${target} INTERFACE_INCLUDE_DIRECTORIES)
    foreach(dir IN LISTS servesweep_includes)
      if(IS_ABSOLUTE "${dir}" AND NOT EXISTS "${dir}")
        find_path(servesweep_kokkos_include Kokkos_Core.hpp
          HINTS ${Kokkos_INCLUDE_DIRS} /usr/include/trilinos REQUIRED NO_CACHE)
        set_target_properties(${target} PROPERTIES
          INTERFACE_INCLUDE_DIRECTORIES "${servesweep_kokkos_include}")
      endif()
    endforeach()
  endif()
endforeach()

# Kokkos 3.4's nvcc_wrapper knows nothing newer than C++17; Kokkos 5 does not compile below C++20.
if(Kokkos_VERSION VERSION_LESS 5)
  set(SERVESWEEP_KOKKOS_CXX_STANDARD 17)
else()
  set(SERVESWEEP_KOKKOS_CXX_STANDARD 20)
endif()

list(JOIN Kokkos_DEVICES ", " servesweep_kokkos_devices)
message(STATUS "Kokkos ${Kokkos_VERSION} (${servesweep_kokkos_devices}): ${Kokkos_DIR}")

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13
    AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12
    AND (Kokkos_VERSION VERSION_EQUAL 4.7.0 OR Kokkos_VERSION VERSION_GREATER_EQUAL 5))
  message(WARNING "g++ ${CMAKE_CXX_COMPILER_VERSION} with the mdspan-based View of Kokkos "
    "${Kokkos_VERSION}: copying a struct that holds a default-constructed View is known to crash. "
    "Use Kokkos 4.6 or 4.7.1, or another compiler.")
endif()
