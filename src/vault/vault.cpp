#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/combine.hpp>
#include <peerstore/vault/vault.hpp>

#include "open_pack.hpp"
#include "pack_reader.hpp"
#include "pack_writer.hpp"

#include <algorithm>

namespace peerstore::vault {

Vault::Vault(Environment environment, const crypto::SecretKey& drive_secret, Options options)
    : environment_(environment),
      keys_(drive_secret),
      reader_(std::make_unique<PackReader>(environment_, options.rows_kept)),
      writer_(std::make_unique<PackWriter>(environment_, figures_)),
      open_data_(std::make_unique<OpenPack>()),
      open_tree_(std::make_unique<OpenPack>()),
      in_flight_(environment_.clock, options.packs_in_flight),
      scope_(environment_.clock) {}

Vault::~Vault() = default;

void Vault::begin_run(std::function<void()> changed) {
  figures_ = RunFigures{};
  changed_ = std::move(changed);
  failure_.reset();
}

Task<Result<void>> Vault::put(BlobKind kind, BlobId id, ByteView content, std::uint64_t counted) {
  CHECK(!content.empty() && content.size() <= kBlobBytesMax);
  while (true) {
    if (failure_) co_return *failure_;
    if (const BlobPlace* known = index_.find(id)) {
      if (index_.pack(known->pack).copies() >= environment_.space.wanted_copies()) {
        figures_.bytes_safe += counted;
      }
      co_return Result<void>();
    }
    if (const auto pending = pending_.find(id); pending != pending_.end()) {
      pending->second->counted += counted;
      co_return Result<void>();
    }
    OpenPackPtr& open = open_pack(kind);
    if (open->fits(content.size())) {
      open->append(kind, id, content);
      open->counted += counted;
      pending_.emplace(id, open.get());
      if (kind == BlobKind::data) figures_.bytes_new += content.size();
      co_return Result<void>();
    }
    co_await send(open);
  }
}

// Hands the pack over to be stored, unless somebody else did while this waited for its turn.
Task<void> Vault::send(OpenPackPtr& open) {
  const OpenPack* const full = open.get();
  if (full->blobs.empty()) co_return;
  Semaphore::Permit permit = co_await in_flight_.acquire();
  if (open.get() != full) co_return;
  OpenPackPtr pack = std::exchange(open, std::make_unique<OpenPack>());
  scope_.spawn(deliver(std::move(pack), std::move(permit)));
}

Task<void> Vault::deliver(OpenPackPtr pack, Semaphore::Permit permit) {
  const Semaphore::Permit held = std::move(permit);
  auto stored = co_await writer_->store(std::move(pack->plain));
  for (const BlobRow& blob : pack->blobs) pending_.erase(blob.id);
  if (!stored) {
    if (!failure_) failure_ = stored.error();
  } else {
    if (stored->copies() >= environment_.space.wanted_copies()) figures_.bytes_safe += pack->counted;
    unlogged_.push_back(index_.add(std::move(*stored), pack->blobs));
  }
  changed_();
}

Task<Result<void>> Vault::flush() {
  // Two halves of a pack travel as one.
  if (open_data_->plain.size() + open_tree_->plain.size() <= kPackPlainBytesMax) {
    for (const BlobRow& blob : open_tree_->blobs) pending_[blob.id] = open_data_.get();
    open_data_->absorb(*open_tree_);
  }
  co_await send(open_data_);
  co_await send(open_tree_);
  co_await scope_.join();
  if (failure_) co_return *failure_;
  co_return Result<void>();
}

Task<Result<SharedBytes>> Vault::get(BlobKind kind, BlobId id) {
  const BlobPlace* const known = index_.find(id);
  if (known == nullptr) {
    co_return fail(Errc::not_found, "blob " + to_hex(id.view().first(4)) + " is not in the index");
  }
  const BlobPlace place = *known;
  const PackRow& pack = index_.pack(place.pack);
  auto content = co_await reader_->read(pack, place.offset, place.length);
  if (!content) co_return content.error();
  const auto identify = [&] { return blob_id(keys_, kind, *content); };
  const BlobId found = co_await environment_.workers.run(identify);
  if (found != id) {
    co_return fail(Errc::corrupt, pack.name() + ": does not hold the blob that the index says it holds");
  }
  co_return SharedBytes(std::move(*content));
}

}  // namespace peerstore::vault
