#include "store/head_file.hpp"

#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/encoding.hpp>

namespace peerstore::store {

namespace {
constexpr std::string_view kMagic = "PSHEADF1";

std::string hex_of(std::uint32_t number) {
  std::uint8_t big_endian[4];
  for (int i = 0; i < 4; ++i) big_endian[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  return to_hex(big_endian);
}

std::uint32_t number_of(ByteView big_endian) {
  std::uint32_t number = 0;
  for (const std::uint8_t byte : big_endian) number = number << 8 | byte;
  return number;
}

crypto::Hash checksum_of(ByteView checked) { return crypto::hash("head file", {checked}); }
}  // namespace

std::string head_file_name(const HeadName& name) { return hex_of(name.person) + '-' + hex_of(name.machine); }

std::optional<HeadName> parse_head_file_name(std::string_view name) {
  if (name.size() != 17) return std::nullopt;
  const auto person = from_hex(name.substr(0, 8));
  const auto machine = from_hex(name.substr(9));
  if (!person || !machine) return std::nullopt;
  const HeadName parsed{number_of(*person), number_of(*machine)};
  if (head_file_name(parsed) != name) return std::nullopt;  // one head, one file
  return parsed;
}

Bytes encode_head_file(const wire::Head& head) {
  ByteWriter out;
  out.raw(as_bytes(kMagic)).bytes(wire::head_bytes(head)).fixed(head.signature);
  const crypto::Hash checksum = checksum_of(out.view());
  out.fixed(checksum);
  return out.take();
}

Result<wire::Head> decode_head_file(ByteView bytes, const HeadName& name) {
  if (bytes.size() < crypto::Hash::kSize || bytes.size() > kHeadFileBytesMax) {
    return fail(Errc::corrupt, "not the size of a head");
  }
  const ByteView checked = bytes.first(bytes.size() - crypto::Hash::kSize);
  if (checksum_of(checked) != *crypto::Hash::from(bytes.last(crypto::Hash::kSize))) {
    return fail(Errc::corrupt, "the head fails its checksum");
  }
  ByteReader in(checked);
  if (as_text(in.raw(kMagic.size())) != kMagic) return fail(Errc::corrupt, "not a head");
  ByteReader fields(in.bytes(kHeadFileBytesMax));
  wire::Head head;
  head.signature = in.fixed<crypto::Signature>();
  head.person = fields.u32();
  head.machine = fields.u32();
  head.version = fields.u64();
  head.previous = fields.fixed<crypto::Hash>();
  const ByteView body = fields.bytes(wire::kHeadBodyBytesMax);
  head.body = SharedBytes(Bytes(body.begin(), body.end()));
  if (!in.finished() || !fields.finished()) return fail(Errc::corrupt, "not a head");
  if (HeadName{head.person, head.machine} != name) {
    return fail(Errc::corrupt, "it is another head than its name says");
  }
  return head;
}

}  // namespace peerstore::store
