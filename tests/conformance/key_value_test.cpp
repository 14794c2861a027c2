#include <conformance/worlds.hpp>

#include <string>
#include <utility>
#include <vector>

namespace peerstore::conformance {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

class KeyValueContract : public ::testing::TestWithParam<Maker<KeyValueSubject>> {
 protected:
  KeyValue& database() { return subject->database(); }
  Rows rows(std::string_view prefix) {
    Rows found;
    const auto scanned = database().scan(prefix, [&found](std::string_view key, std::string_view value) {
      found.emplace_back(key, value);
      return true;
    });
    EXPECT_TRUE(scanned);
    return found;
  }
  std::unique_ptr<KeyValueSubject> subject = GetParam().make();
};
INSTANTIATE_TEST_SUITE_P(
    Worlds, KeyValueContract,
    (both_worlds<KeyValueSubject, VirtualKeyValueSubject, RealKeyValueSubject, DiskDatabaseSubject>()),
    name_of<KeyValueSubject>);

TEST_P(KeyValueContract, GetsWhatWasSetAndNothingElse) {
  ASSERT_TRUE(database().write({{"a", "1"}, {"b", ""}}, false));
  EXPECT_EQ(database().get("a").value(), "1");
  EXPECT_EQ(database().get("b").value(), "");
  EXPECT_EQ(database().get("c").value(), std::nullopt);
  EXPECT_EQ(database().get("").value(), std::nullopt);
  ASSERT_TRUE(database().write({{"a", std::nullopt}, {"never", std::nullopt}}, false));
  EXPECT_EQ(database().get("a").value(), std::nullopt);
}

TEST_P(KeyValueContract, LetsTheLastChangeOfOneWriteWin) {
  ASSERT_TRUE(database().write({{"a", "1"}, {"a", "2"}, {"b", "1"}, {"b", std::nullopt}}, true));
  EXPECT_EQ(rows(""), (Rows{{"a", "2"}}));
  ASSERT_TRUE(database().write({}, true));
}

TEST_P(KeyValueContract, ScansAPrefixInTheOrderOfBytes) {
  ASSERT_TRUE(database().write(
      {{"p\xff", "4"}, {"q", "x"}, {"p", "1"}, {std::string("p\0", 2), "2"}, {"pa", "3"}, {"o\xff\xff", "x"}},
      false));
  EXPECT_EQ(rows("p"), (Rows{{"p", "1"}, {std::string("p\0", 2), "2"}, {"pa", "3"}, {"p\xff", "4"}}));
  EXPECT_EQ(rows("p\xff"), (Rows{{"p\xff", "4"}}));
  EXPECT_EQ(rows("").size(), 6U);
  EXPECT_TRUE(rows("r").empty());
  ASSERT_TRUE(database().write({{"\xff\xff", "end"}}, false));
  EXPECT_EQ(rows("\xff"), (Rows{{"\xff\xff", "end"}}));
}

TEST_P(KeyValueContract, StopsScanningWhenTold) {
  ASSERT_TRUE(database().write({{"a", "1"}, {"b", "2"}, {"c", "3"}}, false));
  int seen = 0;
  ASSERT_TRUE(database().scan("", [&seen](std::string_view, std::string_view) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
}

TEST_P(KeyValueContract, FindsAfterReopeningWhatWasSynced) {
  ASSERT_TRUE(database().write({{"a", "unsynced"}}, false));
  ASSERT_TRUE(database().write({{"b", std::string(100'000, 'x')}}, true));
  subject->reopen();
  EXPECT_EQ(database().get("a").value(), "unsynced") << "a later sync covers it";
  EXPECT_EQ(database().get("b").value()->size(), 100'000U);
  ASSERT_TRUE(database().write({{"a", std::nullopt}}, true));
  subject->reopen();
  EXPECT_EQ(rows("").size(), 1U);
}

}  // namespace
}  // namespace peerstore::conformance
