// The file of one user record: records/<person>, eight hexadecimal digits.
//
//   magic "PSRECDF1", record_bytes (wire/types.hpp) after their u32 length, signature 64,
//   checksum 32: hash("user record file") over all before it
#pragma once

#include <peerstore/runtime/result.hpp>
#include <peerstore/wire/types.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace peerstore::store {

inline constexpr std::string_view kRecordsFolder = "records";
inline constexpr std::string_view kRecordsAsideFolder = "records/aside";  // files that could not be read
inline constexpr std::size_t kRecordFileBytesMax = wire::kUserRecordBodyBytesMax + 1024;

std::string record_file_name(wire::PersonNumber person);
std::optional<wire::PersonNumber> parse_record_file_name(std::string_view name);

// Requires a body within kUserRecordBodyBytesMax.
Bytes encode_record_file(const wire::UserRecord& record);
// Errc::corrupt if it is damaged or not the record that the file is named after.
Result<wire::UserRecord> decode_record_file(ByteView bytes, wire::PersonNumber person);

}  // namespace peerstore::store
