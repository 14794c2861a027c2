#include <gtest/gtest.h>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/merkle.hpp>
#include <peerstore/wire/types.hpp>
#include <wire/random_values.hpp>

namespace peerstore::wire {
namespace {

template <class Fixed>
Fixed filled(std::uint8_t value) {
  Fixed fixed;
  fixed.bytes.fill(value);
  return fixed;
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

ChunkHeader example_header() {
  ChunkHeader header;
  header.chunk_class = 3;
  header.segments = 16;
  header.owner = 0x01020304;
  header.placement_key = filled<ring::Id>(0x11);
  header.key_commitment = filled<crypto::Hash>(0x22);
  header.read_token_hash = filled<crypto::Hash>(0x33);
  return header;
}

TEST(ChunkHeader, HasExactlyTheseBytes) {
  const Bytes bytes = encode(example_header());
  EXPECT_EQ(bytes.size(), 112u);
  EXPECT_EQ(as_text(ByteView(bytes).first(8)), "PSCHUNK1");
  EXPECT_EQ(to_hex(ByteView(bytes).subspan(8)), std::string("01") + "03" + "1000" + "04030201" +
                                                    repeated("11", 32) + repeated("22", 32) +
                                                    repeated("33", 32));
}

TEST(ChunkHeader, ComesBackAsItWas) {
  RandomValues values(1);
  for (int round = 0; round < 100; ++round) {
    const ChunkHeader header = values.chunk().header;
    EXPECT_EQ(decode_chunk_header(encode(header)), header);
  }
}

TEST(ChunkHeader, RefusesEveryOtherMagicVersionClassCountAndLength) {
  const Bytes good = encode(example_header());
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes changed = good;
    changed[at] = value;
    return decode_chunk_header(changed);
  };
  for (std::size_t i = 0; i < 8; ++i) EXPECT_FALSE(with(i, 'x'));
  EXPECT_FALSE(with(8, 2));         // version
  EXPECT_FALSE(with(9, kClasses));  // class
  EXPECT_FALSE(with(10, 0));        // no segments
  EXPECT_FALSE(with(10, 17));       // too many
  EXPECT_FALSE(with(11, 1));        // far too many
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(decode_chunk_header(longer));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_chunk_header(ByteView(good).first(size)));
  }
}

TEST(ChunkAddress, DependsOnTheHeaderAndEveryLeaf) {
  RandomValues values(2);
  const ChunkDescription chunk = values.chunk();
  const ChunkAddress address = address_of(chunk);
  EXPECT_EQ(address_of(chunk), address);
  for (std::size_t i = 0; i < chunk.leaves.size(); ++i) {
    ChunkDescription changed = chunk;
    changed.leaves[i].bytes[i] ^= 1;
    EXPECT_NE(address_of(changed), address);
  }
  ChunkDescription changed = chunk;
  changed.header.read_token_hash.bytes[0] ^= 1;
  EXPECT_NE(address_of(changed), address);
}

TEST(ChunkAddress, IsTheHashOfHeaderAndMerkleRoot) {
  RandomValues values(3);
  const ChunkDescription chunk = values.chunk();
  const crypto::Hash root = crypto::merkle_root(chunk.leaves);
  const crypto::Hash hash = crypto::hash("chunk address", {encode(chunk.header), root.view()});
  EXPECT_EQ(address_of(chunk).bytes, hash.bytes);
}

TEST(SignedBytes, OfAReceipt) {
  Receipt receipt;
  receipt.address = filled<ChunkAddress>(0xaa);
  receipt.owner = 5;
  receipt.holder = NodeRef{filled<MemberId>(0xbb), 258};
  EXPECT_EQ(to_hex(receipt_bytes(receipt)),
            repeated("aa", 32) + "05000000" + repeated("bb", 32) + "0201000000000000");
}

TEST(SignedBytes, OfALease) {
  const Lease lease{5, 258, {}};
  EXPECT_EQ(to_hex(lease_bytes(filled<ChunkAddress>(0xaa), lease)),
            repeated("aa", 32) + "05000000" + "0201000000000000");
}

TEST(SignedBytes, OfADeletion) {
  const Deletion deletion{3, filled<ChunkAddress>(0xaa), 5, 258, {}};
  EXPECT_EQ(to_hex(deletion_bytes(deletion)),
            "03000000" + repeated("aa", 32) + "05000000" + "0201000000000000");
}

TEST(SignedBytes, OfAPresence) {
  Presence presence;
  presence.node = NodeRef{filled<MemberId>(0xbb), 1};
  presence.sequence = 2;
  presence.free_bytes = 3;
  presence.addresses = {"a:1", "bc:23"};
  EXPECT_EQ(to_hex(presence_bytes(presence)), repeated("bb", 32) + "0100000000000000" + "0200000000000000" +
                                                  "0300000000000000" + "02000000" + "03000000" + "613a31" +
                                                  "05000000" + "62633a3233");
}

TEST(SignedBytes, OfAHead) {
  Head head;
  head.person = 1;
  head.machine = 2;
  head.version = 3;
  head.previous = filled<crypto::Hash>(0xcc);
  head.body = SharedBytes(Bytes{0xde, 0xad});
  EXPECT_EQ(to_hex(head_bytes(head)), std::string("01000000") + "02000000" + "0300000000000000" +
                                          repeated("cc", 32) + "02000000" + "dead");
}

TEST(StatementId, DependsOnKindSignerAndBodyButNotOnTheSignature) {
  RandomValues values(4);
  const Statement statement = values.statement();
  const StatementId id = id_of(statement);
  Statement changed = statement;
  changed.signature.bytes[0] ^= 1;
  EXPECT_EQ(id_of(changed), id);
  changed = statement;
  changed.kind ^= 1;
  EXPECT_NE(id_of(changed), id);
  changed = statement;
  changed.signer.bytes[0] ^= 1;
  EXPECT_NE(id_of(changed), id);
  changed = statement;
  changed.body = SharedBytes(values.bytes(20));
  EXPECT_NE(id_of(changed), id);
}

TEST(Requests, EveryKindHasItsName) {
  RandomValues values(5);
  EXPECT_EQ(name_of(values.request(0)), "GetNeighbours");
  EXPECT_EQ(name_of(values.request(15)), "PutHead");
}

}  // namespace
}  // namespace peerstore::wire
