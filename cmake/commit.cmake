# Writes the commit of the source tree into a header, if it is another than the one written there. Run at each
# build: cmake -DSOURCE=... -DHEADER=... -P commit.cmake
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND git -C "${SOURCE}" describe --always --dirty --abbrev=12
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT commit)
  set(commit "unknown")
endif()
file(CONFIGURE OUTPUT "${HEADER}" @ONLY CONTENT
  "#pragma once\n\nnamespace peerstore {\ninline constexpr const char* kCommit = \"${commit}\";\n}\n")
