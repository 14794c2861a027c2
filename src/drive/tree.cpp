#include "tree.hpp"

#include <peerstore/runtime/check.hpp>

namespace peerstore::drive {

namespace {

constexpr std::uint8_t kListingVersion = 2;
constexpr std::uint8_t kPlainListingVersion = 1;  // before there were names of accounts and attributes
constexpr std::uint8_t kListVersion = 1;
// name, kind, mode, user, group, time, then at least an empty list or link.
constexpr std::size_t kEntryBytesMin = 4 + 1 + 3 * 4 + 8 + 4;

constexpr std::uint8_t kChangedWhileRead = 1;
constexpr std::size_t kAttributeRoomMin = 8;  // two lengths

// user name text, group name text, flags u8, attributes: each name text, value bytes.
void encode_further(ByteWriter& out, const TreeEntry& entry) {
  out.text(entry.user_name).text(entry.group_name).u8(entry.changed_while_read ? kChangedWhileRead : 0);
  out.u32(static_cast<std::uint32_t>(entry.attributes.size()));
  for (const FileAttribute& attribute : entry.attributes) out.text(attribute.name).bytes(attribute.value);
}

void decode_further(ByteReader& in, TreeEntry& entry) {
  entry.user_name = in.text(kAccountNameBytesMax);
  entry.group_name = in.text(kAccountNameBytesMax);
  const std::uint8_t flags = in.u8();
  if (flags > kChangedWhileRead) in.fail();
  entry.changed_while_read = flags == kChangedWhileRead;
  for (std::uint32_t left = in.count(kAttributeRoomMin); left > 0 && in.ok(); --left) {
    FileAttribute attribute;
    attribute.name = in.text(kAttributeNameBytesMax);
    const ByteView value = in.bytes(kAttributeBytesMax);
    attribute.value.assign(value.begin(), value.end());
    entry.attributes.push_back(std::move(attribute));
  }
  if (!may_be_kept(entry.attributes)) in.fail();
}

TreeEntry decode_entry(ByteReader& in, std::uint8_t version) {
  TreeEntry entry;
  entry.name = in.text(kNameBytesMax);
  const std::uint8_t kind = in.u8();
  entry.facts.mode = in.u32();
  entry.facts.user = in.u32();
  entry.facts.group = in.u32();
  entry.facts.modified_ns = in.i64();
  entry.facts.kind = static_cast<FileKind>(kind);
  switch (entry.facts.kind) {
    case FileKind::file:
      entry.facts.size = in.u64();
      entry.facts.links = in.u32();
      if (entry.facts.links > 1) {
        entry.facts.device = in.u64();
        entry.facts.inode = in.u64();
      }
      entry.content = decode_blob_list(in);
      break;
    case FileKind::folder: entry.content = decode_blob_list(in); break;
    case FileKind::symlink: entry.link_target = in.text(kLinkTargetBytesMax); break;
    default: in.fail(); break;
  }
  if (version != kPlainListingVersion) decode_further(in, entry);
  const bool link_is_sane = entry.link_target.find('\0') == std::string::npos;
  if (!is_plain_name(entry.name) || !link_is_sane || entry.facts.mode > 07777) in.fail();
  return entry;
}

}  // namespace

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

bool may_be_kept(const FileAttributes& attributes) {
  std::size_t bytes = 0;
  std::string_view last;
  for (const FileAttribute& attribute : attributes) {
    if (attribute.name.size() > kAttributeNameBytesMax || attribute.name <= last ||
        attribute.name.find('\0') != std::string::npos) {
      return false;
    }
    bytes += attribute.name.size() + attribute.value.size();
    last = attribute.name;
  }
  return bytes <= kAttributeBytesMax;
}

void TreeEntry::keep(FurtherFacts further) {
  user_name = std::move(further.user_name);
  group_name = std::move(further.group_name);
  attributes = std::move(further.attributes);
}

FileFacts kept_facts(const FileFacts& facts) {
  FileFacts kept;
  kept.kind = facts.kind;
  kept.mode = facts.mode & 07777;
  kept.user = facts.user;
  kept.group = facts.group;
  kept.modified_ns = facts.modified_ns;
  if (facts.kind == FileKind::file) {
    kept.size = facts.size;
    kept.links = facts.links > 1 ? facts.links : 1;
    if (kept.links > 1) {
      kept.device = facts.device;
      kept.inode = facts.inode;
    }
  }
  return kept;
}

// level u8, ids after their count.
void encode(ByteWriter& out, const BlobList& list) {
  CHECK(list.level <= kListLevelsMax && list.ids.size() <= kListIdsMax);
  out.u8(list.level).u32(static_cast<std::uint32_t>(list.ids.size()));
  for (const vault::BlobId& id : list.ids) out.fixed(id);
}

BlobList decode_blob_list(ByteReader& in) {
  BlobList list;
  list.level = in.u8();
  const std::uint32_t ids = in.count(vault::BlobId::kSize);
  if (list.level > kListLevelsMax || ids > kListIdsMax) in.fail();
  for (std::uint32_t i = 0; i < ids && in.ok(); ++i) list.ids.push_back(in.fixed<vault::BlobId>());
  return list;
}

Bytes encode(const TreeEntry& entry) {
  CHECK(is_plain_name(entry.name) && entry.link_target.size() <= kLinkTargetBytesMax);
  CHECK(may_be_kept(entry.attributes));
  const FileFacts& facts = entry.facts;
  ByteWriter out;
  out.text(entry.name)
      .u8(static_cast<std::uint8_t>(facts.kind))
      .u32(facts.mode)
      .u32(facts.user)
      .u32(facts.group);
  out.i64(facts.modified_ns);
  switch (facts.kind) {
    case FileKind::file:
      out.u64(facts.size).u32(facts.links);
      if (facts.links > 1) out.u64(facts.device).u64(facts.inode);
      encode(out, entry.content);
      break;
    case FileKind::folder: encode(out, entry.content); break;
    case FileKind::symlink: out.text(entry.link_target); break;
    case FileKind::other: CHECK(false); break;
  }
  encode_further(out, entry);
  return out.take();
}

Bytes encode_listing_part(std::uint32_t entries, ByteView encoded_entries) {
  ByteWriter out;
  out.u8(kListingVersion).u32(entries).raw(encoded_entries);
  return out.take();
}

Result<std::vector<TreeEntry>> decode_listing_part(ByteView bytes) {
  ByteReader in(bytes);
  const std::uint8_t version = in.u8();
  if (in.ok() && version != kListingVersion && version != kPlainListingVersion) {
    return fail(Errc::unsupported, "folder listing of version " + std::to_string(version));
  }
  std::vector<TreeEntry> entries;
  for (std::uint32_t left = in.count(kEntryBytesMin); left > 0 && in.ok(); --left) {
    TreeEntry entry = decode_entry(in, version);
    if (!entries.empty() && entry.name <= entries.back().name) in.fail();
    entries.push_back(std::move(entry));
  }
  if (!in.finished()) return fail(Errc::corrupt, "not a folder listing");
  return entries;
}

Bytes encode_list_blob(std::span<const vault::BlobId> ids) {
  CHECK(!ids.empty() && ids.size() <= kListIdsMax);
  ByteWriter out;
  out.u8(kListVersion).u32(static_cast<std::uint32_t>(ids.size()));
  for (const vault::BlobId& id : ids) out.fixed(id);
  return out.take();
}

Result<std::vector<vault::BlobId>> decode_list_blob(ByteView bytes) {
  ByteReader in(bytes);
  const std::uint8_t version = in.u8();
  if (in.ok() && version != kListVersion) {
    return fail(Errc::unsupported, "list of blobs of version " + std::to_string(version));
  }
  const std::uint32_t count = in.count(vault::BlobId::kSize);
  if (count > kListIdsMax) in.fail();
  std::vector<vault::BlobId> ids;
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) ids.push_back(in.fixed<vault::BlobId>());
  if (!in.finished() || ids.empty()) return fail(Errc::corrupt, "not a list of blobs");
  return ids;
}

}  // namespace peerstore::drive
