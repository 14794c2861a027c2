#include "world/disk_node.hpp"

#include <algorithm>
#include <utility>

namespace peerstore::world {

namespace {
Error missing(std::string_view path) { return fail(Errc::not_found, std::string(path) + ": no such file"); }
}  // namespace

Result<std::vector<std::string_view>> names_in(std::string_view path) {
  std::vector<std::string_view> names;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (name.empty()) continue;
    if (name == "." || name == "..") return fail(Errc::invalid, "a path with '.' or '..'");
    names.push_back(name);
  }
  return names;
}

struct VirtualDisk::Place {
  NodePtr folder;
  std::string name;
  NodePtr node() const {
    const auto found = folder->names.find(name);
    return found == folder->names.end() ? nullptr : found->second;
  }
};

class VirtualDisk::FileWriter final : public Disk::Writer {
 public:
  FileWriter(VirtualDisk& disk, NodePtr file, std::string path)
      : disk_(disk), file_(std::move(file)), path_(std::move(path)), life_(disk.life_) {}

  Result<void> append(ByteView bytes) override { return put(Operation::append, file_->size(), bytes); }
  Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
    return put(Operation::write_at, offset, bytes);
  }
  Result<void> sync() override {
    if (auto fault = before(Operation::sync)) return *fault;
    if (!file_->working) return {};
    file_->pages = disk_.options_.pool->share(*file_->working);
    file_->working.reset();
    return {};
  }

 private:
  std::optional<Error> before(Operation operation) {
    if (life_ != disk_.life_) return fail(Errc::io, path_ + ": the machine is down");
    return disk_.faults_.before(operation, path_);
  }
  Result<void> put(Operation operation, std::uint64_t offset, ByteView bytes) {
    if (auto fault = before(operation)) return *fault;
    const std::uint64_t end = offset + bytes.size();
    if (end > file_->counted) {
      if (auto grown = disk_.grow(*file_, end); !grown) return grown.error();
    }
    if (!file_->working) file_->working = file_->read(0, file_->size());
    Bytes& content = *file_->working;
    if (disk_.misdirection_ != nullptr && !bytes.empty()) {
      if (end > content.size()) content.resize(end);
      disk_.misdirect(*file_, offset, path_, bytes);
      return {};
    }
    if (offset == content.size()) {
      content.insert(content.end(), bytes.begin(), bytes.end());
      return {};
    }
    if (end > content.size()) content.resize(end);
    std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(offset));
    return {};
  }

  VirtualDisk& disk_;
  NodePtr file_;
  std::string path_;
  std::uint64_t life_;
};

VirtualDisk::VirtualDisk(Options options)
    : options_(options), used_(std::make_shared<std::uint64_t>(0)), root_(make_node(true)) {
  if (options_.pool == nullptr) options_.pool = &own_pool_;
}

VirtualDisk::~VirtualDisk() = default;

VirtualDisk::NodePtr VirtualDisk::make_node(bool is_folder) const {
  return std::make_shared<Node>(is_folder, used_);
}

Result<VirtualDisk::NodePtr> VirtualDisk::find(std::string_view path) const {
  const auto names = names_in(path);
  if (!names) return names.error();
  NodePtr node = root_;
  for (const std::string_view name : *names) {
    const auto child = node->names.find(name);
    if (child == node->names.end()) return missing(path);
    node = child->second;
  }
  return node;
}

Result<VirtualDisk::Place> VirtualDisk::place_of(std::string_view path) const {
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  const bool at_root = slash == std::string_view::npos;
  const std::string_view name = at_root ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..")
    return fail(Errc::invalid, "'" + std::string(path) + "' names nothing");
  auto folder = find(at_root ? std::string_view() : path.substr(0, slash));
  if (!folder) return folder.error();
  if (!(*folder)->is_folder) return fail(Errc::invalid, std::string(path) + ": its folder is a file");
  return Place{*folder, std::string(name)};
}

Result<void> VirtualDisk::grow(Node& file, std::uint64_t size) {
  const std::uint64_t more = size - file.counted;
  if (more > options_.capacity - std::min(options_.capacity, *used_))
    return fail(Errc::full, "no room on the disk");
  file.count(size);
  return {};
}

