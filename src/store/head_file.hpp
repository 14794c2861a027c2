// The file of one head: heads/<person>-<machine>, both as eight hexadecimal digits.
//
//   magic "PSHEADF1", head_bytes (wire/types.hpp) after their u32 length, signature 64,
//   checksum 32: hash("head file") over all before it
#pragma once

#include <peerstore/runtime/result.hpp>
#include <peerstore/wire/types.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace peerstore::store {

inline constexpr std::string_view kHeadsFolder = "heads";
inline constexpr std::string_view kHeadsAsideFolder = "heads/aside";  // files that could not be read
inline constexpr std::size_t kHeadFileBytesMax = wire::kHeadBodyBytesMax + 1024;

// Which machine's head it is.
struct HeadName {
  wire::PersonNumber person = 0;
  std::uint32_t machine = 0;
  auto operator<=>(const HeadName&) const = default;
};

std::string head_file_name(const HeadName& name);
std::optional<HeadName> parse_head_file_name(std::string_view name);

// Requires a body within kHeadBodyBytesMax.
Bytes encode_head_file(const wire::Head& head);
// Errc::corrupt if it is damaged or not the head that the file is named after.
Result<wire::Head> decode_head_file(ByteView bytes, const HeadName& name);

}  // namespace peerstore::store
