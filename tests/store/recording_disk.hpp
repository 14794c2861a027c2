// RecordingDisk: a disk in memory that knows what a power cut would leave.
//
// Each file has its content now and the content that was synced; each name is there now, and was
// there when its folder was last synced. after_crash() gives the disk that a machine may find:
// what was not synced is kept, dropped, or torn at 512 bytes, names and contents independently
// of each other, as file systems do.
#pragma once

#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/disk.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <store/fault_plan.hpp>

namespace peerstore::store {

enum class Unsynced : std::uint8_t { dropped, kept, torn };

class RecordingDisk final : public Disk {
  using Content = std::shared_ptr<Bytes>;  // changed only while nobody else refers to it
  struct Node {
    bool is_folder = false;
    Content now = std::make_shared<Bytes>();
    Content synced = std::make_shared<Bytes>();
    std::optional<std::uint64_t> unreadable_byte;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>, std::less<>>;

 public:
  explicit RecordingDisk(FaultPlan& plan) : plan_(plan) {}

  // What is found after a crash, as a disk of its own.
  std::unique_ptr<RecordingDisk> after_crash(FaultPlan& plan, Unsynced names, Unsynced contents) const {
    auto disk = std::make_unique<RecordingDisk>(plan);
    std::map<const Node*, std::shared_ptr<Node>> copies;
    for (const auto& [path, node] : names == Unsynced::dropped ? synced_ : now_) {
      const std::string folder = folder_of(path);
      if (!folder.empty() && !disk->now_.contains(folder)) continue;  // its folder was lost
      auto& copy = copies[node.get()];
      if (!copy) {
        copy = std::make_shared<Node>(*node);
        copy->now = contents == Unsynced::kept ? node->now : node->synced;
        if (contents == Unsynced::torn) copy->now = torn(*node);
        copy->synced = copy->now;
      }
      disk->now_[path] = copy;
    }
    disk->synced_ = disk->now_;
    return disk;
  }

  // For tests that damage files behind the store's back.
  Bytes& content(std::string_view path) { return writable(*file(path)); }
  void make_unreadable(std::string_view path, std::uint64_t byte) { file(path)->unreadable_byte = byte; }
  // What was damaged behind the store's back has been so for long.
  void make_durable(std::string_view path) { file(path)->synced = file(path)->now; }
  void make_readable(std::string_view path) { file(path)->unreadable_byte.reset(); }
  bool exists(std::string_view path) const { return now_.contains(path); }
  void plant(const std::string& path, Bytes bytes) {
    now_[path] = std::make_shared<Node>();
    writable(*now_[path]) = std::move(bytes);
  }
  std::vector<std::string> files_below(const std::string& folder) const {
    std::vector<std::string> paths;
    for (const auto& [path, node] : now_) {
      if (!node->is_folder && path.starts_with(folder + '/')) paths.push_back(path);
    }
    return paths;
  }
  std::uint64_t bytes_below(const std::string& folder) const {
    std::uint64_t sum = 0;
    for (const std::string& path : files_below(folder)) sum += now_.find(path)->second->now->size();
    return sum;
  }

