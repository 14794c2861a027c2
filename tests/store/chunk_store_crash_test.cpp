// Power cuts and failing disks at every point of a scenario, and again while recovering.
#include <set>
#include <store/test_machine.hpp>

namespace peerstore::store {
namespace {

struct CrashVariant {
  Unsynced names;
  Unsynced contents;
  std::size_t rows_kept;  // of the unsynced rows
  bool facts_lost = false;
};

constexpr std::size_t kAllRows = 1'000'000;

std::vector<CrashVariant> all_variants(std::size_t unsynced_rows) {
  std::vector<CrashVariant> variants;
  for (const Unsynced names : {Unsynced::dropped, Unsynced::kept}) {
    for (const Unsynced contents : {Unsynced::dropped, Unsynced::kept, Unsynced::torn}) {
      variants.push_back({names, contents, 0});
      variants.push_back({names, contents, unsynced_rows / 2});
      variants.push_back({names, contents, kAllRows});
      variants.push_back({names, contents, 0, true});
    }
  }
  return variants;
}

std::unique_ptr<TestMachine> crash(const TestMachine& machine, const CrashVariant& variant) {
  auto found = machine.after_crash(variant.names, variant.contents, variant.rows_kept);
  if (variant.facts_lost) found->lose_facts();
  return found;
}

// What a scenario was promised.
struct Promises {
  std::set<const TestChunk*> kept;
  std::set<const TestChunk*> removed;
  std::set<const TestChunk*> discarded;
  std::uint64_t failures = 0;
};

class ChunkStoreCrash : public testing::Test {
 protected:
  // Chunks that come one after another and side by side, that are removed, and that come back.
  // A step that fails is told so and tried no more, unless `tries` says so.
  Promises run_scenario(TestMachine& machine, int tries) const {
    Promises promises;
    const auto attempt = [&](auto&& step) {
      for (int i = 0; i < tries; ++i) {
        if (step()) return true;
        ++promises.failures;
      }
      return false;
    };
    if (!attempt([&] { return machine.try_open().has_value(); })) return promises;
    const auto keep = [&](const TestChunk& chunk) {
      promises.removed.erase(&chunk);
      if (attempt([&] { return machine.keep(chunk).has_value(); })) promises.kept.insert(&chunk);
    };
    const auto remove = [&](const TestChunk& chunk) {
      promises.kept.erase(&chunk);
      const auto gone = [&] {
        const auto done = machine.remove(chunk);
        return done || done.error().code == Errc::not_found;
      };
      if (attempt(gone)) promises.removed.insert(&chunk);
    };
    keep(first_);
    (void)machine.begin(second_);
    (void)machine.put_segment(second_, 1);
    keep(third_);
    keep(second_);
    remove(first_);
    keep(fourth_);
    keep(first_);
    remove(third_);
    keep(fifth_);
    promises.kept.erase(&fifth_);
    if (attempt([&] { return machine.discard(fifth_).has_value(); })) promises.discarded.insert(&fifth_);
    return promises;
  }

  // Opens what a crash left and holds it to the promises.
  void expect_promises_kept(TestMachine& machine, const Promises& promises) const {
    ASSERT_NO_FATAL_FAILURE(machine.open());
    for (const TestChunk* chunk : promises.kept) ASSERT_NO_FATAL_FAILURE(machine.expect_readable(*chunk));
    for (const TestChunk* chunk : promises.removed) ASSERT_FALSE(machine.holds(*chunk));
    for (const TestChunk* chunk : promises.discarded) {
      ASSERT_FALSE(machine.holds(*chunk));
      ASSERT_EQ(machine.begin(*chunk).error().code, Errc::refused);
      if (machine.store->find_trashed(chunk->address)) ASSERT_TRUE(machine.read(*chunk, 0));
    }
    // Whatever else is held is whole, too.
    for (const TestChunk* chunk : {&first_, &second_, &third_, &fourth_, &fifth_}) {
      if (machine.holds(*chunk)) ASSERT_NO_FATAL_FAILURE(machine.expect_readable(*chunk));
    }
    ASSERT_NO_FATAL_FAILURE(machine.expect_books_balance());
    ASSERT_EQ(machine.store->usage().promised, 0U);
    ASSERT_EQ(machine.store->usage().quarantined, 0U) << "a partial chunk had its final name";
    ASSERT_TRUE(machine.disk->files_below("chunks/incoming").empty());
    const ChunkStore::Usage usage = machine.store->usage();
    ASSERT_EQ(machine.disk->bytes_below("chunks"), usage.held + usage.trashed_bytes);
  }

