#include <peerstore/runtime/random.hpp>
#include <peerstore/world/virtual_key_value.hpp>

#include <gtest/gtest.h>

#include <map>

namespace peerstore::world {
namespace {

using Rows = std::map<std::string, std::string>;

Rows rows_of(VirtualKeyValue& database) {
  Rows rows;
  const auto all = database.scan("", [&rows](std::string_view key, std::string_view value) {
    rows.emplace(key, value);
    return true;
  });
  EXPECT_TRUE(all);
  return rows;
}

TEST(VirtualKeyValue, FallsBackInACrashToTheLastSyncedWrite) {
  SeededRandom random(11);
  VirtualKeyValue database;
  Rows model;
  Rows synced;
  for (int step = 0; step < 3000; ++step) {
    std::vector<KeyValue::Change> changes;
    const std::uint64_t count = random.below(4);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string key = "k" + std::to_string(random.below(20));
      if (random.below(3) == 0) {
        changes.push_back({key, std::nullopt});
        model.erase(key);
      } else {
        const std::string value = std::to_string(step);
        changes.push_back({key, value});
        model[key] = value;
      }
    }
    const bool sync = random.below(5) == 0;
    ASSERT_TRUE(database.write(changes, sync));
    if (sync) synced = model;
    if (random.below(20) == 0) {
      database.crash();
      model = synced;
    }
    ASSERT_EQ(rows_of(database), model) << step;
  }
}

TEST(VirtualKeyValue, ScansWhileItIsWrittenTo) {
  VirtualKeyValue database;
  ASSERT_TRUE(database.write({{"a1", "x"}, {"a2", "x"}, {"a3", "x"}, {"b1", "x"}}, true));
  int seen = 0;
  ASSERT_TRUE(database.scan("a", [&](std::string_view key, std::string_view) {
    ++seen;
    EXPECT_TRUE(database.write({{std::string(key), std::nullopt}}, true));
    return true;
  }));
  EXPECT_EQ(seen, 3);
  EXPECT_EQ(database.size(), 1U);
}

TEST(VirtualKeyValue, FailsTheChosenCall) {
  VirtualKeyValue database;
  database.faults().fail_call(1);
  EXPECT_FALSE(database.write({{"a", "x"}}, true));
  EXPECT_EQ(database.size(), 0U);
  EXPECT_TRUE(database.write({{"a", "x"}}, true));
}

}  // namespace
}  // namespace peerstore::world
