# The scenarios are compiled in, so that `peerstore sim` needs no file beside the program.
file(GLOB scenario_files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/simulator/scenarios/*.toml")
set(scenario_texts "")
foreach(file IN LISTS scenario_files)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  get_filename_component(scenario "${file}" NAME_WE)
  file(READ "${file}" text)
  string(APPEND scenario_texts "      {\"${scenario}\", R\"scenario(${text})scenario\"},\n")
endforeach()
configure_file("${CMAKE_SOURCE_DIR}/simulator/built_in_scenarios.cpp.in"
  "${CMAKE_BINARY_DIR}/simulator/built_in_scenarios.cpp" @ONLY)
target_sources(peerstore_simulator PRIVATE "${CMAKE_BINARY_DIR}/simulator/built_in_scenarios.cpp")
target_include_directories(peerstore_simulator SYSTEM PRIVATE ${tomlplusplus_INCLUDE_DIRS})
