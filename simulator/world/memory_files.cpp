#include <peerstore/runtime/check.hpp>
#include <peerstore/world/memory_files.hpp>

#include <algorithm>
#include <utility>

namespace peerstore::world {

namespace {
constexpr std::int64_t kEpochNanoseconds = 1'735'689'600'000'000'000;  // 2025-01-01
constexpr std::int64_t kTickNanoseconds = 1'000'003;

Error missing(const std::string& path) { return fail(Errc::not_found, path + ": no such file or folder"); }
}  // namespace

struct MemoryFiles::Node {
  FileFacts facts;
  std::string content;  // of a file; the target of a link
  std::map<std::string, NodePtr, std::less<>> names;
  FileAttributes attributes;  // by name
  bool unreadable = false;
};

struct MemoryFiles::Place {
  NodePtr folder;
  std::string name;
  NodePtr node() const {
    const auto found = folder->names.find(name);
    return found == folder->names.end() ? nullptr : found->second;
  }
};

class MemoryFiles::FileReader final : public Files::Reader {
 public:
  explicit FileReader(NodePtr file) : file_(std::move(file)) {}
  Result<Bytes> read(std::size_t size) override {
    if (file_->unreadable) return fail(Errc::io, "cannot be read");
    const std::size_t begin = std::min(at_, file_->content.size());
    const ByteView part = as_bytes(std::string_view(file_->content).substr(begin, size));
    at_ = begin + part.size();
    return Bytes(part.begin(), part.end());
  }
  // Holes are the blocks that hold zeros alone.
  Result<std::uint64_t> next_data(std::uint64_t offset) override {
    const std::size_t found = file_->content.find_first_not_of('\0', offset);
    if (found == std::string::npos) return std::max<std::uint64_t>(offset, file_->content.size());
    return std::max<std::uint64_t>(offset, found / kBlockBytes * kBlockBytes);
  }
  void move_to(std::uint64_t offset) override { at_ = offset; }
  Result<FileFacts> facts() override { return file_->facts; }

 private:
  static constexpr std::size_t kBlockBytes = 4096;
  NodePtr file_;
  std::size_t at_ = 0;
};

class MemoryFiles::FileWriter final : public Files::Writer {
 public:
  FileWriter(MemoryFiles& files, std::string path) : files_(files), path_(std::move(path)) {}
  Result<void> append(ByteView bytes) override {
    content_.append(as_text(bytes));
    return {};
  }
  Result<std::vector<std::string>> finish(const FileFacts& facts, const FileAttributes& attributes,
                                          Durable) override {
    auto place = files_.place_of(path_);
    if (!place) return place.error();
    const NodePtr old = place->node();
    if (old && old->facts.kind == FileKind::folder) return fail(Errc::invalid, path_ + " is a folder");
    const NodePtr file = files_.make_node(FileKind::file, facts.mode);
    file->content = std::move(content_);
    file->facts.size = file->content.size();
    file->facts.modified_ns = facts.modified_ns;
    file->facts.user = facts.user;
    file->facts.group = facts.group;
    if (old) --old->facts.links;
    files_.enter(*place, file);
    return files_.set(*file, attributes);
  }

 private:
  MemoryFiles& files_;
  std::string path_;
  std::string content_;
};

MemoryFiles::MemoryFiles() : root_(make_node(FileKind::folder, 0755)) {}
MemoryFiles::~MemoryFiles() = default;

MemoryFiles::NodePtr MemoryFiles::make_node(FileKind kind, std::uint32_t mode) {
  auto node = std::make_shared<Node>();
  node->facts.kind = kind;
  node->facts.mode = mode;
  node->facts.device = 1;
  node->facts.inode = ++inodes_;
  touch(*node, true);
  return node;
}

void MemoryFiles::touch(Node& node, bool contents) {
  node.facts.changed_ns = kEpochNanoseconds + ++ticks_ * kTickNanoseconds;
  if (contents) node.facts.modified_ns = node.facts.changed_ns;
}

void MemoryFiles::enter(const Place& place, const NodePtr& node) {
  place.folder->names.insert_or_assign(place.name, node);
  touch(*place.folder, true);
}

Result<MemoryFiles::NodePtr> MemoryFiles::find(const std::string& path) const {
  if (!path.starts_with('/')) return fail(Errc::invalid, path + ": not an absolute path");
  NodePtr node = root_;
  std::size_t at = 1;
  while (at < path.size()) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view name = std::string_view(path).substr(at, slash - at);
    at = slash + 1;
    if (name.empty()) continue;
    const auto child = node->names.find(name);
    if (child == node->names.end()) return missing(path);
    node = child->second;
  }
  return node;
}

