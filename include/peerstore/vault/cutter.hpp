// Cutter: where one blob of a file ends and the next begins, by the content alone, so that bytes
// inserted into a file change the blobs around them and no others.
//
// A rolling hash (gear) of the last 64 bytes decides; its table is made from the person's keys, so
// that nobody else can foresee the cuts. Sizes are kept near their mean by a rule that is harder
// to meet in small blobs than in large ones. docs/formats.md, "Cutting".
//
// Source: Xia et al., FastCDC (USENIX ATC 2016), 3.2 to 3.4: gear, skipping the minimum, normalised
// chunking. Differs in the mask: the highest bits of the hash, which all 64 bytes reach.
#pragma once

#include <peerstore/vault/blob.hpp>

#include <array>
#include <string_view>

namespace peerstore::vault {

class Cutter {
 public:
  static constexpr std::size_t kBytesMin = 128 * 1024;     // but in the last blob of a file
  static constexpr std::size_t kBytesNormal = 384 * 1024;  // from here on a cut is 4 times as likely
  static constexpr std::size_t kBytesMax = 1536 * 1024;
  static_assert(kBytesMax <= kBlobBytesMax);

  explicit Cutter(const VaultKeys& keys);

  // How many bytes at the beginning of `window` make the next blob: at least one, at most kBytesMax.
  // Requires a window that is not empty, and has kBytesMax bytes unless the file ends in it.
  std::size_t next(ByteView window) const;

  // Whether a list of names, in order, may be cut after this one: about one name in 512.
  bool cuts_after(std::string_view name) const;

 private:
  std::array<std::uint64_t, 256> gear_;
};

}  // namespace peerstore::vault
