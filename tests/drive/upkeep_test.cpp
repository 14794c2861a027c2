#include <drive/home.hpp>
#include <drive/snapshot_record.hpp>

namespace peerstore::drive {
namespace {

class UpkeepTest : public ::testing::Test {
 protected:
  VerifySummary verify(Home& of, double percent = 0) {
    VerifyOptions options;
    options.read_percent = percent;
    const auto summary = circle.clock.run(of.drive->verify(options, of.observer()));
    EXPECT_TRUE(summary);
    return summary ? *summary : VerifySummary{};
  }
  ForgetSummary forget(Home& of, std::vector<std::string> ids, KeepRules rules = {}) {
    const auto summary = circle.clock.run(of.drive->forget(std::move(ids), rules, false));
    EXPECT_TRUE(summary);
    return summary ? *summary : ForgetSummary{};
  }
  Result<PruneSummary> prune(Home& of, bool only_look = false) {
    return circle.clock.run(of.drive->prune(only_look, of.observer()));
  }
  // The first of two snapshots of home: it alone has `content`, at `path`.
  std::string back_up_and_change(const std::string& path, const std::string& content) {
    std::string first;
    for (const std::string& version : {content, std::string("x")}) {
      home.files.write(path, version);
      const auto summary = home.backup({"/t"});
      EXPECT_TRUE(summary);
      if (summary && first.empty()) first = summary->snapshot;
    }
    return first;
  }
  // As it was known there so long ago.
  Result<void> look_back(Home& of, Duration ago) {
    of.drive = std::make_unique<RingDrive>(of.environment(), of.keys());
    return circle.clock.run(of.drive->start(circle.clock.wall_time().nanoseconds - ago.count()));
  }
  // As a command that is run later sees it.
  void reopen(Home& of) { ASSERT_TRUE(of.open()); }

