// What the store's tests have in common: chunks made from a seed, and a machine with a disk, a
// facts database and a store that can be stopped, crashed and started again.
#pragma once

#include <gtest/gtest.h>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/merkle.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/store/chunk_store.hpp>
#include <peerstore/store/scrub.hpp>
#include <peerstore/world/virtual_clock.hpp>
#include <store/capacity_ledger.hpp>
#include <store/recording_disk.hpp>
#include <store/recording_key_value.hpp>

#include <algorithm>
#include <map>
#include <memory>

namespace peerstore::store {

inline constexpr wire::PersonNumber kOwner = 7;

struct TestChunk {
  wire::ChunkAddress address;
  wire::ChunkDescription description;
  std::vector<SharedBytes> segments;
  std::uint64_t bytes = 0;  // of the space given
  wire::Lease lease;

  HeldChunk held() const { return {description, lease}; }
};

inline TestChunk make_chunk(std::uint64_t seed, std::uint32_t segments) {
  SeededEntropy entropy(seed);
  TestChunk chunk;
  chunk.description.header.chunk_class = static_cast<std::uint8_t>(seed % wire::kClasses);
  chunk.description.header.segments = segments;
  chunk.description.header.owner = kOwner;
  chunk.description.header.placement_key = entropy.make<ring::Id>();
  chunk.description.header.key_commitment = entropy.make<crypto::Hash>();
  chunk.description.header.read_token_hash = entropy.make<crypto::Hash>();
  for (std::uint32_t i = 0; i < segments; ++i) {
    Bytes bytes(wire::kSegmentBytes);
    entropy.fill(bytes);
    chunk.description.leaves.push_back(crypto::merkle_leaf(bytes));
    chunk.segments.emplace_back(std::move(bytes));
  }
  chunk.address = wire::address_of(chunk.description);
  chunk.bytes = stored_bytes(chunk.description.header);
  chunk.lease = {3, 1 + seed % 5, entropy.make<crypto::Signature>()};
  return chunk;
}

inline std::string path_of(const TestChunk& chunk) {
  const std::string name = to_hex(chunk.address.view());
  return "chunks/" + name.substr(0, 2) + '/' + name;
}

class TestMachine {
 public:
  explicit TestMachine(ChunkStore::Options options = {.capacity = 64 << 20}) : options_(options) {
    disk = std::make_unique<RecordingDisk>(*plan);
    facts = std::make_unique<RecordingKeyValue>(*plan);
  }

  Result<void> try_open() {
    store.reset();
    auto opened = clock.run(ChunkStore::open(clock, *disk, *facts, workers, options_));
    if (!opened) return opened.error();
    store = std::move(*opened);
    return {};
  }
  void open() {
    const auto opened = try_open();
    ASSERT_TRUE(opened) << opened.error().message();
  }
  void lose_facts() {
    store.reset();
    facts = std::make_unique<RecordingKeyValue>(*plan);
  }

  // A machine that starts after this one lost its power now. `rows_kept`: of the unsynced ones.
  std::unique_ptr<TestMachine> after_crash(Unsynced names, Unsynced contents, std::size_t rows_kept) const {
    auto found = std::make_unique<TestMachine>(options_);
    found->disk = disk->after_crash(*found->plan, names, contents);
    found->facts = facts->after_crash(*found->plan, rows_kept);
    return found;
  }

  Result<std::vector<std::uint32_t>> begin(const TestChunk& chunk, std::uint64_t reservation = 0) {
    return clock.run(store->begin(chunk.held(), {.reservation = reservation}));
  }
  Result<void> put_segment(const TestChunk& chunk, std::uint32_t index) {
    return clock.run(store->put_segment(chunk.address, index, chunk.segments.at(index)));
  }
  Result<void> commit(const TestChunk& chunk) { return clock.run(store->commit(chunk.address)); }
  static wire::Deletion deletion(const TestChunk& chunk) {
    wire::Deletion deletion{kOwner, chunk.address, chunk.lease.machine, chunk.lease.number, {}};
    deletion.signature.bytes[0] = 1;
    return deletion;
  }
  Result<void> discard(const TestChunk& chunk) { return clock.run(store->discard(deletion(chunk))); }
  Result<void> remove(const TestChunk& chunk) { return clock.run(store->remove(chunk.address)); }
  Result<SharedBytes> read(const TestChunk& chunk, std::uint32_t index) {
    return clock.run(store->read_segment(chunk.address, index));
  }
  Result<HeldChunk> describe(const TestChunk& chunk) { return clock.run(store->describe(chunk.address)); }
  // Begin, all segments that are missing, commit.
  Result<void> keep(const TestChunk& chunk) {
    const auto missing = begin(chunk);
    if (!missing) return missing.error();
    for (const std::uint32_t index : *missing) {
      if (auto put = put_segment(chunk, index); !put) return put;
    }
    return commit(chunk);
  }

