#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/combine.hpp>
#include <peerstore/vault/vault.hpp>

#include "compression.hpp"
#include "open_pack.hpp"
#include "pack_journal.hpp"
#include "pack_reader.hpp"
#include "pack_writer.hpp"

#include <algorithm>

namespace peerstore::vault {

namespace {

// Pure. The content of a blob that lies in a pack as `stored`, if it is that blob.
Result<SharedBytes> open_blob(const VaultKeys& keys, BlobKind kind, const BlobId& id, const BlobPlace& place,
                              Bytes stored) {
  auto content =
      place.encoding == Encoding::zstd ? decompress(stored, place.length) : Result<Bytes>(std::move(stored));
  if (!content) return content.error();
  if (!is_blob(keys, id, kind, *content)) {
    return fail(Errc::corrupt, "does not hold the blob that the index says it holds");
  }
  return SharedBytes(std::move(*content));
}

}  // namespace

Vault::Vault(Environment environment, const crypto::SecretKey& drive_secret, Options options)
    : environment_(environment),
      keys_(drive_secret, options.older_secrets),
      reader_(std::make_unique<PackReader>(environment_, options.rows_kept)),
      journal_(std::make_unique<PackJournal>(environment_)),
      writer_(std::make_unique<PackWriter>(environment_, figures_, *journal_)),
      in_flight_(environment_.clock, options.packs_in_flight),
      scope_(environment_.clock) {
  for (OpenPackPtr& open : open_) open = std::make_unique<OpenPack>(next_pack_number_++);
}

Vault::~Vault() = default;

void Vault::begin_run(std::function<void()> changed, bool only_count) {
  if (only_count_) pending_.clear();
  only_count_ = only_count;
  figures_ = RunFigures{};
  changed_ = std::move(changed);
  failure_.reset();
  counted_on_.clear();
}

// Blobs that one put() has announced and not appended yet: if it ends early they are unknown again.
class Vault::Claims {
 public:
  explicit Claims(Vault& vault) : vault_(vault) {}
  Claims(const Claims&) = delete;
  Claims& operator=(const Claims&) = delete;
  ~Claims() {
    for (std::size_t i = settled_; i < blobs_.size(); ++i) vault_.pending_.erase(blobs_[i].id);
  }
  void add(const NewBlob& blob) {
    vault_.pending_.emplace(blob.id, Pending{blob.counted, static_cast<std::uint32_t>(blob.content.size())});
    blobs_.push_back(blob);
  }
  const std::vector<NewBlob>& blobs() const { return blobs_; }
  // The next one is in an open pack.
  void settle_next() { ++settled_; }

 private:
  Vault& vault_;
  std::vector<NewBlob> blobs_;
  std::size_t settled_ = 0;
};

// Whether the blob need not be kept again. What is counted for it is then taken over.
bool Vault::count_known(const NewBlob& blob) {
  if (const BlobPlace* known = index_.find(blob.id)) {
    const auto [counted, is_first] = counted_on_.try_emplace(known->pack, 0u);
    if (is_first) counted->second = copies_now(index_.pack(known->pack));
    if (counted->second >= environment_.space.wanted_copies()) {
      figures_.bytes_safe += blob.counted;
    }
    return true;
  }
  const auto pending = pending_.find(blob.id);
  if (pending == pending_.end()) return false;
  pending->second.counted += blob.counted;
  return true;
}

bool Vault::count_if_known(std::span<const BlobId> ids) {
  std::vector<NewBlob> blobs;
  for (const BlobId& id : ids) {
    const BlobPlace* const stored = index_.find(id);
    const auto pending = pending_.find(id);
    if (stored == nullptr && pending == pending_.end()) return false;
    blobs.push_back({BlobKind::data, id, {}, stored != nullptr ? stored->length : pending->second.length});
  }
  for (const NewBlob& blob : blobs) count_known(blob);
  return true;
}

Task<Result<void>> Vault::put(std::vector<NewBlob> blobs) {
  if (failure_) co_return *failure_;
  Claims claims(*this);
  for (const NewBlob& blob : blobs) {
    CHECK(!blob.content.empty() && blob.content.size() <= kBlobBytesMax);
    if (!count_known(blob)) claims.add(blob);
  }
  const std::vector<NewBlob>& kept = claims.blobs();
  std::vector<std::optional<Bytes>> compressed;
  const auto compress_all = [&] {
    for (const NewBlob& blob : kept) compressed.push_back(compress(blob.content));
    return true;
  };
  if (!kept.empty()) co_await environment_.workers.run(compress_all);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto appended = co_await append(kept[i], compressed[i]);
    if (!appended) co_return appended.error();
    claims.settle_next();
    compressed[i].reset();
  }
  co_return Result<void>();
}

Task<Result<void>> Vault::put(BlobKind kind, BlobId id, ByteView content, std::uint64_t counted) {
  return put(std::vector<NewBlob>{{kind, id, content, counted}});
}