  Circle circle;
  Home home{circle};
  Home sibling{circle, 1};
  SeededRandom random{77};
};

TEST_F(UpkeepTest, ASoundDriveHasNoProblemsAndEveryByteCanBeRead) {
  make_random_tree(home.files, random, "/t", 120);
  ASSERT_TRUE(home.backup({"/t"}));
  home.files.write("/t/new", "more");
  ASSERT_TRUE(home.backup({"/t"}));
  const VerifySummary summary = verify(home, 100);
  EXPECT_EQ(summary.problems, 0u);
  EXPECT_EQ(summary.unreachable, 0u);
  EXPECT_EQ(summary.snapshots, 2u);
  EXPECT_GT(summary.files, 50u);
  EXPECT_GT(summary.packs_read, 1u);
  EXPECT_GT(summary.bytes_read, 100'000u);
  const VerifySummary some = verify(home, 1);
  EXPECT_EQ(some.packs_read, 3u) << "one, and the two that are the index";
}

TEST_F(UpkeepTest, VerifyFindsWhatIsLostSpoiltOrAway) {
  home.files.write("/t/file", random_text(random, 900'000));
  ASSERT_TRUE(home.backup({"/t"}));
  for (auto& [address, stored] : circle.space.chunks) {
    if (stored.description.header.chunk_class == 1) circle.space.spoil(address, 0, 5);
  }
  Home empty(circle, 2);
  EXPECT_FALSE(empty.open()) << "the index itself is spoilt";
  const VerifySummary summary = verify(home, 100);
  EXPECT_GT(summary.problems, 0u);
  EXPECT_FALSE(home.warnings.empty());
  for (std::size_t i = 0; i < 3; ++i) circle.space.set_awake(i, false);
  const VerifySummary away = verify(home);
  EXPECT_GT(away.unreachable, 0u);
  EXPECT_FALSE(away.waiting_for.empty());
}

TEST_F(UpkeepTest, ManyTinyFilesAreReadAFewAtATimeAndCanBeStopped) {
  for (int i = 0; i < 1300; ++i) home.files.write("/t/" + std::to_string(i), std::to_string(i));
  ASSERT_TRUE(home.backup({"/t"}));
  home.progress.clear();
  const VerifySummary whole = verify(home, 100);
  EXPECT_EQ(whole.problems, 0u);
  EXPECT_GE(home.progress.size(), 3u);
  Observer stops = home.observer();
  std::size_t shown = 0;
  stops.progress = [&](const Progress&) {
    ++shown;
    home.drive->cancel();
  };
  const auto stopped = circle.clock.run(home.drive->verify({100}, stops));
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Errc::cancelled);
  EXPECT_EQ(shown, 1u);
}

TEST_F(UpkeepTest, WhatIsLostIsStoredAgainByTheNextBackup) {
  const std::string content = random_text(random, 900'000);
  home.files.write("/t/file", content);
  ASSERT_TRUE(home.backup({"/t"}));
  std::erase_if(circle.space.chunks, [](const auto& chunk) {
    return chunk.second.segments.size() >= 4 && chunk.second.description.header.chunk_class == 1;
  });
  EXPECT_GT(verify(home).problems, 0u);
  sibling.files.write("/s/file", content);
  ASSERT_TRUE(sibling.open());
  const auto of_sibling = sibling.backup({"/s"});
  ASSERT_TRUE(of_sibling);
  EXPECT_EQ(of_sibling->bytes_new, content.size()) << "counted on a pack that is lost";
  reopen(home);
  EXPECT_GT(verify(home).problems, 0u) << "the folder's listing is lost";
  ASSERT_TRUE(home.backup({"/t"}));
  reopen(home);
  home.warnings.clear();
  EXPECT_EQ(verify(home, 100).problems, 0u);
  for (const Warning& warning : home.warnings)
    ADD_FAILURE() << warning.path << " " << warning.error.message();
  EXPECT_TRUE(*home.read("t/file") == content);
  EXPECT_TRUE(prune(home));
}

// Friends hand copies on, and the receipts of before say nothing of those who have them now.
TEST_F(UpkeepTest, WhatOnlySleepsIsNotLostAndWhatComesBackIsNoLonger) {
  const std::string content = random_text(random, 900'000);
  home.files.write("/t/file", content);
  sibling.files.write("/s/file", content);
  ASSERT_TRUE(home.backup({"/t"}));
  const auto give_all_to = [&](std::set<std::size_t> friends) {
    for (auto& [address, stored] : circle.space.chunks) {
      if (stored.segments.size() >= 4) stored.friends = friends;
    }
  };
  // What it would have to store that is in home's packs.
  const auto new_to_sibling = [&] {
    reopen(sibling);
    BackupOptions options;
    options.paths = {"/s"};
    options.only_look = true;
    const auto looked = circle.clock.run(sibling.drive->backup(options, sibling.observer()));
    EXPECT_TRUE(looked);
    return looked ? looked->bytes_new : 1;
  };
  give_all_to({4});
  circle.space.set_awake(4, false);
  VerifySummary summary = verify(home);
  EXPECT_EQ(summary.problems, 0u);
  EXPECT_EQ(summary.unreachable, 1u);
  EXPECT_EQ(summary.listings_unreachable, 1u);
  EXPECT_FALSE(summary.all_looked_at());
  const auto pruned = prune(home);
  ASSERT_FALSE(pruned);
  EXPECT_EQ(pruned.error().code, Errc::unreachable);
  EXPECT_NE(pruned.error().context.find("friend-5"), std::string::npos) << pruned.error().context;
  EXPECT_EQ(summary.waiting_for, std::vector<std::string>{"friend-5"});
  EXPECT_EQ(new_to_sibling(), 0u);
  give_all_to({});
  EXPECT_EQ(verify(home).problems, 2u);
  EXPECT_EQ(new_to_sibling(), content.size());
  // Another machine sees it come back; later it is lost again.
  give_all_to({3});
  EXPECT_EQ(verify(sibling).problems, 0u);
  EXPECT_EQ(new_to_sibling(), 0u);
  reopen(home);
  give_all_to({});
  EXPECT_EQ(verify(home).problems, 2u);
  EXPECT_EQ(new_to_sibling(), content.size());
}

TEST_F(UpkeepTest, AMachineWhoseNewIndexSleepsIsNotCountedOnAndTheBackupGoesOn) {
  const std::string content = random_text(random, 900'000);
  sibling.files.write("/s/file", content);
  ASSERT_TRUE(sibling.backup({"/s"}));
  home.files.write("/t/file", content);
  ASSERT_TRUE(home.open());
  for (const std::size_t i : {0, 1}) circle.space.set_awake(i, false);
  sibling.files.write("/s/more", "more");
  ASSERT_TRUE(sibling.backup({"/s"}));
  for (const std::size_t i : {0, 1}) circle.space.set_awake(i, true);
  for (const std::size_t i : {2, 3, 4}) circle.space.set_awake(i, false);
  const auto summary = home.backup({"/t"});
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->bytes_new, content.size());
  EXPECT_EQ(prune(home).error().code, Errc::unreachable) << "the sibling's snapshots are not known";
}

TEST_F(UpkeepTest, ReadingDataReadsTheIndexOfEveryMachineToo) {
  home.files.write("/t/file", random_text(random, 900'000));
  ASSERT_TRUE(home.backup({"/t"}));
  for (auto& [address, stored] : circle.space.chunks) {
    const wire::ChunkHeader& header = stored.description.header;
    if (header.chunk_class == 1 && header.segments == 1) circle.space.spoil(address, 0, 5);
  }
  EXPECT_EQ(verify(home).problems, 0u);
  EXPECT_EQ(verify(home, 100).problems, 1u);
}

TEST_F(UpkeepTest, WhatIsCountedOnIsSafeOnlyWithCopiesThatAreStillThere) {
  const std::string content = random_text(random, 900'000);
  const auto copies_least = [&] {
    std::size_t least = 9;
    for (const auto& [address, stored] : circle.space.chunks) {
      if (stored.segments.size() >= 4) least = std::min(least, stored.friends.size());
    }
    return least;
  };
  home.files.write("/t/file", content);
  for (const std::size_t i : {2, 3, 4}) circle.space.set_awake(i, false);
  ASSERT_TRUE(home.backup({"/t"}));
  EXPECT_EQ(copies_least(), 2u);
  for (const std::size_t i : {2, 3, 4}) circle.space.set_awake(i, true);
  sibling.files.write("/s/file", content);
  ASSERT_TRUE(sibling.open());
  auto summary = sibling.backup({"/s"});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->bytes_new, 0u);
  EXPECT_TRUE(summary->safe());
  reopen(home);
  ASSERT_TRUE(home.backup({"/t"}));
  EXPECT_EQ(copies_least(), 3u);
  // Somebody leaves for ever, with the receipts that were counted.
  circle.space.lose_everything_of(0);
  circle.space.set_awake(0, false);
  circle.space.departed.insert(0);
  reopen(home);
  summary = home.backup({"/t"});
  ASSERT_TRUE(summary);
  EXPECT_TRUE(summary->safe());
  EXPECT_EQ(copies_least(), 3u);
}

TEST_F(UpkeepTest, ForgottenSnapshotsAreGoneForEveryMachineAndTheOthersStayWhole) {
  home.files.write("/t/a", "one");
  const auto first = home.backup({"/t"});
  ASSERT_TRUE(first);
  home.files.write("/t/a", "two");
  ASSERT_TRUE(home.backup({"/t"}));
  ASSERT_TRUE(sibling.open());
  EXPECT_EQ(forget(sibling, {first->snapshot.substr(0, 6)}).forgotten.size(), 1u);
  EXPECT_EQ(sibling.drive->snapshots().size(), 1u);
  reopen(home);
  ASSERT_EQ(home.drive->snapshots().size(), 1u);
  EXPECT_EQ(*home.read("t/a"), "two");
  EXPECT_EQ(circle.clock.run(home.drive->forget({"0000"}, {}, false)).error().code, Errc::not_found);
  // Each machine prunes its own log, and what was said about it may then go, too.
  ASSERT_TRUE(prune(home));
  reopen(sibling);
  ASSERT_TRUE(prune(sibling));
  reopen(home);
  EXPECT_EQ(home.drive->snapshots().size(), 1u);
  EXPECT_EQ(*home.read("t/a"), "two");
}

TEST_F(UpkeepTest, PruningDropsWhatNobodyNeedsAndKeepsTheRest) {
  std::vector<std::map<std::string, std::string>> states;
  std::vector<std::string> ids;
  for (int version = 0; version < 6; ++version) {
    for (int i = 0; i < 12; ++i) {
      if ((i + version) % 3 == 0) {
        home.files.write("/t/" + std::to_string(i), random_text(random, 50'000 + random.below(700'000)));
      }
    }
    const auto summary = home.backup({"/t"});
    ASSERT_TRUE(summary);
    ids.push_back(summary->snapshot);
    states.push_back(describe(home.files, "/t"));
  }
  forget(home, {ids[0], ids[1], ids[2], ids[3]});
  reopen(home);
  const auto looked = prune(home, true);
  ASSERT_TRUE(looked);
  EXPECT_GT(looked->packs, 0u);
  EXPECT_EQ(looked->bytes_waiting, 0u);
  const auto pruned = prune(home);
  ASSERT_TRUE(pruned) << pruned.error().message();
  EXPECT_EQ(pruned->packs, looked->packs);
  EXPECT_GE(pruned->packs_deleted, pruned->packs);
  EXPECT_EQ(pruned->bytes_waiting, 0u);
  EXPECT_GE(pruned->head_copies, 1u);
  Home other(circle, 3);
  ASSERT_TRUE(other.open());
  for (const int version : {4, 5}) {
    const std::string target = "/back" + std::to_string(version);
    const auto restored = other.restore("", target, false, ids[static_cast<std::size_t>(version)]);
    ASSERT_TRUE(restored);
    EXPECT_EQ(restored->failed, 0u);
    EXPECT_EQ(describe(other.files, target + "/t"), states[static_cast<std::size_t>(version)]);
  }
  reopen(home);
  EXPECT_EQ(verify(home, 100).problems, 0u);
  const auto again = prune(home);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->packs, 0u) << "nothing is left to drop";
  EXPECT_EQ(again->bytes_waiting, pruned->bytes_waiting);
  const auto backed_up = home.backup({"/t"});
  ASSERT_TRUE(backed_up);
  EXPECT_EQ(backed_up->bytes_new, 0u);
}

TEST_F(UpkeepTest, ABackupElsewhereThatCountedOnADroppedPackKeepsIt) {
  const std::string content = random_text(random, 600'000);
  const std::string first = back_up_and_change("/t/shared", content);
  // The sibling has read the index, and finds that it need not send the content.
  sibling.files.write("/s/mine", content);
  ASSERT_TRUE(sibling.open());
  forget(home, {first});
  reopen(home);
  const auto pruned = prune(home);
  ASSERT_TRUE(pruned);
  EXPECT_GT(pruned->packs, 0u);
  const auto counted_on = sibling.backup({"/s"});
  ASSERT_TRUE(counted_on);
  EXPECT_GT(counted_on->bytes_new, 0u) << "the heads were not read again before the snapshot was made";
  Home other(circle, 3);
  ASSERT_TRUE(other.open());
  EXPECT_TRUE(*other.read("s/mine") == content);
  // The next time it is found to be needed, and stored anew.
  reopen(home);
  ASSERT_TRUE(prune(home));
  reopen(other);
  EXPECT_TRUE(*other.read("s/mine") == content);
  EXPECT_EQ(verify(other, 100).problems, 0u);
  // And what is in a dropped pack only is sent again by whoever backs it up.
  reopen(sibling);
  ASSERT_TRUE(sibling.backup({"/s"}));
}

TEST_F(UpkeepTest, PruneDeletesWhatItDroppedAndForgetsItWhenAllHoldersSaidSo) {
  const std::string first = back_up_and_change("/t/a", random_text(random, 900'000));
  forget(home, {first});
  const std::uint64_t before = circle.space.bytes();
  circle.space.set_awake(0, false);
  auto summary = prune(home);
  ASSERT_TRUE(summary);
  EXPECT_GT(summary->bytes_waiting, 900'000u) << "somebody who has it sleeps";
  circle.space.set_awake(0, true);
  reopen(home);
  summary = prune(home);
  ASSERT_TRUE(summary);
  EXPECT_GT(summary->packs_deleted, 0u);
  EXPECT_EQ(summary->bytes_waiting, 0u);
  EXPECT_LT(circle.space.bytes(), before);
  reopen(home);
  EXPECT_EQ(*home.read("t/a"), "x");
  EXPECT_EQ(verify(home, 100).problems, 0u);
  // Nothing is left to say but of the index itself, which the last prune wrote anew.
  summary = prune(home);
  ASSERT_TRUE(summary);
  reopen(home);
  const std::uint64_t removed = circle.space.removed;
  ASSERT_TRUE(prune(home));
  EXPECT_LE(circle.space.removed - removed, 10u);
}

// A thief, or a mistake: friends keep what was deleted, and this home knows the way to it.
TEST_F(UpkeepTest, WhatWasForgottenAndPrunedIsHadBackAsItWasSeenBefore) {
  const std::string content = random_text(random, 900'000);
  const std::string first = back_up_and_change("/t/a", content);
  reopen(sibling);
  circle.clock.run_for(1h);
  forget(home, {first});
  ASSERT_TRUE(prune(home));
  EXPECT_GT(circle.space.removed, 0u);
  circle.clock.run_for(1h);
  for (Home* of : {&sibling, &home}) {
    reopen(*of);
    EXPECT_EQ(of->drive->snapshots().size(), 1u);
    ASSERT_TRUE(look_back(*of, 90min));
    EXPECT_EQ(of->drive->snapshots().size(), 2u);
    const auto restored = of->restore("", "/back", false, first);
    ASSERT_TRUE(restored) << restored.error().message();
    EXPECT_EQ(read_whole(of->files, "/back/t/a"), content);
    // That was only a look.
    reopen(*of);
    EXPECT_EQ(of->drive->snapshots().size(), 1u);
  }
  ASSERT_TRUE(sibling.backup({"/back"}));
  reopen(home);
  EXPECT_EQ(home.drive->snapshots().size(), 2u);
}

// A thief with a machine of the person that had published nothing before.
TEST_F(UpkeepTest, WhatAMachineForgotThatWasSeenFirstSinceThenIsNotForgottenThen) {
  home.files.write("/t/a", "one");
  ASSERT_TRUE(home.backup({"/t"}));
  circle.clock.run_for(1h);
  reopen(sibling);
  forget(sibling, {sibling.drive->snapshots().front().id});
  circle.clock.run_for(1h);
  reopen(home);
  EXPECT_TRUE(home.drive->snapshots().empty());
  ASSERT_TRUE(look_back(home, 90min));
  EXPECT_EQ(home.drive->snapshots().size(), 1u);
  ASSERT_TRUE(home.restore("", "/back"));
  EXPECT_EQ(read_whole(home.files, "/back/t/a"), "one");
}

TEST_F(UpkeepTest, ATimeBeforeTheHomeNotedAnythingIsAnErrorAndNotShownAsToday) {
  home.files.write("/t/a", "one");
  ASSERT_TRUE(home.backup({"/t"}));
  reopen(sibling);
  circle.clock.run_for(3h);
  Home fresh(circle, 2);
  for (Home* of : {&home, &sibling, &fresh}) {
    const auto looked = look_back(*of, 4h);
    ASSERT_FALSE(looked);
    EXPECT_EQ(looked.error().code, Errc::invalid);
  }
  EXPECT_TRUE(look_back(home, 2h));
  EXPECT_TRUE(look_back(sibling, 2h)) << "it only looked, but noted what it saw";
  EXPECT_FALSE(look_back(fresh, 2h));
}

// What two machines stored at the same time lies in packs of both.
TEST_F(UpkeepTest, WhatIsNeededIsStoredAnewIfTheOtherMachinesPackThatAlsoHasItIsLost) {
  const std::string content = random_text(random, 400'000);
  reopen(home);
  reopen(sibling);
  home.files.write("/t/a", content);
  home.files.write("/t/big", random_text(random, 2'000'000));
  const auto first = home.backup({"/t"});
  ASSERT_TRUE(first);
  home.files.remove("/t/big");
  ASSERT_TRUE(home.backup({"/t"}));
  std::set<wire::ChunkAddress> of_home;
  for (const auto& [address, stored] : circle.space.chunks) of_home.insert(address);
  sibling.files.write("/s/a", content);
  const auto second = sibling.backup({"/s"});
  ASSERT_TRUE(second);
  ASSERT_EQ(second->bytes_new, content.size()) << "both have it";
  for (auto& [address, stored] : circle.space.chunks) {
    const bool is_index = stored.segments.size() == 1;
    if (!of_home.contains(address) && !is_index) stored.friends.clear();
  }
  reopen(home);
  forget(home, {first->snapshot, second->snapshot});
  for (int week = 0; week < 2; ++week) {
    reopen(home);
    const auto pruned = prune(home);
    ASSERT_TRUE(pruned) << pruned.error().message();
    EXPECT_EQ(pruned->packs_deleted > 0, week == 1);
    circle.clock.run_for(24h * 7 + 1h);
  }
  circle.space.trash.clear();
  reopen(home);
  const auto read = home.read("t/a");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_TRUE(*read == content);
}

TEST_F(UpkeepTest, WhatAnotherMachineMayStillCountOnIsDeletedAfterAWeek) {
  home.files.write("/t/a", random_text(random, 900'000));
  const auto first = home.backup({"/t"});
  ASSERT_TRUE(first);
  sibling.files.write("/s/b", "of a sibling");
  ASSERT_TRUE(sibling.open());
  ASSERT_TRUE(sibling.backup({"/s"}));
  home.files.write("/t/a", "x");
  reopen(home);
  ASSERT_TRUE(home.backup({"/t"}));
  forget(home, {first->snapshot});
  auto summary = prune(home);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->packs_deleted, 0u);
  EXPECT_GT(summary->bytes_waiting, 900'000u);
  circle.clock.run_for(24h * 7 + 1h);
  reopen(home);
  summary = prune(home);
  ASSERT_TRUE(summary);
  EXPECT_GT(summary->packs_deleted, 0u);
}

// It may be in the middle of its first backup, and have counted on what is dropped.
TEST_F(UpkeepTest, NothingIsDeletedAtOnceWhileAMachineHasNoHeadYet) {
  const std::string first = back_up_and_change("/t/a", random_text(random, 900'000));
  home.machines = 2;
  reopen(home);
  forget(home, {first});
  const auto summary = prune(home);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->packs_deleted, 0u);
  EXPECT_GT(summary->bytes_waiting, 900'000u);
}

TEST_F(UpkeepTest, AHeadThatIsPublishedWhileSomebodyPrunesIsReadBeforeAnythingIsDropped) {
  const std::string content = random_text(random, 600'000);
  const std::string first = back_up_and_change("/t/shared", content);
  sibling.files.write("/s/mine", content);
  ASSERT_TRUE(sibling.open());
  forget(home, {first});
  reopen(home);
  // The sibling's snapshot is published after home has read the heads, and before it prunes.
  ASSERT_TRUE(sibling.backup({"/s"}));
  ASSERT_TRUE(prune(home));
  Home other(circle, 3);
  ASSERT_TRUE(other.open());
  EXPECT_TRUE(*other.read("s/mine") == content);
  EXPECT_EQ(other.drive->snapshots().size(), 2u);
  EXPECT_EQ(other.standing().files_lost, 0u);
}

TEST_F(UpkeepTest, NothingIsPrunedWhileSomethingCannotBeRead) {
  const std::string first = back_up_and_change("/t/a", random_text(random, 400'000));
  forget(home, {first});
  for (std::size_t i = 0; i < 3; ++i) circle.space.set_awake(i, false);
  EXPECT_FALSE(prune(home));
  circle.space.set_awake(0, true);
  circle.space.set_awake(1, true);
  circle.space.set_awake(2, true);
  EXPECT_TRUE(prune(home));
  reopen(home);
  EXPECT_EQ(*home.read("t/a"), "x");
  EXPECT_EQ(verify(home, 100).problems, 0u);
}

// ---- What differs ----

TEST_F(UpkeepTest, VersionsAreWhatAFileWasAndNotHowOftenItWasKept) {
  home.files.write("/t/a", "one");
  const auto first = home.backup({"/t"});
  ASSERT_TRUE(home.backup({"/t"}));
  home.files.write("/t/a", "three");
  const auto third = home.backup({"/t"});
  ASSERT_TRUE(third);
  const auto versions = circle.clock.run(home.drive->versions("t/a"));
  ASSERT_TRUE(versions);
  ASSERT_EQ(versions->size(), 2u);
  EXPECT_EQ((*versions)[0].snapshot.id, first->snapshot);
  EXPECT_EQ((*versions)[1].snapshot.id, third->snapshot);
  EXPECT_EQ((*versions)[1].entry.facts.size, 5u);
  EXPECT_EQ(circle.clock.run(home.drive->versions("t/none")).error().code, Errc::not_found);
}

TEST_F(UpkeepTest, DiffTellsEveryChangeOnce) {
  for (const char* path : {"/t/same/x", "/t/changed", "/t/gone/deep/y", "/t/mode", "/t/turns"}) {
    home.files.write(path, path);
  }
  const auto first = home.backup({"/t"});
  ASSERT_TRUE(first);
  home.files.write("/t/changed", "now");
  home.files.remove("/t/gone");
  home.files.write("/t/new/z", "z");
  home.files.remove("/t/turns");
  ASSERT_TRUE(home.files.make_symlink("mode", "/t/turns"));
  set_mode_and_time(home.files, "/t/mode", 0600, home.files.facts("/t/mode")->modified_ns);
  const auto second = home.backup({"/t"});
  ASSERT_TRUE(second);
  const auto differences = home.diff(first->snapshot, second->snapshot);
  std::vector<std::string> told;
  for (const Difference& difference : differences) {
    told.push_back(std::string(1, "+-MU"[static_cast<int>(difference.change)]) + difference.entry.path);
  }
  EXPECT_EQ(told, (std::vector<std::string>{"Ut", "Mt/changed", "-t/gone", "-t/gone/deep", "-t/gone/deep/y",
                                            "Ut/mode", "+t/new", "+t/new/z", "-t/turns", "+t/turns"}));
  EXPECT_TRUE(home.diff(first->snapshot, first->snapshot).empty());
}

TEST_F(UpkeepTest, FindLooksAtWholePaths) {
  for (const char* path : {"/t/a.jpg", "/t/deep/b.jpg", "/t/deep/c.txt"}) home.files.write(path, "x");
  ASSERT_TRUE(home.backup({"/t"}));
  const auto found = home.find("*.jpg");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[1].path, "t/deep/b.jpg");
  EXPECT_EQ(home.find("deep/").size(), 1u);
}

TEST(PackFinding, ComesBackAndIsNoSnapshot) {
  const PackFinding finding{77, true, {wire::ChunkAddress{{1}}, wire::ChunkAddress{{2}}}};
  const Bytes record = encode(finding);
  EXPECT_EQ(**decode_finding(record), finding);
  EXPECT_FALSE(decode_snapshot_record(record)->has_value());
  EXPECT_FALSE(decode_finding(encode(SnapshotRecord{}))->has_value());
  for (std::size_t size = 1; size < record.size(); ++size) {
    EXPECT_FALSE(decode_finding(ByteView(record).first(size)));
  }
}

TEST(Forgotten, ComesBackAndIsNoSnapshot) {
  const std::vector<std::string> ids = {"0123456789abcdef", "fedcba9876543210"};
  const Bytes record = encode_forgotten(ids);
  EXPECT_EQ(*decode_forgotten(record), ids);
  EXPECT_FALSE(decode_snapshot_record(record)->has_value());
  EXPECT_TRUE(decode_forgotten(encode(SnapshotRecord{}))->empty());
  for (std::size_t size = 1; size < record.size(); ++size) {
    EXPECT_FALSE(decode_forgotten(ByteView(record).first(size)));
  }
}

}  // namespace
}  // namespace peerstore::drive
