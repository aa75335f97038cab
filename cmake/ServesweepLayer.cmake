# servesweep_layer(<name> STANDARD <17|20> SOURCES <file>...): the static library of a layer,
# exported as servesweep::<name>.
function(servesweep_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "STANDARD" "SOURCES")
  add_library(servesweep_${name} STATIC ${arg_SOURCES})
  add_library(servesweep::${name} ALIAS servesweep_${name})
  set_target_properties(servesweep_${name} PROPERTIES
    EXPORT_NAME ${name} CXX_STANDARD ${arg_STANDARD} POSITION_INDEPENDENT_CODE ON)
endfunction()
