// A home that was restored from an old copy while nobody who is awake knows its newest head.
#include <drive/home.hpp>

#include <utility>

namespace peerstore::drive {
namespace {

TEST(OldCopyOfAHome, DeletesNothingAtOnceWhileSoManySleepThatTheyMayKnowANewerHead) {
  Circle circle;
  Home home{circle};
  const auto prune = [&](Home& of) { return circle.clock.run(of.drive->prune(false, of.observer())); };
  SeededRandom random(77);
  const std::string content = random_text(random, 900'000);
  home.files.write("/t/a", content);
  const auto first = home.backup({"/t"});
  home.files.write("/t/a", "x");
  ASSERT_TRUE(first && home.backup({"/t"}));
  ASSERT_TRUE(circle.clock.run(home.drive->forget({first->snapshot}, {}, false)));
  const auto book = home.disk.read_all("heads.seen", 1'000'000);
  const auto heads_then = circle.space.published;
  home.files.write("/t/b", content);
  const auto newest = home.backup({"/t"});
  ASSERT_TRUE(newest && newest->safe());
  EXPECT_EQ(newest->bytes_new, 0u) << "it should count on the pack of before";
  const auto heads_now = std::exchange(circle.space.published, heads_then);

  for (auto& [address, stored] : circle.space.chunks) stored.friends = {2, 3, 4};
  for (const std::size_t i : {0, 1}) circle.space.set_awake(i, false);
  Home old_copy(circle);
  ASSERT_TRUE(book && old_copy.disk.replace("heads.seen", *book));
  ASSERT_TRUE(old_copy.open());
  auto summary = prune(old_copy);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_GT(summary->packs, 0u);
  EXPECT_EQ(summary->packs_deleted, 0u);
  EXPECT_GT(summary->bytes_waiting, 900'000u);
  EXPECT_EQ(circle.space.removed, 0u);

  for (const std::size_t i : {0, 1}) circle.space.set_awake(i, true);
  const auto heads_of_copy = std::exchange(circle.space.published, heads_now);
  Home other(circle, 9);
  ASSERT_TRUE(other.open());
  EXPECT_TRUE(*other.read("t/b") == content);
  ASSERT_TRUE(home.open());
  EXPECT_FALSE(old_copy.open()) << "two copies of one home are in use";
  // If nobody knows better when they are awake, it goes.
  circle.space.published = heads_of_copy;
  Home alone(circle);
  ASSERT_TRUE(alone.open());
  summary = prune(alone);
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_GT(summary->packs_deleted, 0u);
}

}  // namespace
}  // namespace peerstore::drive