  // Two in one folder would do no harm, but four folders are the rule.
  const TestChunk first_ = make_chunk(1, 1);
  const TestChunk second_ = make_chunk(2, 2);
  const TestChunk third_ = make_chunk(3, 1);
  const TestChunk fourth_ = make_chunk(4, 1);
  const TestChunk fifth_ = make_chunk(5, 1);
};

TEST_F(ChunkStoreCrash, KeepsItsPromisesWhereverThePowerFails) {
  TestMachine whole;
  const Promises all = run_scenario(whole, 1);
  ASSERT_EQ(all.kept.size(), 3U);
  ASSERT_EQ(all.failures, 0U);
  const std::uint64_t changes = whole.plan->changes;
  ASSERT_GT(changes, 40U);
  for (std::uint64_t after = 0; after <= changes; ++after) {
    TestMachine machine;
    machine.plan->power_off_after = after;
    const Promises promises = run_scenario(machine, 1);
    for (const CrashVariant& variant : all_variants(machine.facts->unsynced())) {
      SCOPED_TRACE(testing::Message() << "after change " << after << ", names " << int(variant.names)
                                      << ", contents " << int(variant.contents) << ", rows "
                                      << variant.rows_kept << (variant.facts_lost ? ", facts lost" : ""));
      const auto found = crash(machine, variant);
      ASSERT_NO_FATAL_FAILURE(expect_promises_kept(*found, promises));
      ASSERT_TRUE(found->keep(third_)) << "it works again";
    }
  }
}

TEST_F(ChunkStoreCrash, KeepsItsPromisesWhenThePowerFailsAgainDuringRecovery) {
  TestMachine whole;
  run_scenario(whole, 1);
  const std::vector<CrashVariant> first_crashes = {{Unsynced::dropped, Unsynced::torn, 0},
                                                   {Unsynced::kept, Unsynced::torn, 0},
                                                   {Unsynced::kept, Unsynced::kept, 0, true}};
  const std::vector<CrashVariant> second_crashes = {{Unsynced::dropped, Unsynced::dropped, 0},
                                                    {Unsynced::dropped, Unsynced::dropped, kAllRows}};
  for (std::uint64_t after = 0; after <= whole.plan->changes; ++after) {
    TestMachine machine;
    machine.plan->power_off_after = after;
    const Promises promises = run_scenario(machine, 1);
    for (std::size_t first = 0; first < first_crashes.size(); ++first) {
      // Until a recovery runs to its end.
      for (std::uint64_t recovery_after = 0;; ++recovery_after) {
        const auto recovering = crash(machine, first_crashes[first]);
        recovering->plan->power_off_after = recovery_after;
        const bool finished = recovering->try_open().has_value();
        for (std::size_t second = 0; second < second_crashes.size(); ++second) {
          SCOPED_TRACE(testing::Message() << "after change " << after << ", crash " << first
                                          << ", recovery change " << recovery_after << ", crash " << second);
          const auto found = crash(*recovering, second_crashes[second]);
          ASSERT_NO_FATAL_FAILURE(expect_promises_kept(*found, promises));
        }
        if (finished) break;
      }
    }
  }
}

// After a kill everything unsynced is still visible, and some of it is adopted or built upon: what
// is told as held then must survive a power cut that follows.
TEST_F(ChunkStoreCrash, MakesDurableWhatAKillLeftUnsynced) {
  TestMachine whole;
  run_scenario(whole, 1);
  for (std::uint64_t after = 0; after <= whole.plan->changes; ++after) {
    SCOPED_TRACE(after);
    TestMachine machine;
    machine.plan->power_off_after = after;
    run_scenario(machine, 1);
    // Killed, not cut: the same disk goes on, with what was not synced still unsynced.
    machine.plan->power_off_after = FaultPlan::kNever;
    ASSERT_NO_FATAL_FAILURE(machine.open());
    Promises told;
    for (const TestChunk* chunk : {&first_, &second_, &third_, &fourth_}) {
      if (machine.keep(*chunk)) told.kept.insert(chunk);
    }
    for (const std::size_t rows_kept : {std::size_t{0}, kAllRows}) {
      const auto found = crash(machine, {Unsynced::dropped, Unsynced::torn, rows_kept});
      ASSERT_NO_FATAL_FAILURE(expect_promises_kept(*found, told));
    }
  }
}

// Each of two copies may have the one good copy of a segment: what could be read can be read, all the time.
TEST_F(ChunkStoreCrash, LosesNoGoodSegmentWhileADamagedChunkIsHealed) {
  const TestChunk chunk = make_chunk(1, 3);
  const auto damage = [&](TestMachine& machine) {
    machine.open();
    ASSERT_TRUE(machine.keep(chunk));
    machine.disk->content(path_of(chunk))[4096 + 65536] ^= 1;
    machine.disk->make_durable(path_of(chunk));
    ASSERT_FALSE(machine.read(chunk, 1));
  };
  const auto expect_good_parts = [&](TestMachine& machine) {
    for (const std::uint32_t index : {0U, 2U}) {
      const auto data = machine.read(chunk, index);
      ASSERT_TRUE(data) << data.error().message();
    }
    if (machine.holds(chunk)) ASSERT_TRUE(machine.read(chunk, 1));
    machine.expect_books_balance();
  };
  TestMachine whole;
  ASSERT_NO_FATAL_FAILURE(damage(whole));
  const std::uint64_t before = whole.plan->changes;
  const std::uint64_t calls_before = whole.plan->calls;
  ASSERT_TRUE(whole.keep(chunk));
  for (std::uint64_t after = before; after <= whole.plan->changes; ++after) {
    TestMachine machine;
    ASSERT_NO_FATAL_FAILURE(damage(machine));
    machine.plan->power_off_after = after;
    (void)machine.keep(chunk);
    for (const CrashVariant& variant : all_variants(machine.facts->unsynced())) {
      SCOPED_TRACE(testing::Message() << "after change " << after << ", names " << int(variant.names)
                                      << ", contents " << int(variant.contents) << ", rows "
                                      << variant.rows_kept << (variant.facts_lost ? ", facts lost" : ""));
      const auto found = crash(machine, variant);
      ASSERT_NO_FATAL_FAILURE(found->open());
      (void)found->read(chunk, 1);  // the row that says so may be lost
      ASSERT_NO_FATAL_FAILURE(expect_good_parts(*found));
    }
  }
  for (std::uint64_t call = calls_before; call < whole.plan->calls; ++call) {
    SCOPED_TRACE(testing::Message() << "call " << call << " fails");
    TestMachine machine;
    ASSERT_NO_FATAL_FAILURE(damage(machine));
    machine.plan->fail_at = call;
    (void)machine.keep(chunk);
    machine.plan->fail_at = FaultPlan::kNever;
    ASSERT_NO_FATAL_FAILURE(expect_good_parts(machine));
    ASSERT_TRUE(machine.keep(chunk));
    machine.expect_readable(chunk);
  }
}

// The n-th call fails once, for each n and each kind of failure: the step that met it may say so,
// nothing that was promised is lost, and the next try works.
TEST_F(ChunkStoreCrash, SurvivesTheFailureOfAnyCall) {
  TestMachine opened;
  ASSERT_NO_FATAL_FAILURE(opened.open());
  const std::uint64_t opening = opened.plan->calls;
  TestMachine whole;
  run_scenario(whole, 2);
  const std::uint64_t calls = whole.plan->calls;
  for (const auto fault : {FaultPlan::Fault::io, FaultPlan::Fault::full, FaultPlan::Fault::short_write}) {
    for (std::uint64_t call = 0; call < calls; ++call) {
      // Most of opening is one look into each of 256 empty folders: some of them will do.
      if (call > 16 && call + 8 < opening && call % 16 != 0) continue;
      SCOPED_TRACE(testing::Message() << "fault " << int(fault) << " at call " << call);
      TestMachine machine;
      machine.plan->fail_at = call;
      machine.plan->fault = fault;
      const Promises promises = run_scenario(machine, 2);
      if (fault != FaultPlan::Fault::io && !machine.plan->failed_a_change) continue;  // a read fails one way
      ASSERT_LE(promises.failures, 1U);
      ASSERT_EQ(promises.kept.size(), 3U);
      for (const TestChunk* chunk : promises.kept) ASSERT_NO_FATAL_FAILURE(machine.expect_readable(*chunk));
      ASSERT_LE(machine.disk->bytes_below("chunks"),
                machine.store->usage().capacity - machine.store->usage().room);
      const auto cut = machine.after_crash(Unsynced::dropped, Unsynced::dropped, 0);
      // A removal whose sync failed may be undone by the crash; the caller was told to try again.
      Promises durable = promises;
      if (promises.failures > 0) durable.removed.clear();
      ASSERT_NO_FATAL_FAILURE(expect_promises_kept(*cut, durable));
      ASSERT_NO_FATAL_FAILURE(machine.open());
      ASSERT_NO_FATAL_FAILURE(expect_promises_kept(machine, promises));
    }
  }
}

TEST_F(ChunkStoreCrash, RebuildsTheFactsThoughAnyCallFailsOnce) {
  TestMachine whole;
  ASSERT_NO_FATAL_FAILURE(whole.open());
  ASSERT_TRUE(whole.keep(first_));
  ASSERT_TRUE(whole.keep(second_));
  for (std::uint64_t call = 0;; ++call) {
    SCOPED_TRACE(call);
    const auto machine = crash(whole, {Unsynced::kept, Unsynced::kept, 0, true});
    machine->plan->fail_at = call;
    const bool opened = machine->try_open().has_value();
    const bool was_met = machine->plan->calls > call;
    machine->plan->fail_at = FaultPlan::kNever;
    if (!opened) ASSERT_NO_FATAL_FAILURE(machine->open());
    ASSERT_TRUE(machine->holds(first_) && machine->holds(second_));
    ASSERT_EQ(machine->store->usage().quarantined, 0U);
    if (!was_met) break;
  }
}

TEST_F(ChunkStoreCrash, TellsOfEveryFailureToKeepAChunk) {
  TestMachine whole;
  ASSERT_NO_FATAL_FAILURE(whole.open());
  const std::uint64_t before = whole.plan->calls;
  ASSERT_TRUE(whole.keep(first_));
  const std::uint64_t calls = whole.plan->calls - before;
  for (std::uint64_t call = 0; call < calls; ++call) {
    SCOPED_TRACE(call);
    TestMachine machine;
    ASSERT_NO_FATAL_FAILURE(machine.open());
    machine.plan->fail_at = machine.plan->calls + call;
    const auto kept = machine.keep(first_);
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().code, Errc::io);
    EXPECT_FALSE(machine.holds(first_));
    machine.expect_books_balance();
    // What failed on the disk is given up: above all, a failed sync is not believed later.
    if (machine.plan->failed_a_change) EXPECT_EQ(machine.commit(first_).error().code, Errc::not_found);
  }
}

TEST_F(ChunkStoreCrash, RefusesWhileTheDiskIsFullAndWorksAgainWhenSpaceReturns) {
  TestMachine machine;
  ASSERT_NO_FATAL_FAILURE(machine.open());
  ASSERT_TRUE(machine.keep(first_));
  ASSERT_TRUE(machine.begin(second_));
  machine.plan->disk_is_full = true;
  EXPECT_EQ(machine.keep(second_).error().code, Errc::full);
  EXPECT_EQ(machine.keep(third_).error().code, Errc::full);
  machine.expect_readable(first_);
  EXPECT_TRUE(machine.disk->files_below("chunks/incoming").empty());
  machine.expect_books_balance();
  machine.plan->disk_is_full = false;
  ASSERT_TRUE(machine.keep(second_));
  ASSERT_TRUE(machine.keep(third_));
  machine.expect_readable(second_);
  machine.expect_books_balance();
}

}  // namespace
}  // namespace peerstore::store