Result<MemoryFiles::Place> MemoryFiles::place_of(const std::string& path) const {
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.ends_with('/')) trimmed.pop_back();
  const std::size_t slash = trimmed.rfind('/');
  if (slash == std::string::npos || slash + 1 == trimmed.size())
    return fail(Errc::invalid, path + ": not a place");
  auto folder = find(slash == 0 ? "/" : trimmed.substr(0, slash));
  if (!folder) return folder.error();
  if ((*folder)->facts.kind != FileKind::folder) return fail(Errc::invalid, path + ": its folder is none");
  return Place{*folder, trimmed.substr(slash + 1)};
}

Result<MemoryFiles::Place> MemoryFiles::free_place(const std::string& path) const {
  auto place = place_of(path);
  if (place && place->node()) return fail(Errc::refused, path + ": is there already");
  return place;
}

Result<FileFacts> MemoryFiles::facts(const std::string& path) {
  const auto node = find(path);
  if (!node) return node.error();
  return (*node)->facts;
}

Result<std::vector<std::string>> MemoryFiles::list(const std::string& folder) {
  const auto node = find(folder);
  if (!node) return node.error();
  if ((*node)->facts.kind != FileKind::folder) return fail(Errc::invalid, folder + " is not a folder");
  if ((*node)->unreadable) return fail(Errc::io, folder + ": cannot be read");
  std::vector<std::string> names;
  for (const auto& [name, child] : (*node)->names) names.push_back(name);
  return names;
}

Result<std::unique_ptr<Files::Reader>> MemoryFiles::open(const std::string& path) {
  const auto node = find(path);
  if (!node) return node.error();
  if ((*node)->facts.kind != FileKind::file) return fail(Errc::invalid, path + " is not a file");
  if ((*node)->unreadable) return fail(Errc::io, path + ": cannot be read");
  return std::unique_ptr<Reader>(std::make_unique<FileReader>(*node));
}

Result<std::string> MemoryFiles::read_link(const std::string& path) {
  const auto node = find(path);
  if (!node) return node.error();
  if ((*node)->facts.kind != FileKind::symlink) return fail(Errc::invalid, path + " is not a symbolic link");
  return (*node)->content;
}

Result<std::unique_ptr<Files::Writer>> MemoryFiles::create(const std::string& path, bool overwrite) {
  const auto place = overwrite ? place_of(path) : free_place(path);
  if (!place) return place.error();
  return std::unique_ptr<Writer>(std::make_unique<FileWriter>(*this, path));
}

Result<void> MemoryFiles::make_folder(const std::string& path) {
  const auto there = find(path);
  if (there && (*there)->facts.kind == FileKind::folder) return {};
  auto place = free_place(path);
  if (!place) return place.error();
  enter(*place, make_node(FileKind::folder, 0755));
  return {};
}

Result<void> MemoryFiles::make_symlink(const std::string& target, const std::string& path) {
  auto place = free_place(path);
  if (!place) return place.error();
  const NodePtr link = make_node(FileKind::symlink, 0777);
  link->content = target;
  link->facts.size = target.size();
  enter(*place, link);
  return {};
}

Result<void> MemoryFiles::make_hard_link(const std::string& existing, const std::string& path) {
  const auto node = find(existing);
  if (!node) return node.error();
  if ((*node)->facts.kind == FileKind::folder) return fail(Errc::invalid, existing + " is a folder");
  auto place = free_place(path);
  if (!place) return place.error();
  ++(*node)->facts.links;
  touch(**node, false);
  enter(*place, *node);
  return {};
}

