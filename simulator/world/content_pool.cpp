#include <peerstore/world/virtual_disk.hpp>

#include <algorithm>
#include <functional>

namespace peerstore::world {

std::vector<ContentPool::Page> ContentPool::share(ByteView bytes) {
  std::vector<Page> pages;
  pages.reserve((bytes.size() + kPageBytes - 1) / kPageBytes);
  for (std::size_t at = 0; at < bytes.size(); at += kPageBytes) {
    pages.push_back(share_page(bytes.subspan(at, std::min(kPageBytes, bytes.size() - at))));
  }
  return pages;
}

ContentPool::Page ContentPool::share_page(ByteView bytes) {
  const std::size_t key = std::hash<std::string_view>()(as_text(bytes));
  const auto [first, last] = pages_.equal_range(key);
  for (auto known = first; known != last; ++known) {
    Page page = known->second.lock();
    if (page && std::ranges::equal(*page, bytes)) return page;
  }
  if (pages_.size() >= clean_at_) {
    std::erase_if(pages_, [](const auto& entry) { return entry.second.expired(); });
    clean_at_ = std::max<std::size_t>(1024, pages_.size() * 2);
  }
  Page page = std::make_shared<const Bytes>(bytes.begin(), bytes.end());
  pages_.emplace(key, page);
  return page;
}

std::uint64_t ContentPool::bytes_held() const {
  std::uint64_t bytes = 0;
  for (const auto& [key, content] : pages_) {
    if (const Page page = content.lock()) bytes += page->size();
  }
  return bytes;
}

}  // namespace peerstore::world
