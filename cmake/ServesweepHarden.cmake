# servesweep_harden(<target>): the compiler's checks of stack and buffers, for code that reads files. The
# kernels read none, and are compiled for speed. Programs are position independent (PIE), and their tables
# of functions cannot be written.
include(CheckPIESupported)
check_pie_supported()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

function(servesweep_harden target)
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Release" OR SERVESWEEP_SANITIZE)
    return()
  endif()
  # Debian's compilers and others define a level of their own.
  target_compile_options(${target} PRIVATE -fstack-protector-strong -U_FORTIFY_SOURCE
    -D_FORTIFY_SOURCE=3)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    target_link_options(${target} PRIVATE LINKER:-z,relro,-z,now,-z,noexecstack)
  endif()
endfunction()
