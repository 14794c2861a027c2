#include <gtest/gtest.h>
#include <os/other_process.hpp>
#include <os/temporary_folder.hpp>
#include <peerstore/database/leveldb_key_value.hpp>
#include <peerstore/runtime/random.hpp>

#include <fstream>
#include <map>

namespace peerstore::database {
namespace {

using os::in_other_process;
using os::TemporaryFolder;
using Rows = std::vector<std::pair<std::string, std::string>>;

class LevelDbKeyValue : public testing::Test {
 protected:
  TemporaryFolder folder;
  const std::string path = folder / "facts";
  std::unique_ptr<KeyValue> database = opened();

  std::unique_ptr<KeyValue> opened() const {
    auto result = open(path);
    EXPECT_TRUE(result) << result.error().message();
    return result ? std::move(result->rows) : nullptr;
  }
  void put(const std::string& key, const std::string& value) {
    ASSERT_TRUE(database->write({{key, value}}, true));
  }
  std::optional<std::string> get(const std::string& key) {
    auto value = database->get(key);
    EXPECT_TRUE(value);
    return *value;
  }
  Rows rows(std::string_view prefix, std::size_t limit = 1'000'000) {
    Rows out;
    EXPECT_TRUE(database->scan(prefix, [&](std::string_view key, std::string_view value) {
      out.emplace_back(key, value);
      return out.size() < limit;
    }));
    return out;
  }
  // Overwrites the middle of each file whose name begins or ends so.
  void damage(std::string_view part) const {
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      const std::string name = entry.path().filename();
      if (!name.starts_with(part) && !name.ends_with(part)) continue;
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(entry.file_size() / 2));
      file << "damage, damage, damage";
    }
  }
};

TEST_F(LevelDbKeyValue, KeepsWhatWasWrittenAcrossReopening) {
  put("key", "value");
  put(std::string("\0\xff\n", 3), std::string("\0", 1));
  database.reset();
  database = opened();
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(get(std::string("\0\xff\n", 3)), std::string("\0", 1));
  EXPECT_EQ(get("none"), std::nullopt);
}

TEST_F(LevelDbKeyValue, KeepsWhatWasSyncedWhenTheProcessIsKilled) {
  database.reset();
  ASSERT_TRUE(in_other_process([this] {
    auto other = open(path);
    return other && other->rows->write({{"a", "1"}, {"b", "2"}}, true).has_value();
    // The child leaves by _exit: nothing is closed.
  }));
  database = opened();
  EXPECT_EQ(rows(""), (Rows{{"a", "1"}, {"b", "2"}}));
}

TEST_F(LevelDbKeyValue, ScansAPrefixInOrderUntilToldToStop) {
  for (const char* key : {"b2", "a9", "b10", "c", "b", "b1", "bb"}) put(key, key);
  EXPECT_EQ(rows("b"), (Rows{{"b", "b"}, {"b1", "b1"}, {"b10", "b10"}, {"b2", "b2"}, {"bb", "bb"}}));
  EXPECT_EQ(rows("b", 2), (Rows{{"b", "b"}, {"b1", "b1"}}));
  EXPECT_EQ(rows("").size(), 7u);
  EXPECT_TRUE(rows("d").empty());
  put(std::string("\xff\xff"), "last");
  EXPECT_EQ(rows("\xff").size(), 1u);
}

TEST_F(LevelDbKeyValue, AWriteIsOfSeveralChanges) {
  put("gone", "x");
  ASSERT_TRUE(
      database->write({{"new", "1"}, {"gone", std::nullopt}, {"new", "2"}, {"never", std::nullopt}}, false));
  EXPECT_EQ(rows(""), (Rows{{"new", "2"}}));
}

TEST_F(LevelDbKeyValue, MayBeWrittenToWhileItIsScanned) {
  for (int i = 0; i < 10; ++i) put(std::to_string(i), "x");
  std::size_t seen = 0;
  ASSERT_TRUE(database->scan("", [&](std::string_view key, std::string_view) {
    EXPECT_TRUE(database->write({{std::string(key), std::nullopt}, {"z" + std::string(key), "y"}}, false));
    ++seen;
    return true;
  }));
  EXPECT_EQ(seen, 10u);
  EXPECT_EQ(rows("").size(), 10u);
}

TEST_F(LevelDbKeyValue, AgreesWithAMapThroughThousandsOfChangesAndReopenings) {
  std::map<std::string, std::string> model;
  SeededRandom random(1);
  for (int round = 0; round < 4; ++round) {
    for (int batch = 0; batch < 200; ++batch) {
      std::vector<KeyValue::Change> changes;
      for (int i = 0; i < 20; ++i) {
        std::string key = "k" + std::to_string(random.below(3000));
        if (random.below(3) == 0) {
          model.erase(key);
          changes.push_back({std::move(key), std::nullopt});
        } else {
          const std::uint64_t size = random.below(400);
          std::string value = std::to_string(random.next()) + std::string(size, 'v');
          model[key] = value;
          changes.push_back({std::move(key), std::move(value)});
        }
      }
      ASSERT_TRUE(database->write(changes, false));
    }
    database.reset();
    database = opened();
    EXPECT_EQ(rows("k"), Rows(model.begin(), model.end())) << round;
  }
}

TEST_F(LevelDbKeyValue, ASecondOpeningIsBusy) {
  const auto here = open(path);
  ASSERT_FALSE(here);
  EXPECT_EQ(here.error().code, Errc::busy);
  EXPECT_TRUE(in_other_process([this] {
    const auto there = open(path);
    return !there && there.error().code == Errc::busy;
  }));
  put("still", "works");
}

TEST_F(LevelDbKeyValue, RepairsADamagedManifest) {
  for (int i = 0; i < 100; ++i) put("key" + std::to_string(i), "value");
  database.reset();
  database = opened();  // what was written is in a table now
  database.reset();
  damage("MANIFEST-");
  database = opened();
  ASSERT_NE(database, nullptr);
  EXPECT_EQ(rows("key").size(), 100u);
}

TEST_F(LevelDbKeyValue, DamageIsNeverReadAsDataAndTheNextOpeningMendsIt) {
  const std::string value(300, 'v');
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(database->write({{"key" + std::to_string(i), value}}, false));
  }
  database.reset();
  database = opened();
  database.reset();
  damage(".ldb");
  database = opened();
  ASSERT_NE(database, nullptr);
  const auto scanned = database->scan("", [](std::string_view, std::string_view) { return true; });
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().code, Errc::corrupt);
  for (int i = 0; i < 2; ++i) {
    database.reset();
    database = opened();
    ASSERT_NE(database, nullptr);
    const Rows kept = rows("");
    EXPECT_GT(kept.size(), 1500u) << "only what shared a block with the damage is lost";
    EXPECT_LT(kept.size(), 2000u);
    for (const auto& [key, text] : kept) EXPECT_EQ(text, value) << key;
    put("key0", value);
  }
}

TEST_F(LevelDbKeyValue, APlaceThatCannotBeUsedSaysWhy) {
  EXPECT_EQ(open(folder / "none/facts").error().code, Errc::not_found);
  std::ofstream(folder / "file") << "x";
  EXPECT_FALSE(open(folder / "file"));
}

}  // namespace
}  // namespace peerstore::database
