#include "store/record_file.hpp"

#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/encoding.hpp>

namespace peerstore::store {

namespace {
constexpr std::string_view kMagic = "PSRECDF1";

crypto::Hash checksum_of(ByteView checked) { return crypto::hash("user record file", {checked}); }
}  // namespace

std::string record_file_name(wire::PersonNumber person) {
  std::uint8_t big_endian[4];
  for (int i = 0; i < 4; ++i) big_endian[i] = static_cast<std::uint8_t>(person >> (24 - 8 * i));
  return to_hex(big_endian);
}

std::optional<wire::PersonNumber> parse_record_file_name(std::string_view name) {
  const auto bytes = from_hex(name);
  if (!bytes || bytes->size() != 4) return std::nullopt;
  wire::PersonNumber person = 0;
  for (const std::uint8_t byte : *bytes) person = person << 8 | byte;
  if (record_file_name(person) != name) return std::nullopt;  // one record, one file
  return person;
}

Bytes encode_record_file(const wire::UserRecord& record) {
  ByteWriter out;
  out.raw(as_bytes(kMagic)).bytes(wire::record_bytes(record)).fixed(record.signature);
  const crypto::Hash checksum = checksum_of(out.view());
  out.fixed(checksum);
  return out.take();
}

Result<wire::UserRecord> decode_record_file(ByteView bytes, wire::PersonNumber person) {
  if (bytes.size() < crypto::Hash::kSize || bytes.size() > kRecordFileBytesMax) {
    return fail(Errc::corrupt, "not the size of a user record");
  }
  const ByteView checked = bytes.first(bytes.size() - crypto::Hash::kSize);
  if (checksum_of(checked) != *crypto::Hash::from(bytes.last(crypto::Hash::kSize))) {
    return fail(Errc::corrupt, "the user record fails its checksum");
  }
  ByteReader in(checked);
  if (as_text(in.raw(kMagic.size())) != kMagic) return fail(Errc::corrupt, "not a user record");
  ByteReader fields(in.bytes(kRecordFileBytesMax));
  wire::UserRecord record;
  record.signature = in.fixed<crypto::Signature>();
  record.person = fields.u32();
  record.version = fields.u64();
  record.previous = fields.fixed<crypto::Hash>();
  const ByteView body = fields.bytes(wire::kUserRecordBodyBytesMax);
  record.body = SharedBytes(Bytes(body.begin(), body.end()));
  if (!in.finished() || !fields.finished()) return fail(Errc::corrupt, "not a user record");
  if (record.person != person) return fail(Errc::corrupt, "it is another person's record than its name says");
  return record;
}

}  // namespace peerstore::store
