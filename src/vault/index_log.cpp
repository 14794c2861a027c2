// The part of Vault that reads and writes its machine's log of index packs.
#include <peerstore/runtime/combine.hpp>
#include <peerstore/vault/vault.hpp>

#include "index_part.hpp"
#include "open_pack.hpp"
#include "pack_journal.hpp"
#include "pack_reader.hpp"
#include "pack_writer.hpp"

#include <algorithm>
#include <iterator>

namespace peerstore::vault {

namespace {

// Small index packs that a log may have before they are written anew as few.
constexpr std::size_t kSmallPagesMax = 16;

Bytes encode_names(const std::set<Bytes>& names) {
  ByteWriter out;
  for (const Bytes& name : names) out.bytes(name);
  return out.take();
}

}  // namespace

// From the cache, if it has it: the head led to this pack, and nobody else can write such a row.
Task<Result<IndexPart>> Vault::read_part(PackRow pack) {
  LocalCache* const cache = environment_.cache;
  const Bytes name = name_of(pack);
  if (cache != nullptr) {
    const auto look = [&]() -> std::optional<IndexPart> {
      const auto known = cache->find(LocalCache::Kind::index_part, name);
      if (!known) return std::nullopt;
      auto part = decode_index_part(*known);
      return part ? std::optional<IndexPart>(std::move(*part)) : std::nullopt;
    };
    auto known = co_await environment_.workers.run(look);
    if (known) {
      cached_parts_.insert(name);
      co_return std::move(*known);
    }
  }
  const auto plain = co_await reader_->read(pack, 0, pack.rows * kRowPlainBytes);
  if (!plain) co_return plain.error_in("index " + pack.name());
  auto part = decode_index_part(*plain);
  if (!part) co_return part.error_in("index " + pack.name());
  if (cache == nullptr) co_return part;
  cached_parts_.insert(name);
  LocalCache::Row row{LocalCache::Kind::index_part, name, encode(*part)};
  std::vector<LocalCache::Row> rows;
  rows.push_back(std::move(row));
  co_await remember_parts(std::move(rows));
  co_return part;
}

// These rows, and the list of all that count, in one write.
Task<void> Vault::remember_parts(std::vector<LocalCache::Row> changes) {
  if (environment_.cache == nullptr) co_return;
  changes.push_back({LocalCache::Kind::index_parts, {}, encode_names(cached_parts_)});
  const auto write = [&] {
    environment_.cache->write(changes);
    return true;
  };
  co_await environment_.workers.run(write);
}

Task<void> Vault::tidy_cache() {
  if (environment_.cache == nullptr) co_return;
  const auto look = [&] { return environment_.cache->find(LocalCache::Kind::index_parts, {}); };
  const auto list = co_await environment_.workers.run(look);
  std::set<Bytes> listed;
  ByteReader in(list ? ByteView(*list) : ByteView());
  while (in.left() > 0) {
    const ByteView name = in.bytes(in.left());
    if (in.ok()) listed.emplace(name.begin(), name.end());
  }
  if (listed == cached_parts_) co_return;
  std::vector<LocalCache::Row> changes;
  for (const Bytes& name : listed) {
    if (!cached_parts_.contains(name)) changes.push_back({LocalCache::Kind::index_part, name, std::nullopt});
  }
  co_await remember_parts(std::move(changes));
}

std::vector<PackRow> Vault::log() const {
  std::vector<PackRow> packs;
  for (const Page& page : pages_) packs.push_back(page.pack);
  return packs;
}

Vault::Page Vault::take_in(PackRow pack, IndexPart part) {
  Page page;
  page.pack = std::move(pack);
  page.records = std::move(part.records);
  for (IndexEntry& entry : part.entries) {
    if (entry.dropped_ns == 0) {
      page.packs.push_back(index_.add(std::move(entry.pack), entry.blobs));
    } else {
      page.dropped.push_back(index_.add_dropped(std::move(entry.pack), entry.blobs, entry.dropped_ns));
    }
  }
  return page;
}

Task<Result<void>> Vault::check_index_pack(PackRow pack) {
  const auto plain = co_await reader_->read(pack, 0, pack.rows * kRowPlainBytes);
  if (!plain) co_return plain.error_in("index " + pack.name());
  const auto part = decode_index_part(*plain);
  if (!part) co_return part.error_in("index " + pack.name());
  co_return Result<void>();
}

Task<Result<std::vector<Bytes>>> Vault::load(PackRow newest, Whose whose, std::vector<PackRow>* log) {
  auto newest_part = co_await read_part(newest);
  if (!newest_part) co_return newest_part.error();
  std::vector<PackRow> rows = std::move(newest_part->directory);
  std::vector<Task<Result<IndexPart>>> reads;
  for (const PackRow& row : rows) reads.push_back(read_part(row));
  auto parts = co_await when_all(environment_.clock, std::move(reads));
  rows.push_back(std::move(newest));
  parts.push_back(std::move(newest_part));

  std::vector<Bytes> records;
  std::vector<Page> pages;
  for (const auto& part : parts) {
    if (!part) co_return part.error();
  }
  const std::uint32_t packs_before = index_.packs();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    pages.push_back(take_in(std::move(rows[i]), std::move(*parts[i])));
    records.insert(records.end(), pages.back().records.begin(), pages.back().records.end());
  }
  if (whose == Whose::others) {
    for (std::uint32_t pack = packs_before; pack < index_.packs(); ++pack) of_others_.insert(pack);
  }
  if (log != nullptr) {
    log->clear();
    for (const Page& page : pages) log->push_back(page.pack);
  }
  if (whose == Whose::own) pages_ = std::move(pages);
  co_return records;
}

