#include <drive/home.hpp>
#include <drive/restless_files.hpp>
#include <drive/restore_run.hpp>
#include <drive/tree_writer.hpp>

namespace peerstore::drive {
namespace {

class RestoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    home.files.write("/t/docs/letter", "dear friend");
    home.files.write("/t/docs/deep/er/note", "note");
    home.files.write("/t/photo", std::string(2'000'000, 'p'));
    ASSERT_TRUE(home.files.make_symlink("docs/letter", "/t/link"));
    ASSERT_TRUE(home.files.make_hard_link("/t/photo", "/t/docs/same-photo"));
    set_mode_and_time(home.files, "/t/docs/deep", 0500, 1'000'000'007);
    set_mode_and_time(home.files, "/t/docs", 0750, 1'000'000'008);
    set_mode_and_time(home.files, "/t", 0750, 1'000'000'009);
    ASSERT_TRUE(home.backup({"/t"}));
  }
  std::set<std::string> warned(const Home& of) {
    std::set<std::string> paths;
    for (const Warning& warning : of.warnings) paths.insert(warning.path);
    return paths;
  }

  Circle circle;
  Home home{circle};
  Home other{circle, 1};
};

TEST_F(RestoreTest, OnePartComesBackBelowItsPath) {
  const auto one = other.restore("t/docs/deep", "/back/here");
  ASSERT_TRUE(one) << one.error().message();
  EXPECT_EQ(one->files, 1u);
  EXPECT_EQ(other.files.read("/back/here/t/docs/deep/er/note"), "note");
  EXPECT_EQ(other.files.facts("/back/here/t/docs/deep")->modified_ns, 1'000'000'007);
  EXPECT_EQ(other.files.facts("/back/here/t/docs/deep")->mode, 0500u);
  EXPECT_FALSE(other.files.facts("/back/here/t/photo"));
  EXPECT_EQ(other.files.facts("/back/here/t")->modified_ns, home.files.facts("/t")->modified_ns);

  const auto file = other.restore("t/docs/letter", "/alone");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->files, 1u);
  EXPECT_EQ(other.files.read("/alone/t/docs/letter"), "dear friend");
}

TEST_F(RestoreTest, WithoutASnapshotEverythingThatWasBackedUpComesBack) {
  home.files.write("/u/song", "la");
  ASSERT_TRUE(home.backup({"/u"}));
  home.files.write("/t/docs/letter", "dear friends");
  ASSERT_TRUE(home.backup({"/t"}));
  const auto all = other.restore("", "/back");
  ASSERT_TRUE(all) << all.error().message();
  EXPECT_EQ(all->failed, 0u);
  EXPECT_EQ(other.files.read("/back/u/song"), "la");
  EXPECT_EQ(other.files.read("/back/t/docs/letter"), "dear friends");
  EXPECT_EQ(*other.read("u/song"), "la");
  const auto roots = other.list("", false);
  ASSERT_TRUE(roots);
  ASSERT_EQ(roots->size(), 2u);
  // A file that is gone from the newest state of its folder is not there without being asked for.
  home.files.remove("/t/photo");
  ASSERT_TRUE(home.backup({"/t"}));
  Home later(circle, 2);
  ASSERT_TRUE(later.open());
  EXPECT_FALSE(later.read("t/photo"));
}

TEST_F(RestoreTest, APathBelongsToTheNewestSnapshotThatWasToKeepIt) {
  const std::string docs_now = "dear friends of now";
  home.files.write("/t/docs/letter", docs_now);
  home.files.write("/t/docs/later/one", "new");
  home.files.remove("/t/docs/deep");
  ASSERT_TRUE(home.backup({"/t/docs"}));
  for (const bool overwrite : {false, true}) {
    const std::string target = overwrite ? "/over" : "/back";
    const auto all = other.restore("", target, overwrite);
    ASSERT_TRUE(all) << all.error().message();
    EXPECT_EQ(all->failed, 0u);
    EXPECT_TRUE(all->omitted.empty());
    EXPECT_EQ(other.files.read(target + "/t/docs/letter"), docs_now);
    EXPECT_EQ(other.files.read(target + "/t/docs/later/one"), "new");
    EXPECT_FALSE(other.files.facts(target + "/t/docs/deep"));
    EXPECT_EQ(other.files.read(target + "/t/photo").size(), 2'000'000u);
  }
  // A part of it, too, and what lies above the later root.
  ASSERT_TRUE(other.restore("t", "/part"));
  EXPECT_EQ(other.files.read("/part/t/docs/letter"), docs_now);
  EXPECT_TRUE(other.files.facts("/part/t/photo"));
  EXPECT_EQ(*other.read("t/docs/letter"), docs_now);
  const auto paths_of = [](const std::vector<ListEntry>& entries) {
    std::vector<std::string> paths;
    for (const ListEntry& entry : entries) paths.push_back(entry.path);
    return paths;
  };
  EXPECT_EQ(paths_of(*other.list("", true)),
            (std::vector<std::string>{"t", "t/docs", "t/docs/later", "t/docs/later/one", "t/docs/letter",
                                      "t/docs/same-photo", "t/link", "t/photo"}));
  EXPECT_EQ(paths_of(*other.list("t", false)), (std::vector<std::string>{"t/docs", "t/link", "t/photo"}));
  EXPECT_EQ(paths_of(other.find("letter")), std::vector<std::string>{"t/docs/letter"});
}

TEST_F(RestoreTest, WhatANewerSnapshotHidesIsNamed) {
  Home second(circle, 7);
  second.files.write("/t/docs/letter", "of another machine");
  ASSERT_TRUE(second.backup({"/t"}));
  auto all = other.restore("", "/back");
  ASSERT_TRUE(all) << all.error().message();
  EXPECT_EQ(other.files.read("/back/t/docs/letter"), "of another machine");
  ASSERT_EQ(all->omitted.size(), 1u);
  EXPECT_EQ(all->omitted.front().machine, 0u);
  ASSERT_TRUE(other.restore("", "/first", false, all->omitted.front().id));
  EXPECT_EQ(other.files.read("/first/t/docs/letter"), "dear friend");
  // Kept by itself, and then left out of what is above it: perhaps because it is not wanted there.
  Home lone(circle, 8);
  lone.files.write("/u/inner/song", "la");
  ASSERT_TRUE(lone.backup({"/u/inner"}));
  lone.files.remove("/u/inner/song");
  ASSERT_TRUE(lone.backup({"/u"}));
  Home reader(circle, 9);
  all = reader.restore("u", "/back");
  ASSERT_TRUE(all) << all.error().message();
  ASSERT_EQ(all->omitted.size(), 1u);
  EXPECT_EQ(all->omitted.front().roots, std::vector<std::string>{"u/inner"});
}

// Nor may it seem that a folder had been empty before.
TEST_F(RestoreTest, AListingThatIsLostIsNotTakenForAPathThatWasNotThere) {
  std::set<wire::ChunkAddress> before;
  for (const auto& [address, stored] : circle.space.chunks) before.insert(address);
  home.files.write("/t/docs/letter", "dear friends");
  ASSERT_TRUE(home.backup({"/t/docs"}));
  home.files.write("/u/song", "la");
  ASSERT_TRUE(home.backup({"/u"}));
  ASSERT_TRUE(other.open());
  for (auto& [address, stored] : circle.space.chunks) {
    if (!before.contains(address)) stored.friends.clear();
  }
  for (const std::string path : {"", "t/docs", "t/docs/letter", "u"}) {
    const auto restored = other.restore(path, "/back" + path);
    ASSERT_FALSE(restored) << path << ": another state than the newest, or a part of it";
    EXPECT_EQ(restored.error().code, Errc::corrupt) << restored.error().message();
  }
  home.files.remove("/u/song");
  const auto emptied = home.backup({"/u"});
  ASSERT_FALSE(emptied);
  EXPECT_EQ(emptied.error().code, Errc::refused);
}

TEST_F(RestoreTest, FilesWithSeveralNamesAreOneFileAgain) {
  ASSERT_TRUE(other.restore("", "/back"));
  EXPECT_EQ(other.files.facts("/back/t/photo")->inode, other.files.facts("/back/t/docs/same-photo")->inode);
  // One of the names alone is a file of its own.
  ASSERT_TRUE(other.restore("t/docs/same-photo", "/alone"));
  EXPECT_EQ(other.files.read("/alone/t/docs/same-photo").size(), 2'000'000u);
}

TEST_F(RestoreTest, WhatIsThereIsLeftAloneUnlessItMayBeOverwritten) {
  other.files.write("/back/t/docs/letter", "mine");
  home.files.remove("/t/docs/same-photo");
  set_mode_and_time(home.files, "/t/docs", 0750, 1'000'000'008);
  ASSERT_TRUE(home.backup({"/t"}));
  const std::int64_t time = other.files.facts("/back/t/docs")->modified_ns;
  ASSERT_TRUE(other.files.make_symlink("docs/letter", "/back/t/link"));
  auto restored = other.restore("", "/back");
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->failed, 1u);
  EXPECT_EQ(warned(other), std::set<std::string>{"/back/t/docs/letter"});
  EXPECT_EQ(other.files.read("/back/t/docs/letter"), "mine");
  EXPECT_NE(other.files.facts("/back/t/docs")->modified_ns, home.files.facts("/t/docs")->modified_ns);
  EXPECT_GE(other.files.facts("/back/t/docs")->modified_ns, time);

  restored = other.restore("", "/back", true);
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->failed, 0u);
  EXPECT_EQ(describe(other.files, "/back/t"), describe(home.files, "/t"));
}

TEST_F(RestoreTest, NothingIsWrittenThroughALink) {
  other.files.write("/outside/keep", "mine");
  ASSERT_TRUE(other.files.make_folder("/back"));
  ASSERT_TRUE(other.files.make_folder("/back/t"));
  ASSERT_TRUE(other.files.make_symlink("/outside", "/back/t/docs"));
  ASSERT_TRUE(other.files.make_symlink("/outside/keep", "/back/t/photo"));
  const auto restored = other.restore("", "/back", true);
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->failed, 1u);
  EXPECT_EQ(warned(other), std::set<std::string>{"/back/t/docs"});
  EXPECT_EQ(*other.files.list("/outside"), std::vector<std::string>{"keep"});
  EXPECT_EQ(other.files.read("/outside/keep"), "mine");
  EXPECT_EQ(other.files.read("/back/t/photo").size(), 2'000'000u);

