#include <gtest/gtest.h>
#include <leveldb/env.h>
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

TEST_F(LevelDbKeyValue, ADamagedManifestIsBeyondMendingAndSetAside) {
  for (int i = 0; i < 100; ++i) put("key" + std::to_string(i), "value");
  database.reset();
  damage("MANIFEST-");
  EXPECT_EQ(open(path).error().code, Errc::corrupt);
  auto anew = open_or_begin_anew(path);
  ASSERT_TRUE(anew);
  EXPECT_NE(anew->damage, "");
  database = std::move(anew->rows);
  EXPECT_TRUE(rows("").empty());
  put("key", "value");
  EXPECT_TRUE(std::filesystem::exists(path + ".damaged-1"));
}

// As a power cut leaves it: pages of what was not synced never reached the disk.
TEST_F(LevelDbKeyValue, ATornEndOfTheLogIsPassedOver) {
  const auto log = [this] {
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.path().extension() == ".log") return entry.path();
    }
    return std::filesystem::path();
  };
  for (int i = 0; i < 10; ++i) put("kept" + std::to_string(i), std::string(100, 'v'));
  const auto durable = std::filesystem::file_size(log());
  for (int i = 0; i < 300; ++i) put("torn" + std::to_string(i), std::string(100, 'v'));
  database.reset();
  const std::uint64_t size = std::filesystem::file_size(log());
  const std::uint64_t first = (durable / 4096 + 1) * 4096;
  ASSERT_GT(size, first + 6 * 4096);
  std::ifstream whole(log(), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(whole), {}};
  const std::filesystem::path file = log();
  std::filesystem::copy(path, folder / "before", std::filesystem::copy_options::recursive);
  for (const auto& [one, other] : {std::pair(0, 1), {0, 2}, {1, 3}, {2, 5}, {0, 5}, {4, 5}}) {
    std::filesystem::remove_all(path);
    std::filesystem::copy(folder / "before", path, std::filesystem::copy_options::recursive);
    std::string torn = bytes;
    for (const int page : {one, other})
      torn.replace(first + 4096 * static_cast<unsigned>(page), 4096, 4096, '\0');
    std::ofstream(file, std::ios::binary) << torn;
    for (int again = 0; again < 2; ++again) {
      database = opened();
      ASSERT_NE(database, nullptr);
      EXPECT_EQ(rows("kept").size(), 10u);
      EXPECT_LT(rows("torn").size(), 300u);
      put("new", "row");
      database.reset();
    }
  }
}

// An operating system whose disk is full, or bad, for a while.
class Troubled final : public leveldb::EnvWrapper {
 public:
  Troubled() : EnvWrapper(Default()) {}
  bool full = false;
  bool syncs = true;

  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override {
    leveldb::WritableFile* real = nullptr;
    leveldb::Status status = EnvWrapper::NewWritableFile(name, &real);
    *file = status.ok() ? new File(*this, real) : nullptr;
    return status;
  }

 private:
  class File final : public leveldb::WritableFile {
   public:
    File(const Troubled& disk, leveldb::WritableFile* file) : disk_(disk), file_(file) {}
    leveldb::Status Append(const leveldb::Slice& data) override {
      return disk_.full ? leveldb::Status::IOError("No space left on device") : file_->Append(data);
    }
    leveldb::Status Close() override { return file_->Close(); }
    leveldb::Status Flush() override { return file_->Flush(); }
    leveldb::Status Sync() override {
      const leveldb::Status flushed = file_->Flush();
      return disk_.syncs ? file_->Sync() : leveldb::Status::IOError("Input/output error");
    }

   private:
    const Troubled& disk_;
    std::unique_ptr<leveldb::WritableFile> file_;
  };
};

TEST(LevelDbKeyValueInTrouble, TakesWritesAgainWhenTheTroubleHasPassed) {
  TemporaryFolder folder;
  Troubled disk;
  auto opened = open(folder / "facts", &disk);
  ASSERT_TRUE(opened);
  KeyValue& rows = *opened->rows;
  ASSERT_TRUE(rows.write({{"a", "before"}}, true));

  disk.full = true;
  for (int i = 0; i < 9; ++i) {
    const auto refused = rows.write({{"b", "refused"}}, true);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::full);
    EXPECT_EQ(rows.get("a").value(), "before") << "what is there is read all the while";
  }
  disk.full = false;
  bool taken = false;
  for (int i = 0; i < 64 && !taken; ++i) taken = rows.write({{"c", "taken"}}, true).has_value();
  EXPECT_TRUE(taken);
  EXPECT_EQ(rows.get("a").value(), "before");
  EXPECT_EQ(rows.get("b").value(), std::nullopt);

  // It is in the log, and whoever wrote it was told that it failed.
  disk.syncs = false;
  EXPECT_FALSE(rows.write({{"a", "after"}, {"d", "new"}, {"c", std::nullopt}}, true));
  disk.syncs = true;
  taken = false;
  for (int i = 0; i < 64 && !taken; ++i) taken = rows.write({{"e", "taken"}}, true).has_value();
  EXPECT_TRUE(taken);
  const auto are_as_told = [](KeyValue& present) {
    EXPECT_EQ(present.get("a").value(), "before");
    EXPECT_EQ(present.get("c").value(), "taken");
    EXPECT_EQ(present.get("d").value(), std::nullopt);
    EXPECT_EQ(present.get("e").value(), "taken");
  };
  are_as_told(rows);
  opened->rows.reset();
  opened = open(folder / "facts", &disk);
  ASSERT_TRUE(opened);
  are_as_told(*opened->rows);
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