  Result<std::unique_ptr<Writer>> create(std::string_view path) override {
    if (auto ok = plan_.before_change("create " + std::string(path), true); !ok) return ok.error();
    if (!has_folder(path)) return missing(path);
    auto& node = now_[std::string(path)];
    if (!node) node = std::make_shared<Node>();
    writable(*node).clear();
    return std::unique_ptr<Writer>(std::make_unique<FileWriter>(plan_, std::string(path), node));
  }
  Result<Bytes> read(std::string_view path, std::uint64_t offset, std::size_t size) override {
    if (auto ok = plan_.before_read(); !ok) return ok.error();
    const auto node = file(path);
    if (!node) return missing(path);
    if (plan_.files_give_nothing) return fail(Errc::io, "the disk gives nothing");
    if (const auto bad = node->unreadable_byte; bad && *bad >= offset && *bad - offset < size) {
      return fail(Errc::io, "a bad sector");
    }
    const Bytes& all = *node->now;
    const std::size_t from = std::min<std::size_t>(offset, all.size());
    const std::size_t to = from + std::min(size, all.size() - from);
    return Bytes(all.begin() + static_cast<std::ptrdiff_t>(from),
                 all.begin() + static_cast<std::ptrdiff_t>(to));
  }
  Result<std::uint64_t> size(std::string_view path) override {
    if (auto ok = plan_.before_read(); !ok) return ok.error();
    const auto node = file(path);
    if (!node) return missing(path);
    return node->now->size();
  }
  Result<void> rename(std::string_view from, std::string_view to) override {
    const std::string call = "rename " + std::string(from) + ' ' + std::string(to);
    if (auto ok = plan_.before_change(call, true); !ok) return ok;
    const auto node = file(from);
    if (!node || !has_folder(to)) return missing(from);
    now_[std::string(to)] = node;
    now_.erase(now_.find(from));
    return {};
  }
  Result<void> remove(std::string_view path) override {
    if (auto ok = plan_.before_change("remove " + std::string(path), false); !ok) return ok;
    if (!file(path)) return missing(path);
    now_.erase(now_.find(path));
    return {};
  }
  Result<void> make_folder(std::string_view path) override {
    if (auto ok = plan_.before_change("make_folder " + std::string(path), true); !ok) return ok;
    for (std::string folder(path); !folder.empty(); folder = folder_of(folder)) {
      auto& node = now_[folder];
      if (!node) node = std::make_shared<Node>();
      node->is_folder = true;
    }
    return {};
  }
  Result<void> sync_folder(std::string_view path) override {
    if (auto ok = plan_.before_change("sync_folder " + std::string(path), true); !ok) return ok;
    if (!path.empty() && !now_.contains(path)) return missing(path);
    const auto is_inside = [path](const auto& entry) { return folder_of(entry.first) == path; };
    std::erase_if(synced_, is_inside);
    std::ranges::copy_if(now_, std::inserter(synced_, synced_.end()), is_inside);
    return {};
  }
  Result<std::vector<Entry>> list(std::string_view folder) override {
    if (auto ok = plan_.before_read(); !ok) return ok.error();
    if (!now_.contains(folder)) return missing(folder);
    std::vector<Entry> entries;
    const std::string prefix = std::string(folder) + '/';
    for (auto at = now_.lower_bound(prefix); at != now_.end() && at->first.starts_with(prefix); ++at) {
      const std::string name = at->first.substr(prefix.size());
      if (name.find('/') != std::string::npos) continue;
      entries.push_back({name, at->second->is_folder, at->second->now->size()});
    }
    return entries;
  }
  Result<Space> space() override { return space_; }
  void set_space(Space space) { space_ = space; }

 private:
  class FileWriter final : public Writer {
   public:
    FileWriter(FaultPlan& plan, std::string path, std::shared_ptr<Node> node)
        : plan_(plan), path_(std::move(path)), node_(std::move(node)) {}
    Result<void> append(ByteView bytes) override { return write_at(node_->now->size(), bytes); }
    Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
      if (auto ok = plan_.before_change("write " + path_, true); !ok) return ok;
      const bool is_short = plan_.is_short_write();
      if (is_short) bytes = bytes.first(bytes.size() / 2);
      Bytes& content = writable(*node_);
      if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
      std::ranges::copy(bytes, content.begin() + static_cast<std::ptrdiff_t>(offset));
      if (is_short) return fail(Errc::io, "a short write");
      return {};
    }
    Result<void> sync() override {
      if (auto ok = plan_.before_change("sync " + path_, true); !ok) return ok;
      node_->synced = node_->now;
      return {};
    }

   private:
    FaultPlan& plan_;
    std::string path_;
    std::shared_ptr<Node> node_;
  };

  static std::string folder_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
  }
  static Error missing(std::string_view path) { return fail(Errc::not_found, std::string(path)); }
  static Bytes& writable(Node& node) {
    if (node.now.use_count() > 1) node.now = std::make_shared<Bytes>(*node.now);
    return *node.now;
  }
  // Every other sector of what was not synced reached the disk, and the file ends within one.
  static Content torn(const Node& node) {
    if (node.now == node.synced) return node.now;
    constexpr std::size_t kSector = 512;
    auto content = std::make_shared<Bytes>(*node.synced);
    const std::size_t size = node.now->size() - std::min<std::size_t>(node.now->size(), kSector / 2);
    content->resize(size);
    for (std::size_t at = 0; at < size; at += 2 * kSector) {
      const std::size_t end = std::min(at + kSector, size);
      std::copy(node.now->begin() + static_cast<std::ptrdiff_t>(at),
                node.now->begin() + static_cast<std::ptrdiff_t>(end),
                content->begin() + static_cast<std::ptrdiff_t>(at));
    }
    return content;
  }

  bool has_folder(std::string_view path) const {
    const std::string folder = folder_of(path);
    return folder.empty() || now_.contains(folder);
  }
  std::shared_ptr<Node> file(std::string_view path) const {
    const auto found = now_.find(path);
    return found == now_.end() || found->second->is_folder ? nullptr : found->second;
  }

  FaultPlan& plan_;
  Space space_{1ULL << 40, 1ULL << 40};
  Names now_;
  Names synced_;
};

}  // namespace peerstore::store
