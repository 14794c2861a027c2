#include "packing.hpp"

#include <capnp/serialize-packed.h>
#include <kj/exception.h>
#include <kj/io.h>
#include <peerstore/runtime/check.hpp>

namespace peerstore::wire {

Bytes pack(ByteView words) {
  CHECK(words.size() % sizeof(capnp::word) == 0);
  kj::VectorOutputStream packed(words.size() + sizeof(capnp::word));
  capnp::_::PackedOutputStream packer(packed);
  packer.write(words.data(), words.size());
  const auto bytes = packed.getArray();
  return Bytes(bytes.begin(), bytes.end());
}

std::optional<Bytes> unpack(ByteView packed, std::size_t bytes_max) {
  try {
    const kj::ArrayPtr<const kj::byte> bytes(packed.data(), packed.size());
    const std::size_t words = capnp::computeUnpackedSizeInWords(bytes);
    if (words > bytes_max / sizeof(capnp::word)) return std::nullopt;
    Bytes unpacked(words * sizeof(capnp::word));
    kj::ArrayInputStream input(bytes);
    capnp::_::PackedInputStream unpacker(input);
    if (!unpacked.empty()) unpacker.read(unpacked.data(), unpacked.size());
    return unpacked;
  } catch (const kj::Exception&) {
    return std::nullopt;
  }
}

}  // namespace peerstore::wire
