# Everything here is a Debian 12 package; scripts/install-deps lists them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(CapnProto CONFIG REQUIRED)
find_package(leveldb CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_path(tomlplusplus_INCLUDE_DIRS toml++/toml.h REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(qrencode REQUIRED IMPORTED_TARGET libqrencode)

add_library(peerstore_warnings INTERFACE)
target_compile_options(peerstore_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
    -Woverloaded-virtual -Wimplicit-fallthrough -Werror>)

# Asio is compiled once, in src/net/asio.cpp; only adapter units include it.
add_library(peerstore_asio INTERFACE)
target_compile_definitions(peerstore_asio INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_USE_STD_STRING_VIEW)
target_link_libraries(peerstore_asio INTERFACE Boost::headers OpenSSL::SSL Threads::Threads)

# BLAKE3's C sources: libblake3-dev where the distribution has it, else the C folder that
# Debian 12 ships inside librust-blake3-dev.
add_library(peerstore_blake3 STATIC)
file(GLOB blake3_dir /usr/share/cargo/registry/blake3-*/c)
if(NOT blake3_dir)
  message(FATAL_ERROR "BLAKE3's C sources are missing: run scripts/install-deps (package librust-blake3-dev)")
endif()
list(GET blake3_dir 0 blake3_dir)
target_sources(peerstore_blake3 PRIVATE
  "${blake3_dir}/blake3.c" "${blake3_dir}/blake3_dispatch.c" "${blake3_dir}/blake3_portable.c")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_sources(peerstore_blake3 PRIVATE
    "${blake3_dir}/blake3_sse2_x86-64_unix.S" "${blake3_dir}/blake3_sse41_x86-64_unix.S"
    "${blake3_dir}/blake3_avx2_x86-64_unix.S" "${blake3_dir}/blake3_avx512_x86-64_unix.S")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  target_sources(peerstore_blake3 PRIVATE "${blake3_dir}/blake3_neon.c")
endif()
target_include_directories(peerstore_blake3 SYSTEM INTERFACE "${blake3_dir}")
