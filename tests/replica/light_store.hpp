// A ChunkStore for tests with thousands of chunks: it keeps in memory what is said of each, and all their
// segments are the same zeros. Its disk never fails; parts are lost when a test says so.
#pragma once

#include "replica/test_ring.hpp"

#include <set>

namespace peerstore::replica::test {

class LightStore final : public store::ChunkStore {
 public:
  // ---- for tests ----
  void put(store::HeldChunk chunk) {
    const wire::ChunkAddress address = wire::address_of(chunk.description);
    held_.insert_or_assign(address, std::move(chunk));
  }
  // Nobody is told, not even this machine's repair.
  void lose(const wire::ChunkAddress& address) { CHECK(held_.erase(address) == 1); }
  void damage(const wire::ChunkAddress& address) {
    const auto chunk = held_.extract(address);
    CHECK(!chunk.empty());
    damaged_.insert(address);
    tell(chunk.mapped(), Change::lost);
  }
  void drop(const wire::ChunkAddress& address) {
    const auto chunk = held_.extract(address);
    CHECK(!chunk.empty());
    tell(chunk.mapped(), Change::removed);
  }
  const std::map<wire::ChunkAddress, store::HeldChunk>& held() const { return held_; }
  std::function<void(unsigned first_byte)> before_folder;
  unsigned folders_read = 0;
  bool is_broken = false;  // its facts cannot be read

  // ---- ChunkStore ----
  Result<std::uint64_t> reserve(std::uint64_t /*bytes*/) override { return 1; }
  Task<Result<std::vector<std::uint32_t>>> begin(store::HeldChunk chunk, Terms /*terms*/) override {
    const wire::ChunkAddress address = wire::address_of(chunk.description);
    if (held_.contains(address)) co_return std::vector<std::uint32_t>{};
    std::vector<std::uint32_t> missing;
    for (std::uint32_t i = 0; i < chunk.description.header.segments; ++i) missing.push_back(i);
    incoming_.insert_or_assign(address, std::move(chunk));
    co_return missing;
  }
  Task<Result<void>> put_segment(wire::ChunkAddress /*address*/, std::uint32_t /*index*/,
                                 SharedBytes /*data*/) override {
    co_return Result<void>();
  }
  std::optional<wire::ChunkHeader> receiving(const wire::ChunkAddress& /*address*/) const override {
    return std::nullopt;
  }
  Task<Result<std::vector<std::uint32_t>>> salvage(wire::ChunkAddress address) override {
    co_return std::vector<std::uint32_t>(incoming_.contains(address) ? 1 : 0);
  }
  Task<Result<void>> commit(wire::ChunkAddress address) override {
    auto chunk = incoming_.extract(address);
    if (chunk.empty()) co_return fail(Errc::not_found, "not begun");
    damaged_.erase(address);
    const auto kept = held_.insert(std::move(chunk)).position;
    tell(kept->second, Change::kept);
    co_return Result<void>();
  }
  Task<Result<void>> discard(wire::Deletion deletion) override { return remove(deletion.address); }
  std::optional<wire::Deletion> deletion_of(const wire::ChunkAddress& /*address*/) override {
    return std::nullopt;
  }
  std::optional<store::ChunkFacts> find_trashed(const wire::ChunkAddress& /*address*/) override {
    return std::nullopt;
  }
  Task<Result<void>> sweep_trash() override { co_return Result<void>(); }
  Task<Result<SharedBytes>> read_segment(wire::ChunkAddress address, std::uint32_t /*index*/) override {
    if (!held_.contains(address)) co_return fail(Errc::not_found, "not held");
    co_return zeros();
  }
  Task<Result<store::HeldChunk>> describe(wire::ChunkAddress address) override {
    const auto chunk = held_.find(address);
    if (chunk == held_.end()) co_return fail(Errc::not_found, "not held");
    co_return chunk->second;
  }
  std::optional<store::ChunkFacts> find(const wire::ChunkAddress& address) override {
    const auto chunk = held_.find(address);
    if (chunk == held_.end()) return std::nullopt;
    return facts_of(*chunk);
  }
  Result<void> for_each(const std::function<bool(const store::ChunkFacts&)>& visit) override {
    for (const auto& chunk : held_) {
      if (!visit(facts_of(chunk))) break;
    }
    return {};
  }
  Result<std::vector<store::ChunkFacts>> in_folder(unsigned first_byte) override {
    ++folders_read;
    if (before_folder) before_folder(first_byte);
    if (is_broken) return fail(Errc::io, "the database cannot be read");
    wire::ChunkAddress from;
    from.bytes[0] = static_cast<std::uint8_t>(first_byte);
    std::vector<store::ChunkFacts> found;
    for (auto at = held_.lower_bound(from); at != held_.end() && at->first.bytes[0] == first_byte; ++at) {
      found.push_back(facts_of(*at));
    }
    return found;
  }
  std::optional<store::ChunkFacts> find_damaged(const wire::ChunkAddress& /*address*/) override {
    return std::nullopt;  // none of which anything could be saved
  }
  std::vector<store::ChunkFacts> damaged() const override { return {}; }
  Task<Result<void>> recheck(wire::ChunkAddress /*address*/) override {
    co_return fail(Errc::corrupt, "damaged");
  }
  Task<Result<void>> check_names(unsigned /*first_byte*/) override { co_return Result<void>(); }
  void on_change(OnChange callback) override { on_change_ = std::move(callback); }
  Task<Result<void>> remove(wire::ChunkAddress address) override {
    if (!held_.contains(address)) co_return fail(Errc::not_found, "not held");
    drop(address);
    co_return Result<void>();
  }
  void set_capacity(std::uint64_t /*bytes*/) override {}
  Task<Result<void>> measure_disk() override { co_return Result<void>(); }
  Usage usage() const override { return {}; }
  std::uint64_t bytes_of(wire::PersonNumber /*owner*/) const override { return 0; }

