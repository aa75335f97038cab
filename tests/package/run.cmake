file(REMOVE_RECURSE "${scratch}")
execute_process(COMMAND ${CMAKE_COMMAND} --install "${build_dir}" --prefix "${scratch}/prefix"
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} -G "${generator}" -S "${consumer}" -B "${scratch}/build"
    -D "CMAKE_CXX_COMPILER=${compiler}" -D "CMAKE_PREFIX_PATH=${scratch}/prefix"
    -D "CMAKE_EXE_LINKER_FLAGS=${link_options}"
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build "${scratch}/build" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${scratch}/build/consumer" COMMAND_ERROR_IS_FATAL ANY)
if(NOT EXISTS "${scratch}/prefix/share/servesweep/python/servesweep/__init__.py")
  message(FATAL_ERROR "the Python package is not installed")
endif()
