#include "source_file.hpp"

#include "remote_path.hpp"

namespace peerstore::drive {

bool same_state(const FileFacts& before, const FileFacts& after) {
  return before.size == after.size && before.modified_ns == after.modified_ns &&
         before.changed_ns == after.changed_ns && before.inode == after.inode;
}

std::size_t PieceMaker::cut(Stretch& stretch, bool file_ends) const {
  const ByteView content(stretch.content);
  std::size_t at = 0;
  while (at < content.size() && (file_ends || content.size() - at >= vault::Cutter::kBytesMax)) {
    const std::size_t size = cutter.next(content.subspan(at));
    stretch.pieces.push_back({vault::blob_id(keys, vault::BlobKind::data, content.subspan(at, size)), size});
    at += size;
  }
  return at;
}

Result<Stretch> StretchReader::next() {
  Stretch stretch;
  stretch.content = std::move(uncut_);
  if (!stretch.content.empty()) stretch.content.reserve(kStretchBytes);
  while (!ended_ && stretch.content.size() < kStretchBytes) {
    auto more = reader_.read(kStretchBytes - stretch.content.size());
    if (!more) return more.error();
    ended_ = more->empty();
    if (stretch.content.empty()) {
      stretch.content = std::move(*more);
    } else {
      stretch.content.insert(stretch.content.end(), more->begin(), more->end());
    }
  }
  const auto cut = static_cast<std::ptrdiff_t>(maker_.cut(stretch, ended_));
  uncut_.assign(stretch.content.begin() + cut, stretch.content.end());
  return stretch;
}

Result<std::optional<SmallFile>> read_small_file(Files& files, const PieceMaker& maker,
                                                 const std::string& path) {
  SmallFile file;
  for (int attempt = 1;; ++attempt) {
    auto reader = files.open(path);
    if (!reader) return reader.error();
    const auto before = (*reader)->facts();
    if (!before) return before.error();
    if (before->kind != FileKind::file || before->size > kSmallFileBytes) return std::optional<SmallFile>();
    auto content = (*reader)->read(kSmallFileBytes + 1);
    if (!content) return content.error();
    if (content->size() > kSmallFileBytes) return std::optional<SmallFile>();
    const auto after = (*reader)->facts();
    if (!after) return after.error();
    file.stretch.content = std::move(*content);
    file.facts = *before;
    file.changed = !same_state(*before, *after) || file.stretch.content.size() != before->size;
    if (!file.changed || attempt == kReadAttempts) break;
  }
  file.facts.size = file.stretch.content.size();
  maker.cut(file.stretch, true);
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