  static const SharedBytes& zeros() {
    static const SharedBytes segment{Bytes(wire::kSegmentBytes)};
    return segment;
  }

 private:
  static store::ChunkFacts facts_of(const std::pair<const wire::ChunkAddress, store::HeldChunk>& chunk) {
    return {chunk.first, chunk.second.lease.number, chunk.second.description.header};
  }
  void tell(const store::HeldChunk& chunk, Change change) {
    const store::ChunkFacts facts{wire::address_of(chunk.description), chunk.lease.number,
                                  chunk.description.header};
    if (on_change_) on_change_(facts, change);
  }

  std::map<wire::ChunkAddress, store::HeldChunk> held_;
  std::map<wire::ChunkAddress, store::HeldChunk> incoming_;
  std::set<wire::ChunkAddress> damaged_;
  OnChange on_change_;
};

// A ring in which each preferred holder has its copy of each of so many chunks of person 0's.
class LightRing : public TestRing {
 public:
  LightRing(std::size_t persons, std::size_t chunks, std::uint8_t copies = 3, std::uint64_t seed = 1)
      : TestRing(persons, copies, seed) {
    for (const auto& holder : holders) holder->use(std::make_unique<LightStore>());
    SeededEntropy entropy_of_chunks(seed + 77);
    const crypto::Hash leaf = crypto::merkle_leaf(LightStore::zeros().view());
    for (std::size_t i = 0; i < chunks; ++i) {
      wire::ChunkDescription description;
      description.header.chunk_class = static_cast<std::uint8_t>(i % wire::kClasses);
      description.header.segments = 1;
      description.header.placement_key = entropy_of_chunks.make<ring::Id>();
      description.header.key_commitment = entropy_of_chunks.make<crypto::Hash>();
      description.leaves.push_back(leaf);
      const wire::ChunkAddress address = wire::address_of(description);
      const wire::Lease lease = sign_lease(signatures, truth.ring_id, writers[0], address, 1);
      for (const wire::MemberId& member : preferred(description.header)) {
        store(member).put({description, lease});
      }
    }
  }

  std::vector<wire::MemberId> preferred(const wire::ChunkHeader& header) const {
    return truth.map->preference_list({header.placement_key, header.chunk_class, header.owner},
                                      truth.policy.copies);
  }
  LightStore& store(const wire::MemberId& member) { return store(holder(member)); }
  static LightStore& store(Holder& one) { return static_cast<LightStore&>(*one.chunks); }
};

}  // namespace peerstore::replica::test
