# Program, libraries, headers, the Python package (PYTHONPATH=<prefix>/share/servesweep/python) and the
# CMake package `servesweep` (targets servesweep::sim, ::kernels,
# ::host, ::io).
include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/servesweep")

install(TARGETS servesweep_sim servesweep_kernels servesweep_host servesweep_io
  EXPORT servesweepTargets)
if(TARGET servesweep)
  install(TARGETS servesweep)
endif()
foreach(layer IN ITEMS sim kernels host io)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/${layer}"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/servesweep" FILES_MATCHING PATTERN "*.hpp"
    PATTERN cli EXCLUDE)
endforeach()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/python/servesweep"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/servesweep/python" FILES_MATCHING PATTERN "*.py")
install(EXPORT servesweepTargets NAMESPACE servesweep:: DESTINATION "${package_dir}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/servesweepConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/servesweepConfig.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/servesweepConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/servesweepConfig.cmake"
  "${PROJECT_BINARY_DIR}/servesweepConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/ServesweepDependencies.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/ServesweepKokkos.cmake"
  DESTINATION "${package_dir}")