// Index packs that are full stay as they are. Of the others there are a few, or all are merged. One
// that has too few copies is written anew with what comes after it: without it nothing can be read.
std::size_t Vault::pages_to_keep() const {
  std::size_t full = 0;
  while (full < pages_.size() && pages_[full].pack.rows == kPackRowsMax) ++full;
  const std::size_t kept = pages_.size() - full < kSmallPagesMax ? pages_.size() : full;
  std::size_t sound = 0;
  while (sound < kept && pages_[sound].pack.copies() >= environment_.space.reachable_copies()) ++sound;
  return sound;
}

Task<Result<std::optional<PackRow>>> Vault::write_index(std::vector<Bytes> records) {
  if (unlogged_.empty() && records.empty()) {
    if (pages_.empty()) co_return std::optional<PackRow>();
    co_return std::optional<PackRow>(pages_.back().pack);
  }
  co_return co_await write_pages(pages_to_keep(), std::move(records));
}

// The first pages stay; what the others said is merged with what is new. Later rows give the holders.
Task<Result<std::optional<PackRow>>> Vault::write_pages(std::size_t kept, std::vector<Bytes> records) {
  const std::int64_t now_ns = environment_.clock.wall_time().nanoseconds;
  std::vector<std::uint32_t> packs;
  std::vector<Bytes> all_records;
  for (std::size_t i = kept; i < pages_.size(); ++i) {
    const Page& page = pages_[i];
    packs.insert(packs.end(), page.packs.begin(), page.packs.end());
    packs.insert(packs.end(), page.dropped.begin(), page.dropped.end());
    all_records.insert(all_records.end(), page.records.begin(), page.records.end());
    // The index pack itself is not needed any more when it is merged.
    packs.push_back(index_.add_dropped(page.pack, {}, std::max<std::int64_t>(now_ns, 1)));
  }
  const std::vector<std::uint32_t> logged_now = unlogged_;
  packs.insert(packs.end(), logged_now.begin(), logged_now.end());
  std::move(records.begin(), records.end(), std::back_inserter(all_records));
  std::sort(packs.begin(), packs.end());
  packs.erase(std::unique(packs.begin(), packs.end()), packs.end());

  std::vector<IndexEntry> entries;
  for (auto& [number, blobs] : index_.blobs_of(packs)) {
    entries.push_back({index_.pack(number), std::move(blobs), index_.dropped_since(number)});
  }
  std::vector<PackRow> directory;
  std::size_t directory_bytes = 0;
  for (std::size_t i = 0; i < kept; ++i) {
    directory.push_back(pages_[i].pack);
    directory_bytes += encoded_size(pages_[i].pack);
  }
  std::vector<IndexPart> parts = distribute(std::move(entries), std::move(all_records), directory_bytes);
  std::vector<Page> pages;
  std::vector<LocalCache::Row> remembered;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i + 1 == parts.size()) parts[i].directory = directory;
    Bytes plain = encode(parts[i]);
    auto stored = co_await writer_->store(plain, {});
    if (!stored) co_return stored.error_in("the index");
    directory.push_back(*stored);
    remembered.push_back({LocalCache::Kind::index_part, name_of(*stored), std::move(plain)});
    pages.push_back(take_in(std::move(*stored), std::move(parts[i])));
  }
  for (const LocalCache::Row& row : remembered) {
    cached_parts_.insert(row.name);
    indexed_.insert(row.name);
  }
  for (const std::uint32_t pack : logged_now) indexed_.insert(name_of(index_.pack(pack)));
  for (std::size_t i = kept; i < pages_.size(); ++i) {
    remembered.push_back({LocalCache::Kind::index_part, name_of(pages_[i].pack), std::nullopt});
    cached_parts_.erase(remembered.back().name);
  }
  co_await remember_parts(std::move(remembered));
  pages_.resize(kept);
  for (const Page& page : pages_) figures_.note_copies(page.pack.copies(), figures_.shortfall);
  std::move(pages.begin(), pages.end(), std::back_inserter(pages_));
  // Packs may have been stored meanwhile: they are for the next index.
  unlogged_.erase(unlogged_.begin(), unlogged_.begin() + static_cast<std::ptrdiff_t>(logged_now.size()));
  co_return std::optional<PackRow>(pages_.back().pack);
}

}  // namespace peerstore::vault
