// Cutter: where one blob of a file ends and the next begins.
//
// Every blob but the last of a file has the same size, of which five fill a pack to the last byte.
// What calls it does not rely on that: it offers a window and takes the cut that it is told.
#pragma once

#include <peerstore/crypto/stream.hpp>
#include <peerstore/vault/blob.hpp>

namespace peerstore::vault {

class Cutter {
 public:
  // How much of the file must be in the window for next() to decide, unless the file ends in it.
  static constexpr std::size_t kWindowBytes = 16 * crypto::kFramePlainBytes;
  static_assert(kWindowBytes <= kBlobBytesMax);

  // How many bytes at the beginning of `window` make the next blob: at least one, at most all of
  // them. Requires a window that is not empty.
  std::size_t next(ByteView window) const;
};

}  // namespace peerstore::vault
