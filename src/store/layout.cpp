#include "store/layout.hpp"

#include <peerstore/runtime/check.hpp>

namespace peerstore::store {

namespace {
std::string below(std::string_view folder, std::string_view name) {
  return std::string(folder) + '/' + std::string(name);
}

// Nothing if it has another form than to_hex() gives: one file has one name.
std::optional<Bytes> strict_hex(std::string_view name) {
  auto bytes = from_hex(name);
  if (!bytes || to_hex(*bytes) != name) return std::nullopt;
  return bytes;
}
}  // namespace

std::string chunk_folder(unsigned number) {
  CHECK(number < kChunkFolders);
  const auto byte = static_cast<std::uint8_t>(number);
  return below(kChunksFolder, to_hex(ByteView(&byte, 1)));
}

std::string chunk_path(const wire::ChunkAddress& address) {
  return below(chunk_folder(address.bytes[0]), to_hex(address.view()));
}

std::string incoming_path(const wire::ChunkAddress& address) {
  return below(kIncomingFolder, to_hex(address.view()));
}

std::string quarantine_path(const wire::ChunkAddress& address, unsigned attempt) {
  const std::string path = below(kQuarantineFolder, to_hex(address.view()));
  return attempt == 0 ? path : path + '.' + std::to_string(attempt);
}

std::optional<unsigned> chunk_folder_number(std::string_view name) {
  const auto bytes = strict_hex(name);
  if (!bytes || bytes->size() != 1) return std::nullopt;
  return (*bytes)[0];
}

std::optional<wire::ChunkAddress> address_of_file(std::string_view name) {
  const auto bytes = strict_hex(name);
  if (!bytes) return std::nullopt;
  return wire::ChunkAddress::from(*bytes);
}

std::string short_name(const wire::ChunkAddress& address) { return to_hex(address.view().first(4)); }

std::string about(const wire::ChunkAddress& address) { return "chunk " + short_name(address); }

}  // namespace peerstore::store