  other.files.write("/file", "x");
  EXPECT_EQ(other.restore("", "/file").error().code, Errc::refused);
}

// Writes a snapshot tree that no honest program writes.
Task<Result<BlobList>> write_folder(vault::Vault& vault, std::vector<TreeEntry> entries) {
  const vault::Cutter cutter(vault.keys());
  ListingWriter writer(vault, cutter);
  for (TreeEntry& entry : entries) {
    const auto added = co_await writer.add(std::move(entry));
    if (!added) co_return added.error();
  }
  auto list = co_await writer.finish();
  if (!list) co_return list.error();
  const auto flushed = co_await vault.flush();
  if (!flushed) co_return flushed.error();
  co_return list;
}

TEST_F(RestoreTest, AnEvilListingWritesNothingOutsideItsTarget) {
  vault::Vault vault({circle.clock, circle.workers, circle.entropy, circle.space}, circle.drive_secret);
  for (const std::string& evil :
       {std::string("../../outside"), std::string("/outside00000"), std::string("x/y/z0000000")}) {
    TreeEntry entry;
    entry.name = std::string(evil.size(), '#');
    Bytes part = encode_listing_part(1, encode(entry));
    std::memcpy(&*std::search(part.begin(), part.end(), entry.name.begin(), entry.name.end()), evil.data(),
                evil.size());
    const auto id = vault::blob_id(vault.keys(), vault::BlobKind::tree, part);
    ASSERT_TRUE(circle.clock.run(vault.put(vault::BlobKind::tree, id, part, 0)));
    ASSERT_TRUE(circle.clock.run(vault.flush()));
    const bool cancelled = false;
    RestoreTarget target(other.files, "/back/a/b");
    ASSERT_TRUE(target.begin());
    Progress progress;
    RestoreRun run(other.environment(), vault, other.observer(), progress, target, true, cancelled);
    const auto restored = circle.clock.run(run.run({0, {id}}, ""));
    ASSERT_TRUE(target.finish());
    ASSERT_TRUE(restored);
    EXPECT_EQ(restored->failed, 1u);
    EXPECT_TRUE(other.files.list("/back/a/b")->empty());
    EXPECT_EQ(*other.files.list("/back/a"), std::vector<std::string>{"b"});
    EXPECT_EQ(other.files.list("/")->size(), 1u);
  }
}

TEST_F(RestoreTest, TellsHowMuchThereIsToRestoreBelowAFolder) {
  SeededRandom random(41);
  std::uint64_t bytes = 0;
  for (int i = 0; i < 30; ++i) {
    const std::string text = random_text(random, 50'000);
    bytes += text.size();
    home.files.write("/t/wanted/" + std::string(i % 3 == 0 ? "deep/er/" : "") + std::to_string(i), text);
    home.files.write("/t/other/" + std::to_string(i), text);
  }
  ASSERT_TRUE(home.backup({"/t"}));
  ASSERT_TRUE(other.restore("/t/wanted", "/back"));
  const Progress& last = other.progress.back();
  EXPECT_EQ(last.files_total, 30u);
  EXPECT_EQ(last.files_done, 30u);
  EXPECT_EQ(last.bytes_total, bytes);
  EXPECT_EQ(last.bytes_safe, bytes);
}

TEST_F(RestoreTest, CountsOnceWhatSeveralSnapshotsHave) {
  SeededRandom random(42);
  for (int i = 0; i < 5; ++i) home.files.write("/t/in/" + std::to_string(i), random_text(random, 20'000));
  home.files.write("/t/beside", random_text(random, 30'000));
  ASSERT_TRUE(home.backup({"/t"}));
  ASSERT_TRUE(home.backup({"/t/in"}));
  const auto expect_counted_once = [&] {
    const Progress& last = other.progress.back();
    EXPECT_EQ(last.files_total, last.files_done);
    EXPECT_EQ(last.bytes_total, last.bytes_safe);
  };
  ASSERT_TRUE(other.restore("", "/back"));
  expect_counted_once();
  ASSERT_TRUE(home.backup({"/"}));
  ASSERT_TRUE(home.backup({"/t/in"}));
  ASSERT_TRUE(other.restore("", "/again"));
  expect_counted_once();
}

TEST_F(RestoreTest, ALinkInTheSnapshotIsNoWayOutEither) {
  vault::Vault vault({circle.clock, circle.workers, circle.entropy, circle.space}, circle.drive_secret);
  // The same name cannot be a link and a folder in one listing, but two runs can have left both.
  TreeEntry link;
  link.name = "a";
  link.facts.kind = FileKind::symlink;
  link.link_target = "/outside";
  const auto first = circle.clock.run(write_folder(vault, {link}));
  TreeEntry inside;
  inside.name = "evil";
  TreeEntry folder;
  folder.name = "a";
  folder.facts.kind = FileKind::folder;
  folder.content = *circle.clock.run(write_folder(vault, {inside}));
  const auto second = circle.clock.run(write_folder(vault, {folder}));
  ASSERT_TRUE(other.files.make_folder("/outside"));
  const bool cancelled = false;
  for (const auto& list : {first, second}) {
    ASSERT_TRUE(list);
    RestoreTarget target(other.files, "/back");
    ASSERT_TRUE(target.begin());
    Progress progress;
    RestoreRun run(other.environment(), vault, other.observer(), progress, target, true, cancelled);
    ASSERT_TRUE(circle.clock.run(run.run(*list, "")));
  }
  EXPECT_TRUE(other.files.list("/outside")->empty());
}

TEST_F(RestoreTest, WhatCannotBeReadIsNamedAndTheRestComesBack) {
  SeededRandom random(40);
  for (int i = 0; i < 40; ++i) home.files.write("/more/" + std::to_string(i), random_text(random, 100'000));
  ASSERT_TRUE(home.backup({"/t", "/more"}));
  // Segment 4 of one class of the pack with most rows.
  for (auto& [address, stored] : circle.space.chunks) {
    if (stored.segments.size() == 16 && stored.description.header.chunk_class == 2) {
      circle.space.spoil(address, 4, 100);
    }
  }
  ASSERT_TRUE(other.open());
  const auto restored = other.restore("", "/back");
  ASSERT_TRUE(restored);
  EXPECT_GT(restored->failed, 0u);
  EXPECT_GT(restored->files, 30u);
  EXPECT_EQ(other.warnings.size(), restored->failed);
  for (const Warning& warning : other.warnings) {
    EXPECT_EQ(warning.error.code, Errc::corrupt);
    EXPECT_FALSE(other.files.facts(warning.path)) << "half a file was left";
  }
  std::uint64_t right = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string path = "/more/" + std::to_string(i);
    if (!other.files.facts("/back" + path)) continue;
    EXPECT_TRUE(other.files.read("/back" + path) == home.files.read(path));
    ++right;
  }
  EXPECT_GE(right, 30u);
}

TEST_F(RestoreTest, FriendsToWaitForAreNamed) {
  ASSERT_TRUE(other.open());
  for (std::size_t i = 0; i < 3; ++i) circle.space.set_awake(i, false);
  auto content = other.read("t/docs/letter");
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, Errc::unreachable);
  EXPECT_NE(content.error().context.find("friend-1"), std::string::npos);
  EXPECT_FALSE(other.open());
  circle.space.set_awake(2, true);
  ASSERT_TRUE(other.open());
  EXPECT_EQ(*other.read("t/docs/letter"), "dear friend");
}

TEST_F(RestoreTest, ReadingSaysWhatIsNoFile) {
  EXPECT_EQ(*home.read("/t/docs/letter"), "dear friend");
  EXPECT_EQ(home.read("t/docs").error().code, Errc::invalid);
  EXPECT_EQ(home.read("t/link").error().code, Errc::invalid);
  EXPECT_EQ(home.read("t/docs/letter/more").error().code, Errc::not_found);
  EXPECT_EQ(home.read("t/nothing").error().code, Errc::not_found);
  EXPECT_EQ(home.list("t/nothing", true).error().code, Errc::not_found);
}

TEST_F(RestoreTest, ListsFoldersFilesAndLinks) {
  const auto all = home.list("", true);
  ASSERT_TRUE(all);
  std::vector<std::string> paths;
  for (const ListEntry& entry : *all) paths.push_back(entry.path);
  EXPECT_EQ(paths,
            (std::vector<std::string>{"t", "t/docs", "t/docs/deep", "t/docs/deep/er", "t/docs/deep/er/note",
                                      "t/docs/letter", "t/docs/same-photo", "t/link", "t/photo"}));
  const auto one = home.list("/t/photo/", false);
  ASSERT_TRUE(one);
  ASSERT_EQ(one->size(), 1u);
  EXPECT_EQ(one->front().path, "t/photo");
  EXPECT_EQ(one->front().facts.size, 2'000'000u);
  EXPECT_EQ(home.list("t", false)->size(), 3u);
}

TEST_F(RestoreTest, ARestoreThatWasStoppedGoesOnAndEndsAsIfItHadNot) {
  for (int i = 0; i < 300; ++i) {
    home.files.write("/t/many/" + std::to_string(i % 7) + "/" + std::to_string(i), std::to_string(i));
  }
  set_mode_and_time(home.files, "/t/many/3", 0755, 12345);
  ASSERT_TRUE(home.backup({"/t"}));
  Observer observer;
  observer.progress = [&](const Progress& now) {
    if (now.files_done == 100) other.drive->cancel();
  };
  ASSERT_TRUE(other.open());
  EXPECT_EQ(circle.clock.run(other.drive->restore("", "", "/back", false, observer)).error().code,
            Errc::cancelled);
  const auto restored = other.restore("", "/back");
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->failed, 0u);
  EXPECT_GE(restored->there, 90u);
  EXPECT_GT(restored->files, 100u);
  EXPECT_EQ(describe(other.files, "/back/t"), describe(home.files, "/t"));
  EXPECT_EQ(*other.files.list("/back"), std::vector<std::string>{"t"})
      << "the mark of an unfinished one stays";
  const auto again = other.restore("", "/back");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->files, 0u);
  EXPECT_EQ(again->failed, 0u);
}

TEST_F(RestoreTest, OneThatWasKilledInAFolderThatWasNotEmptyIsFinishedToo) {
  SeededRandom random(3);
  for (int i = 0; i < 5; ++i) {
    home.files.write("/t/many/" + std::to_string(i) + "/file", random_text(random, 700'000));
  }
  for (const char* folder : {"/t/many/0", "/t/many/3", "/t/many", "/t"})
    set_mode_and_time(home.files, folder, 0751, 12345);
  ASSERT_TRUE(home.backup({"/t"}));
  other.files.write("/back/mine", "mine");
  other.files.write("/back/t/many/3/mine", "mine too");
  set_mode_and_time(other.files, "/back/t/many/3", 0700, 777);
  RestlessFiles files(other.files);
  other.files_seen = &files;
  ASSERT_TRUE(other.open());
  {
    TaskScope killed(circle.clock);
    const auto restore_all = [](Home& of, Observer observer, bool& done) -> Task<void> {
      (void)co_await of.drive->restore("", "", "/back", false, std::move(observer));
      done = true;
    };
    bool done = false;
    killed.spawn(restore_all(other, {}, done));
    while (!other.files.facts("/back/t/many/0") && !done) circle.clock.run_for(100us);
    ASSERT_FALSE(done);
  }
  EXPECT_TRUE(files.cleaned.empty());
  EXPECT_NE(other.files.facts("/back/t/many/0")->modified_ns, 12345);
  ASSERT_TRUE(other.open());
  const auto restored = other.restore("", "/back");
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->failed, 0u);
  EXPECT_EQ(other.files.facts("/back/t/many/0")->modified_ns, 12345);
  EXPECT_EQ(other.files.facts("/back/t/many/0")->mode, 0751u);
  EXPECT_EQ(other.files.facts("/back/t/many/3")->mode, 0700u) << "the person's own";
  EXPECT_TRUE(files.cleaned.contains("/back/t/many/3"));
  EXPECT_TRUE(files.cleaned.contains("/back/t/many/0"));
  EXPECT_EQ(*other.files.list("/back"), (std::vector<std::string>{"mine", "t"})) << "marks stay";
}

TEST_F(RestoreTest, OverwritingComparesContentsAndSetsOnlyWhatDiffers) {
  ASSERT_TRUE(other.open());
  ASSERT_TRUE(other.restore("", "/back"));
  // As large and as old as it should be, and yet damaged.
  const FileFacts facts = *other.files.facts("/back/t/docs/letter");
  other.files.write("/back/t/docs/letter", "dear fiend!");
  set_mode_and_time(other.files, "/back/t/docs/letter", facts.mode, facts.modified_ns);
  set_mode_and_time(other.files, "/back/t/photo", 0600, 5);
  const auto restored = other.restore("", "/back", true);
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->files + restored->there, 4u);
  EXPECT_EQ(other.files.read("/back/t/docs/letter"), "dear friend");
  EXPECT_EQ(describe(other.files, "/back/t"), describe(home.files, "/t"));
}

TEST_F(RestoreTest, WhatWasLostWithThePowerIsRestoredAgain) {
  home.files.write("/t/large", std::string(1'500'000, 'x') + "end");
  ASSERT_TRUE(home.backup({"/t"}));
  RestlessFiles files(other.files);
  other.files_seen = &files;
  ASSERT_TRUE(other.restore("", "/back"));
  EXPECT_TRUE(files.marked_when_synced) << "the mark went before the disk had everything";
  // As after a crash: the mark stands, names and times are there, contents are not.
  other.files.write("/back/.peerstore-restore-unfinished", "");
  const auto damage = [&](const std::string& path, const std::string& content) {
    const FileFacts facts = *other.files.facts(path);
    other.files.write(path, content);
    set_mode_and_time(other.files, path, facts.mode, facts.modified_ns);
  };
  damage("/back/t/docs/letter", std::string(11, '\0'));
  damage("/back/t/large", std::string(1'500'003, '\0'));
  damage("/back/t/docs/deep/er/note", "");
  auto restored = other.restore("", "/back");
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->failed, 0u);
  EXPECT_EQ(restored->files, 3u);
  EXPECT_EQ(describe(other.files, "/back/t"), describe(home.files, "/t"));
  // What somebody else has put there is left alone and named, whatever its size and time.
  damage("/back/t/docs/letter", "dear fiend!");
  restored = other.restore("", "/back");
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->failed, 1u);
  EXPECT_EQ(other.files.read("/back/t/docs/letter"), "dear fiend!");
}

TEST_F(RestoreTest, ItGoesOnInFoldersThatMayNotBeWrittenTo) {
  RestlessFiles files(other.files);
  files.respects_modes = true;
  other.files_seen = &files;
  ASSERT_TRUE(other.restore("t/docs/deep", "/back"));
  other.files.write("/back/.peerstore-restore-unfinished", "");
  home.files.write("/t/docs/deep/second", "more");
  set_mode_and_time(home.files, "/t/docs/deep", 0500, 1'000'000'007);
  ASSERT_TRUE(home.backup({"/t"}));
  ASSERT_TRUE(other.open());
  const auto restored = other.restore("t/docs/deep", "/back");
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->failed, 0u);
  EXPECT_EQ(other.files.read("/back/t/docs/deep/second"), "more");
  EXPECT_EQ(other.files.facts("/back/t/docs/deep")->mode, 0500u);
}

TEST_F(RestoreTest, AnotherLinkIsReplacedOnlyIfItMayBe) {
  other.files.write("/back/t/photo", "mine");
  ASSERT_TRUE(other.files.make_symlink("elsewhere", "/back/t/link"));
  ASSERT_TRUE(other.restore("t/link", "/back"));
  EXPECT_EQ(*other.files.read_link("/back/t/link"), "elsewhere");
  ASSERT_TRUE(other.restore("t/link", "/back", true));
  EXPECT_EQ(*other.files.read_link("/back/t/link"), "docs/letter");
}

TEST_F(RestoreTest, OwnersAreFoundByNameAndAttributesThatAreRefusedAreNamed) {
  home.files.add_account(Account::user, 1000, "ann");
  home.files.add_account(Account::group, 50, "staff");
  FileFacts facts = *home.files.facts("/t/docs/letter");
  facts.user = 1000;
  facts.group = 50;
  ASSERT_TRUE(home.files.set_facts("/t/docs/letter", facts));
  home.files.set_attribute("/t/docs/letter", "user.comment", "to a friend");
  home.files.set_attribute("/t/docs/letter", "security.label", "secret");
  home.files.set_attribute("/t/docs", "user.folder", std::string_view("\0\xff", 2));
  home.files.set_attribute("/t/photo", "user.camera", "old");
  ASSERT_TRUE(home.backup({"/t"}));
  ASSERT_TRUE(other.open());
  other.files.add_account(Account::user, 1234, "ann");
  other.files.refuse_attributes("security.");
  const auto restored = other.restore("", "/back");
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->failed, 0u);
  EXPECT_EQ(other.files.facts("/back/t/docs/letter")->user, 1234u);
  EXPECT_EQ(other.files.facts("/back/t/docs/letter")->group, 50u) << "a name that is unknown here";
  const auto one = *other.files.attributes("/back/t/docs/letter");
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one.front().name, "user.comment");
  EXPECT_EQ(*other.files.attributes("/back/t/docs"), *home.files.attributes("/t/docs"));
  EXPECT_EQ(*other.files.attributes("/back/t/photo"), *home.files.attributes("/t/photo"));
  ASSERT_EQ(other.warnings.size(), 1u);
  EXPECT_EQ(other.warnings.front().path, "/back/t/docs/letter");
  EXPECT_NE(other.warnings.front().error.context.find("security.label"), std::string::npos);
}

TEST_F(RestoreTest, OneFileComesWithItsAttributesAndCanBeCancelled) {
  home.files.set_attribute("/t/photo", "user.camera", "old");
  home.files.write("/t/song", std::string(9'000'000, 's'));
  ASSERT_TRUE(home.backup({"/t"}));
  FileAttributes attributes;
  const auto take = [](ByteView) { return Result<void>(); };
  ASSERT_TRUE(circle.clock.run(home.drive->read_file("t/photo", "", take, &attributes)));
  EXPECT_EQ(attributes, *home.files.attributes("/t/photo"));
  const auto stop = [&](ByteView) {
    home.drive->cancel();
    return Result<void>();
  };
  EXPECT_EQ(circle.clock.run(home.drive->read_file("t/song", "", stop)).error().code, Errc::cancelled);
}

TEST_F(RestoreTest, ItCanBeCancelled) {
  Observer observer;
  observer.progress = [&](const Progress& now) {
    if (now.files_done == 1) other.drive->cancel();
  };
  ASSERT_TRUE(other.open());
  const auto stopped = circle.clock.run(other.drive->restore("", "", "/back", false, observer));
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Errc::cancelled);
}

}  // namespace
}  // namespace peerstore::drive
