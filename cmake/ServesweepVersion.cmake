# Makes the target servesweep_version (#include "servesweep_version.hpp"). The header is looked at
# in every build, because a commit changes no source file, and rewritten only if it changed.
# The same file, run as a script by that build step, writes the header.

if(CMAKE_SCRIPT_MODE_FILE)
  set(git_commit "unknown")
  set(git_dirty "false")
  # Only this folder's own repository counts, not one that a tarball happens to be unpacked in.
  if(EXISTS "${source_dir}/.git")
    execute_process(COMMAND git -C "${source_dir}" rev-parse HEAD
      OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
    if(failed STREQUAL "0")
      set(git_commit "${commit}")
      execute_process(COMMAND git -C "${source_dir}" status --porcelain --untracked-files=no
        OUTPUT_VARIABLE changes ERROR_QUIET)
      if(changes)
        set(git_dirty "true")
      endif()
    endif()
  endif()
  configure_file("${template}" "${header}" @ONLY)
  return()
endif()

string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
get_directory_property(options COMPILE_OPTIONS)
string(JOIN " " compiler_flags ${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}} ${options}
  ${SERVESWEEP_COMPILE_OPTIONS})
set(header_dir "${PROJECT_BINARY_DIR}/generated")
add_custom_target(servesweep_version_header
  COMMAND ${CMAKE_COMMAND}
    -D "source_dir=${PROJECT_SOURCE_DIR}"
    -D "template=${PROJECT_SOURCE_DIR}/cmake/servesweep_version.hpp.in"
    -D "header=${header_dir}/servesweep_version.hpp"
    -D "version=${PROJECT_VERSION}"
    -D "compiler=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
    -D "compiler_flags=${compiler_flags}"
    -D "build_type=${CMAKE_BUILD_TYPE}"
    -P "${CMAKE_CURRENT_LIST_FILE}"
  BYPRODUCTS "${header_dir}/servesweep_version.hpp"
  COMMENT "Looking at the version header"
  VERBATIM)
add_library(servesweep_version INTERFACE)
target_include_directories(servesweep_version INTERFACE "$<BUILD_INTERFACE:${header_dir}>")
add_dependencies(servesweep_version servesweep_version_header)
