// The common form of this module's files: eight letters that say what it is and in which version,
// the content, and a checksum over both (against damage, not against forgers: what matters inside
// is signed, or secret).
#pragma once

#include <peerstore/membership/statement.hpp>
#include <peerstore/runtime/encoding.hpp>

#include <string_view>
#include <vector>

namespace peerstore::membership {

// Requires a magic of eight letters, the last a digit: the version.
Bytes seal_file(std::string_view magic, ByteView content);
// The content, a part of `file`. Errc::corrupt if damaged, Errc::unsupported if of a later version.
Result<ByteView> open_file(std::string_view magic, ByteView file);

// count u32, then each: kind u8, signer 32, signature 64, body after its length.
void write_statements(ByteWriter& out, const std::vector<wire::Statement>& statements);
std::vector<wire::Statement> read_statements(ByteReader& in);

}  // namespace peerstore::membership
