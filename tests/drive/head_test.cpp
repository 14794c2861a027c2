#include <drive/home.hpp>

namespace peerstore::drive {
namespace {

class HeadTest : public ::testing::Test {
 protected:
  void back_up(Home& of, const std::string& content) {
    of.files.write("/t/file", content);
    const auto summary = of.backup({"/t"});
    ASSERT_TRUE(summary) << summary.error().message();
  }
  wire::Head& published(std::uint32_t machine = 0) { return circle.space.published.at(machine); }

  Circle circle;
  Home home{circle};
};

TEST_F(HeadTest, VersionsRiseAndNameTheHeadBefore) {
  back_up(home, "one");
  const wire::Head first = published();
  EXPECT_EQ(first.version, 1u);
  EXPECT_TRUE(first.previous.is_zero());
  back_up(home, "two");
  EXPECT_EQ(published().version, 2u);
  EXPECT_EQ(published().previous, vault::head_hash(first));
  EXPECT_EQ(published().person, circle.space.owner());
}

TEST_F(HeadTest, AHomeThatLostItsOwnFolderGoesOnFromTheRing) {
  back_up(home, "one");
  Home again(circle);
  back_up(again, "two");
  EXPECT_EQ(published().version, 2u);
  EXPECT_EQ(again.drive->snapshots().size(), 2u);
}

TEST_F(HeadTest, WhoeverLooksWhileAnotherCommandWritesLeavesTheFolderAsItIs) {
  back_up(home, "one");
  Home looker(circle);
  looker.only_looks = true;
  ASSERT_TRUE(looker.open());
  EXPECT_EQ(*looker.read("t/file"), "one");
  EXPECT_EQ(looker.standing().files_safe, 1u);
  circle.space.chunks.clear();
  EXPECT_GT(circle.clock.run(looker.drive->verify({}, looker.observer()))->problems, 0u);
  EXPECT_TRUE(looker.disk.list("")->empty());
  EXPECT_EQ(published().version, 1u) << "what was found lost is not written down";
}

TEST_F(HeadTest, WhoeverLooksPublishesNothingThoughTheRingShowsAnOlderHead) {
  back_up(home, "one");
  const wire::Head old = published();
  back_up(home, "two");
  published() = old;
  home.only_looks = true;
  ASSERT_TRUE(home.open());
  EXPECT_EQ(*home.read("t/file"), "two");
  EXPECT_EQ(published().version, 1u);
}

TEST_F(HeadTest, AnOlderHeadFromTheRingIsNeverUsed) {
  back_up(home, "one");
  const wire::Head old = published();
  back_up(home, "two");
  published() = old;
  home.drive.reset();
  ASSERT_TRUE(home.open());
  EXPECT_EQ(home.drive->snapshots().size(), 2u);
  EXPECT_EQ(*home.read("t/file"), "two");
  EXPECT_EQ(published().version, 2u) << "the ring gets the newer one back";
}

// A thief with a writer key of before a rekey, and all keepers help.
TEST_F(HeadTest, AHeadByAFormerKeyLeadsTheOwnMachineNowhereAndOthersOnlyUntilItPublishes) {
  back_up(home, "one");
  wire::Head forged = published();
  forged.version = 9;
  circle.space.sign(forged);
  circle.space.rekeyed = 1;
  published() = forged;
  home.drive.reset();
  ASSERT_TRUE(home.open());
  EXPECT_EQ(*home.read("t/file"), "one");
  back_up(home, "two");
  EXPECT_EQ(published().version, 2u);
  Home sibling(circle, 1);
  ASSERT_TRUE(sibling.open());
  for (const unsigned rekeyed : {1u, 2u}) {
    SCOPED_TRACE(rekeyed);
    circle.space.rekeyed = rekeyed;  // a later former key counts more than an earlier one
    published() = forged;
    ASSERT_TRUE(sibling.open());
    EXPECT_EQ(*sibling.read("t/file"), "two");
  }
}

TEST_F(HeadTest, AnOlderHeadOfAnotherMachineIsReported) {
  Home sibling(circle, 1);
  back_up(home, "one");
  const wire::Head old = published();
  back_up(home, "two");
  ASSERT_TRUE(sibling.open());
  published() = old;
  ASSERT_TRUE(sibling.open());
  EXPECT_EQ(sibling.drive->snapshots().size(), 2u);
  ASSERT_TRUE(sibling.restore("", "/back"));
  EXPECT_EQ(sibling.files.read("/back/t/file"), "two");
  ASSERT_EQ(sibling.warnings.size(), 1u);
  EXPECT_EQ(sibling.warnings[0].error.code, Errc::corrupt);
  EXPECT_NE(sibling.warnings[0].error.context.find("older"), std::string::npos);

  circle.space.published.erase(0);
  ASSERT_TRUE(sibling.open());
  EXPECT_EQ(sibling.drive->snapshots().size(), 2u);
}

TEST_F(HeadTest, ANewHomeLearnsFromSiblingsThatTheRingShowsAnOldHead) {
  back_up(home, "one");
  const wire::Head old = published();
  back_up(home, "two");
  Home sibling(circle, 1);
  back_up(sibling, "three");
  published() = old;
  Home fresh(circle, 2);
  ASSERT_TRUE(fresh.restore("", "/back"));
  ASSERT_EQ(fresh.warnings.size(), 1u);
  EXPECT_EQ(fresh.warnings[0].error.code, Errc::corrupt);
  const auto pruned = circle.clock.run(fresh.drive->prune(false, fresh.observer()));
  ASSERT_FALSE(pruned) << "what the newer head needs is not known here";
  EXPECT_EQ(pruned.error().code, Errc::corrupt);
}

TEST_F(HeadTest, TwoHistoriesOfOneMachineAreAnError) {
  for (const bool one_more : {false, true}) {
    Circle ring;
    Home first(ring);
    back_up(first, "one");
    Home copy(ring);
    ASSERT_TRUE(copy.open());
    back_up(first, "two");
    const auto nobody = [] { return std::optional<Error>(fail(Errc::unreachable, "nobody")); };
    ring.space.before_publish = nobody;
    copy.files.write("/t/file", "other");
    EXPECT_EQ(copy.backup({"/t"}).error().code, Errc::unreachable);
    if (one_more) EXPECT_EQ(copy.backup({"/t"}).error().code, Errc::unreachable);
    ring.space.before_publish = [] { return std::optional<Error>(); };
    const auto opened = copy.open();
    ASSERT_FALSE(opened) << one_more;
    EXPECT_EQ(opened.error().code, Errc::corrupt);
    EXPECT_EQ(*first.read("t/file"), "two");
  }
}

TEST_F(HeadTest, AHeadThatWasKeptAndNotPublishedIsPublishedLater) {
  circle.space.before_publish = [] { return std::optional<Error>(fail(Errc::unreachable, "nobody")); };
  home.files.write("/t/file", "one");
  EXPECT_EQ(home.backup({"/t"}).error().code, Errc::unreachable);
  EXPECT_TRUE(circle.space.published.empty());
  circle.space.before_publish = [] { return std::optional<Error>(); };
  home.drive.reset();
  home.disk.crash();
  ASSERT_TRUE(home.open());
  EXPECT_FALSE(circle.space.published.empty());
  EXPECT_EQ(home.drive->snapshots().size(), 1u);
  ASSERT_TRUE(home.restore("", "/back"));
  EXPECT_TRUE(home.warnings.empty());
}

TEST_F(HeadTest, HeadsThatTheOwnerDidNotSignArePassedOver) {
  back_up(home, "one");
  wire::Head forged = published();
  forged.version = 99;
  circle.space.published.emplace(5, forged);
  forged.machine = 6;
  circle.space.published.emplace(6, forged);
  Home fresh(circle, 2);
  ASSERT_TRUE(fresh.open());
  EXPECT_EQ(fresh.drive->snapshots().size(), 1u);
}

TEST_F(HeadTest, AHeadThatIsNotToBeOpenedIsCorrupt) {
  back_up(home, "one");
  wire::Head bad = published();
  Bytes body(bad.body.view().begin(), bad.body.view().end());
  body[40] ^= 1;
  bad.body = SharedBytes(std::move(body));
  ++bad.version;
  circle.space.sign(bad);
  published() = bad;
  Home fresh(circle);
  const auto opened = fresh.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::corrupt);
}

TEST_F(HeadTest, ADamagedBookIsSaidToBeOne) {
  back_up(home, "one");
  home.drive.reset();
  for (const std::uint64_t offset : {0u, 20u, 200u}) {
    ASSERT_TRUE(home.disk.flip_bit("heads.seen", offset, 2));
    const auto opened = home.open();
    ASSERT_FALSE(opened) << offset;
    EXPECT_EQ(opened.error().code, Errc::corrupt);
    ASSERT_TRUE(home.disk.flip_bit("heads.seen", offset, 2));
  }
  EXPECT_TRUE(home.open());
}

TEST(EarlierHeads, ReachBackThirtyDaysHoweverManyThereAre) {
  constexpr std::int64_t kDay = kEarlierHeadsKeptNs / 30;
  EarlierHeads earlier;
  const auto version_at = [&](std::int64_t time) { return earlier.at(time).at(0).version; };
  std::uint64_t version = 0;
  const auto replace = [&](std::int64_t at) { earlier.replaced({7, 0, ++version, {}, {}, {}}, at); };
  for (std::int64_t day = 1; day <= 40; ++day) replace(day * kDay);
  EXPECT_EQ(version_at(0), 10u) << "the rest was replaced more than 30 days ago";
  EXPECT_EQ(version_at(20 * kDay), 21u);
  EXPECT_TRUE(earlier.at(40 * kDay).empty()) << "it has had none since";
  // Hundreds within an hour do not push out what stood for days.
  for (int i = 1; i <= 500; ++i) replace(40 * kDay + i);
  EXPECT_EQ(earlier.by_machine().at(0).size(), kEarlierHeadsMax);
  EXPECT_EQ(version_at(20 * kDay), 21u);
  EXPECT_EQ(version_at(39 * kDay), 40u);
  // A clock that was set back puts nothing out of order.
  replace(1);
  EXPECT_EQ(version_at(20 * kDay), 21u);
}

TEST_F(HeadTest, AnyBytesAreABookOrAreRefused) {
  back_up(home, "one");
  std::map<std::uint32_t, wire::Head> heads = circle.space.published;
  EarlierHeads earlier;
  earlier.replaced(heads.at(0), 7);
  const Bytes good = encode_head_book(heads, earlier, 5);
  const auto again = decode_head_book(good);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->heads.at(0).signature, heads.at(0).signature);
  EXPECT_EQ(again->earlier.at(6).at(0).signature, heads.at(0).signature);
  EXPECT_EQ(again->since_ns, 5);
  SeededRandom random(1);
  for (int i = 0; i < 2000; ++i) {
    Bytes bad = good;
    bad[random.below(bad.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
    EXPECT_FALSE(decode_head_book(bad));
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(decode_head_book(ByteView(good).first(size)));
}

TEST_F(HeadTest, ABookOfAnEarlierVersionIsReadAndShowsNoTimeBeforeNow) {
  back_up(home, "one");
  const Bytes book = encode_head_book(circle.space.published, {}, 5);
  Bytes old(book.begin(), book.end() - crypto::Hash::kSize - 8);
  old.front() = 2;
  const crypto::Hash check = crypto::hash("heads seen", {old});
  old.insert(old.end(), check.bytes.begin(), check.bytes.end());
  const auto read = decode_head_book(old);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->heads.size(), 1u);
  EXPECT_FALSE(read->since_ns);
  ASSERT_TRUE(home.disk.replace("heads.seen", old));
  circle.clock.run_for(1h);
  ASSERT_TRUE(home.open());
  circle.clock.run_for(1h);
  for (const auto& [ago, is_shown] : {std::pair(90min, false), std::pair(30min, true)}) {
    home.drive = std::make_unique<RingDrive>(home.environment(), home.keys());
    const std::int64_t then = circle.clock.wall_time().nanoseconds - Duration(ago).count();
    EXPECT_EQ(circle.clock.run(home.drive->start(then)).has_value(), is_shown);
  }
}

TEST_F(HeadTest, ADiskThatFailsBeforeTheHeadIsKeptPublishesNothing) {
  back_up(home, "one");
  home.disk.faults().set_rule([](world::Operation operation, std::string_view) -> std::optional<Error> {
    if (operation == world::Operation::sync) return fail(Errc::io, "the disk failed");
    return std::nullopt;
  });
  home.files.write("/t/file", "two");
  const auto summary = home.backup({"/t"});
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, Errc::io);
  EXPECT_EQ(published().version, 1u);
}

TEST_F(HeadTest, WithoutARingThereIsNoDrive) {
  circle.space.heads_reachable = false;
  EXPECT_EQ(home.open().error().code, Errc::unreachable);
}

TEST_F(HeadTest, TwoMachinesSeeEachOthersSnapshots) {
  back_up(home, "one");
  Home sibling(circle, 1);
  sibling.files.write("/s/other", "two");
  ASSERT_TRUE(sibling.backup({"/s"}));
  ASSERT_TRUE(home.open());
  EXPECT_EQ(home.drive->snapshots().size(), 2u);
  EXPECT_EQ(home.drive->snapshots()[1].machine, 1u);
  EXPECT_EQ(*home.read("s/other"), "two");
  back_up(home, "three");
  EXPECT_EQ(*home.read("t/file"), "three");
}

}  // namespace
}  // namespace peerstore::drive
