#include <drive/content_reader.hpp>
#include <drive/home.hpp>
#include <drive/snapshot_record.hpp>
#include <drive/tree_reader.hpp>
#include <drive/tree_writer.hpp>

namespace peerstore::drive {
namespace {

TreeEntry random_entry(SeededEntropy& entropy, Random& random, std::string name) {
  TreeEntry entry;
  entry.name = std::move(name);
  entry.facts.kind = static_cast<FileKind>(1 + random.below(3));
  entry.facts.mode = static_cast<std::uint32_t>(random.below(010000));
  entry.facts.user = static_cast<std::uint32_t>(random.next());
  entry.facts.modified_ns = static_cast<std::int64_t>(random.next());
  if (random.below(2) == 0) entry.user_name = "user " + std::to_string(random.below(9));
  if (random.below(2) == 0) entry.group_name = "\xff";
  entry.changed_while_read = random.below(4) == 0;
  for (std::uint64_t left = random.below(3), i = 0; i < left; ++i) {
    entry.attributes.push_back({"user." + std::to_string(i), Bytes(random.below(300), 0)});
  }
  if (entry.facts.kind == FileKind::symlink) {
    entry.link_target = "to/" + std::to_string(random.next());
    return entry;
  }
  for (std::uint64_t left = random.below(4); left > 0; --left) {
    entry.content.ids.push_back(entropy.make<vault::BlobId>());
  }
  if (entry.facts.kind == FileKind::file) {
    entry.facts.size = random.next();
    if (random.below(2) == 0) {
      entry.facts.links = 3;
      entry.facts.device = random.next();
      entry.facts.inode = random.next();
    }
  }
  return entry;
}

Bytes part_of(const std::vector<TreeEntry>& entries) {
  Bytes encoded;
  for (const TreeEntry& entry : entries) {
    const Bytes one = encode(entry);
    encoded.insert(encoded.end(), one.begin(), one.end());
  }
  return encode_listing_part(static_cast<std::uint32_t>(entries.size()), encoded);
}

std::vector<TreeEntry> random_listing(std::uint64_t seed) {
  SeededRandom random(seed);
  SeededEntropy entropy(seed);
  std::vector<TreeEntry> entries;
  for (char name = 'a'; name < 'k'; ++name)
    entries.push_back(random_entry(entropy, random, std::string(1, name)));
  return entries;
}

TEST(Listing, ComesBackAsItWas) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto entries = random_listing(seed);
    const auto again = decode_listing_part(part_of(entries));
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_TRUE(*again == entries);
  }
}

TEST(Listing, RefusesNamesThatLeaveTheirFolder) {
  for (const std::string name : {"", ".", "..", "a/b", "/", "../x"})
    EXPECT_FALSE(is_plain_name(name)) << name;
  EXPECT_FALSE(is_plain_name(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_plain_name(std::string(kNameBytesMax + 1, 'x')));
  for (const std::string name : {"...", "a\nb", "\xff", " ", "-"}) EXPECT_TRUE(is_plain_name(name)) << name;

  // The writer would refuse them, so good names are overwritten with bad ones of the same length.
  TreeEntry entry;
  entry.name = "##";
  for (const std::string& bad :
       {std::string(".."), std::string("a/"), std::string("a\0", 2), std::string("/a")}) {
    Bytes part = part_of({entry});
    const auto at = std::search(part.begin(), part.end(), entry.name.begin(), entry.name.end());
    std::memcpy(&*at, bad.data(), 2);
    const auto read = decode_listing_part(part);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::corrupt);
  }
}

TEST(Listing, RefusesAttributesThatNobodyCouldHave) {
  TreeEntry entry;
  entry.name = "x";
  entry.attributes = {{"aa", {}}, {"ab", {}}};
  const Bytes good = part_of({entry});
  EXPECT_TRUE(decode_listing_part(good));
  Bytes twice = good;
  *std::find(twice.begin(), twice.end(), std::uint8_t{'b'}) = 'a';
  EXPECT_FALSE(decode_listing_part(twice));
  Bytes cut_short = good;
  *std::find(cut_short.begin(), cut_short.end(), std::uint8_t{'b'}) = 0;
  EXPECT_FALSE(decode_listing_part(cut_short));
  EXPECT_FALSE(may_be_kept({{"user.large", Bytes(kAttributeBytesMax)}}));
}

TEST(Listing, OneOfVersionOneIsStillRead) {
  ByteWriter entry;
  entry.text("x").u8(1).u32(0644).u32(7).u32(8).i64(9).u64(0).u32(1).u8(0).u32(0);
  ByteWriter part;
  part.u8(1).u32(1).raw(entry.view());
  const auto read = decode_listing_part(part.view());
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 1u);
  EXPECT_EQ(read->front().name, "x");
  EXPECT_EQ(read->front().facts.user, 7u);
  EXPECT_TRUE(read->front().attributes.empty());
}

TEST(Listing, RefusesNamesThatAreDoubleOrOutOfOrder) {
  TreeEntry a;
  a.name = "a";
  TreeEntry b;
  b.name = "b";
  EXPECT_TRUE(decode_listing_part(part_of({a, b})));
  EXPECT_FALSE(decode_listing_part(part_of({b, a})));
  EXPECT_FALSE(decode_listing_part(part_of({a, a})));
}

