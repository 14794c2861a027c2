#include <gtest/gtest.h>

#include "cli/output.hpp"
#include "cli/remote_path.hpp"

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

}  // namespace
}  // namespace peerstore::cli
