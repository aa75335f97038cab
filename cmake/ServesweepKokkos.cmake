# Finds Kokkos 3.4.1 to 5.x with the backend that is asked for and leaves Kokkos::kokkos usable; also
# used by the installed package.
# Order: Kokkos_ROOT, CMAKE_PREFIX_PATH, what scripts/bootstrap keeps in its cache, the system's own.
# ThreadSanitizer reports falsely unless Kokkos was compiled with it too: the cache's alone.
# Sets Kokkos_VERSION, Kokkos_DEVICES, SERVESWEEP_KOKKOS_BACKEND and SERVESWEEP_KOKKOS_CXX_STANDARD.

set(servesweep_cache "$ENV{HOME}/.cache/servesweep")
if(NOT "$ENV{SERVESWEEP_CACHE}" STREQUAL "")
  set(servesweep_cache "$ENV{SERVESWEEP_CACHE}")
elseif(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(servesweep_cache "$ENV{XDG_CACHE_HOME}/servesweep")
endif()
set(servesweep_cached_kokkos "${servesweep_cache}/kokkos-${SERVESWEEP_BACKEND}")
if(SERVESWEEP_SANITIZE STREQUAL "thread")
  set(servesweep_cached_kokkos "${servesweep_cache}/kokkos-tsan")
  set(Kokkos_ROOT "${servesweep_cached_kokkos}")
endif()

# No version here: Kokkos' version file accepts only the same major version.
find_package(Kokkos CONFIG QUIET HINTS "${servesweep_cached_kokkos}")
if(NOT Kokkos_FOUND)
  message(FATAL_ERROR "Kokkos not found (no KokkosConfig.cmake): run scripts/bootstrap; where it "
    "finds none either, set Kokkos_ROOT to the folder where a Kokkos is installed")
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

# Its headers name types of <cstdint>, which g++ 13 and newer include nowhere for them.
if(Kokkos_VERSION VERSION_LESS 3.7)
  target_compile_options(Kokkos::kokkos INTERFACE "SHELL:-include cstdint")
endif()

# Kokkos 3.4's nvcc_wrapper knows nothing newer than C++17; Kokkos 5 does not compile below C++20.
if(Kokkos_VERSION VERSION_LESS 5)
  set(SERVESWEEP_KOKKOS_CXX_STANDARD 17)
else()
  set(SERVESWEEP_KOKKOS_CXX_STANDARD 20)
endif()

# The kernels run where Kokkos runs by default: on the first of these that it was built with.
foreach(backend IN ITEMS CUDA HIP SYCL OPENACC OPENMPTARGET OPENMP THREADS HPX SERIAL)
  if(backend IN_LIST Kokkos_DEVICES)
    string(TOLOWER "${backend}" SERVESWEEP_KOKKOS_BACKEND)
    break()
  endif()
endforeach()
list(JOIN Kokkos_DEVICES ", " servesweep_kokkos_devices)
message(STATUS "Kokkos ${Kokkos_VERSION} (${servesweep_kokkos_devices}): ${Kokkos_DIR}")

if(SERVESWEEP_BACKEND AND NOT SERVESWEEP_BACKEND STREQUAL SERVESWEEP_KOKKOS_BACKEND)
  set(servesweep_preset "${SERVESWEEP_BACKEND}")
  if(SERVESWEEP_SANITIZE STREQUAL "thread")
    set(servesweep_preset tsan)
  endif()
  message(FATAL_ERROR "The Kokkos in ${Kokkos_DIR} (${servesweep_kokkos_devices}) runs on "
    "${SERVESWEEP_KOKKOS_BACKEND}, and this build is for ${SERVESWEEP_BACKEND}: run "
    "scripts/bootstrap --backend ${servesweep_preset}; where it cannot make one, set Kokkos_ROOT to the "
    "folder of a Kokkos that was built for it, or build for this one with "
    "-DSERVESWEEP_BACKEND=${SERVESWEEP_KOKKOS_BACKEND}")
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13
    AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12
    AND (Kokkos_VERSION VERSION_EQUAL 4.7.0 OR Kokkos_VERSION VERSION_GREATER_EQUAL 5))
  message(WARNING "g++ ${CMAKE_CXX_COMPILER_VERSION} with the mdspan-based View of Kokkos "
    "${Kokkos_VERSION}: copying a struct that holds a default-constructed View is known to crash. "
    "Use Kokkos 4.6 or 4.7.1, or another compiler.")
endif()
