// Where a chunk's file is, below the disk's root:
//   chunks/3f/3f2a..      a chunk that is held, under its address in hexadecimal digits
//   chunks/incoming/..    being written; whatever is here when the store opens is removed
//   chunks/quarantine/..  failed verification: kept for a person to look at, never served
// Everything else below chunks/ is not ours, and is left alone.
#pragma once

#include <peerstore/wire/types.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace peerstore::store {

inline constexpr std::string_view kChunksFolder = "chunks";
inline constexpr std::string_view kIncomingFolder = "chunks/incoming";
inline constexpr std::string_view kQuarantineFolder = "chunks/quarantine";
inline constexpr unsigned kChunkFolders = 256;

// `number` is the first byte of the addresses inside. Requires number < kChunkFolders.
std::string chunk_folder(unsigned number);
std::string chunk_path(const wire::ChunkAddress& address);
std::string incoming_path(const wire::ChunkAddress& address);
// `attempt` tells apart several files of one chunk: 0, 1, ...
std::string quarantine_path(const wire::ChunkAddress& address, unsigned attempt);

// The number of a folder of chunks, by its name below chunks/; nothing for any other folder.
std::optional<unsigned> chunk_folder_number(std::string_view name);
// The address, if this is the name of a chunk's file (in lower case, as we write it).
std::optional<wire::ChunkAddress> address_of_file(std::string_view name);

// The first eight hexadecimal digits, for messages.
std::string short_name(const wire::ChunkAddress& address);
// "chunk 3f2a81c0", what a message is about.
std::string about(const wire::ChunkAddress& address);

}  // namespace peerstore::store
