// VirtualDisk: files in memory, each thing both as programs see it now and as it would be found
// after the power failed.
//
// It keeps the promises of runtime/disk.hpp and not one more: crash() brings back the names that
// each folder had at its last sync_folder() and the contents that each file had at its last
// sync(). (Real file systems often keep more; nothing may rely on it.) crash(chance) keeps some of
// the rest: any mixture of old and new that a power failure may leave.
// What was synced is kept in pages of a ContentPool, so that a chunk that is held by many simulated
// machines takes memory once. For one thread, under InlineWorkers.
#pragma once

#include <peerstore/runtime/disk.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/world/faults.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace peerstore::world {

// Equal pages of files, once. Outlives the disks that use it.
class ContentPool {
 public:
  static constexpr std::size_t kPageBytes = 4096;
  using Page = std::shared_ptr<const Bytes>;

  // `bytes` in pages, each the same as an equal one that is in use.
  std::vector<Page> share(ByteView bytes);
  // Bytes in pages that are in use.
  std::uint64_t bytes_held() const;

 private:
  Page share_page(ByteView bytes);

  std::unordered_multimap<std::size_t, std::weak_ptr<const Bytes>> pages_;
  std::size_t clean_at_ = 1024;
};

class VirtualDisk final : public Disk {
 public:
  struct Options {
    std::uint64_t capacity = std::uint64_t{1} << 40;
    ContentPool* pool = nullptr;  // nothing: a pool of its own
  };
  explicit VirtualDisk(Options options);
  VirtualDisk() : VirtualDisk(Options{}) {}
  ~VirtualDisk() override;

  Result<std::unique_ptr<Writer>> create(std::string_view path) override;
  Result<Bytes> read(std::string_view path, std::uint64_t offset, std::size_t size) override;
  Result<std::uint64_t> size(std::string_view path) override;
  Result<void> rename(std::string_view from, std::string_view to) override;
  Result<void> remove(std::string_view path) override;
  Result<void> make_folder(std::string_view path) override;
  Result<void> sync_folder(std::string_view path) override;
  Result<std::vector<Entry>> list(std::string_view folder) override;
  Result<Space> space() override;

  // The power fails: what was not synced is gone, and writers that are open write no more.
  void crash();
  // As crash(), but what was not synced may have reached the disk all the same, by chance and in any
  // order: each page of a file, or its first sectors alone; each size between the old and the new; each
  // name that was made, renamed or removed.
  void crash(Random& chance);
  // Is the file there, and would all of it still be there after any crash?
  bool survives_crash(std::string_view path) const;
  // A new, empty disk.
  void wipe();
  // Turns over one bit of a file as it lies on the disk. False if there is no such byte.
  bool flip_bit(std::string_view path, std::uint64_t offset, unsigned bit);

  // Turns over a bit, by chance, of a synced file whose path begins with `prefix`. Returns its path;
  // nothing if there is no such file.
  std::optional<std::string> rot(Random& random, std::string_view prefix);
  // Some synced file whose path begins with `prefix` is gone, as if it had never been there.
  std::optional<std::string> vanish(Random& random, std::string_view prefix);
  // The next write reports success and lands in a wrong place: elsewhere in its file, or in another
  // one below the same top folder. Where it belongs there are the old bytes, or zeros.
  // `random` must outlive that write.
  void misdirect_next_write(Random& random) { misdirection_ = &random; }
  // It does not, if there was none yet.
  void direct_next_write() { misdirection_ = nullptr; }
  // Is it there, and has neither rot, nor a misdirected write, nor flip_bit() touched it since it was
  // created?
  bool is_intact(std::string_view path) const;

  // Writes that need more fail with Errc::full, even if less is used from before.
  void set_capacity(std::uint64_t bytes) { options_.capacity = bytes; }
  std::uint64_t bytes_used() const { return *used_; }
  Faults& faults() { return faults_; }

 private:
  struct Node;
  using NodePtr = std::shared_ptr<Node>;
  struct Place;  // a folder and a name in it
  class FileWriter;

  Result<NodePtr> find(std::string_view path) const;
  Result<Place> place_of(std::string_view path) const;
  NodePtr make_node(bool is_folder) const;
  Result<void> grow(Node& file, std::uint64_t size);
  void misdirect(Node& intended, std::uint64_t offset, std::string_view path, ByteView bytes);
  static void collect_files(const NodePtr& folder, const std::string& path,
                            std::vector<std::pair<std::string, NodePtr>>& files);
  std::vector<std::pair<std::string, NodePtr>> synced_files(std::string_view prefix) const;
  static void forget_unsynced(Node& node);
  class PowerFailure;

  Options options_;
  ContentPool own_pool_;
  std::shared_ptr<std::uint64_t> used_;  // shared with the files, which outlive their names
  NodePtr root_;
  std::uint64_t life_ = 0;
  Random* misdirection_ = nullptr;  // by chance of which the next write goes astray
  Faults faults_;
};

}  // namespace peerstore::world
