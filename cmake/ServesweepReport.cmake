# Makes the library servesweep_report_assets: the page of `servesweep report` (io/report/web) with its
# bundle (report.js: the page's script with what it takes from npm; licence.txt: the licences of that),
# as bytes in the program. npm and esbuild make the bundle in the build folder; where node, npm or the
# packages are not to be had, the bundle in io/report/bundle is taken, which is the same. A script
# that esbuild refuses is an error.
# The same file, run as a script by that build step, does it.

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(work_dir "${PROJECT_BINARY_DIR}/report_page")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/io/report/web/*"
    "${PROJECT_SOURCE_DIR}/io/report/bundle/*")
  set(npm_options "--omit=dev")
  if(SERVESWEEP_TESTS)  # which drive a browser
    set(npm_options "--include=dev")
  endif()
  add_custom_command(
    OUTPUT "${work_dir}/report_assets.cpp"
    COMMAND ${CMAKE_COMMAND}
      -D "use_npm=${SERVESWEEP_NPM}"
      -D "report=${PROJECT_SOURCE_DIR}/io/report"
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

# Sets `ready` to whether node_modules in the build folder is what package-lock.json says.
function(install_packages ready)
  set(${ready} FALSE PARENT_SCOPE)
  if(NOT use_npm OR NOT node OR NOT npm)
    return()
  endif()
  file(SHA256 "${report}/web/package.json" package)
  file(SHA256 "${report}/web/package-lock.json" lock)
  set(wanted "${package} ${lock} ${npm_options}\n")
  set(done "")
  if(EXISTS "${work_dir}/npm.done")
    file(READ "${work_dir}/npm.done" done)
  endif()
  if(NOT done STREQUAL wanted)
    file(REMOVE "${work_dir}/npm.done")
    file(COPY "${report}/web/package.json" "${report}/web/package-lock.json"
      DESTINATION "${work_dir}")
    # npm would try again for 70 s, in every build of a machine without a network.
    execute_process(
      COMMAND "${npm}" ci --ignore-scripts --no-audit --no-fund --loglevel=error
        --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=3000 ${npm_options}
      COMMAND_ECHO NONE WORKING_DIRECTORY "${work_dir}" RESULT_VARIABLE failed
      OUTPUT_FILE "${work_dir}/npm.log" ERROR_FILE "${work_dir}/npm.log")
    if(failed STREQUAL "0")  # its program for this machine is a package of its own
      execute_process(COMMAND ${esbuild} --version RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
    endif()
    if(NOT failed STREQUAL "0")
      message(STATUS "npm could not fetch its packages, see ${work_dir}/npm.log")
      return()
    endif()
    file(WRITE "${work_dir}/npm.done" "${wanted}")
  endif()
  set(${ready} TRUE PARENT_SCOPE)
endfunction()

find_program(node NAMES node nodejs)
find_program(npm npm)
set(esbuild "${node}" "${work_dir}/node_modules/esbuild/bin/esbuild")
file(REMOVE_RECURSE "${work_dir}/bundle")
install_packages(ready)
if(ready)
  set(bundle "${work_dir}/bundle")
  # esbuild looks for packages beside the sources, and in NODE_PATH.
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env "NODE_PATH=${work_dir}/node_modules"
      ${esbuild} "${report}/web/src/main.js" --bundle --minify --format=iife --target=es2020
      --legal-comments=none --log-level=warning "--outfile=${bundle}/report.js"
    COMMAND_ERROR_IS_FATAL ANY)
  set(licence "")
  foreach(file IN ITEMS echarts/NOTICE echarts/LICENSE echarts/licenses/LICENSE-d3 zrender/LICENSE
      tslib/LICENSE.txt)
    file(READ "${work_dir}/node_modules/${file}" text)
    string(APPEND licence "---- ${file}\n\n${text}\n")
  endforeach()
  file(WRITE "${bundle}/licence.txt" "${licence}")
else()
  set(bundle "${report}/bundle")
endif()
message(STATUS "The bundle of the report's page: ${bundle}")
servesweep_embed_texts("${work_dir}/report_assets.cpp" host/cli/report_assets.hpp ReportAssets
  report_assets
  page "${report}/web/template.html"
  style "${report}/web/style.css"
  script "${bundle}/report.js"
  licence "${bundle}/licence.txt")
file(TOUCH "${work_dir}/report_assets.cpp")
