#include <gtest/gtest.h>

#include "cli/output.hpp"
#include "cli/remote_path.hpp"
#include "cli/repair_rate.hpp"
#include "cli/standing_text.hpp"

namespace peerstore::cli {
namespace {

TEST(Text, ProgressFitsTheTerminalAndSaysNothingThatIsNotKnown) {
  drive::Progress progress{123'456, 1'234'567, 812'000'000'000, 811'000'000'000, 999'000'000'000};
  for (const std::size_t columns : {39u, 59u, 79u}) {
    const std::string text = progress_text("sent", progress, 123'400'000, 1234, columns);
    EXPECT_LE(text.size(), columns);
    EXPECT_TRUE(text.starts_with("sent safe 81%  811 GB of 999 GB")) << text;
  }
  const std::string wide = progress_text("sent", progress, 123'400'000, 1234, 200);
  EXPECT_NE(wide.find("[####"), std::string::npos);
  EXPECT_NE(wide.find("123456/1234567 files"), std::string::npos);
  progress.bytes_total = progress.files_total = 0;
  const std::string unknown = progress_text("restored", progress, 1000, -1, 79);
  EXPECT_EQ(unknown, "restored 811 GB  1.0 kB/s  123456 files");
}

TEST(Text, ANameThatIsNotPlainTextStandsByteForByteToo) {
  boost::json::object row;
  add_name(row, "path", "plain/ä");
  EXPECT_EQ(row.size(), 1u);
  add_name(row, "odd", "a\xff\n");
  EXPECT_EQ(row["odd"].as_string(), "a\\xff\\x0a");
  EXPECT_EQ(row["odd_base64url"].as_string(), "Yf8K");
}

TEST(Text, SaysBytesAsPeopleDo) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1000), "1.0 kB");
  EXPECT_EQ(human_bytes(8'200'000'000), "8.2 GB");
  EXPECT_EQ(human_bytes(999'999), "1.0 MB");
  EXPECT_EQ(human_bytes(UINT64_MAX), "18447 PB");
}

TEST(Text, ReadsAmountsOfSpaceAndRefusesTheRest) {
  EXPECT_EQ(*read_bytes("200G"), 200'000'000'000u);
  EXPECT_EQ(*read_bytes("1.5T"), 1'500'000'000'000u);
  EXPECT_EQ(*read_bytes("500MB"), 500'000'000u);
  EXPECT_EQ(*read_bytes("1000"), 1000u);
  for (const char* wrong : {"", "G", "-1G", "lots", "10X", "1e30T", "nan", "10 G"}) {
    EXPECT_FALSE(read_bytes(wrong)) << wrong;
  }
}

TEST(Text, ReadsHowLongSomethingLastsAndRefusesTheRest) {
  EXPECT_EQ(*read_lifetime("7d"), 7 * 86400);
  EXPECT_EQ(*read_lifetime("7"), 7 * 86400);
  EXPECT_EQ(*read_lifetime("12h"), 12 * 3600);
  EXPECT_EQ(*read_lifetime("30min"), 1800);
  EXPECT_EQ(*read_lifetime("5s"), 5);
  EXPECT_EQ(*read_lifetime("never"), 0);
  for (const char* wrong : {"", "d", "0d", "-1d", "7x", "7 d", "1.5d", "3651d", "99999999999999999999"}) {
    EXPECT_FALSE(read_lifetime(wrong)) << wrong;
  }
}

TEST(Text, ShowsAnyNameOnATerminalWithoutHarm) {
  EXPECT_EQ(printable("plain"), "plain");
  EXPECT_EQ(printable("\xc3\xbcml\xc3\xa4ut"), "\xc3\xbcml\xc3\xa4ut");
  EXPECT_EQ(printable("a\nb\x1b[2J"), "a\\x0ab\\x1b[2J");
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(printable("\xc3"), "\\xc3");                    // cut short
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
}

TEST(Text, TakesAPathAsItWasTyped) {
  EXPECT_EQ(remote_path("/home/alice/x"), "home/alice/x");
  EXPECT_EQ(remote_path("home/alice/x/"), "home/alice/x");
  EXPECT_EQ(remote_path("./home//alice/./x"), "home/alice/x");
  EXPECT_EQ(remote_path("/"), "");
  EXPECT_EQ(last_name("home/alice/x"), "x");
  EXPECT_EQ(last_name("x"), "x");
}

TEST(StandingText, SaysHowManyFriendsMayVanishAndWhatIsLeftOfTheWorst) {
  drive::DriveStanding standing{
      .files_safe = 5, .copies_wanted = 3, .copies_reachable = 3, .copies_least = 3};
  EXPECT_EQ(vanishing_in_words(standing), "Any 2 friends may vanish at once, and nothing is lost.");
  standing.files_at_risk = 1;
  standing.copies_least = 2;
  EXPECT_EQ(vanishing_in_words(standing), "Any 1 friend may vanish at once, and nothing is lost.");
  EXPECT_NE(verdict(standing).find("the worst has 2"), std::string::npos);
  standing.copies_least = 1;
  EXPECT_EQ(friends_may_vanish(standing), 0u);
  EXPECT_EQ(vanishing_in_words(standing), "No friend may vanish: some piece is with one friend alone.");
  standing.files_unreachable = 1;
  EXPECT_FALSE(friends_may_vanish(standing));
}

TEST(StandingText, ShowsTheWorstFilesOnly) {
  using drive::FileState;
  WorstFiles worst(2);
  worst.add({.path = "safe", .copies = 3});
  EXPECT_TRUE(worst.rows(3).empty());
  worst.add({.path = "two", .state = FileState::at_risk, .copies = 2});
  worst.add({.path = "away", .state = FileState::unreachable, .copies = 1, .waiting_for = {"bob", "eve"}});
  worst.add({.path = "one", .state = FileState::at_risk, .copies = 1});
  const std::vector<std::string> rows = worst.rows(3);
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[1], "  unreachable  1 of 3   away  waiting for bob, eve");
  EXPECT_EQ(rows[2], "  at risk      1 of 3   one");
  EXPECT_EQ(rows[3].find("  and 1 more"), 0u);
}

TEST(StandingText, SaysWhatThisMachineMendsAndUntilWhen) {
  EXPECT_EQ(repair_in_words({}), "");
  EXPECT_EQ(
      repair_in_words({.to_fetch = 100, .bytes_to_fetch = 1'200'000'000, .bytes_per_second = 1'000'000}),
      "Repair, this machine's part: 100 chunks to fetch, about 1.2 GB, done in about 20 min if it goes on "
      "at 1.0 MB a second.");
  EXPECT_EQ(repair_in_words({.to_fetch = 1, .to_hand_out = 2}),
            "Repair, this machine's part: 1 chunk to fetch; 2 copies for friends to fetch from here.");
}

TEST(RepairRateText, IsAnyNumberOrATenthOfWhatTheLineCarries) {
  const auto automatic = RepairRate::parse("auto");
  ASSERT_TRUE(automatic);
  EXPECT_EQ(automatic->over(50'000'000), 5'000'000u);
  EXPECT_EQ(automatic->over(500'000), kRepairRateFloor) << "repair is not starved";
  EXPECT_EQ(automatic->over(0), kRepairRateFloor) << "nothing was measured yet";
  const auto fixed = RepairRate::parse("50K");
  ASSERT_TRUE(fixed);
  EXPECT_EQ(fixed->over(50'000'000), 50'000u);
  for (const char* text : {"", "0", "10", "fast", "Auto", "-1M"})
    EXPECT_FALSE(RepairRate::parse(text)) << text;
}

}  // namespace
}  // namespace peerstore::cli
