// The bytes of what is kept must not change without a new version: these values are in
// docs/formats.md, and everything that was ever stored depends on them.
#include <gtest/gtest.h>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/vault/cutter.hpp>
#include <peerstore/vault/head_body.hpp>
#include <vault/compression.hpp>
#include <vault/index_part.hpp>
#include <vault/sealed_pack.hpp>

namespace peerstore::vault {
namespace {

template <class Fixed>
Fixed filled_with(std::uint8_t byte) {
  Fixed value;
  value.bytes.fill(byte);
  return value;
}

template <class Fixed>
std::string hex(const Fixed& value) {
  return to_hex(value.view());
}

TEST(Format, OfBlobIds) {
  const VaultKeys keys(filled_with<crypto::SecretKey>(1));
  EXPECT_EQ(hex(blob_id(keys, BlobKind::data, as_bytes("hello"))),
            "c4928a3426e6d0954331d70fe320196cdc28269305f80aa5b127fb5513aad1d9");
  EXPECT_EQ(hex(blob_id(keys, BlobKind::tree, as_bytes("hello"))),
            "9c8145b06404f0a24359afe415733d37f220d6535477739bee90e31f403c8034");
}

// hash("test"; i) for i = 0, 1, 2.. as u32, one after the other.
Bytes test_file(std::size_t size) {
  Bytes file;
  for (std::uint32_t block = 0; file.size() < size; ++block) {
    ByteWriter number;
    number.u32(block);
    const crypto::Hash hash = crypto::hash("test", {number.view()});
    file.insert(file.end(), hash.bytes.begin(), hash.bytes.end());
  }
  file.resize(size);
  return file;
}

TEST(Format, OfCuts) {
  const Cutter cutter(VaultKeys(filled_with<crypto::SecretKey>(1)));
  const Bytes file = test_file(4'000'000);
  std::vector<std::size_t> sizes;
  for (std::size_t at = 0; at < file.size(); at += sizes.back()) {
    sizes.push_back(cutter.next(ByteView(file).subspan(at)));
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{410698, 164856, 434695, 974580, 357586, 522639, 696417, 192782,
                                             245747}));
  std::string names;
  for (int i = 0; i < 2000; ++i) {
    if (cutter.cuts_after("name-" + std::to_string(i))) names += " " + std::to_string(i);
  }
  EXPECT_EQ(names, " 691 700 1782");
}

// Frames that an earlier or other zstd wrote are read for ever.
TEST(Format, OfCompressedBlobs) {
  const Bytes content(1000, 'a');
  const auto frame = from_hex("28b52ffd60e8024d00001061610100e32b8005");
  const auto again = decompress(*frame, content.size());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(*again, content);
}

TEST(Format, OfReadTokens) {
  const wire::ReadToken token = read_token(filled_with<crypto::SecretKey>(2), 3);
  EXPECT_EQ(hex(token), "9d6ca29685effeb528c70a0e64da35d57dd74f47fdaeb670f544ad26cef2f655");
  EXPECT_EQ(hex(crypto::hash("read token", {token.view()})),
            "32f0790cdecb493deee636d3793ec3a0ac20f4b7316caf79ec17cf4a5ee2a1b3");
}

TEST(Format, OfPacks) {
  const SealedPack pack =
      seal_pack(as_bytes("hello"), filled_with<crypto::SecretKey>(2), filled_with<ring::Id>(3), 7);
  EXPECT_EQ(hex(pack.row.addresses[0]), "675a800ac07e93a43ef52518a41f920ea87debbe38d7913c10516634e39ab8f1");
  EXPECT_EQ(hex(pack.row.addresses[4]), "6f7f0312cfa4558bf3abdc2c7b39dbe3ac5751bf9bfaacd0caa011792435a38e");
  EXPECT_EQ(to_hex(pack.segments[0][0].view().first(16)), "22af5f1d22944be16e8a66e255e856ae");
}

TEST(Format, OfIndexParts) {
  IndexPart part;
  PackRow pack;
  pack.rows = 4;
  pack.holders[1] = {filled_with<wire::MemberId>(4)};
  part.directory = {pack};
  part.entries = {{pack,
                   {{filled_with<BlobId>(5), BlobKind::tree, 128, 1000, 1000},
                    {filled_with<BlobId>(6), BlobKind::data, 1128, 1000, 100, Encoding::zstd}}}};
  part.records = {Bytes{1, 2, 3}};
  EXPECT_EQ(hex(crypto::hash("test", {encode(part)})),
            "29e87a0ffdd0570ba0c742e057e81eac02187188e5e432b38f9311683ef088b0");
}

TEST(Format, OfHeadBodies) {
  HeadBody body;
  body.written_ns = 6;
  body.seen = {{1, 2, filled_with<crypto::Hash>(7)}};
  EXPECT_EQ(hex(crypto::hash("test", {encode(body)})),
            "3cb8394f9d73ca36504445f0421e6035e754f14f0de8ba6bbd2240ff8236cd02");
}

}  // namespace
}  // namespace peerstore::vault
