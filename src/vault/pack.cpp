#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/vault/pack.hpp>

#include <algorithm>
#include <bit>

namespace peerstore::vault {

std::uint32_t rows_for(std::size_t plain_bytes) {
  CHECK(plain_bytes > 0 && plain_bytes <= kPackPlainBytesMax);
  return std::bit_ceil(static_cast<std::uint32_t>((plain_bytes + kRowPlainBytes - 1) / kRowPlainBytes));
}

bool is_pack_size(std::uint32_t rows) { return std::has_single_bit(rows) && rows <= kPackRowsMax; }

unsigned PackRow::copies() const {
  std::size_t least = holders[0].size();
  for (const auto& members : holders) least = std::min(least, members.size());
  return static_cast<unsigned>(least);
}

std::string PackRow::name() const { return "pack " + to_hex(addresses[0].view().first(4)); }

void encode(ByteWriter& out, const PackRow& pack) {
  out.fixed(pack.key).fixed(pack.placement_key).u8(static_cast<std::uint8_t>(pack.rows));
  for (std::size_t i = 0; i < wire::kClasses; ++i) {
    const std::size_t known = std::min(pack.holders[i].size(), kHoldersMax);
    out.fixed(pack.addresses[i]).u8(static_cast<std::uint8_t>(known));
    for (std::size_t j = 0; j < known; ++j) out.fixed(pack.holders[i][j]);
  }
}

PackRow decode_pack_row(ByteReader& in) {
  PackRow pack;
  pack.key = in.fixed<crypto::SecretKey>();
  pack.placement_key = in.fixed<ring::Id>();
  pack.rows = in.u8();
  if (!is_pack_size(pack.rows)) in.fail();
  for (std::size_t i = 0; i < wire::kClasses && in.ok(); ++i) {
    pack.addresses[i] = in.fixed<wire::ChunkAddress>();
    const std::uint8_t known = in.u8();
    if (known > kHoldersMax) in.fail();
    for (std::uint8_t j = 0; j < known && in.ok(); ++j) pack.holders[i].push_back(in.fixed<wire::MemberId>());
  }
  return pack;
}

wire::ReadToken read_token(const crypto::SecretKey& pack_key, std::uint8_t chunk_class) {
  return wire::ReadToken{crypto::keyed_hash(pack_key, "read token", {ByteView(&chunk_class, 1)}).bytes};
}

replica::ChunkRef chunk_ref(const PackRow& pack, std::uint8_t chunk_class, wire::PersonNumber owner) {
  return {pack.addresses[chunk_class],       pack.placement_key,       chunk_class, owner,
          read_token(pack.key, chunk_class), pack.holders[chunk_class]};
}

wire::ChunkHeader chunk_header(const PackRow& pack, std::uint8_t chunk_class, wire::PersonNumber owner) {
  const wire::ReadToken token = read_token(pack.key, chunk_class);
  return {chunk_class,
          pack.rows,
          owner,
          pack.placement_key,
          crypto::key_commitment(pack.key),
          crypto::hash("read token", {token.view()})};
}

}  // namespace peerstore::vault
