#include <drive/home.hpp>

namespace peerstore::drive {
namespace {

class StandingTest : public ::testing::Test {
 protected:
  // Big enough that /many and /big lie in packs of their own.
  void SetUp() override {
    SeededRandom random(1);
    for (int i = 0; i < 10; ++i) home.files.write("/many/" + std::to_string(i), random_text(random, 100));
    home.files.write("/many/empty", "");
    home.files.write("/big/file", random_text(random, vault::kPackPlainBytesMax));
    ASSERT_TRUE(home.backup({"/big", "/many"}));
  }
  void lose_full_pack(unsigned chunk_class) {
    for (auto& [address, stored] : circle.space.chunks) {
      const wire::ChunkHeader& header = stored.description.header;
      if (header.segments == wire::kSegmentsMax && header.chunk_class == chunk_class) stored.friends.clear();
    }
  }

  Circle circle;
  Home home{circle};
};

TEST_F(StandingTest, EverythingIsSafeWithAllCopies) {
  const DriveStanding standing = home.standing();
  EXPECT_EQ(standing.files_safe, 12u);
  EXPECT_EQ(standing.files_at_risk + standing.files_unreachable + standing.files_lost, 0u);
  EXPECT_EQ(standing.copies_wanted, 3u);
  EXPECT_EQ(standing.copies_reachable, 3u);
  EXPECT_TRUE(standing.waiting_for.empty());
  ASSERT_TRUE(standing.newest);
  EXPECT_EQ(standing.newest->files, 12u);
}

TEST_F(StandingTest, FriendsThatSleepAreWaitedFor) {
  for (std::size_t i = 0; i < 3; ++i) circle.space.set_awake(i, false);
  const DriveStanding standing = home.standing();
  EXPECT_EQ(standing.files_unreachable, 12u);
  EXPECT_EQ(standing.waiting_for, (std::vector<std::string>{"friend-1", "friend-2", "friend-3"}));
  EXPECT_EQ(standing.copies_reachable, 2u);
}

TEST_F(StandingTest, FewerCopiesAreARiskAndNoneIsALoss) {
  circle.space.lose_everything_of(0);
  EXPECT_EQ(home.standing().files_at_risk, 12u);
  lose_full_pack(3);
  const DriveStanding standing = home.standing();
  EXPECT_EQ(standing.files_lost, 1u);
  EXPECT_EQ(standing.files_at_risk, 11u);
}

TEST_F(StandingTest, CopiesAreCountedByPersonsAndThoseThatAreAwayByTheirReceipts) {
  EXPECT_EQ(home.standing().copies_least, 3u);
  circle.space.set_awake(0, false);
  DriveStanding standing = home.standing();
  EXPECT_EQ(standing.files_safe, 12u);
  EXPECT_EQ(standing.copies_least, 3u);
  EXPECT_EQ(standing.copies_online_least, 2u);
  circle.space.lose_everything_of(0);
  EXPECT_EQ(home.standing().copies_least, 2u);
  // Two machines of one person: they vanish together.
  circle.space.persons = {{1, 100}, {2, 100}};
  EXPECT_EQ(home.standing().copies_least, 1u);
}

TEST_F(StandingTest, TellsOfEachFileHowManyCopiesAreLeftAndWhoMustComeOnLine) {
  for (auto& [address, stored] : circle.space.chunks) {
    const bool is_of_big = stored.description.header.segments == wire::kSegmentsMax;
    if (is_of_big && stored.description.header.chunk_class == 1) stored.friends = {4};
  }
  const auto big_and_many = [&] {
    std::vector<FileStanding> files;
    const auto take = [&](std::size_t, const FileStanding& file) { files.push_back(file); };
    const auto all = circle.clock.run(home.drive->standing_of({"/big/file", "many"}, take));
    EXPECT_TRUE(all);
    EXPECT_EQ(all ? all->size() : 0, 2u);
    EXPECT_EQ(all ? all->back().files() : 0, 11u);
    EXPECT_EQ(files.size(), 12u);
    return files;
  };
  std::vector<FileStanding> files = big_and_many();
  EXPECT_EQ(files.front().path, "big/file");
  EXPECT_EQ(files.front().state, FileState::at_risk);
  EXPECT_EQ(files.front().copies, 1u);
  EXPECT_EQ(files.back().path, "many/empty");
  EXPECT_EQ(files.back().state, FileState::safe);
  EXPECT_EQ(files.back().copies, 3u);

  circle.space.set_awake(4, false);
  files = big_and_many();
  EXPECT_EQ(files.front().state, FileState::unreachable);
  EXPECT_EQ(files.front().waiting_for, (std::vector<std::string>{"friend-5"}));
  EXPECT_TRUE(files.back().waiting_for.empty());
  const auto none = circle.clock.run(home.drive->standing_of({"many", "nothing"}, {}));
  EXPECT_EQ(none.error().code, Errc::not_found);
}

TEST_F(StandingTest, CountsTheNewestSnapshotOfEverySetOfRoots) {
  ASSERT_TRUE(home.backup({"/many"}));
  EXPECT_EQ(home.standing().files_safe, 23u);
  home.files.remove("/many/3");
  ASSERT_TRUE(home.backup({"/many"}));
  EXPECT_EQ(home.standing().files_safe, 22u);
}

TEST_F(StandingTest, FilesOfAListingThatCannotBeReadAreCountedToo) {
  SeededRandom random(2);
  ASSERT_TRUE(home.open());
  for (auto& [address, stored] : circle.space.chunks) {
    if (stored.description.header.segments < wire::kSegmentsMax) stored.friends.clear();
  }
  const DriveStanding standing = home.standing();
  EXPECT_EQ(standing.files_lost, 12u);
}

TEST_F(StandingTest, NothingIsThereBeforeTheFirstBackup) {
  Circle ring;
  Home empty(ring);
  ASSERT_TRUE(empty.open());
  const DriveStanding standing = empty.standing();
  EXPECT_EQ(standing.files_safe, 0u);
  EXPECT_FALSE(standing.newest);
  EXPECT_EQ(empty.list("", true).error().code, Errc::not_found);
}

}  // namespace
}  // namespace peerstore::drive
