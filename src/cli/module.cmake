set(commit_header "${CMAKE_BINARY_DIR}/generated/commit.hpp")
add_custom_target(peerstore_commit
  COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${CMAKE_SOURCE_DIR}" "-DHEADER=${commit_header}"
    -P "${CMAKE_SOURCE_DIR}/cmake/commit.cmake"
  BYPRODUCTS "${commit_header}" VERBATIM)
add_dependencies(peerstore_cli peerstore_commit)
target_include_directories(peerstore_cli PRIVATE "${CMAKE_BINARY_DIR}/generated")
