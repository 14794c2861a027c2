// New epochs of keys (rekey): what was stored before is read, what is stored afterwards needs the new keys.
#include <crypto/memory_flags.hpp>
#include <drive/home.hpp>

namespace peerstore::drive {
namespace {

class Epochs : public testing::Test {
 protected:
  Epochs() {
    home.files.write("/t/old", "written in the first epoch");
    home.files.write("/t/folder/deep", std::string(300'000, 'x'));
    EXPECT_TRUE(home.backup({"/t"}));
  }
  // The same person on an empty machine, with these keys.
  static Result<RestoreSummary> restore_all(Home& empty) {
    EXPECT_TRUE(empty.files.make_folder("/back"));
    return empty.restore("", "/back");
  }

  Circle circle;
  Home home{circle};
};

TEST_F(Epochs, ReadWhatOlderOnesWrote) {
  circle.rekey();
  circle.rekey();
  Home empty(circle, 1);
  ASSERT_TRUE(restore_all(empty));
  EXPECT_EQ(read_whole(empty.files, "/back/t/old"), "written in the first epoch");
  EXPECT_EQ(read_whole(empty.files, "/back/t/folder/deep"), std::string(300'000, 'x'));
}

TEST_F(Epochs, WriteEverythingAnewAndGoOnFromTheSameLog) {
  circle.rekey();
  home.drive.reset();
  home.files.write("/t/new", "written in the second epoch");
  const auto summary = home.backup({"/t"});
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_GT(summary->bytes_new, 300'000u) << "nothing is shared with what old keys open";
  EXPECT_EQ(home.drive->snapshots().size(), 2u);
  Home empty(circle, 1);
  ASSERT_TRUE(restore_all(empty));
  EXPECT_EQ(read_whole(empty.files, "/back/t/new"), "written in the second epoch");
  EXPECT_EQ(read_whole(empty.files, "/back/t/old"), "written in the first epoch");
}

TEST_F(Epochs, HaveTheirKeysInLockedMemory) {
  circle.rekey();
  ASSERT_TRUE(home.open());
  EXPECT_TRUE(crypto::test::is_for_secrets(home.drive.get()));
  const DriveKeys keys = home.keys();
  EXPECT_TRUE(crypto::test::is_for_secrets(keys.older_secrets.data()));
}

TEST_F(Epochs, ShutOutWhoHasTheOldKeysAlone) {
  circle.rekey();
  home.drive.reset();
  home.files.write("/t/new", "written in the second epoch");
  ASSERT_TRUE(home.backup({"/t"}));
  const crypto::SecretKey newest = circle.drive_secret;
  circle.drive_secret = circle.older_secrets.back();
  circle.older_secrets.clear();
  Home thief(circle, 1);
  EXPECT_FALSE(thief.open());
  circle.drive_secret = newest;
}

}  // namespace
}  // namespace peerstore::drive
