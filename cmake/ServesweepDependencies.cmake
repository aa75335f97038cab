# The libraries that the host and io layers link; also used by the installed package. Each one that
# is missing is named with its Debian package, all of them at once.

find_package(Threads REQUIRED)
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  # The serial flavour by name: installing Debian's MPI flavour re-points plain `hdf5`.
  pkg_search_module(HDF5 QUIET IMPORTED_TARGET hdf5-serial hdf5)
endif()
find_package(ZLIB QUIET)
find_package(OpenSSL QUIET COMPONENTS Crypto)
find_package(fmt CONFIG QUIET)
find_package(FastFloat CONFIG QUIET)
find_package(nlohmann_json CONFIG QUIET)
find_package(tomlplusplus CONFIG QUIET)
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h)
if(RANDOM123_INCLUDE_DIR AND NOT TARGET Random123::Random123)
  add_library(Random123::Random123 INTERFACE IMPORTED)
  set_target_properties(Random123::Random123 PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${RANDOM123_INCLUDE_DIR}")
endif()

# servesweep_require(<target> <Debian package> ...)
function(servesweep_require)
  set(missing "")
  while(ARGN)
    list(POP_FRONT ARGN target package)
    if(NOT TARGET ${target})
      string(APPEND missing "\n  ${package} (${target})")
    endif()
  endwhile()
  if(missing)
    message(FATAL_ERROR "Libraries not found; Debian packages:${missing}\n"
      "Run scripts/bootstrap, or add their folders to CMAKE_PREFIX_PATH.")
  endif()
endfunction()

servesweep_require(
  PkgConfig::HDF5 libhdf5-dev
  ZLIB::ZLIB zlib1g-dev
  OpenSSL::Crypto libssl-dev
  fmt::fmt libfmt-dev
  FastFloat::fast_float libfast-float-dev
  nlohmann_json::nlohmann_json nlohmann-json3-dev
  tomlplusplus::tomlplusplus libtomlplusplus-dev
  Random123::Random123 librandom123-dev)
