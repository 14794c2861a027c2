#include "store/head_file.hpp"

#include <peerstore/runtime/combine.hpp>
#include <peerstore/store/head_store.hpp>
#include <store/test_machine.hpp>

namespace peerstore::store {
namespace {

wire::Head make_head(wire::PersonNumber person, std::uint32_t machine, std::uint64_t version,
                     std::size_t body_bytes = 300) {
  SeededEntropy entropy(person * 1'000'000ULL + machine * 1000ULL + version);
  wire::Head head;
  head.person = person;
  head.machine = machine;
  head.version = version;
  head.previous = entropy.make<crypto::Hash>();
  Bytes body(body_bytes);
  entropy.fill(body);
  head.body = SharedBytes(std::move(body));
  head.signature = entropy.make<crypto::Signature>();
  return head;
}

bool same(const wire::Head& a, const wire::Head& b) { return encode_head_file(a) == encode_head_file(b); }

class HeadStoreTest : public testing::Test {
 protected:
  HeadStoreTest() { open(); }
  void open() {
    store.reset();
    auto opened = clock.run(HeadStore::open(*disk, workers));
    ASSERT_TRUE(opened) << opened.error().message();
    store = std::move(*opened);
  }
  void crash(Unsynced names, Unsynced contents) {
    store.reset();
    auto found_plan = std::make_unique<FaultPlan>();
    disk = disk->after_crash(*found_plan, names, contents);
    plan = std::move(found_plan);
    open();
  }
  Result<void> put(const wire::Head& head) { return clock.run(store->put(head)); }

