#include "source_file.hpp"

#include "remote_path.hpp"

namespace peerstore::drive {

bool same_state(const FileFacts& before, const FileFacts& after) {
  return before.size == after.size && before.modified_ns == after.modified_ns &&
         before.changed_ns == after.changed_ns && before.inode == after.inode;
}

Result<std::optional<SmallFile>> read_small_file(Files& files, const vault::VaultKeys& keys,
                                                 const std::string& path, std::size_t limit) {
  SmallFile file;
  for (int attempt = 1;; ++attempt) {
    auto reader = files.open(path);
    if (!reader) return reader.error();
    const auto before = (*reader)->facts();
    if (!before) return before.error();
    if (before->kind != FileKind::file || before->size > limit) return std::optional<SmallFile>();
    auto content = (*reader)->read(limit + 1);
    if (!content) return content.error();
    if (content->size() > limit) return std::optional<SmallFile>();
    const auto after = (*reader)->facts();
    if (!after) return after.error();
    file.content = std::move(*content);
    file.facts = *before;
    file.changed = !same_state(*before, *after) || file.content.size() != before->size;
    if (!file.changed || attempt == kReadAttempts) break;
  }
  file.facts.size = file.content.size();
  if (!file.content.empty()) file.id = vault::blob_id(keys, vault::BlobKind::data, file.content);
  return std::optional<SmallFile>(std::move(file));
}

std::vector<NamedFacts> read_facts(Files& files, const std::string& folder, std::vector<std::string> names) {
  std::vector<NamedFacts> all;
  all.reserve(names.size());
  for (std::string& name : names) {
    auto facts = files.facts(join(folder, name));
    all.push_back({std::move(name), std::move(facts)});
  }
  return all;
}

}  // namespace peerstore::drive
