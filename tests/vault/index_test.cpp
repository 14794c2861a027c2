#include <gtest/gtest.h>
#include <peerstore/vault/head_body.hpp>
#include <vault/index_part.hpp>
#include <vault/random_bytes.hpp>

#include <algorithm>
#include <array>
#include <new>

namespace peerstore::vault {
namespace {

PackRow random_pack(SeededEntropy& entropy, Random& random) {
  PackRow pack;
  pack.key = entropy.make<crypto::SecretKey>();
  pack.placement_key = entropy.make<ring::Id>();
  pack.rows = 1u << random.below(5);
  for (auto& address : pack.addresses) address = entropy.make<wire::ChunkAddress>();
  for (auto& holders : pack.holders) {
    for (std::uint64_t left = random.below(4); left > 0; --left)
      holders.push_back(entropy.make<wire::MemberId>());
  }
  return pack;
}

IndexEntry random_entry(SeededEntropy& entropy, Random& random, std::uint64_t blobs) {
  IndexEntry entry{random_pack(entropy, random), {}};
  if (random.below(3) == 0) entry.dropped_ns = static_cast<std::int64_t>(1 + random.below(1'000'000));
  for (std::uint64_t i = 0; i < blobs; ++i) {
    const BlobKind kind = random.below(2) == 0 ? BlobKind::data : BlobKind::tree;
    const auto offset = static_cast<std::uint32_t>(random.below(kRowPlainBytes / 2));
    const auto length = static_cast<std::uint32_t>(1 + random.below(kRowPlainBytes / 2));
    const bool compressed = length > 1 && random.below(2) == 0;
    const auto stored = compressed ? static_cast<std::uint32_t>(random.below(length)) : length;
    entry.blobs.push_back({entropy.make<BlobId>(), kind, offset, length, stored,
                           compressed ? Encoding::zstd : Encoding::as_it_is});
  }
  return entry;
}

IndexPart random_part(std::uint64_t seed) {
  SeededRandom random(seed);
  SeededEntropy entropy(seed);
  IndexPart part;
  for (std::uint64_t left = random.below(4); left > 0; --left)
    part.directory.push_back(random_pack(entropy, random));
  for (std::uint64_t left = random.below(5); left > 0; --left) {
    const std::uint64_t blobs = random.below(20);
    part.entries.push_back(random_entry(entropy, random, blobs));
  }
  for (std::uint64_t left = random.below(3); left > 0; --left) {
    const std::uint64_t size = random.below(200);
    part.records.push_back(random_bytes(random, size));
  }
  return part;
}

TEST(IndexPart, ComesBackAsItWas) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const IndexPart part = random_part(seed);
    Bytes plain = encode(part);
    plain.resize(plain.size() + seed);  // the zeros after it in its pack
    const auto again = decode_index_part(plain);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_TRUE(*again == part) << seed;
  }
}

TEST(IndexPart, CutOffAnywhereIsCorrupt) {
  const Bytes plain = encode(random_part(3));
  for (std::size_t size = 0; size < plain.size(); ++size) {
    ASSERT_FALSE(decode_index_part(ByteView(plain).first(size))) << size;
  }
}

TEST(IndexPart, AnyBytesAreReadOrRefused) {
  SeededRandom random(11);
  const Bytes good = encode(random_part(3));
  for (int i = 0; i < 20'000; ++i) {
    Bytes bad = good;
    for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
      const std::uint64_t at = random.below(2) == 0 ? random.below(40) : random.below(bad.size());
      bad[at % bad.size()] = static_cast<std::uint8_t>(random.below(3) == 0 ? 0xff : random.next());
    }
    const auto part = decode_index_part(bad);
    if (!part) continue;
    for (const IndexEntry& entry : part->entries) {
      ASSERT_TRUE(is_pack_size(entry.pack.rows));
      for (const BlobRow& blob : entry.blobs) {
        ASSERT_LE(std::uint64_t{blob.offset} + blob.stored, entry.pack.rows * kRowPlainBytes);
        ASSERT_LE(blob.length, kBlobBytesMax);
      }
    }
  }
}

TEST(IndexPart, ALaterVersionIsSaidToBeOne) {
  Bytes plain = encode(random_part(1));
  plain[4] = 4;
  EXPECT_EQ(decode_index_part(plain).error().code, Errc::unsupported);
}

// A part of one pack in use, as versions 1 and 2 had it: without the time since when it is not.
Bytes encode_old(const IndexPart& part, std::uint8_t version) {
  const Bytes plain = encode(part);
  Bytes body(plain.begin() + 4, plain.end());
  const std::size_t at = 1 + 4 + 4 + encoded_size(part.entries.front().pack);
  body.erase(body.begin() + static_cast<std::ptrdiff_t>(at),
             body.begin() + static_cast<std::ptrdiff_t>(at) + 8);
  body.front() = version;
  ByteWriter out;
  out.bytes(body);
  return out.take();
}

