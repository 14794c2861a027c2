// BLAKE3 as its specification tells it (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, 2020, section 2):
// slow, recursive, and written apart from the library that is tested against it.
#pragma once

#include <peerstore/runtime/bytes.hpp>

#include <algorithm>
#include <array>
#include <bit>

namespace peerstore::crypto::blake3_twin {

using Words = std::array<std::uint32_t, 8>;
using Block = std::array<std::uint32_t, 16>;

enum Flag : std::uint32_t {
  kChunkStart = 1,
  kChunkEnd = 2,
  kParent = 4,
  kRoot = 8,
  kKeyedHash = 16,
  kDeriveKeyContext = 32,
  kDeriveKeyMaterial = 64,
};

inline constexpr Words kStart = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
inline constexpr std::size_t kChunk = 1024;

inline void mix(Block& v, int a, int b, int c, int d, std::uint32_t x, std::uint32_t y) {
  v[a] += v[b] + x;
  v[d] = std::rotr(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 12);
  v[a] += v[b] + y;
  v[d] = std::rotr(v[d] ^ v[a], 8);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 7);
}

inline Words compress(const Words& chaining, Block m, std::uint64_t counter, std::uint32_t size,
                      std::uint32_t flags) {
  constexpr int kPermutation[16] = {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8};
  Block v;
  std::copy_n(chaining.begin(), 8, v.begin());
  std::copy_n(kStart.begin(), 4, v.begin() + 8);
  v[12] = static_cast<std::uint32_t>(counter);
  v[13] = static_cast<std::uint32_t>(counter >> 32);
  v[14] = size;
  v[15] = flags;
  for (int round = 0; round < 7; ++round) {
    for (int i = 0; i < 4; ++i) mix(v, i, 4 + i, 8 + i, 12 + i, m[2 * i], m[2 * i + 1]);
    for (int i = 0; i < 4; ++i) {
      mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[8 + 2 * i], m[9 + 2 * i]);
    }
    Block permuted;
    for (int i = 0; i < 16; ++i) permuted[i] = m[kPermutation[i]];
    m = permuted;
  }
  Words out;
  for (int i = 0; i < 8; ++i) out[i] = v[i] ^ v[i + 8];
  return out;
}

inline Block block_of(ByteView bytes) {
  Block block{};
  for (std::size_t i = 0; i < bytes.size(); ++i) block[i / 4] |= std::uint32_t{bytes[i]} << (8 * (i % 4));
  return block;
}

inline Words chunk_value(const Words& key, ByteView input, std::uint64_t counter, std::uint32_t flags,
                         bool is_root) {
  Words value = key;
  std::size_t at = 0;
  do {
    const std::size_t size = std::min<std::size_t>(64, input.size() - at);
    std::uint32_t block_flags = flags;
    if (at == 0) block_flags |= kChunkStart;
    if (at + size == input.size()) block_flags |= kChunkEnd | (is_root ? kRoot : 0);
    value = compress(value, block_of(input.subspan(at, size)), counter, static_cast<std::uint32_t>(size),
                     block_flags);
    at += size;
  } while (at < input.size());
  return value;
}

inline Words tree_value(const Words& key, ByteView input, std::uint64_t counter, std::uint32_t flags,
                        bool is_root) {
  if (input.size() <= kChunk) return chunk_value(key, input, counter, flags, is_root);
  const std::size_t left_chunks = std::bit_floor((input.size() - 1) / kChunk);
  const std::size_t split = left_chunks * kChunk;
  const Words left = tree_value(key, input.first(split), counter, flags, false);
  const Words right = tree_value(key, input.subspan(split), counter + left_chunks, flags, false);
  Block both;
  std::copy_n(left.begin(), 8, both.begin());
  std::copy_n(right.begin(), 8, both.begin() + 8);
  return compress(key, both, 0, 64, flags | kParent | (is_root ? kRoot : 0));
}

inline Bytes bytes_of(const Words& words) {
  Bytes out;
  for (const std::uint32_t word : words) {
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(word >> shift));
  }
  return out;
}

inline Words words_of(ByteView key) {
  const Block block = block_of(key);
  Words words;
  std::copy_n(block.begin(), 8, words.begin());
  return words;
}

inline Bytes hash(ByteView input) { return bytes_of(tree_value(kStart, input, 0, 0, true)); }

inline Bytes keyed_hash(ByteView key, ByteView input) {
  return bytes_of(tree_value(words_of(key), input, 0, kKeyedHash, true));
}

inline Bytes derive_key(std::string_view context, ByteView material) {
  const Words context_key = tree_value(kStart, as_bytes(context), 0, kDeriveKeyContext, true);
  return bytes_of(tree_value(context_key, material, 0, kDeriveKeyMaterial, true));
}

}  // namespace peerstore::crypto::blake3_twin
