// Tree: how folders, files and links of a snapshot are written down.
//
// A folder is a list of entries in byte order of their names, cut into parts that are blobs; a
// file is a list of blobs of data. Both are a BlobList, so a folder of a million files and a file
// of a terabyte work alike: a list that is too long for its entry is itself kept in blobs.
// docs/formats.md, "Tree".
#pragma once

#include <peerstore/runtime/encoding.hpp>
#include <peerstore/runtime/files.hpp>
#include <peerstore/vault/blob.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore::drive {

// Level 0: the blobs in order. Level n: blobs that hold lists of level n - 1.
struct BlobList {
  std::uint8_t level = 0;
  std::vector<vault::BlobId> ids;
  bool operator==(const BlobList&) const = default;
};
inline constexpr std::uint8_t kListLevelsMax = 3;
inline constexpr std::size_t kInlineIdsMax = 256;  // ids in an entry
inline constexpr std::size_t kListIdsMax = 8192;   // ids in a blob of a list

// What else is kept of a file: of no use for finding out whether it has changed.
struct FurtherFacts {
  std::string user_name;  // where the file was; empty: nobody had that number
  std::string group_name;
  FileAttributes attributes;     // of files and folders, names strictly rising
  std::optional<Error> trouble;  // why there are no attributes
};

struct TreeEntry {
  std::string name;
  // Kind, mode, owners, time, size; device and inode only of files with several names, so that
  // equal trees are equal blobs wherever they lie.
  FileFacts facts;
  BlobList content;         // of files: the data; of folders: the parts of the listing
  std::string link_target;  // of symbolic links
  std::string user_name;    // where the file was; empty: nobody had that number
  std::string group_name;
  FileAttributes attributes;        // of files and folders, names strictly rising
  bool changed_while_read = false;  // a file that was written to each time that it was read
  bool operator==(const TreeEntry&) const = default;
  void keep(FurtherFacts further);
};
inline constexpr std::size_t kNameBytesMax = 1024;
inline constexpr std::size_t kLinkTargetBytesMax = 16 * 1024;
inline constexpr std::size_t kAccountNameBytesMax = 256;
inline constexpr std::size_t kAttributeNameBytesMax = 255;
inline constexpr std::size_t kAttributeBytesMax = 256 * 1024;  // of one entry: names and values
// A part ends with the entry by which it has reached the larger size, or the smaller one after a
// name that the cutter likes: so a new name changes the part it is in, and not all that follow.
inline constexpr std::size_t kListingPartBytesMin = 8 * 1024;
inline constexpr std::size_t kListingPartBytesMax = 256 * 1024;

// Whether an entry can hold them, in this order.
bool may_be_kept(const FileAttributes& attributes);

// A name that stays in its folder: not empty, "." or "..", without '/' and NUL, not too long.
bool is_plain_name(std::string_view name);

// What of `facts` an entry keeps.
FileFacts kept_facts(const FileFacts& facts);

void encode(ByteWriter& out, const BlobList& list);
BlobList decode_blob_list(ByteReader& in);

// An entry by itself, as it stands in a part. Requires a plain name and a kind that is kept.
Bytes encode(const TreeEntry& entry);
// One part, from its entries in encoded form.
Bytes encode_listing_part(std::uint32_t entries, ByteView encoded_entries);
// Entries in strictly rising order of plain names, or an error.
Result<std::vector<TreeEntry>> decode_listing_part(ByteView bytes);

Bytes encode_list_blob(std::span<const vault::BlobId> ids);
Result<std::vector<vault::BlobId>> decode_list_blob(ByteView bytes);

}  // namespace peerstore::drive
