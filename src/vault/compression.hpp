// Compression: the form in which a blob lies in its pack, and back. Pure and heavy: both belong on
// workers. docs/formats.md, "Index".
#pragma once

#include <peerstore/runtime/result.hpp>
#include <peerstore/vault/index.hpp>

namespace peerstore::vault {

// zstd's frame if that is worth having. Nothing: the blob is stored as it is. Of a large blob a
// sample is tried first, so that what is compressed already costs next to nothing.
std::optional<Bytes> compress(ByteView content);

// The content from what is stored. Errc::corrupt unless it is exactly one frame of `length` bytes.
// Never takes more memory than that: requires length <= kBlobBytesMax.
Result<Bytes> decompress(ByteView stored, std::size_t length);

}  // namespace peerstore::vault
