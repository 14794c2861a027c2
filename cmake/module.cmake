# What nearly every source includes of the standard library is read once, not for each of them: that saves a quarter of
# the time to build. A forgotten include is found by the gcc-check preset, which does without.
set(PEERSTORE_PRELUDE
  <algorithm> <array> <chrono> <coroutine> <cstdint> <functional> <map> <memory> <optional> <ranges> <set> <span>
  <string> <string_view> <utility> <variant> <vector>)

# peerstore_prelude(<target> [HEADERS <header>...] [OPTIONS <option>...] [LIBRARIES <lib>...])
#
# The prelude with these headers, for targets of just these options.
function(peerstore_prelude target)
  cmake_parse_arguments(ARG "" "" "HEADERS;OPTIONS;LIBRARIES" ${ARGN})
  if(CMAKE_DISABLE_PRECOMPILE_HEADERS)
    add_library(${target} INTERFACE)
    return()
  endif()
  file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp" CONTENT "")
  add_library(${target} OBJECT "${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp")
  target_compile_options(${target} PUBLIC -Xclang -fno-pch-timestamp)
  target_compile_options(${target} PRIVATE ${ARG_OPTIONS})
  target_link_libraries(${target} PRIVATE peerstore_warnings ${ARG_LIBRARIES})
  target_precompile_headers(${target} PRIVATE ${PEERSTORE_PRELUDE} ${ARG_HEADERS})
endfunction()

# Lets a target begin with that prelude.
function(peerstore_begin_with target prelude)
  if(CMAKE_DISABLE_PRECOMPILE_HEADERS)
    return()
  endif()
  target_compile_options(${target} PRIVATE $<TARGET_PROPERTY:${prelude},INTERFACE_COMPILE_OPTIONS>)
  target_precompile_headers(${target} REUSE_FROM ${prelude})
endfunction()

# peerstore_module(<name> [QUICK] [USES <module>...] [SOURCE_DIR <dir>] [LIBRARIES [PRIVATE|PUBLIC] <lib>...])
#
# One static library a module, from src/<name>/*.cpp, with its public headers in
# include/peerstore/<name>/. The headers are offered through a folder of links that holds
# this module alone, so a target can include only the modules it links: that is how the
# layering is enforced by the build rather than by good will.
function(peerstore_module name)
  cmake_parse_arguments(ARG "QUICK" "SOURCE_DIR" "USES;LIBRARIES" ${ARGN})
  if(NOT ARG_SOURCE_DIR)
    set(ARG_SOURCE_DIR "src/${name}")
  endif()
  set(target "peerstore_${name}")

  set(door "${CMAKE_BINARY_DIR}/layers/${name}")
  file(MAKE_DIRECTORY "${door}/peerstore")
  if(EXISTS "${CMAKE_SOURCE_DIR}/include/peerstore/${name}")
    file(CREATE_LINK "${CMAKE_SOURCE_DIR}/include/peerstore/${name}" "${door}/peerstore/${name}" SYMBOLIC)
  endif()

  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${ARG_SOURCE_DIR}/*.cpp")
  if(sources)
    # In a syntax check nothing is archived or linked.
    add_library(${target} ${PEERSTORE_LIBRARY_KIND} ${sources})
    # Private headers are included as "<name>/file.hpp", by this module alone.
    file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/private/${name}")
    file(CREATE_LINK "${CMAKE_SOURCE_DIR}/${ARG_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/private/${name}/${name}" SYMBOLIC)
    target_include_directories(${target} PRIVATE "${CMAKE_BINARY_DIR}/private/${name}")
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE peerstore_warnings)
    if(ARG_QUICK)
      target_compile_options(${target} PRIVATE ${PEERSTORE_QUICK_OPTIONS})
      peerstore_begin_with(${target} quick_prelude)
    else()
      peerstore_begin_with(${target} module_prelude)
    endif()
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
    list(FILTER ARG_LIBRARIES EXCLUDE REGEX "^PRIVATE$")
  endif()
  target_include_directories(${target} ${scope} "${door}")
  foreach(used IN LISTS ARG_USES)
    target_link_libraries(${target} ${scope} peerstore_${used})
  endforeach()

  set(visibility ${scope})
  foreach(library IN LISTS ARG_LIBRARIES)
    if(library STREQUAL "PRIVATE" OR library STREQUAL "PUBLIC")
      set(visibility ${library})
    else()
      target_link_libraries(${target} ${visibility} ${library})
    endif()
  endforeach()

  if(EXISTS "${CMAKE_SOURCE_DIR}/${ARG_SOURCE_DIR}/module.cmake")
    include("${CMAKE_SOURCE_DIR}/${ARG_SOURCE_DIR}/module.cmake")
  endif()
endfunction()
