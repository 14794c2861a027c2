#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/vault/head_body.hpp>

namespace peerstore::vault {

namespace {

constexpr std::uint8_t kHeadVersion = 1;
constexpr std::size_t kSeenHeadBytes = 4 + 8 + 32;

// ring 32, person u32, machine u32, version u64.
Bytes associated(const wire::RingId& ring, const wire::Head& head) {
  ByteWriter out;
  out.fixed(ring).u32(head.person).u32(head.machine).u64(head.version);
  return out.take();
}

std::string name(const wire::Head& head) {
  return "head " + std::to_string(head.version) + " of machine " + std::to_string(head.machine);
}

}  // namespace

crypto::Hash head_hash(const wire::Head& head) { return crypto::hash("head", {wire::head_bytes(head)}); }

// version u8, written i64, index present u8, then its row; heads seen after their count.
Bytes encode(const HeadBody& body) {
  CHECK(body.seen.size() <= kSeenHeadsMax);
  ByteWriter out;
  out.u8(kHeadVersion).i64(body.written_ns).u8(body.index ? 1 : 0);
  if (body.index) encode(out, *body.index);
  out.u32(static_cast<std::uint32_t>(body.seen.size()));
  for (const SeenHead& seen : body.seen) out.u32(seen.machine).u64(seen.version).fixed(seen.hash);
  return out.take();
}

Result<HeadBody> decode_head_body(ByteView plain) {
  ByteReader in(plain);
  const std::uint8_t version = in.u8();
  if (in.ok() && version != kHeadVersion) {
    return fail(Errc::unsupported, "head of version " + std::to_string(version));
  }
  HeadBody body;
  body.written_ns = in.i64();
  const std::uint8_t has_index = in.u8();
  if (has_index > 1) in.fail();
  if (has_index == 1) body.index = decode_pack_row(in);
  const std::uint32_t seen = in.count(kSeenHeadBytes);
  if (seen > kSeenHeadsMax) in.fail();
  for (std::uint32_t i = 0; i < seen && in.ok(); ++i) {
    SeenHead head;
    head.machine = in.u32();
    head.version = in.u64();
    head.hash = in.fixed<crypto::Hash>();
    body.seen.push_back(head);
  }
  if (!in.finished()) return fail(Errc::corrupt, "not the body of a head");
  return body;
}

Bytes seal_head_body(const VaultKeys& keys, const wire::RingId& ring, const wire::Head& head,
                     const HeadBody& body, const crypto::RecordNonce& nonce) {
  return crypto::seal_record(keys.heads, associated(ring, head), encode(body), nonce);
}

Result<HeadBody> open_head_body(const VaultKeys& keys, const wire::RingId& ring, const wire::Head& head) {
  auto plain = crypto::open_record(keys.heads, associated(ring, head), head.body.view());
  for (auto older = keys.older.rbegin(); !plain && older != keys.older.rend(); ++older) {
    plain = crypto::open_record(older->heads, associated(ring, head), head.body.view());
  }
  if (!plain) return plain.error_in(name(head));
  auto body = decode_head_body(*plain);
  if (!body) return body.error_in(name(head));
  return body;
}

}  // namespace peerstore::vault