TEST(Listing, AnyBytesAreReadOrRefused) {
  SeededRandom random(8);
  const Bytes good = part_of(random_listing(1));
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_FALSE(decode_listing_part(ByteView(good).first(size)));
  }
  for (int i = 0; i < 5000; ++i) {
    Bytes bad = good;
    for (std::uint64_t changes = 1 + random.below(3); changes > 0; --changes) {
      bad[random.below(bad.size())] = static_cast<std::uint8_t>(random.below(3) == 0 ? 0xff : random.next());
    }
    const auto entries = decode_listing_part(bad);
    if (!entries) continue;
    for (const TreeEntry& entry : *entries) ASSERT_TRUE(is_plain_name(entry.name));
    EXPECT_EQ(part_of(*entries), bad);
  }
}

TEST(SnapshotRecord, ComesBackAsItWasAndOtherKindsArePassedOver) {
  SeededEntropy entropy(1);
  SnapshotRecord record{5, 2, 10, 3, 1, 4, 999, {"home/ann", "etc\n"}, {1, {entropy.make<vault::BlobId>()}}};
  const Bytes bytes = encode(record);
  const auto again = decode_snapshot_record(bytes);
  ASSERT_TRUE(again && *again);
  EXPECT_TRUE(**again == record);
  EXPECT_EQ(snapshot_id(bytes).size(), 16u);
  Bytes other = bytes;
  other[0] = 77;
  const auto passed = decode_snapshot_record(other);
  ASSERT_TRUE(passed);
  EXPECT_FALSE(*passed);
  SeededRandom random(1);
  for (int i = 0; i < 5000; ++i) {
    other = bytes;
    other[random.below(other.size())] = static_cast<std::uint8_t>(random.next());
    (void)decode_snapshot_record(other);
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_snapshot_record(ByteView(bytes).first(size)));
  }
}

class TreeTest : public ::testing::Test {
 protected:
  Circle circle;
  vault::Vault vault{{circle.clock, circle.workers, circle.entropy, circle.space}, circle.drive_secret};
};

TEST_F(TreeTest, LongListsAreKeptInBlobs) {
  for (const std::size_t size : {0u, 1u, 256u, 257u, 8192u, 8193u, 30'000u}) {
    std::vector<vault::BlobId> ids;
    for (std::size_t i = 0; i < size; ++i) ids.push_back(circle.entropy.make<vault::BlobId>());
    const auto list = circle.clock.run(write_blob_list(vault, ids));
    ASSERT_TRUE(list);
    EXPECT_LE(list->ids.size(), kInlineIdsMax);
    EXPECT_EQ(list->level, size > kInlineIdsMax ? 1 : 0);
    ASSERT_TRUE(circle.clock.run(vault.flush()));
    const auto again = circle.clock.run(read_blob_list(vault, *list));
    ASSERT_TRUE(again);
    EXPECT_TRUE(*again == ids) << size;
  }
}

Task<Result<BlobList>> write_wide_folder(vault::Vault& vault, std::size_t entries) {
  const vault::Cutter cutter(vault.keys());
  ListingWriter writer(vault, cutter);
  for (std::size_t i = 0; i < entries; ++i) {
    TreeEntry entry;
    entry.name = "file-" + std::to_string(1'000'000 + i);
    entry.facts.size = i;
    const auto added = co_await writer.add(std::move(entry));
    if (!added) co_return added.error();
  }
  co_return co_await writer.finish();
}

TEST_F(TreeTest, WideFoldersAreListedPartByPart) {
  const auto list = circle.clock.run(write_wide_folder(vault, 20'000));
  ASSERT_TRUE(list);
  EXPECT_GT(list->ids.size(), 2u);
  ASSERT_TRUE(circle.clock.run(vault.flush()));
  ListingReader reader(vault, *list);
  std::size_t seen = 0;
  while (true) {
    const auto part = circle.clock.run(reader.next());
    ASSERT_TRUE(part);
    if (part->empty()) break;
    for (const TreeEntry& entry : *part) EXPECT_EQ(entry.facts.size, seen++);
  }
  EXPECT_EQ(seen, 20'000u);
  const auto found = circle.clock.run(find_in_folder(vault, *list, "file-1012345"));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->facts.size, 12'345u);

  // Without reading what cannot have it.
  BlobList gap = *list;
  gap.ids.front() = circle.entropy.make<vault::BlobId>();
  const auto beside = circle.clock.run(find_in_folder(vault, gap, "file-1019999"));
  EXPECT_TRUE(beside && *beside);

  // The same part twice cannot pass for two parts.
  BlobList twice = *list;
  twice.ids[1] = twice.ids[0];
  ListingReader bad(vault, twice);
  ASSERT_TRUE(circle.clock.run(bad.next()));
  EXPECT_EQ(circle.clock.run(bad.next()).error().code, Errc::corrupt);
}

TEST_F(TreeTest, AFileOfTheWrongLengthIsCorrupt) {
  const Bytes content(1000, 7);
  const auto id = vault::blob_id(vault.keys(), vault::BlobKind::data, content);
  ASSERT_TRUE(circle.clock.run(vault.put(vault::BlobKind::data, id, content, 0)));
  ASSERT_TRUE(circle.clock.run(vault.flush()));
  for (const std::uint64_t size : {999u, 1001u}) {
    ContentReader reader(circle.clock, vault, {0, {id}}, size);
    auto piece = circle.clock.run(reader.next());
    if (piece) piece = circle.clock.run(reader.next());
    ASSERT_FALSE(piece) << size;
    EXPECT_EQ(piece.error().code, Errc::corrupt);
  }
}

}  // namespace
}  // namespace peerstore::drive
