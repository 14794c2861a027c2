// What is really signed: "peerstore/1/<kind>\0" || ring id || bytes.
#pragma once

#include <peerstore/crypto/keys.hpp>
#include <peerstore/runtime/check.hpp>

#include <string_view>

namespace peerstore::crypto {

inline Bytes signed_statement(std::string_view kind, const Hash& ring_id, ByteView bytes) {
  constexpr std::string_view kPrefix = "peerstore/1/";
  CHECK(kind.find('\0') == std::string_view::npos);
  Bytes out;
  out.reserve(kPrefix.size() + kind.size() + 1 + Hash::kSize + bytes.size());
  out.insert(out.end(), kPrefix.begin(), kPrefix.end());
  out.insert(out.end(), kind.begin(), kind.end());
  out.push_back(0);
  out.insert(out.end(), ring_id.bytes.begin(), ring_id.bytes.end());
  out.insert(out.end(), bytes.begin(), bytes.end());
  return out;
}

}  // namespace peerstore::crypto
