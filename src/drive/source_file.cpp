#include "source_file.hpp"

#include "remote_path.hpp"

#include <algorithm>

namespace peerstore::drive {

bool same_state(const FileFacts& before, const FileFacts& after) {
  return before.size == after.size && before.modified_ns == after.modified_ns &&
         before.changed_ns == after.changed_ns && before.inode == after.inode;
}

PieceMaker::PieceMaker(const vault::VaultKeys& its_keys)
    : keys(its_keys), cutter(its_keys), zeros(vault::Cutter::kBytesMax) {
  zero_piece.size = cutter.next(zeros);
  zeros.resize(zero_piece.size);
  zero_piece.id = vault::blob_id(keys, vault::BlobKind::data, zeros);
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

// What is not cut yet and lies in a hole is zeros, and need not be read to be cut.
Result<bool> StretchReader::pass_holes(Stretch& stretch) {
  const std::uint64_t begin = at_ - uncut_.size();
  const auto data = reader_.next_data(begin);
  if (!data) return data.error();
  // As long as a cut does not depend on what follows.
  if (*data < begin + vault::Cutter::kBytesMax) return false;
  const std::uint64_t pieces = (*data - begin - vault::Cutter::kBytesMax) / maker_.zero_piece.size + 1;
  stretch.holes = std::min<std::uint64_t>(pieces, kHolesInStretch);
  uncut_.clear();
  at_ = begin + stretch.holes * maker_.zero_piece.size;
  reader_.move_to(at_);
  ended_ = false;
  return true;
}

Result<Stretch> StretchReader::next() {
  Stretch stretch;
  const auto passed = pass_holes(stretch);
  if (!passed) return passed.error();
  if (*passed) return stretch;
  stretch.content = std::move(uncut_);
  if (!stretch.content.empty()) stretch.content.reserve(kStretchBytes);
  while (!ended_ && stretch.content.size() < kStretchBytes) {
    auto more = reader_.read(kStretchBytes - stretch.content.size());
    if (!more) return more.error();
    ended_ = more->empty();
    at_ += more->size();
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

FurtherFacts read_further(Files& files, const std::string& path, const FileFacts& facts) {
  FurtherFacts further;
  further.user_name = files.account_name(Account::user, facts.user);
  further.group_name = files.account_name(Account::group, facts.group);
  for (std::string* name : {&further.user_name, &further.group_name}) {
    if (name->size() > kAccountNameBytesMax) name->clear();
  }
  if (facts.kind != FileKind::file && facts.kind != FileKind::folder) return further;
  auto attributes = files.attributes(path);
  if (!attributes) {
    further.trouble = attributes.error().in("its extended attributes");
  } else if (!may_be_kept(*attributes)) {
    further.trouble = fail(Errc::invalid, "its extended attributes are too many to be kept");
  } else {
    further.attributes = std::move(*attributes);
  }
  return further;
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
