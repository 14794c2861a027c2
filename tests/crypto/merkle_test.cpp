#include <gtest/gtest.h>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/merkle.hpp>

#include <bit>
#include <set>

namespace peerstore::crypto {
namespace {

std::vector<Hash> some_leaves(std::size_t count) {
  std::vector<Hash> leaves;
  for (std::size_t i = 0; i < count; ++i) {
    leaves.push_back(merkle_leaf(as_bytes("segment " + std::to_string(i))));
  }
  return leaves;
}

// RFC 6962 section 2.1, word for word: split at the largest power of two smaller than n.
Hash naive_root(std::span<const Hash> leaves) {
  if (leaves.size() == 1) return leaves.front();
  const std::size_t split = std::bit_floor(leaves.size() - 1);
  const Hash left = naive_root(leaves.first(split));
  const Hash right = naive_root(leaves.subspan(split));
  return hash("merkle node", {left.view(), right.view()});
}

TEST(Merkle, HasTheShapeOfTheRfcForEverySize) {
  for (std::size_t count = 1; count <= 67; ++count) {
    const auto leaves = some_leaves(count);
    EXPECT_EQ(merkle_root(leaves), naive_root(leaves)) << count;
  }
}

TEST(Merkle, ASingleLeafIsItsOwnRoot) {
  const auto leaves = some_leaves(1);
  EXPECT_EQ(merkle_root(leaves), leaves.front());
}

TEST(Merkle, EveryLeafItsPlaceAndTheirNumberMatter) {
  for (std::size_t count = 1; count <= 16; ++count) {
    const auto leaves = some_leaves(count);
    std::set<Hash> roots = {merkle_root(leaves)};
    for (std::size_t i = 0; i < count; ++i) {
      auto changed = leaves;
      changed[i].bytes[31] ^= 1;
      EXPECT_TRUE(roots.insert(merkle_root(changed)).second) << count << " leaves, changed " << i;
    }
    for (std::size_t i = 0; i + 1 < count; ++i) {
      auto swapped = leaves;
      std::swap(swapped[i], swapped[i + 1]);
      EXPECT_TRUE(roots.insert(merkle_root(swapped)).second) << count << " leaves, swapped " << i;
    }
    // The last leaf twice: what a tree that doubles odd nodes cannot tell apart (CVE-2012-2459).
    auto doubled = leaves;
    doubled.push_back(leaves.back());
    EXPECT_TRUE(roots.insert(merkle_root(doubled)).second) << count;
  }
}

TEST(Merkle, ANodeIsNeverALeaf) {
  const auto leaves = some_leaves(2);
  Bytes both(leaves[0].bytes.begin(), leaves[0].bytes.end());
  both.insert(both.end(), leaves[1].bytes.begin(), leaves[1].bytes.end());
  EXPECT_NE(merkle_root(leaves), merkle_leaf(both));
}

TEST(MerkleDeathTest, AnEmptyTreeHasNoRoot) { EXPECT_DEATH((void)merkle_root({}), "bug"); }

}  // namespace
}  // namespace peerstore::crypto
