#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/merkle.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/encoding.hpp>
#include <peerstore/wire/types.hpp>

namespace peerstore::wire {

namespace {
constexpr std::string_view kChunkMagic = "PSCHUNK1";
constexpr std::uint8_t kChunkVersion = 1;
}  // namespace

// magic 8, version u8, class u8, segments u16, owner u32, placement key 32, key commitment 32,
// read token hash 32.
Bytes encode(const ChunkHeader& header) {
  ByteWriter out;
  out.raw(as_bytes(kChunkMagic)).u8(kChunkVersion).u8(header.chunk_class);
  out.u16(static_cast<std::uint16_t>(header.segments)).u32(header.owner);
  out.fixed(header.placement_key).fixed(header.key_commitment).fixed(header.read_token_hash);
  CHECK(out.size() == kChunkHeaderBytes);
  return out.take();
}

std::optional<ChunkHeader> decode_chunk_header(ByteView bytes) {
  if (bytes.size() != kChunkHeaderBytes) return std::nullopt;
  ByteReader in(bytes);
  if (as_text(in.raw(kChunkMagic.size())) != kChunkMagic) return std::nullopt;
  if (in.u8() != kChunkVersion) return std::nullopt;
  ChunkHeader header;
  header.chunk_class = in.u8();
  header.segments = in.u16();
  header.owner = in.u32();
  header.placement_key = in.fixed<ring::Id>();
  header.key_commitment = in.fixed<crypto::Hash>();
  header.read_token_hash = in.fixed<crypto::Hash>();
  if (!in.finished()) return std::nullopt;
  if (header.chunk_class >= kClasses || header.segments == 0 || header.segments > kSegmentsMax) {
    return std::nullopt;
  }
  return header;
}

ChunkAddress address_of(const ChunkDescription& description) {
  CHECK(!description.leaves.empty() && description.leaves.size() == description.header.segments);
  const Bytes header = encode(description.header);
  const crypto::Hash root = crypto::merkle_root(description.leaves);
  return ChunkAddress{crypto::hash("chunk address", {header, root.view()}).bytes};
}

// address 32, machine u32, number u64. Whose it is the address says.
Bytes lease_bytes(const ChunkAddress& address, const Lease& lease) {
  ByteWriter out;
  out.fixed(address).u32(lease.machine).u64(lease.number);
  return out.take();
}

// owner u32, address 32, machine u32, number u64.
Bytes deletion_bytes(const Deletion& deletion) {
  ByteWriter out;
  out.u32(deletion.owner).fixed(deletion.address).u32(deletion.machine).u64(deletion.number);
  return out.take();
}

// address 32, owner u32, holder's id 32, incarnation u64.
Bytes receipt_bytes(const Receipt& receipt) {
  ByteWriter out;
  out.fixed(receipt.address).u32(receipt.owner).fixed(receipt.holder.id).u64(receipt.holder.incarnation);
  return out.take();
}

StatementId id_of(const Statement& statement) {
  ByteWriter out;
  out.u8(statement.kind).fixed(statement.signer).bytes(statement.body.view());
  return StatementId{crypto::hash("statement id", {out.view()}).bytes};
}

// id 32, incarnation u64, sequence u64, free bytes u64, count u32, each address after its length.
Bytes presence_bytes(const Presence& presence) {
  ByteWriter out;
  out.fixed(presence.node.id).u64(presence.node.incarnation).u64(presence.sequence).u64(presence.free_bytes);
  out.u32(static_cast<std::uint32_t>(presence.addresses.size()));
  for (const std::string& address : presence.addresses) out.text(address);
  return out.take();
}

// person u32, machine u32, version u64, previous 32, body after its length.
Bytes head_bytes(const Head& head) {
  ByteWriter out;
  out.u32(head.person).u32(head.machine).u64(head.version).fixed(head.previous).bytes(head.body.view());
  return out.take();
}

Bytes record_bytes(const UserRecord& record) {
  ByteWriter out;
  out.u32(record.person).u64(record.version).fixed(record.previous).bytes(record.body.view());
  return out.take();
}

crypto::Hash id_of(const UserRecord& record) {
  const Bytes bytes = record_bytes(record);
  return crypto::hash("user record id", {bytes});
}

}  // namespace peerstore::wire
