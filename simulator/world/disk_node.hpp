// A file or folder of a VirtualDisk, as programs see it now and as the last sync left it.
#pragma once

#include <peerstore/world/virtual_disk.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peerstore::world {

// The names on a path, from the root.
Result<std::vector<std::string_view>> names_in(std::string_view path);

struct VirtualDisk::Node {
  using Names = std::map<std::string, NodePtr, std::less<>>;

  Node(bool folder, std::shared_ptr<std::uint64_t> counter) : is_folder(folder), used(std::move(counter)) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() { *used -= counted; }

  std::uint64_t synced_size() const {
    return pages.empty() ? 0 : (pages.size() - 1) * ContentPool::kPageBytes + pages.back()->size();
  }
  std::uint64_t size() const { return working ? working->size() : synced_size(); }
  Bytes read(std::uint64_t offset, std::uint64_t wanted) const {
    Bytes out;
    const std::uint64_t end = offset + std::min(wanted, size() - std::min(offset, size()));
    if (offset >= end) return out;
    out.reserve(end - offset);
    if (working) {
      out.insert(out.end(), working->data() + offset, working->data() + end);
      return out;
    }
    while (offset < end) {
      const Bytes& page = *pages[offset / ContentPool::kPageBytes];
      const std::size_t from = offset % ContentPool::kPageBytes;
      const std::size_t count = std::min<std::uint64_t>(page.size() - from, end - offset);
      out.insert(out.end(), page.data() + from, page.data() + from + count);
      offset += count;
    }
    return out;
  }
  // Writes onto the disk itself, as well as into what programs see: what is synced changes at once.
  // Requires offset + bytes.size() <= size().
  void strike(std::uint64_t offset, ByteView bytes);
  void count(std::uint64_t size) {
    *used += size - counted;
    counted = size;
  }

  bool is_folder;
  bool damaged = false;                  // of a file: by rot or a misdirected write
  Names names;                           // of a folder, as programs see it
  Names synced_names;                    // and as the last sync_folder() left it
  std::optional<Bytes> working;          // of a file that was written to since its last sync
  std::vector<ContentPool::Page> pages;  // as the last sync left it
  std::uint64_t counted = 0;
  std::shared_ptr<std::uint64_t> used;
};

}  // namespace peerstore::world
