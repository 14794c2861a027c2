#include "folder_memory.hpp"

#include <peerstore/crypto/hash.hpp>

#include "remote_path.hpp"
#include "tree_reader.hpp"

#include <algorithm>

namespace peerstore::drive {

namespace {

using Kind = vault::LocalCache::Kind;

constexpr std::uint8_t kPartVersion = 1;
constexpr std::size_t kFileBytesMin = 4 + 8 + 8 + 8 + 8 + 5;

// A path has no zero byte in it.
Bytes row_name(const std::string& path, const std::string& first_name) {
  const std::string text = path + '\0' + first_name;
  return Bytes(text.begin(), text.end());
}

Bytes digest(ByteView encoded) {
  const crypto::Hash hash = crypto::hash("remembered part", {encoded});
  return Bytes(hash.bytes.begin(), hash.bytes.end());
}

}  // namespace

Bytes encode(const RememberedPart& part) {
  ByteWriter out;
  out.u8(kPartVersion).u32(static_cast<std::uint32_t>(part.files.size()));
  for (const RememberedFile& file : part.files) {
    out.text(file.name).i64(file.modified_ns).i64(file.changed_ns).u64(file.size).u64(file.inode);
    encode(out, file.content);
  }
  out.u32(static_cast<std::uint32_t>(part.folders.size()));
  for (const std::string& folder : part.folders) out.text(folder);
  out.u8(part.next ? 1 : 0);
  if (part.next) out.text(*part.next);
  return out.take();
}

Result<RememberedPart> decode_remembered_part(ByteView bytes) {
  ByteReader in(bytes);
  if (in.u8() != kPartVersion) in.fail();
  RememberedPart part;
  for (std::uint32_t left = in.count(kFileBytesMin); left > 0 && in.ok(); --left) {
    RememberedFile file;
    file.name = in.text(kNameBytesMax);
    file.modified_ns = in.i64();
    file.changed_ns = in.i64();
    file.size = in.u64();
    file.inode = in.u64();
    file.content = decode_blob_list(in);
    if (!part.files.empty() && file.name <= part.files.back().name) in.fail();
    part.files.push_back(std::move(file));
  }
  for (std::uint32_t left = in.count(4); left > 0 && in.ok(); --left) {
    part.folders.push_back(in.text(kNameBytesMax));
    if (!is_plain_name(part.folders.back())) in.fail();
  }
  const std::uint8_t has_next = in.u8();
  if (has_next > 1) in.fail();
  if (has_next == 1) part.next = in.text(kNameBytesMax);
  if (!in.finished()) return fail(Errc::corrupt, "not a part of a folder's memory");
  return part;
}

void FolderMemory::load_next() {
  const std::string first_name = *std::exchange(next_, std::nullopt);
  const auto row = cache_->find(Kind::folder, row_name(path_, first_name));
  if (!row) return;
  parts_.emplace(first_name, digest(*row));
  auto part = decode_remembered_part(*row);
  if (!part) return;
  // Names go on rising from part to part, so that the chain of parts has an end.
  if (part->next && *part->next > first_name) next_ = std::move(part->next);
  for (RememberedFile& file : part->files) {
    if (files_.empty() || file.name > files_.back().name) files_.push_back(std::move(file));
  }
  for (std::string& folder : part->folders) {
    if (!noted_folders_.contains(folder)) folders_.insert(std::move(folder));
  }
}

void FolderMemory::load_to(const std::string& name) {
  if (cache_ == nullptr) return;
  while (next_ && *next_ <= name) load_next();
}

const RememberedFile* FolderMemory::find(const std::string& name) {
  while (!files_.empty() && files_.front().name < name) files_.pop_front();
  return files_.empty() || files_.front().name != name ? nullptr : &files_.front();
}

void FolderMemory::begin_part_if_full(const std::string& name) {
  if (part_.files.size() + part_.folders.size() < kRememberedNamesMax) return;
  end_part(name);
  first_name_ = name;
}

void FolderMemory::note_file(RememberedFile file) {
  if (cache_ == nullptr) return;
  begin_part_if_full(file.name);
  part_.files.push_back(std::move(file));
}

void FolderMemory::note_folder(std::string name) {
  if (cache_ == nullptr) return;
  begin_part_if_full(name);
  folders_.erase(name);
  noted_folders_.insert(name);
  part_.folders.push_back(std::move(name));
}

void FolderMemory::end_part(std::optional<std::string> next) {
  part_.next = std::move(next);
  Bytes encoded = encode(part_);
  const auto known = parts_.find(first_name_);
  const bool is_same = known != parts_.end() && known->second == digest(encoded);
  const bool is_nothing = known == parts_.end() && part_.files.empty() && part_.folders.empty();
  if (known != parts_.end()) parts_.erase(known);
  if (!is_same && !is_nothing) {
    changes_.push_back({Kind::folder, row_name(path_, first_name_), std::move(encoded)});
  }
  part_ = RememberedPart{};
}

FolderMemory::Rows FolderMemory::finish() {
  if (cache_ == nullptr) return {};
  while (next_) load_next();
  end_part(std::nullopt);
  for (const auto& [first_name, hash] : parts_) {
    changes_.push_back({Kind::folder, row_name(path_, first_name), std::nullopt});
  }
  for (const std::string& folder : folders_) forget(*cache_, join(path_, folder), changes_, 0);
  return std::move(changes_);
}

void FolderMemory::forget(const vault::LocalCache& cache, const std::string& path, Rows& rows,
                          std::size_t depth) {
  if (depth > kFolderDepthMax) return;
  FolderMemory gone(&cache, path);
  while (gone.next_) {
    gone.load_next();
    gone.files_.clear();
  }
  for (const auto& [first_name, hash] : gone.parts_) {
    rows.push_back({Kind::folder, row_name(path, first_name), std::nullopt});
  }
  for (const std::string& folder : gone.folders_) forget(cache, join(path, folder), rows, depth + 1);
}

}  // namespace peerstore::drive
