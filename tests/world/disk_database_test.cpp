#include <gtest/gtest.h>
#include <peerstore/world/disk_database.hpp>
#include <peerstore/world/virtual_disk.hpp>

#include <map>
#include <memory>
#include <string>

namespace peerstore::world {
namespace {

using Rows = std::map<std::string, std::string>;

// Changes rows of a database on a disk that may fail, and knows which rows it must have afterwards.
class Diary {
 public:
  explicit Diary(VirtualDisk& disk) : disk_(disk) {}

  // Until something fails. Each entry is one synced write of two rows, large enough that files are
  // rotated and merged.
  void write(int entries) {
    auto opened = DiskDatabase::open(disk_, "facts");
    if (!opened) return;
    database_ = std::move(*opened);
    for (int i = 0; i < entries; ++i) {
      const std::string number = std::to_string(next_);
      const KeyValue::Change fresh{"entry" + std::to_string(next_ % 7),
                                   number + std::string(kValueBytes, 'v')};
      attempted_ = Rows{{"latest", number}, {fresh.key, *fresh.value}};
      if (!database_->write({{"latest", number}, fresh}, true)) return;
      for (const auto& [key, value] : *attempted_) promised_[key] = value;
      attempted_.reset();
      ++next_;
    }
  }
  void end_process() { database_.reset(); }

  // All that was promised is there; of the write that failed all or nothing.
  void check() {
    auto opened = DiskDatabase::open(disk_, "facts");
    ASSERT_TRUE(opened) << opened.error().message();
    Rows found;
    ASSERT_TRUE((*opened)->scan("", [&](std::string_view key, std::string_view value) {
      found.emplace(key, value);
      return true;
    }));
    Rows with_attempt = promised_;
    if (attempted_) {
      for (const auto& [key, value] : *attempted_) with_attempt[key] = value;
    }
    EXPECT_TRUE(found == promised_ || found == with_attempt)
        << "promised up to " << promised_["latest"] << ", found " << found["latest"];
  }

 private:
  static constexpr std::size_t kValueBytes = 150'000;
  VirtualDisk& disk_;
  std::unique_ptr<DiskDatabase> database_;
  Rows promised_;
  std::optional<Rows> attempted_;  // failed
  int next_ = 1;
};

constexpr int kEntries = 10;  // 1.5 MB: a log is full, and becomes a table

std::uint64_t calls_of_a_quiet_run() {
  VirtualDisk disk;
  Diary diary(disk);
  diary.write(kEntries);
  return disk.faults().calls();
}

TEST(DiskDatabase, KeepsWhatItPromisedWhenThePowerFailsAtAnyCallOfTheDisk) {
  const std::uint64_t calls = calls_of_a_quiet_run();
  ASSERT_GT(calls, 100U);
  SeededRandom chance(1);
  for (std::uint64_t call = 1; call <= calls; ++call) {
    for (const bool by_chance : {false, true}) {
      SCOPED_TRACE("call " + std::to_string(call) + (by_chance ? ", by chance" : ""));
      VirtualDisk disk;
      Diary diary(disk);
      disk.faults().fail_from_call(call);
      diary.write(kEntries);
      diary.end_process();
      disk.faults().clear();
      if (by_chance) {
        disk.crash(chance);
      } else {
        disk.crash();
      }
      diary.check();
      if (HasFailure()) return;
    }
  }
}

TEST(DiskDatabase, SetsAsideWhatIsBeyondMending) {
  VirtualDisk disk;
  Diary(disk).write(kEntries);
  ASSERT_TRUE(disk.replace("facts/CURRENT", as_bytes("no such file")));
  auto opened = DiskDatabase::open(disk, "facts");
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ((*opened)->get("latest").value(), std::nullopt) << "it begins anew";
  EXPECT_TRUE((*opened)->write({{"a", "1"}}, true));
  EXPECT_TRUE(disk.list("facts.damaged-1")) << "the old one is there to look at";
}

}  // namespace
}  // namespace peerstore::world