  std::unique_ptr<FaultPlan> plan = std::make_unique<FaultPlan>();
  world::VirtualClock clock;
  world::InlineWorkers workers{clock};
  std::unique_ptr<RecordingDisk> disk = std::make_unique<RecordingDisk>(*plan);
  std::unique_ptr<HeadStore> store;
};

TEST_F(HeadStoreTest, KeepsTheHighestVersionOfEachMachine) {
  ASSERT_TRUE(put(make_head(1, 0, 5)));
  ASSERT_TRUE(put(make_head(1, 2, 1)));
  ASSERT_TRUE(put(make_head(3, 0, 9)));
  ASSERT_TRUE(put(make_head(1, 0, 7)));
  EXPECT_EQ(put(make_head(1, 0, 6)).error().code, Errc::refused);
  const auto heads = store->of_person(1);
  ASSERT_EQ(heads.size(), 2U);
  EXPECT_TRUE(same(heads[0], make_head(1, 0, 7)));
  EXPECT_TRUE(same(heads[1], make_head(1, 2, 1)));
  EXPECT_EQ(store->all().size(), 3U);
  EXPECT_TRUE(store->of_person(2).empty());
}

TEST_F(HeadStoreTest, KeepsTheFirstOfTwoHeadsOfOneVersion) {
  const wire::Head first = make_head(1, 0, 5);
  ASSERT_TRUE(put(first));
  EXPECT_TRUE(put(first)) << "the same head again is no conflict";
  for (int field = 0; field < 3; ++field) {
    wire::Head other = first;
    if (field == 0) other.body = SharedBytes(Bytes{1});
    if (field == 1) other.signature.bytes[0] ^= 1;
    if (field == 2) other.previous.bytes[0] ^= 1;
    EXPECT_EQ(put(other).error().code, Errc::refused);
  }
  EXPECT_TRUE(same(store->all()[0], first));
}

TEST_F(HeadStoreTest, BoundsBodiesAndTheMachinesOfAPerson) {
  EXPECT_TRUE(put(make_head(1, 0, 1, wire::kHeadBodyBytesMax)));
  EXPECT_EQ(put(make_head(1, 0, 2, wire::kHeadBodyBytesMax + 1)).error().code, Errc::invalid);
  for (std::uint32_t machine = 1; machine < wire::kHeadsMax; ++machine)
    ASSERT_TRUE(put(make_head(1, machine, 1)));
  EXPECT_EQ(put(make_head(1, 9999, 1)).error().code, Errc::full);
  EXPECT_TRUE(put(make_head(1, 3, 2)));
  EXPECT_TRUE(put(make_head(2, 9999, 1)));
  open();
  EXPECT_EQ(store->of_person(1).size(), wire::kHeadsMax);
}

TEST_F(HeadStoreTest, AsksTheSecondOfTwoWritersToComeBack) {
  std::vector<Task<Result<void>>> puts;
  puts.push_back(store->put(make_head(1, 0, 1)));
  puts.push_back(store->put(make_head(1, 0, 2)));
  puts.push_back(store->put(make_head(2, 0, 1)));
  const auto done = clock.run(when_all(clock, std::move(puts)));
  EXPECT_TRUE(done[0]);
  EXPECT_EQ(done[1].error().code, Errc::busy);
  EXPECT_TRUE(done[2]);
  EXPECT_TRUE(put(make_head(1, 0, 2)));
}

TEST_F(HeadStoreTest, IsNotStuckWhenAWriterGoesAway) {
  {
    TaskScope link(clock);
    std::optional<Result<void>> done;
    link.spawn(world::detail::keep(store->put(make_head(1, 0, 1)), done));
  }
  EXPECT_TRUE(store->of_person(1).empty());
  EXPECT_TRUE(put(make_head(1, 0, 2)));
}

TEST_F(HeadStoreTest, KeepsWhatItAcknowledgedWhereverThePowerFails) {
  const std::vector<wire::Head> heads = {make_head(1, 0, 1), make_head(2, 0, 1), make_head(1, 0, 2),
                                         make_head(1, 1, 1), make_head(1, 0, 3)};
  for (std::uint64_t after = 0;; ++after) {
    bool finished = false;
    for (const Unsynced names : {Unsynced::dropped, Unsynced::kept}) {
      for (const Unsynced contents : {Unsynced::dropped, Unsynced::kept, Unsynced::torn}) {
        SCOPED_TRACE(testing::Message() << after << ' ' << int(names) << ' ' << int(contents));
        plan = std::make_unique<FaultPlan>();
        disk = std::make_unique<RecordingDisk>(*plan);
        open();
        plan->power_off_after = plan->changes + after;
        std::map<HeadName, std::uint64_t> acknowledged;
        std::size_t puts = 0;
        for (const wire::Head& head : heads) {
          if (!put(head)) break;
          acknowledged[{head.person, head.machine}] = head.version;
          ++puts;
        }
        finished = puts == heads.size();
        crash(names, contents);
        for (const auto& [name, version] : acknowledged) {
          bool found = false;
          for (const wire::Head& head : store->of_person(name.person)) {
            found |= head.machine == name.machine && head.version >= version &&
                     same(head, make_head(name.person, name.machine, head.version));
          }
          ASSERT_TRUE(found) << name.person << '-' << name.machine;
        }
        ASSERT_TRUE(disk->files_below("heads/aside").empty());
        ASSERT_TRUE(put(make_head(1, 0, 4)));
      }
    }
    if (finished) break;
  }
}

TEST_F(HeadStoreTest, TellsOfEveryFailureAndWorksAgain) {
  ASSERT_TRUE(put(make_head(1, 0, 1)));
  for (std::uint64_t call = 0; call < 5; ++call) {
    plan->fail_at = plan->calls + call;
    EXPECT_EQ(put(make_head(1, 0, 2 + call)).error().code, Errc::io);
    EXPECT_TRUE(same(store->all()[0], make_head(1, 0, 1 + call)));
    plan->fail_at = FaultPlan::kNever;
    ASSERT_TRUE(put(make_head(1, 0, 2 + call)));
  }
}

TEST_F(HeadStoreTest, SetsDamagedFilesAsideAndLeavesForeignOnesAlone) {
  const std::string path = "heads/00000001-00000000";
  ASSERT_TRUE(put(make_head(1, 0, 1, 64)));
  ASSERT_TRUE(put(make_head(2, 0, 1)));
  const Bytes good = disk->content(path);
  disk->plant("heads/README", Bytes{1});
  disk->plant("heads/00000001-0000000A", good);
  disk->plant("heads/00000001-00000007", good);  // another's head under this name
  disk->plant("heads/00000009-00000000.tmp", good);
  disk->plant("heads/00000005-00000000", Bytes(kHeadFileBytesMax + 1));
  open();
  EXPECT_EQ(store->all().size(), 2U);
  EXPECT_EQ(disk->files_below("heads/aside").size(), 2U);
  EXPECT_TRUE(disk->exists("heads/README"));
  EXPECT_TRUE(disk->exists("heads/00000001-0000000A"));
  EXPECT_FALSE(disk->exists("heads/00000009-00000000.tmp"));

  for (std::size_t byte = 0; byte < good.size(); ++byte) {
    Bytes bad = good;
    bad[byte] ^= 1;
    disk->plant(path, bad);
    open();
    ASSERT_TRUE(store->of_person(1).empty()) << byte;
    ASSERT_FALSE(disk->exists(path));
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{31}, good.size() - 1}) {
    disk->plant(path, Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)));
    open();
    ASSERT_TRUE(store->of_person(1).empty()) << size;
  }
  EXPECT_EQ(store->of_person(2).size(), 1U);
}