TEST(IndexPart, OfTheFirstVersionIsReadAndHasNoCompressedBlobs) {
  IndexPart part;
  SeededRandom random(1);
  SeededEntropy entropy(1);
  part.entries.push_back({random_pack(entropy, random), {{entropy.make<BlobId>(), BlobKind::data, 0, 9, 9}}});
  for (const std::uint8_t version : {std::uint8_t{1}, std::uint8_t{2}}) {
    const auto read = decode_index_part(encode_old(part, version));
    ASSERT_TRUE(read);
    EXPECT_TRUE(*read == part);
  }
  part.entries[0].blobs[0].encoding = Encoding::zstd;
  part.entries[0].blobs[0].stored = 8;
  EXPECT_TRUE(decode_index_part(encode(part)));
  EXPECT_TRUE(decode_index_part(encode_old(part, 2)));
  EXPECT_EQ(decode_index_part(encode_old(part, 1)).error().code, Errc::corrupt);
}

TEST(Distribute, KeepsOrderAndRoomForTheDirectory) {
  SeededRandom random(2);
  SeededEntropy entropy(2);
  std::vector<IndexEntry> entries;
  std::size_t bytes = 0;
  for (int i = 0; i < 12; ++i) {
    entries.push_back(random_entry(entropy, random, 20'000));
    bytes += encoded_size(entries.back());
  }
  std::vector<Bytes> records(7, Bytes(900'000));
  std::vector<PackRow> directory;
  std::size_t directory_bytes = 0;
  for (int i = 0; i < 1000; ++i) {
    directory.push_back(random_pack(entropy, random));
    directory_bytes += encoded_size(directory.back());
  }
  std::vector<IndexPart> parts = distribute(entries, records, directory_bytes);
  EXPECT_GE(parts.size(), (bytes + 6'300'000) / kPackPlainBytesMax);
  EXPECT_LE(parts.size(), 8u);
  std::vector<IndexEntry> entries_again;
  std::vector<Bytes> records_again;
  for (IndexPart& part : parts) {
    part.directory = directory;
    EXPECT_LE(encode(part).size(), kPackPlainBytesMax);
    directory.push_back(random_pack(entropy, random));
    entries_again.insert(entries_again.end(), part.entries.begin(), part.entries.end());
    records_again.insert(records_again.end(), part.records.begin(), part.records.end());
  }
  EXPECT_TRUE(entries_again == entries);
  EXPECT_TRUE(records_again == records);
}

TEST(Distribute, MakesOnePartOfNothing) { EXPECT_EQ(distribute({}, {}, 0).size(), 1u); }

TEST(Index, APackThatWasDroppedIsReadAndNotCountedOn) {
  SeededRandom random(4);
  SeededEntropy entropy(4);
  const IndexEntry one = random_entry(entropy, random, 3);
  const IndexEntry other = random_entry(entropy, random, 2);
  Index index;
  const std::uint32_t first = index.add(one.pack, one.blobs);
  const std::uint32_t second = index.add_dropped(other.pack, other.blobs, 7);
  EXPECT_EQ(index.find(other.blobs[0].id), nullptr);
  ASSERT_NE(index.find_anywhere(other.blobs[0].id), nullptr);
  EXPECT_EQ(index.dropped_since(second), 7);
  const std::vector<std::uint32_t> packs = {first};
  index.drop(packs, 9);
  EXPECT_EQ(index.find(one.blobs[0].id), nullptr);
  EXPECT_EQ(index.find_anywhere(one.blobs[0].id)->pack, first);
  EXPECT_EQ(index.blobs_of(packs).at(first).size(), 3u);
  // Stored anew, it is known again, and the dropped pack still tells its own rows.
  PackRow anew = random_pack(entropy, random);
  const std::uint32_t third = index.add(anew, std::span(one.blobs).first(1));
  EXPECT_EQ(index.find(one.blobs[0].id)->pack, third);
  EXPECT_EQ(index.blobs_of(packs).at(first).size(), 3u);
  index.undo_drop(packs);
  EXPECT_EQ(index.dropped_since(first), 0);
  EXPECT_EQ(index.find(one.blobs[1].id)->pack, first);
  EXPECT_EQ(index.find(one.blobs[0].id)->pack, third);
}

TEST(Index, KeepsTheFirstPlaceOfABlobAndTheLastHoldersOfAPack) {
  SeededRandom random(4);
  SeededEntropy entropy(4);
  IndexEntry first = random_entry(entropy, random, 3);
  IndexEntry second = random_entry(entropy, random, 0);
  second.blobs = first.blobs;
  Index index;
  EXPECT_EQ(index.add(first.pack, first.blobs), 0u);
  EXPECT_EQ(index.add(second.pack, second.blobs), 1u);
  EXPECT_EQ(index.find(first.blobs[1].id)->pack, 0u);
  EXPECT_EQ(index.blobs(), 3u);
  PackRow later = first.pack;
  later.holders[2] = {entropy.make<wire::MemberId>()};
  EXPECT_EQ(index.add(later, {}), 0u);
  EXPECT_EQ(index.pack(0).holders[2], later.holders[2]);
  EXPECT_EQ(index.find(entropy.make<BlobId>()), nullptr);
}

TEST(Index, AFurtherPlaceIsNotedOnceAndCanBeSetAside) {
  SeededRandom random(5);
  SeededEntropy entropy(5);
  const PackRow own = random_pack(entropy, random);
  const PackRow others = random_pack(entropy, random);
  const std::vector<BlobRow> blobs = {{entropy.make<BlobId>(), BlobKind::data, 0, 9, 9}};
  Index index;
  const std::uint32_t first = index.add(own, blobs);
  for (int times_read = 0; times_read < 3; ++times_read) index.add(others, blobs);
  EXPECT_EQ(index.spares(), 1u);
  index.set_aside(blobs[0].id);
  EXPECT_EQ(index.find(blobs[0].id)->pack, first) << "it was not dropped";
  const std::vector<std::uint32_t> packs = {first};
  index.drop(packs, 7);
  EXPECT_NE(index.find(blobs[0].id)->pack, first);
  index.set_aside(blobs[0].id);
  EXPECT_EQ(index.find(blobs[0].id), nullptr);
  EXPECT_EQ(index.find_anywhere(blobs[0].id)->pack, first);
  index.undo_drop(packs);
  EXPECT_EQ(index.find(blobs[0].id)->pack, first);
}

TEST(VaultKeys, AreOverwrittenAtTheirEnd) {
  SeededEntropy entropy(6);
  alignas(VaultKeys) std::array<std::uint8_t, sizeof(VaultKeys)> place = {};
  VaultKeys* const keys = new (place.data()) VaultKeys(entropy.make<crypto::SecretKey>());
  const std::array<crypto::SecretKey, 3> secrets = {keys->blob_ids, keys->cuts, keys->heads};
  keys->~VaultKeys();
  for (const crypto::SecretKey& secret : secrets) {
    EXPECT_TRUE(std::ranges::search(place, secret.bytes).empty());
  }
}

HeadBody random_body(std::uint64_t seed) {
  SeededRandom random(seed);
  SeededEntropy entropy(seed);
  HeadBody body;
  body.written_ns = static_cast<std::int64_t>(random.next() >> 2);
  if (random.below(4) != 0) body.index = random_pack(entropy, random);
  for (std::uint64_t left = random.below(4); left > 0; --left) {
    const std::uint64_t version = random.next();
    body.seen.push_back({static_cast<std::uint32_t>(left), version, entropy.make<crypto::Hash>()});
  }
  return body;
}

struct SealedHead {
  SealedHead() {
    head.person = 3;
    head.machine = 1;
    head.version = 9;
    SeededEntropy entropy(1);
    head.body = SharedBytes(seal_head_body(keys, ring, head, body, crypto::RecordNonce(entropy)));
  }
  VaultKeys keys{crypto::SecretKey{}};
  wire::RingId ring{};
  HeadBody body = random_body(1);
  wire::Head head;
};

TEST(HeadBody, OpensOnlyInItsPlace) {
  const SealedHead sealed;
  const auto opened = open_head_body(sealed.keys, sealed.ring, sealed.head);
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_TRUE(*opened == sealed.body);

  wire::Head other = sealed.head;
  ++other.version;
  EXPECT_EQ(open_head_body(sealed.keys, sealed.ring, other).error().code, Errc::corrupt);
  other = sealed.head;
  other.machine = 2;
  EXPECT_EQ(open_head_body(sealed.keys, sealed.ring, other).error().code, Errc::corrupt);
  wire::RingId other_ring{};
  other_ring.bytes[0] = 1;
  EXPECT_EQ(open_head_body(sealed.keys, other_ring, sealed.head).error().code, Errc::corrupt);
  crypto::SecretKey other_secret{};
  other_secret.bytes[0] = 1;
  EXPECT_EQ(open_head_body(VaultKeys(other_secret), sealed.ring, sealed.head).error().code, Errc::corrupt);
}

TEST(HeadBody, AnyBytesAreReadOrRefused) {
  SeededRandom random(12);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Bytes good = encode(random_body(seed));
    const auto again = decode_head_body(good);
    ASSERT_TRUE(again);
    EXPECT_TRUE(*again == random_body(seed));
    for (std::size_t size = 0; size < good.size(); ++size) {
      EXPECT_FALSE(decode_head_body(ByteView(good).first(size)));
    }
    for (int i = 0; i < 200; ++i) {
      Bytes bad = good;
      bad[random.below(bad.size())] = static_cast<std::uint8_t>(random.next());
      (void)decode_head_body(bad);
    }
  }
}

}  // namespace
}  // namespace peerstore::vault