std::span<Vault::OpenPackPtr> Vault::open_packs(BlobKind kind) {
  const std::span<OpenPackPtr> all(open_);
  return kind == BlobKind::data ? all.first(kOpenDataPacks) : all.subspan(kOpenDataPacks);
}

// Into the open pack with the least room that it fits into; if there is none, the fullest makes way.
Task<Result<void>> Vault::append(NewBlob blob, const std::optional<Bytes>& compressed) {
  const ByteView stored = compressed ? ByteView(*compressed) : blob.content;
  BlobRow row;
  row.id = blob.id;
  row.kind = blob.kind;
  row.length = static_cast<std::uint32_t>(blob.content.size());
  row.encoding = compressed ? Encoding::zstd : Encoding::as_it_is;
  while (true) {
    if (failure_) co_return *failure_;
    OpenPackPtr* best = nullptr;
    OpenPackPtr* fullest = nullptr;
    for (OpenPackPtr& open : open_packs(blob.kind)) {
      const std::size_t used = open->plain.size();
      if (fullest == nullptr || used > (*fullest)->plain.size()) fullest = &open;
      if (!open->fits(stored.size())) continue;
      if (best == nullptr || used > (*best)->plain.size()) best = &open;
    }
    if (best != nullptr) {
      if (!only_count_) (*best)->append(row, stored);
      if (blob.kind == BlobKind::data) figures_.bytes_new += blob.content.size();
      figures_.bytes_stored += stored.size();
      co_return Result<void>();
    }
    co_await send(*fullest);
  }
}

// Hands the pack over to be stored, unless somebody else did while this waited for its turn.
Task<void> Vault::send(OpenPackPtr& open) {
  const std::uint64_t number = open->number;
  if (open->blobs.empty()) co_return;
  Semaphore::Permit permit = co_await in_flight_.acquire();
  if (open->number != number) co_return;
  OpenPackPtr pack = std::exchange(open, std::make_unique<OpenPack>(next_pack_number_++));
  scope_.spawn(deliver(std::move(pack), std::move(permit)));
}

Task<void> Vault::deliver(OpenPackPtr pack, Semaphore::Permit permit) {
  const Semaphore::Permit held = std::move(permit);
  auto stored = co_await writer_->store(std::move(pack->plain), pack->blobs);
  std::uint64_t counted = 0;
  for (const BlobRow& blob : pack->blobs) {
    const auto pending = pending_.find(blob.id);
    counted += pending->second.counted;
    pending_.erase(pending);
  }
  if (!stored) {
    if (!failure_) failure_ = stored.error();
  } else {
    if (stored->copies() >= environment_.space.wanted_copies()) figures_.bytes_safe += counted;
    unlogged_.push_back(index_.add(std::move(*stored), pack->blobs));
  }
  changed_();
}

// What is left at the end of a run travels in as few packs as it fits into.
void Vault::merge_open_packs() {
  for (std::size_t i = 0; i < open_.size(); ++i) {
    for (std::size_t j = i + 1; j < open_.size(); ++j) {
      if (open_[i]->plain.size() + open_[j]->plain.size() <= kPackPlainBytesMax) open_[i]->absorb(*open_[j]);
    }
  }
}

Task<Result<void>> Vault::flush() {
  merge_open_packs();
  for (OpenPackPtr& open : open_) co_await send(open);
  co_await scope_.join();
  if (failure_) co_return *failure_;
  co_return Result<void>();
}

// As it lies in its pack.
Task<Result<Bytes>> Vault::get_stored(BlobId id) {
  const BlobPlace* const known = index_.find_anywhere(id);
  if (known == nullptr) {
    co_return fail(Errc::not_found, "blob " + to_hex(id.view().first(4)) + " is not in the index");
  }
  const BlobPlace place = *known;
  co_return co_await reader_->read(index_.pack(place.pack), place.offset, place.stored);
}

Task<Result<SharedBytes>> Vault::get(BlobKind kind, BlobId id) {
  std::vector<BlobId> one;
  one.push_back(id);
  auto got = co_await get_each(kind, std::move(one));
  co_return std::move(got.front());
}

Task<std::vector<Result<SharedBytes>>> Vault::get_each(BlobKind kind, std::vector<BlobId> ids) {
  std::vector<Task<Result<Bytes>>> gets;
  for (const BlobId& id : ids) gets.push_back(get_stored(id));
  std::vector<Result<Bytes>> stored = co_await when_all(environment_.clock, std::move(gets));
  std::vector<BlobPlace> places;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const BlobPlace* const known = index_.find_anywhere(ids[i]);
    places.push_back(known == nullptr ? BlobPlace{} : *known);
  }
  const auto open = [&] {
    std::vector<Result<SharedBytes>> opened;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!stored[i]) {
        opened.push_back(stored[i].error());
      } else {
        opened.push_back(open_blob(keys_, kind, ids[i], places[i], std::move(*stored[i])));
      }
    }
    return opened;
  };
  auto opened = co_await environment_.workers.run(open);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (stored[i] && !opened[i]) opened[i] = opened[i].error_in(index_.pack(places[i].pack).name());
  }
  co_return opened;
}

}  // namespace peerstore::vault
