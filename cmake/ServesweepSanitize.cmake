# SERVESWEEP_SANITIZE: address, which brings UBSan, or thread.
if(SERVESWEEP_SANITIZE STREQUAL "address")
  set(servesweep_sanitizers -fsanitize=address,undefined)
  add_compile_options(-fno-sanitize-recover=all)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized)  # false alarms once the checks are in
  else()
    add_compile_options(-fsanitize=fuzzer-no-link)  # libFuzzer sees what an input reaches
  endif()
elseif(SERVESWEEP_SANITIZE STREQUAL "thread")
  set(servesweep_sanitizers -fsanitize=thread)
elseif(SERVESWEEP_SANITIZE)
  message(FATAL_ERROR "invalid SERVESWEEP_SANITIZE=${SERVESWEEP_SANITIZE} (no such sanitizer here): "
    "choose address or thread")
else()
  return()
endif()
add_compile_options(${servesweep_sanitizers} -fno-omit-frame-pointer)
add_link_options(${servesweep_sanitizers})
