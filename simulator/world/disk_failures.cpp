// What may go wrong with a VirtualDisk: power failures, rot, writes that go astray.
#include "world/disk_node.hpp"

#include <set>

namespace peerstore::world {

namespace {

constexpr std::uint64_t kSectorBytes = 512;  // written as a whole, or not at all

}  // namespace

void VirtualDisk::Node::strike(std::uint64_t offset, ByteView bytes) {
  if (working) std::ranges::copy(bytes, working->begin() + static_cast<std::ptrdiff_t>(offset));
  const std::uint64_t end = std::min(offset + bytes.size(), synced_size());
  for (std::uint64_t at = offset; at < end;) {
    ContentPool::Page& page = pages[at / ContentPool::kPageBytes];
    Bytes changed = *page;
    const std::uint64_t in_page = at % ContentPool::kPageBytes;
    const std::uint64_t count = std::min(changed.size() - in_page, end - at);
    const ByteView part = bytes.subspan(at - offset, count);
    std::ranges::copy(part, changed.begin() + static_cast<std::ptrdiff_t>(in_page));
    page = std::make_shared<const Bytes>(std::move(changed));
    at += count;
  }
}

// ---- power failures ----

void VirtualDisk::forget_unsynced(Node& node) {
  node.working.reset();
  node.count(node.synced_size());
  node.names = node.synced_names;
  for (const auto& [name, child] : node.names) forget_unsynced(*child);
}

void VirtualDisk::crash() {
  ++life_;
  forget_unsynced(*root_);
}

// Decides what of the unsynced reached the disk. One coin for each file whose name changed, so that a
// rename happens as a whole or not at all, as disk.hpp promises.
class VirtualDisk::PowerFailure {
 public:
  PowerFailure(Random& chance, ContentPool& pool) : chance_(chance), pool_(pool) {}

  void strike(Node& root) {
    note_named(root);
    settle(root);
  }

 private:
  void note_named(const Node& folder) {
    for (const auto& [name, child] : folder.names) {
      named_.insert(child.get());
      note_named(*child);
    }
  }

  bool has_reached_disk(const Node& changed) {
    const auto known = coins_.find(&changed);
    if (known != coins_.end()) return known->second;
    const bool reached = chance_.below(2) == 1;
    coins_.emplace(&changed, reached);
    return reached;
  }

  void settle(Node& node) {
    if (!node.is_folder) {
      settle_file(node);
      return;
    }
    Node::Names settled;
    for (const auto& [name, was] : node.synced_names) {
      const auto found = node.names.find(name);
      const NodePtr now = found == node.names.end() ? nullptr : found->second;
      if (now != was && now && has_reached_disk(*now)) {
        settled.emplace(name, now);
        continue;
      }
      // Removed or moved away; what was only replaced stays until its replacement is there.
      const bool left = now != was && (!now || named_.contains(was.get()));
      if (!left || !has_reached_disk(*was)) settled.emplace(name, was);
    }
    for (const auto& [name, now] : node.names) {
      if (!node.synced_names.contains(name) && has_reached_disk(*now)) settled.emplace(name, now);
    }
    node.names = settled;
    node.synced_names = std::move(settled);
    for (const auto& [name, child] : node.synced_names) settle(*child);
  }

  void settle_file(Node& file) {
    if (!file.working) return;
    const Bytes wanted = std::move(*file.working);
    file.working.reset();
    const std::uint64_t old_size = file.synced_size();
    switch (chance_.below(4)) {
      case 0: break;
      case 1: file.pages = pool_.share(wanted); break;
      default: file.pages = pool_.share(mixture(file.read(0, old_size), wanted));
    }
    file.count(file.synced_size());
  }

  Bytes mixture(Bytes content, const Bytes& wanted) {
    const std::uint64_t more = wanted.size() - content.size();
    const std::uint64_t sectors = (more + kSectorBytes - 1) / kSectorBytes;
    const std::uint64_t grown = std::min(more, chance_.below(sectors + 1) * kSectorBytes);
    content.resize(content.size() + grown);
    for (std::uint64_t at = 0; at < content.size(); at += ContentPool::kPageBytes) {
      const std::uint64_t count = std::min<std::uint64_t>(ContentPool::kPageBytes, content.size() - at);
      const ByteView page = ByteView(wanted).subspan(at, count);
      if (std::ranges::equal(page, ByteView(content).subspan(at, count))) continue;
      std::uint64_t reached = count;
      if (const std::uint64_t fate = chance_.below(3); fate == 0) {
        reached = 0;
      } else if (fate == 1) {
        const std::uint64_t torn = 1 + chance_.below(ContentPool::kPageBytes / kSectorBytes - 1);
        reached = std::min(count, torn * kSectorBytes);
      }
      std::ranges::copy(page.first(reached), content.begin() + static_cast<std::ptrdiff_t>(at));
    }
    return content;
  }

