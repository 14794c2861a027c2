// What every use of POSIX files here needs: failures as Errors, and calls that do the whole of
// what was asked.
#pragma once

#include <peerstore/runtime/bytes.hpp>
#include <peerstore/runtime/result.hpp>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "descriptor.hpp"

namespace peerstore::os {

// "<path>: <what errno says>". Errc by what the caller can do: not_found for nothing there, full for
// no room or over quota, refused for a name that is taken, invalid for the wrong kind of thing at
// the path, io for the rest.
Error posix_error(std::string_view path, int number = errno);

// Why `path` cannot be given to the system: a zero byte in it would cut it short there.
std::optional<Error> unusable(std::string_view path);

// All of `bytes` at `offset`.
Result<void> write_all(int file, std::uint64_t offset, ByteView bytes, std::string_view path);

// Fills `room` from `offset`; how much was there before the end of the file.
Result<std::size_t> read_up_to(int file, std::uint64_t offset, std::span<std::uint8_t> room,
                               std::string_view path);

// The names in an open folder, without "." and "..", in byte order. Takes the descriptor.
Result<std::vector<std::string>> names_in_folder(Descriptor folder, std::string_view path);

// fsync of a folder. A file system that has no such thing is content.
Result<void> sync_open_folder(int folder, std::string_view path);

}  // namespace peerstore::os