Result<std::unique_ptr<Disk::Writer>> VirtualDisk::create(std::string_view path) {
  if (auto fault = faults_.before(Operation::create, path)) return *fault;
  auto place = place_of(path);
  if (!place) return place.error();
  NodePtr file = place->node();
  if (file && file->is_folder) return fail(Errc::invalid, std::string(path) + " is a folder");
  if (!file) {
    file = make_node(false);
    place->folder->names.emplace(place->name, file);
  }
  // Emptying a file may reach the disk at any time: it counts as done at once.
  file->working.reset();
  file->pages.clear();
  file->count(0);
  file->damaged = false;
  return std::unique_ptr<Writer>(std::make_unique<FileWriter>(*this, std::move(file), std::string(path)));
}

Result<Bytes> VirtualDisk::read(std::string_view path, std::uint64_t offset, std::size_t size) {
  if (auto fault = faults_.before(Operation::read, path)) return *fault;
  const auto node = find(path);
  if (!node) return node.error();
  if ((*node)->is_folder) return fail(Errc::invalid, std::string(path) + " is a folder");
  return (*node)->read(offset, size);
}

Result<std::uint64_t> VirtualDisk::size(std::string_view path) {
  if (auto fault = faults_.before(Operation::size, path)) return *fault;
  const auto node = find(path);
  if (!node) return node.error();
  if ((*node)->is_folder) return fail(Errc::invalid, std::string(path) + " is a folder");
  return (*node)->size();
}

Result<void> VirtualDisk::rename(std::string_view from, std::string_view to) {
  if (auto fault = faults_.before(Operation::rename, from)) return *fault;
  auto source = place_of(from);
  if (!source) return source.error();
  auto target = place_of(to);
  if (!target) return target.error();
  const NodePtr moved = source->node();
  if (!moved) return missing(from);
  const NodePtr replaced = target->node();
  if (replaced && replaced->is_folder) return fail(Errc::invalid, std::string(to) + " is a folder");
  source->folder->names.erase(source->name);
  target->folder->names.insert_or_assign(target->name, moved);
  return {};
}

Result<void> VirtualDisk::remove(std::string_view path) {
  if (auto fault = faults_.before(Operation::remove, path)) return *fault;
  auto place = place_of(path);
  if (!place) return place.error();
  const NodePtr node = place->node();
  if (!node) return missing(path);
  if (!node->names.empty()) return fail(Errc::invalid, std::string(path) + ": the folder is not empty");
  place->folder->names.erase(place->name);
  return {};
}

Result<void> VirtualDisk::make_folder(std::string_view path) {
  if (auto fault = faults_.before(Operation::make_folder, path)) return *fault;
  const auto names = names_in(path);
  if (!names) return names.error();
  NodePtr node = root_;
  for (const std::string_view name : *names) {
    NodePtr& child = node->names[std::string(name)];
    if (!child) child = make_node(true);
    if (!child->is_folder) return fail(Errc::invalid, std::string(path) + ": a file is in the way");
    node = child;
  }
  return {};
}

Result<void> VirtualDisk::sync_folder(std::string_view path) {
  if (auto fault = faults_.before(Operation::sync_folder, path)) return *fault;
  const auto node = find(path);
  if (!node) return node.error();
  if (!(*node)->is_folder) return fail(Errc::invalid, std::string(path) + " is a file");
  (*node)->synced_names = (*node)->names;
  return {};
}

Result<std::vector<Disk::Entry>> VirtualDisk::list(std::string_view folder) {
  if (auto fault = faults_.before(Operation::list, folder)) return *fault;
  const auto node = find(folder);
  if (!node) return node.error();
  if (!(*node)->is_folder) return fail(Errc::invalid, std::string(folder) + " is a file");
  std::vector<Entry> entries;
  for (const auto& [name, child] : (*node)->names) {
    entries.push_back({name, child->is_folder, child->size()});
  }
  return entries;
}

Result<Disk::Space> VirtualDisk::space() {
  if (auto fault = faults_.before(Operation::space, "")) return *fault;
  return Space{options_.capacity, options_.capacity - std::min(options_.capacity, *used_)};
}

}  // namespace peerstore::world