  Random& chance_;
  ContentPool& pool_;
  std::map<const Node*, bool> coins_;  // looked up only: never in the order of addresses
  std::set<const Node*> named_;
};

void VirtualDisk::crash(Random& chance) {
  ++life_;
  PowerFailure(chance, *options_.pool).strike(*root_);
}

bool VirtualDisk::survives_crash(std::string_view path) const {
  const auto names = names_in(path);
  if (!names) return false;
  NodePtr node = root_;
  for (const std::string_view name : *names) {
    const auto now = node->names.find(name);
    const auto synced = node->synced_names.find(name);
    const bool is_kept =
        now != node->names.end() && synced != node->synced_names.end() && now->second == synced->second;
    if (!is_kept) return false;
    node = now->second;
  }
  return !node->is_folder && !node->working;
}

void VirtualDisk::wipe() {
  ++life_;
  root_ = make_node(true);
}

// ---- damage ----

bool VirtualDisk::flip_bit(std::string_view path, std::uint64_t offset, unsigned bit) {
  const auto found = find(path);
  if (!found || (*found)->is_folder || offset >= (*found)->size()) return false;
  Node& file = **found;
  const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
  const std::uint8_t changed = file.read(offset, 1).front() ^ mask;
  file.strike(offset, {&changed, 1});
  file.damaged = true;
  return true;
}

std::vector<std::pair<std::string, VirtualDisk::NodePtr>> VirtualDisk::synced_files(
    std::string_view prefix) const {
  std::vector<std::pair<std::string, NodePtr>> files;
  collect_files(root_, "", files);
  std::erase_if(files, [prefix](const auto& file) {
    return !file.first.starts_with(prefix) || file.second->working || file.second->size() == 0;
  });
  return files;
}

std::optional<std::string> VirtualDisk::rot(Random& random, std::string_view prefix) {
  const auto files = synced_files(prefix);
  if (files.empty()) return std::nullopt;
  const auto& [path, file] = files[random.below(files.size())];
  const std::uint64_t offset = random.below(file->size());
  const auto bit = static_cast<unsigned>(random.below(8));
  CHECK(flip_bit(path, offset, bit));
  return path;
}

std::optional<std::string> VirtualDisk::vanish(Random& random, std::string_view prefix) {
  const auto files = synced_files(prefix);
  if (files.empty()) return std::nullopt;
  const std::string& path = files[random.below(files.size())].first;
  const std::size_t slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? root_ : *find(path.substr(0, slash));
  const std::string name = path.substr(slash + 1);
  folder->names.erase(name);
  folder->synced_names.erase(name);
  return path;
}

bool VirtualDisk::is_intact(std::string_view path) const {
  const auto found = find(path);
  return found && !(*found)->is_folder && !(*found)->damaged;
}

// A write of `bytes`, meant for `offset` of `intended` at `path`, lands somewhere else that was written
// before.
void VirtualDisk::misdirect(Node& intended, std::uint64_t offset, std::string_view path, ByteView bytes) {
  Random& random = *std::exchange(misdirection_, nullptr);
  intended.damaged = true;
  std::vector<std::pair<std::string, NodePtr>> others;
  const std::size_t slash = path.find('/');
  const std::string top(path.substr(0, slash == std::string_view::npos ? 0 : slash));
  if (const auto folder = find(top)) collect_files(*folder, top, others);
  std::erase_if(others, [&intended](const auto& file) {
    return file.second.get() == &intended || file.second->size() == 0;
  });
  Node* victim = &intended;
  if (!others.empty() && random.below(2) == 0) victim = others[random.below(others.size())].second.get();
  const std::uint64_t count = std::min<std::uint64_t>(bytes.size(), victim->size());
  const std::uint64_t at = random.below((victim->size() - count) / kSectorBytes + 1) * kSectorBytes;
  const Bytes before = victim->read(at, count);
  if (victim == &intended && at == offset) return;  // lost altogether
  victim->strike(at, bytes.first(count));
  if (!std::ranges::equal(before, bytes.first(count))) victim->damaged = true;
}

// All files below `folder`, in order of their paths' names.
void VirtualDisk::collect_files(const NodePtr& folder, const std::string& path,
                                std::vector<std::pair<std::string, NodePtr>>& files) {
  for (const auto& [name, child] : folder->names) {
    const std::string child_path = path.empty() ? name : path + "/" + name;
    if (child->is_folder) {
      collect_files(child, child_path, files);
    } else {
      files.emplace_back(child_path, child);
    }
  }
}

}  // namespace peerstore::world
