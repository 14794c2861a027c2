# The generated Cap'n Proto code belongs to this target alone: nobody else sees its headers.
set(CAPNPC_SRC_PREFIX "${CMAKE_SOURCE_DIR}/schema")
set(CAPNPC_OUTPUT_DIR "${CMAKE_BINARY_DIR}/generated/wire")
file(MAKE_DIRECTORY "${CAPNPC_OUTPUT_DIR}")
capnp_generate_cpp(schema_sources schema_headers "${CMAKE_SOURCE_DIR}/schema/messages.capnp")
set_source_files_properties(${schema_sources} PROPERTIES COMPILE_OPTIONS "-w")
target_sources(${target} PRIVATE ${schema_sources} ${schema_headers})
target_include_directories(${target} SYSTEM PRIVATE "${CAPNPC_OUTPUT_DIR}")
target_compile_options(${target} PRIVATE
  "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include ${CMAKE_SOURCE_DIR}/src/wire/capnp_compat.hpp>")