std::vector<std::string> MemoryFiles::set(Node& node, const FileAttributes& attributes) {
  std::vector<std::string> refused;
  for (const FileAttribute& attribute : attributes) {
    if (!refused_prefix_.empty() && attribute.name.starts_with(refused_prefix_)) {
      refused.push_back(attribute.name);
      continue;
    }
    std::erase_if(node.attributes, [&](const FileAttribute& old) { return old.name == attribute.name; });
    const auto place = std::find_if(node.attributes.begin(), node.attributes.end(),
                                    [&](const FileAttribute& other) { return other.name > attribute.name; });
    node.attributes.insert(place, attribute);
  }
  return refused;
}

Result<FileAttributes> MemoryFiles::attributes(const std::string& path) {
  const auto node = find(path);
  if (!node) return node.error();
  return (*node)->attributes;
}

void MemoryFiles::set_attribute(const std::string& path, const std::string& name, std::string_view value) {
  const auto node = find(path);
  CHECK(node.has_value());
  const ByteView bytes = as_bytes(value);
  set(**node, {{name, Bytes(bytes.begin(), bytes.end())}});
  touch(**node, false);
}

void MemoryFiles::add_account(Account kind, std::uint32_t number, const std::string& name) {
  accounts_.insert_or_assign({kind, number}, name);
}

std::string MemoryFiles::account_name(Account kind, std::uint32_t number) {
  const auto found = accounts_.find({kind, number});
  return found == accounts_.end() ? "" : found->second;
}

std::optional<std::uint32_t> MemoryFiles::account_number(Account kind, const std::string& name) {
  for (const auto& [account, known] : accounts_) {
    if (account.first == kind && known == name) return account.second;
  }
  return std::nullopt;
}

Result<std::vector<std::string>> MemoryFiles::set_facts(const std::string& path, const FileFacts& facts,
                                                        const FileAttributes& attributes) {
  const auto node = find(path);
  if (!node) return node.error();
  touch(**node, false);
  if ((*node)->facts.kind != FileKind::symlink) (*node)->facts.mode = facts.mode;
  (*node)->facts.modified_ns = facts.modified_ns;
  (*node)->facts.user = facts.user;
  (*node)->facts.group = facts.group;
  return set(**node, attributes);
}

Result<void> MemoryFiles::remove_file(const std::string& path) {
  const auto node = find(path);
  if (!node) return node.error();
  if ((*node)->facts.kind == FileKind::folder) return fail(Errc::invalid, path + " is a folder");
  remove(path);
  return {};
}

void MemoryFiles::write(const std::string& path, std::string_view content, std::uint32_t mode) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    CHECK(make_folder(path.substr(0, slash)).has_value());
  }
  auto place = place_of(path);
  CHECK(place.has_value());
  NodePtr file = place->node();
  if (!file) {
    file = make_node(FileKind::file, mode);
    enter(*place, file);
  }
  CHECK(file->facts.kind == FileKind::file);
  file->content = content;
  file->facts.size = content.size();
  file->facts.mode = mode;
  touch(*file, true);
}

std::string MemoryFiles::read(const std::string& path) {
  const auto node = find(path);
  CHECK(node.has_value());
  return (*node)->content;
}

void MemoryFiles::remove(const std::string& path) {
  auto place = place_of(path);
  CHECK(place.has_value());
  const NodePtr node = place->node();
  CHECK(node != nullptr);
  --node->facts.links;
  touch(*node, false);
  place->folder->names.erase(place->name);
  touch(*place->folder, true);
}

void MemoryFiles::make_unreadable(const std::string& path) {
  const auto node = find(path);
  CHECK(node.has_value());
  (*node)->unreadable = true;
}

void MemoryFiles::make_other(const std::string& path) {
  auto place = free_place(path);
  CHECK(place.has_value());
  enter(*place, make_node(FileKind::other, 0644));
}

}  // namespace peerstore::world
