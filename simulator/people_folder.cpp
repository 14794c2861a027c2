#include "people_folder.hpp"

#include <peerstore/runtime/check.hpp>

#include <algorithm>
#include <string_view>

namespace peerstore::simulator {

namespace {

constexpr std::size_t kFilesAtFirst = 24;
constexpr std::size_t kFilesLeast = 12;
constexpr std::size_t kFilesMost = 48;
constexpr std::uint64_t kBytesMost = 200'000;
constexpr std::uint64_t kHalvings = 12;  // small files are the most
constexpr std::uint64_t kChangesMost = 5;
constexpr std::size_t kReadBytes = 1 << 16;

constexpr std::string_view kOddNames[] = {
    "new\nline", "\xff\xfe not UTF-8", "-rf", "tab\there", "back\\slash", " ", "\x01", "ends with a dot.",
};

// Nothing of it can fail in memory; what cannot be read is not what it was.
std::string read_whole(Files& files, const std::string& path) {
  std::string whole;
  auto reader = files.open(path);
  while (reader) {
    const Result<Bytes> part = (*reader)->read(kReadBytes);
    if (!part || part->empty()) break;
    whole += as_text(*part);
  }
  return whole;
}

void describe_below(Files& files, const std::string& folder, const std::string& name, KeptTree& tree) {
  const std::string path = folder + name;
  const Result<FileFacts> facts = files.facts(path);
  if (!facts) return;
  KeptEntry& entry = tree[name.empty() ? name : name.substr(1)];
  entry.kind = facts->kind;
  entry.mode = facts->mode;
  entry.modified_ns = facts->modified_ns;
  if (facts->kind == FileKind::file) {
    entry.size = facts->size;
    entry.content = hash_of_content(read_whole(files, path));
  } else if (facts->kind == FileKind::symlink) {
    const Result<std::string> target = files.read_link(path);
    entry.content = hash_of_content(target ? *target : "");
  } else if (facts->kind == FileKind::folder) {
    const auto names = files.list(path);
    if (!names) return;
    for (const std::string& child : *names) describe_below(files, folder, name + "/" + child, tree);
  }
}

}  // namespace

crypto::Hash hash_of_content(std::string_view content) {
  return crypto::hash("simulated file", {as_bytes(content)});
}

KeptTree describe(Files& files, const std::string& folder) {
  KeptTree tree;
  describe_below(files, folder, "", tree);
  return tree;
}

std::optional<std::string> difference(const std::string& path, const KeptEntry& was, const KeptEntry& is) {
  const std::string name = "'" + printable(path) + "'";
  if (was.kind != is.kind) return name + " is of another kind";
  if (was.size != is.size) {
    return name + " has " + std::to_string(is.size) + " bytes, not " + std::to_string(was.size);
  }
  if (was.content != is.content) return name + " has other bytes";
  if (was.mode != is.mode) return name + " has another mode";
  if (was.modified_ns != is.modified_ns) return name + " has another time";
  return std::nullopt;
}

std::optional<std::string> difference(const KeptTree& was, const KeptTree& is) {
  for (const auto& [path, entry] : was) {
    const auto found = is.find(path);
    if (found == is.end()) return "'" + printable(path) + "' is missing";
    if (auto flaw = difference(path, entry, found->second)) return flaw;
  }
  for (const auto& [path, entry] : is) {
    if (!was.contains(path)) return "'" + printable(path) + "' was never there";
  }
  return std::nullopt;
}

std::string printable(const std::string& path) {
  std::string text;
  for (const char letter : path) {
    const auto byte = static_cast<std::uint8_t>(letter);
    const bool plain = byte >= 0x20 && byte < 0x7f && letter != '\\';
    text += plain ? std::string(1, letter) : "\\x" + to_hex(ByteView(&byte, 1));
  }
  return text;
}

PersonsFolder::PersonsFolder(std::uint64_t seed, std::string path) : path_(std::move(path)), random_(seed) {
  folders_ = {path_, path_ + "/notes", path_ + "/photos", path_ + "/photos/\xf0\x9f\x90\x8c and\nall"};
  for (const std::string& folder : folders_) files_.write(folder + "/first", "one\n");
  for (const std::string& folder : folders_) paths_.push_back(folder + "/first");
  files_.write(path_ + "/empty", "");
  paths_.push_back(path_ + "/empty");
  while (paths_.size() < kFilesAtFirst) add_file();
  add_link();
}

void PersonsFolder::change() {
  const std::uint64_t changes = 1 + random_.below(kChangesMost);
  for (std::uint64_t i = 0; i < changes; ++i) {
    if (paths_.size() <= kFilesLeast) {
      add_file();
      continue;
    }
    if (paths_.size() >= kFilesMost) {
      remove();
      continue;
    }
    switch (random_.below(8)) {
      case 0:
      case 1:
      case 2: edit(); break;
      case 3: add_file(); break;
      case 4: remove(); break;
      case 5: rename(); break;
      case 6: touch(); break;
      default: add_link(); break;
    }
  }
}

std::string PersonsFolder::content() {
  const std::uint64_t largest = kBytesMost >> random_.below(kHalvings);
  std::string content(random_.below(largest + 1), '\0');
  const bool is_text = random_.below(3) == 0;  // which can be compressed
  for (char& letter : content) {
    const std::uint64_t drawn = random_.next();
    letter = static_cast<char>(is_text ? 'a' + drawn % 16 : drawn);
  }
  return content;
}

std::string PersonsFolder::new_path() {
  const std::string& folder = folders_[random_.below(folders_.size())];
  const std::string number = std::to_string(++names_);
  const std::uint64_t kind = random_.below(12);
  if (kind == 0) return folder + "/" + std::string(255 - number.size(), 'n') + number;
  if (kind > 3) return folder + "/file-" + number;
  return folder + "/" + number + std::string(kOddNames[random_.below(std::size(kOddNames))]);
}

void PersonsFolder::add_file() {
  const std::string path = new_path();
  files_.write(path, content());
  paths_.push_back(path);
}

void PersonsFolder::add_link() {
  const std::string path = new_path();
  const std::string& target = paths_[random_.below(paths_.size())];
  CHECK(files_.make_symlink(target, path).has_value());
  links_.push_back(path);
  if (links_.size() < 4) return;
  files_.remove(links_.front());
  links_.erase(links_.begin());
}

void PersonsFolder::edit() {
  const std::string& path = paths_[random_.below(paths_.size())];
  std::string bytes = files_.read(path);
  const std::uint64_t at = random_.below(bytes.size() + 1);
  const std::string other = content().substr(0, 2000);
  switch (random_.below(3)) {
    case 0: bytes.insert(at, other); break;
    case 1: bytes.replace(at, other.size(), other); break;
    default: bytes.resize(at); break;
  }
  bytes.resize(std::min<std::size_t>(bytes.size(), kBytesMost));
  files_.write(path, bytes, files_.facts(path)->mode);
}

void PersonsFolder::rename() {
  std::string& path = paths_[random_.below(paths_.size())];
  const std::string to = new_path();
  const FileFacts facts = *files_.facts(path);
  files_.write(to, files_.read(path));
  CHECK(files_.set_facts(to, facts).has_value());
  files_.remove(path);
  path = to;
}

void PersonsFolder::remove() {
  const auto chosen = static_cast<std::ptrdiff_t>(random_.below(paths_.size()));
  files_.remove(paths_[static_cast<std::size_t>(chosen)]);
  paths_.erase(paths_.begin() + chosen);
}

void PersonsFolder::touch() {
  const bool is_folder = random_.below(3) == 0;
  const std::vector<std::string>& some = is_folder ? folders_ : paths_;
  const std::string& path = some[random_.below(some.size())];
  FileFacts facts = *files_.facts(path);
  facts.mode = static_cast<std::uint32_t>(random_.below(010000));
  facts.modified_ns = static_cast<std::int64_t>(random_.below(2'000'000'000'000'000'000));
  CHECK(files_.set_facts(path, facts).has_value());
}

}  // namespace peerstore::simulator
