#include <gtest/gtest.h>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/encoding.hpp>
#include <peerstore/vault/cutter.hpp>
#include <vault/random_bytes.hpp>

#include <algorithm>
#include <set>

namespace peerstore::vault {
namespace {

VaultKeys keys_of(std::uint8_t person) {
  crypto::SecretKey secret;
  secret.bytes.fill(person);
  return VaultKeys(secret);
}

std::vector<std::size_t> sizes_of(const Cutter& cutter, ByteView file) {
  std::vector<std::size_t> sizes;
  for (std::size_t at = 0; at < file.size(); at += sizes.back())
    sizes.push_back(cutter.next(file.subspan(at)));
  return sizes;
}

std::vector<BlobId> blobs_of(const VaultKeys& keys, ByteView file) {
  std::vector<BlobId> ids;
  std::size_t at = 0;
  for (const std::size_t size : sizes_of(Cutter(keys), file)) {
    ids.push_back(blob_id(keys, BlobKind::data, file.subspan(at, size)));
    at += size;
  }
  return ids;
}

TEST(Cutter, KeepsSizesBetweenTheLimitsAndNearHalfAMebibyte) {
  SeededRandom random(1);
  const Bytes file = random_bytes(random, 128 * 1024 * 1024);
  std::vector<std::size_t> sizes = sizes_of(Cutter(keys_of(1)), file);
  sizes.pop_back();  // the end of the file may be short
  for (const std::size_t size : sizes) {
    EXPECT_GT(size, Cutter::kBytesMin);
    EXPECT_LE(size, Cutter::kBytesMax);
  }
  const std::size_t mean = file.size() / sizes.size();
  EXPECT_GT(mean, 450u * 1024);
  EXPECT_LT(mean, 650u * 1024);
}

TEST(Cutter, CutsTheSameFileTheSameWayHoweverMuchFollows) {
  SeededRandom random(2);
  const Bytes file = random_bytes(random, 8 * 1024 * 1024);
  const Cutter cutter(keys_of(1));
  const std::vector<std::size_t> sizes = sizes_of(cutter, file);
  EXPECT_EQ(sizes_of(Cutter(keys_of(1)), file), sizes);
  // A window of the largest size decides as much as the whole file.
  std::size_t at = 0;
  for (const std::size_t size : sizes) {
    const ByteView window = ByteView(file).subspan(at, std::min(Cutter::kBytesMax, file.size() - at));
    EXPECT_EQ(cutter.next(window), size);
    at += size;
  }
}

// The rule of docs/formats.md, with every hash computed anew.
TEST(Cutter, AgreesWithTheRuleAsItIsWritten) {
  const VaultKeys keys = keys_of(1);
  std::vector<std::uint64_t> gear;
  for (std::uint32_t i = 0; i < 256; i += 4) {
    const auto first = static_cast<std::uint8_t>(i);
    const crypto::Hash hash = crypto::keyed_hash(keys.cuts, "gear", {ByteView(&first, 1)});
    ByteReader words(hash.view());
    for (int j = 0; j < 4; ++j) gear.push_back(words.u64());
  }
  const auto naive = [&](ByteView rest) {
    for (std::size_t size = 131'073; size <= std::min<std::size_t>(rest.size(), 1'572'864); ++size) {
      std::uint64_t hash = 0;
      for (std::size_t back = 0; back < 64; ++back) hash += gear[rest[size - 1 - back]] << back;
      if (hash >> (size <= 393'216 ? 44 : 46) == 0) return size;
    }
    return std::min<std::size_t>(rest.size(), 1'572'864);
  };
  SeededRandom random(6);
  const Bytes file = random_bytes(random, 3 * 1024 * 1024);
  std::vector<std::size_t> sizes;
  for (std::size_t at = 0; at < file.size(); at += sizes.back())
    sizes.push_back(naive(ByteView(file).subspan(at)));
  EXPECT_EQ(sizes_of(Cutter(keys), file), sizes);
}

TEST(Cutter, CutsDifferentlyForEveryPerson) {
  SeededRandom random(3);
  const Bytes file = random_bytes(random, 16 * 1024 * 1024);
  std::set<std::size_t> ann, bob;
  for (auto [keys, cuts] : {std::pair{keys_of(1), &ann}, std::pair{keys_of(2), &bob}}) {
    std::size_t at = 0;
    for (const std::size_t size : sizes_of(Cutter(keys), file)) cuts->insert(at += size);
  }
  std::vector<std::size_t> common;
  std::set_intersection(ann.begin(), ann.end(), bob.begin(), bob.end(), std::back_inserter(common));
  EXPECT_EQ(common, std::vector<std::size_t>{file.size()});
}

TEST(Cutter, AnInsertionChangesFewBlobs) {
  SeededRandom random(4);
  const VaultKeys keys = keys_of(1);
  const Bytes file = random_bytes(random, 64 * 1024 * 1024);
  const std::vector<BlobId> before = blobs_of(keys, file);
  const std::set<BlobId> known(before.begin(), before.end());
  for (const std::size_t at : {std::size_t{0}, file.size() / 2, file.size() / 3 + 12345}) {
    Bytes longer = file;
    const Bytes more = random_bytes(random, 100'003);
    longer.insert(longer.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
    std::size_t changed = 0;
    for (const BlobId& id : blobs_of(keys, longer)) changed += known.contains(id) ? 0 : 1;
    EXPECT_GE(changed, 1u);
    EXPECT_LE(changed, 6u) << at;
  }
}

TEST(Cutter, GivesOneBlobAgainAndAgainForBytesThatAreAllEqual) {
  const Cutter cutter(keys_of(1));
  const Bytes zeros(20 * 1024 * 1024);
  const std::vector<std::size_t> sizes = sizes_of(cutter, zeros);
  EXPECT_LE(std::set<std::size_t>(sizes.begin(), sizes.end()).size(), 2u);
}

TEST(Cutter, TakesWhatIsShortAsItIs) {
  SeededRandom random(5);
  const Cutter cutter(keys_of(1));
  for (const std::size_t size : {std::size_t{1}, std::size_t{63}, std::size_t{64}, Cutter::kBytesMin}) {
    EXPECT_EQ(cutter.next(random_bytes(random, size)), size);
  }
}

TEST(Cutter, CutsListsAfterOneNameInFiveHundred) {
  const Cutter cutter(keys_of(1));
  int cuts = 0;
  for (int i = 0; i < 100'000; ++i) cuts += cutter.cuts_after("IMG_" + std::to_string(i) + ".jpg") ? 1 : 0;
  EXPECT_GT(cuts, 100);
  EXPECT_LT(cuts, 400);
}

}  // namespace
}  // namespace peerstore::vault
