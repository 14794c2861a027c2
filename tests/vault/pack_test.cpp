#include <gtest/gtest.h>
#include <peerstore/crypto/hash.hpp>
#include <vault/deal.hpp>
#include <vault/random_bytes.hpp>
#include <vault/sealed_pack.hpp>

#include <set>

namespace peerstore::vault {
namespace {

TEST(Pack, HasFiveSizes) {
  EXPECT_EQ(rows_for(1), 1u);
  EXPECT_EQ(rows_for(kRowPlainBytes), 1u);
  EXPECT_EQ(rows_for(kRowPlainBytes + 1), 2u);
  EXPECT_EQ(rows_for(2 * kRowPlainBytes + 1), 4u);
  EXPECT_EQ(rows_for(5 * kRowPlainBytes), 8u);
  EXPECT_EQ(rows_for(8 * kRowPlainBytes + 1), 16u);
  EXPECT_EQ(rows_for(kPackPlainBytesMax), 16u);
  for (std::uint32_t rows = 0; rows < 300; ++rows) {
    EXPECT_EQ(is_pack_size(rows), rows == 1 || rows == 2 || rows == 4 || rows == 8 || rows == 16) << rows;
  }
}

TEST(Deal, AgreesWithOneByteAtATime) {
  SeededRandom random(1);
  const Bytes row = random_bytes(random, kRowBytes);
  std::array<Bytes, wire::kClasses> segments;
  std::array<std::uint8_t*, wire::kClasses> to;
  std::array<const std::uint8_t*, wire::kClasses> from;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    segments[i].resize(wire::kSegmentBytes);
    to[i] = segments[i].data();
    from[i] = segments[i].data();
  }
  deal(row, to);
  for (std::size_t i = 0; i < kRowBytes; ++i) {
    const std::size_t stripe = i / 16;
    ASSERT_EQ(segments[stripe % 5][stripe / 5 * 16 + i % 16], row[i]) << i;
  }
  Bytes again(kRowBytes);
  gather(from, again);
  EXPECT_EQ(again, row);
}

struct Sealed {
  explicit Sealed(std::size_t size, std::uint64_t seed = 5) {
    SeededRandom random(seed);
    SeededEntropy entropy(seed);
    plain = random_bytes(random, size);
    const auto key = entropy.make<crypto::SecretKey>();
    const auto placement_key = entropy.make<ring::Id>();
    pack = seal_pack(plain, key, placement_key, 7);
  }
  RowSegments row(std::uint32_t number) const {
    RowSegments segments;
    for (std::size_t i = 0; i < segments.size(); ++i) segments[i] = pack.segments[i][number];
    return segments;
  }
  Bytes plain;
  SealedPack pack;
};

TEST(SealedPack, OpensToWhatWasSealedWithZerosAfterIt) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{128}, kRowPlainBytes - 1, kRowPlainBytes,
                                 kRowPlainBytes + 1, 3 * kRowPlainBytes, kPackPlainBytesMax}) {
    const Sealed sealed(size);
    Bytes all;
    for (std::uint32_t i = 0; i < sealed.pack.row.rows; ++i) {
      const auto row = open_row(sealed.pack.row, i, sealed.row(i));
      ASSERT_TRUE(row) << row.error().message();
      all.insert(all.end(), row->view().begin(), row->view().end());
    }
    ASSERT_EQ(all.size(), sealed.pack.row.rows * kRowPlainBytes);
    Bytes expected = sealed.plain;
    expected.resize(all.size());
    EXPECT_TRUE(all == expected) << size;
  }
}

TEST(SealedPack, HasFiveChunksOfOneSizeThatBelongTogether) {
  const Sealed sealed(1);
  std::set<wire::ChunkAddress> addresses;
  for (std::uint8_t i = 0; i < wire::kClasses; ++i) {
    const wire::ChunkDescription& chunk = sealed.pack.descriptions[i];
    EXPECT_EQ(chunk.header.chunk_class, i);
    EXPECT_EQ(chunk.header.segments, 1u);
    EXPECT_EQ(chunk.header.placement_key, sealed.pack.row.placement_key);
    EXPECT_EQ(chunk.header.key_commitment, crypto::key_commitment(sealed.pack.row.key));
    EXPECT_EQ(chunk.header.read_token_hash,
              crypto::hash("read token", {read_token(sealed.pack.row.key, i).view()}));
    EXPECT_EQ(wire::address_of(chunk), sealed.pack.row.addresses[i]);
    addresses.insert(sealed.pack.row.addresses[i]);
    EXPECT_EQ(sealed.pack.segments[i][0].size(), wire::kSegmentBytes);
  }
  EXPECT_EQ(addresses.size(), wire::kClasses);
}

TEST(SealedPack, ReadTokensOfClassesDiffer) {
  const crypto::SecretKey key{};
  std::set<wire::ReadToken> tokens;
  for (std::uint8_t i = 0; i < wire::kClasses; ++i) tokens.insert(read_token(key, i));
  EXPECT_EQ(tokens.size(), wire::kClasses);
}

TEST(SealedPack, DoesNotOpenWhenAnythingIsChanged) {
  const Sealed sealed(2 * kRowPlainBytes);
  RowSegments swapped = sealed.row(0);
  std::swap(swapped[0], swapped[1]);
  EXPECT_EQ(open_row(sealed.pack.row, 0, swapped).error().code, Errc::corrupt);
  EXPECT_EQ(open_row(sealed.pack.row, 1, sealed.row(0)).error().code, Errc::corrupt);

  PackRow other_key = sealed.pack.row;
  other_key.key.bytes[3] ^= 1;
  EXPECT_EQ(open_row(other_key, 0, sealed.row(0)).error().code, Errc::corrupt);
  // Cut to half: the last frame would have to be another.
  PackRow shorter = sealed.pack.row;
  shorter.rows = 1;
  EXPECT_EQ(open_row(shorter, 0, sealed.row(0)).error().code, Errc::corrupt);

  for (std::size_t i = 0; i < wire::kClasses; ++i) {
    RowSegments spoilt = sealed.row(0);
    Bytes bytes(spoilt[i].view().begin(), spoilt[i].view().end());
    bytes[1000 * i] ^= 1;
    spoilt[i] = SharedBytes(std::move(bytes));
    EXPECT_EQ(open_row(sealed.pack.row, 0, spoilt).error().code, Errc::corrupt);
    spoilt[i] = sealed.row(0)[i].slice(0, wire::kSegmentBytes - 16);
    EXPECT_EQ(open_row(sealed.pack.row, 0, spoilt).error().code, Errc::corrupt);
  }
}

}  // namespace
}  // namespace peerstore::vault