  bool holds(const TestChunk& chunk) const { return store->find(chunk.address).has_value(); }
  void expect_readable(const TestChunk& chunk) {
    const auto found = store->find(chunk.address);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->header, chunk.description.header);
    const auto description = describe(chunk);
    ASSERT_TRUE(description) << description.error().message();
    EXPECT_EQ(*description, chunk.held());
    for (std::uint32_t i = 0; i < chunk.segments.size(); ++i) {
      const auto data = read(chunk, i);
      ASSERT_TRUE(data) << data.error().message();
      EXPECT_TRUE(*data == chunk.segments[i]);
    }
  }
  // The ledger agrees with the rows and with the files, and is within the capacity.
  void expect_books_balance() {
    const ChunkStore::Usage usage = store->usage();
    std::uint64_t chunks = 0;
    std::uint64_t bytes = 0;
    std::vector<ring::Id> placement;
    ASSERT_TRUE(store->for_each([&](const ChunkFacts& facts_of_one) {
      ++chunks;
      bytes += stored_bytes(facts_of_one.header);
      placement.push_back(facts_of_one.header.placement_key);
      return true;
    }));
    EXPECT_TRUE(std::ranges::is_sorted(placement));
    EXPECT_EQ(usage.chunks, chunks);
    EXPECT_EQ(usage.held, bytes);
    const std::uint64_t aside = usage.damaged_bytes + usage.quarantined_bytes + usage.trashed_bytes;
    std::uint64_t damaged_bytes = 0;
    for (const ChunkFacts& damaged : store->damaged()) {
      EXPECT_FALSE(store->find(damaged.address));
      EXPECT_TRUE(store->find_damaged(damaged.address));
      damaged_bytes += stored_bytes(damaged.header);
    }
    EXPECT_EQ(usage.damaged, store->damaged().size());
    EXPECT_EQ(usage.damaged_bytes, damaged_bytes);
    EXPECT_LE(usage.held + usage.promised + aside, usage.capacity);
    const bool keeps_spare = usage.capacity / CapacityLedger::kSparesMany >= CapacityLedger::kSpareBytes;
    const std::uint64_t claimed =
        usage.held + usage.promised + aside + (keeps_spare ? CapacityLedger::kSpareBytes : 0);
    EXPECT_EQ(usage.room, usage.capacity - std::min(usage.capacity, claimed));
    EXPECT_EQ(usage.quarantined, disk->files_below("chunks/quarantine").size());
    EXPECT_EQ(usage.quarantined_bytes, disk->bytes_below("chunks/quarantine"));
    EXPECT_EQ(usage.trashed_bytes, disk->bytes_below("chunks/trash"));
    EXPECT_LE(disk->bytes_below("chunks"), usage.held + usage.promised + aside);
    EXPECT_GE(store->bytes_of(kOwner), usage.held + usage.trashed_bytes);
    EXPECT_LE(store->bytes_of(kOwner), usage.held + usage.trashed_bytes + usage.promised);
  }

  std::unique_ptr<FaultPlan> plan = std::make_unique<FaultPlan>();
  world::VirtualClock clock;
  world::InlineWorkers workers{clock};
  std::unique_ptr<RecordingDisk> disk;
  std::unique_ptr<RecordingKeyValue> facts;
  std::unique_ptr<ChunkStore> store;

 private:
  ChunkStore::Options options_;
};

}  // namespace peerstore::store
