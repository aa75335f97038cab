# Makes the library servesweep_report_assets: the page of `servesweep report` (io/report/web) with what
# it takes from npm, as bytes in the program. `npm ci` and esbuild work in the build folder. Where
# node, npm or the packages are not to be had, the library says so instead, and the next build tries
# again; a page that esbuild refuses is an error.
# The same file, run as a script by that build step, does it.

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(work_dir "${PROJECT_BINARY_DIR}/report_page")
  set(web "${PROJECT_SOURCE_DIR}/io/report/web")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${web}/*.js" "${web}/*.css" "${web}/*.html"
    "${web}/*.json")
  set(npm_options "--omit=dev")
  if(SERVESWEEP_TESTS)  # which drive a browser
    set(npm_options "--include=dev")
  endif()
  add_custom_command(
    OUTPUT "${work_dir}/report_assets.cpp" "${work_dir}/npm.done"
    COMMAND ${CMAKE_COMMAND}
      -D "enabled=${SERVESWEEP_REPORT}"
      -D "web=${web}"
      -D "work_dir=${work_dir}"
      -D "npm_options=${npm_options}"
      -P "${CMAKE_CURRENT_LIST_FILE}"
    DEPENDS "${CMAKE_CURRENT_LIST_FILE}" "${CMAKE_CURRENT_LIST_DIR}/ServesweepEmbed.cmake" ${sources}
    COMMENT "Making the page of `servesweep report`"
    VERBATIM)
  add_library(servesweep_report_assets STATIC "${work_dir}/report_assets.cpp")
  target_link_libraries(servesweep_report_assets PUBLIC servesweep_io)
  return()
endif()

cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/ServesweepEmbed.cmake")

# Writes the library's source: ARGN is the name of a part and its file, ...
function(write_assets missing)
  file(WRITE "${work_dir}/missing.txt" "${missing}")
  servesweep_embed_texts("${work_dir}/report_assets.cpp" host/cli/report_assets.hpp ReportAssets
    report_assets missing "${work_dir}/missing.txt" ${ARGN})
endfunction()

macro(give_up why)
  message(STATUS "`servesweep report` will not work: ${why}")
  write_assets("${why}")
  return()
endmacro()

# What npm ci makes is of this package-lock.json, these options, and whole.
file(MAKE_DIRECTORY "${work_dir}")
file(SHA256 "${web}/package.json" package)
file(SHA256 "${web}/package-lock.json" lock)
set(wanted "${package} ${lock} ${npm_options}\n")
set(done "")
if(EXISTS "${work_dir}/npm.done")
  file(READ "${work_dir}/npm.done" done)
endif()
find_program(node NAMES node nodejs)
find_program(npm npm)
if(NOT enabled)
  file(WRITE "${work_dir}/npm.done" "not wanted\n")
  give_up("it was switched off, SERVESWEEP_REPORT=OFF")
elseif(NOT node OR NOT npm)
  give_up("node or npm was not there")
endif()
set(esbuild "${node}" "${work_dir}/node_modules/esbuild/bin/esbuild")
if(NOT done STREQUAL wanted)
  file(REMOVE "${work_dir}/npm.done" "${work_dir}/npm.log")
  file(COPY "${web}/package.json" "${web}/package-lock.json" DESTINATION "${work_dir}")
  # npm would try again for 70 s, in every build of a machine without a network.
  execute_process(
    COMMAND "${npm}" ci --ignore-scripts --no-audit --no-fund --loglevel=error
      --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=3000 ${npm_options}
    WORKING_DIRECTORY "${work_dir}" RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(failed STREQUAL "0")  # its program for this machine is a package of its own
    execute_process(COMMAND ${esbuild} --version
      RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
  endif()
  if(NOT failed STREQUAL "0")
    file(WRITE "${work_dir}/npm.log" "${said}")
    give_up("npm could not fetch its packages, see ${work_dir}/npm.log")
  endif()
endif()

# esbuild looks for packages beside the sources, and in NODE_PATH.
execute_process(
  COMMAND ${CMAKE_COMMAND} -E env "NODE_PATH=${work_dir}/node_modules"
    ${esbuild} "${web}/src/main.js" --bundle --minify --format=iife --target=es2020
    --legal-comments=none --log-level=warning "--outfile=${work_dir}/bundle.js"
  COMMAND_ERROR_IS_FATAL ANY)

set(licence "")
foreach(file IN ITEMS echarts/NOTICE echarts/LICENSE echarts/licenses/LICENSE-d3 zrender/LICENSE
    tslib/LICENSE.txt)
  file(READ "${work_dir}/node_modules/${file}" text)
  string(APPEND licence "---- ${file}\n\n${text}\n")
endforeach()
file(WRITE "${work_dir}/licence.txt" "${licence}")
write_assets(""
  page "${web}/template.html"
  style "${web}/style.css"
  script "${work_dir}/bundle.js"
  licence "${work_dir}/licence.txt")
file(WRITE "${work_dir}/npm.done" "${wanted}")
