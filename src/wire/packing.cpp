#include "packing.hpp"

#include <peerstore/runtime/check.hpp>

#include <algorithm>

namespace peerstore::wire {

namespace {

constexpr std::size_t kWord = 8;
constexpr std::size_t kRunMax = 255;
constexpr std::uint8_t kZeros = 0x00;
constexpr std::uint8_t kLiterals = 0xff;
// In a run of words that stand as they are, one with so many zeros would be cheaper by a tag of its own.
constexpr std::ptrdiff_t kZerosThatPay = 2;

std::ptrdiff_t zeros_in(ByteView word) { return std::ranges::count(word, std::uint8_t{0}); }

// How many words from the beginning of `rest` on, at most kRunMax, belong to a run.
template <class Belongs>
std::size_t run_of(ByteView rest, Belongs belongs) {
  std::size_t words = 0;
  while (words < kRunMax && rest.size() >= (words + 1) * kWord && belongs(rest.subspan(words * kWord, kWord)))
    ++words;
  return words;
}

// What reading the packed form meets, run by run: `zeros`, or bytes as they are. False if it is malformed.
template <class OnZeros, class OnBytes>
bool walk(ByteView packed, OnZeros on_zeros, OnBytes on_bytes) {
  std::size_t at = 0;
  while (at < packed.size()) {
    const std::uint8_t tag = packed[at++];
    for (unsigned bit = 0; bit < kWord; ++bit) {
      if ((tag >> bit & 1U) == 0) {
        on_zeros(1);
        continue;
      }
      if (at == packed.size()) return false;
      on_bytes(packed.subspan(at++, 1));
    }
    if (tag != kZeros && tag != kLiterals) continue;
    if (at == packed.size()) return false;
    const std::size_t run = kWord * packed[at++];
    if (tag == kZeros) {
      on_zeros(run);
      continue;
    }
    if (packed.size() - at < run) return false;
    on_bytes(packed.subspan(at, run));
    at += run;
  }
  return true;
}

}  // namespace

Bytes pack(ByteView words) {
  CHECK(words.size() % kWord == 0);
  Bytes packed;
  packed.reserve(words.size());
  while (!words.empty()) {
    const ByteView word = words.first(kWord);
    words = words.subspan(kWord);
    const std::size_t tag_at = packed.size();
    packed.push_back(0);
    for (unsigned bit = 0; bit < kWord; ++bit) {
      if (word[bit] == 0) continue;
      packed[tag_at] = static_cast<std::uint8_t>(packed[tag_at] | 1U << bit);
      packed.push_back(word[bit]);
    }
    const std::uint8_t tag = packed[tag_at];
    if (tag == kZeros) {
      const std::size_t run = run_of(words, [](ByteView next) { return zeros_in(next) == kWord; });
      packed.push_back(static_cast<std::uint8_t>(run));
      words = words.subspan(run * kWord);
    } else if (tag == kLiterals) {
      const std::size_t run = run_of(words, [](ByteView next) { return zeros_in(next) < kZerosThatPay; });
      packed.push_back(static_cast<std::uint8_t>(run));
      packed.insert(packed.end(), words.begin(), words.begin() + static_cast<std::ptrdiff_t>(run * kWord));
      words = words.subspan(run * kWord);
    }
  }
  return packed;
}

std::optional<Bytes> unpack(ByteView packed, std::size_t bytes_max) {
  std::size_t size = 0;
  const bool is_whole =
      walk(packed, [&](std::size_t zeros) { size += zeros; }, [&](ByteView bytes) { size += bytes.size(); });
  if (!is_whole || size > bytes_max) return std::nullopt;
  Bytes words;
  words.reserve(size);
  (void)walk(
      packed, [&](std::size_t zeros) { words.resize(words.size() + zeros); },
      [&](ByteView bytes) { words.insert(words.end(), bytes.begin(), bytes.end()); });
  return words;
}

}  // namespace peerstore::wire