TEST_F(HeadStoreTest, DoesNotBlameAFileForAReadThatFailsOnce) {
  ASSERT_TRUE(put(make_head(1, 0, 1)));
  for (std::uint64_t call = 0; call < 8; ++call) {
    plan->fail_at = plan->calls + call;
    store.reset();
    (void)clock.run(HeadStore::open(*disk, workers));
    plan->fail_at = FaultPlan::kNever;
    open();
    ASSERT_EQ(store->of_person(1).size(), 1U) << call;
  }
}

// ---- user records ----

wire::UserRecord make_record(wire::PersonNumber person, std::uint64_t version, std::size_t body_bytes = 300) {
  SeededEntropy entropy(person * 1000ULL + version);
  wire::UserRecord record;
  record.person = person;
  record.version = version;
  record.previous = entropy.make<crypto::Hash>();
  Bytes body(body_bytes);
  entropy.fill(body);
  record.body = SharedBytes(std::move(body));
  record.signature = entropy.make<crypto::Signature>();
  return record;
}

TEST_F(HeadStoreTest, KeepsTheHighestVersionOfEachPersonsRecord) {
  const auto keep = [&](const wire::UserRecord& record) { return clock.run(store->put(record)); };
  EXPECT_FALSE(store->record_of(1));
  ASSERT_TRUE(keep(make_record(1, 5)));
  ASSERT_TRUE(keep(make_record(2, 1)));
  ASSERT_TRUE(keep(make_record(1, 7)));
  EXPECT_EQ(keep(make_record(1, 6)).error().code, Errc::refused);
  EXPECT_TRUE(keep(make_record(1, 7))) << "the same again";
  wire::UserRecord other = make_record(1, 7);
  other.signature.bytes[0] ^= 1;
  EXPECT_NE(keep(other).error().context.find("another user record of this version"), std::string::npos);
  EXPECT_TRUE(clock.run(store->put(other, true))) << "the caller knows which one counts";
  EXPECT_EQ(store->record_of(1), other);
  ASSERT_TRUE(clock.run(store->put(make_record(1, 7), true)));
  EXPECT_EQ(keep(make_record(3, 1, wire::kUserRecordBodyBytesMax + 1)).error().code, Errc::invalid);
  ASSERT_TRUE(keep(make_record(3, 1, wire::kUserRecordBodyBytesMax)));
  open();
  EXPECT_EQ(store->record_of(1), make_record(1, 7));
  EXPECT_EQ(store->records().size(), 3u);
}

TEST_F(HeadStoreTest, KeepsAnOldRecordOrTheNewOneWhereverThePowerFails) {
  for (std::uint64_t after = 0;; ++after) {
    bool finished = false;
    for (const Unsynced names : {Unsynced::dropped, Unsynced::kept}) {
      for (const Unsynced contents : {Unsynced::dropped, Unsynced::kept, Unsynced::torn}) {
        SCOPED_TRACE(testing::Message() << after << ' ' << int(names) << ' ' << int(contents));
        plan = std::make_unique<FaultPlan>();
        disk = std::make_unique<RecordingDisk>(*plan);
        open();
        ASSERT_TRUE(clock.run(store->put(make_record(1, 1))));
        plan->power_off_after = plan->changes + after;
        finished = clock.run(store->put(make_record(1, 2))).has_value();
        crash(names, contents);
        const auto held = store->record_of(1);
        ASSERT_TRUE(held);
        EXPECT_TRUE(*held == make_record(1, 2) || (!finished && *held == make_record(1, 1)));
        EXPECT_TRUE(disk->files_below("records/aside").empty());
      }
    }
    if (finished) break;
  }
}

TEST_F(HeadStoreTest, SetsADamagedRecordAside) {
  ASSERT_TRUE(clock.run(store->put(make_record(9, 1))));
  auto bytes = disk->read_all("records/00000009", 1 << 20);
  ASSERT_TRUE(bytes);
  (*bytes)[bytes->size() / 2] ^= 1;
  ASSERT_TRUE(disk->replace("records/00000009", *bytes));
  open();
  EXPECT_FALSE(store->record_of(9));
  EXPECT_EQ(disk->files_below("records/aside").size(), 1u);
  EXPECT_TRUE(clock.run(store->put(make_record(9, 1))));
}

}  // namespace
}  // namespace peerstore::store
