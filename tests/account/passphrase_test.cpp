#include <peerstore/account/passphrase.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace peerstore::account {
namespace {

Result<Passphrase> read(std::string_view typed, bool is_new = true) {
  return read_passphrase(as_bytes(typed), is_new);
}
std::string text(const Passphrase& passphrase) { return std::string(as_text(passphrase.view())); }

TEST(Passphrase, IsReadWithoutTheEndOfItsLine) {
  EXPECT_EQ(text(read("correct horse battery\n").value()), "correct horse battery");
  EXPECT_EQ(text(read("correct horse battery\r\n").value()), "correct horse battery");
  EXPECT_EQ(text(read(" blanks count too ").value()), " blanks count too ");
}

TEST(Passphrase, IsTheSameHoweverItsLettersWereComposed) {
  const std::string composed =
      "gr\xc3\xbc\xc3\x9f"
      "e aus Z\xc3\xbcrich";
  const std::string decomposed =
      "gru\xcc\x88\xc3\x9f"
      "e aus Zu\xcc\x88rich";
  EXPECT_EQ(text(read(composed).value()), composed);
  EXPECT_EQ(text(read(decomposed).value()), composed);
}

TEST(Passphrase, IsRefusedWithAReasonThatHelps) {
  const auto why = [](std::string_view typed) { return read(typed).error().context; };
  EXPECT_NE(why("").find("empty"), std::string::npos);
  EXPECT_NE(why("\n").find("empty"), std::string::npos);
  EXPECT_NE(why("elevenchars").find("shorter than 12"), std::string::npos);
  EXPECT_NE(why(std::string(1025, 'x')).find("longer than 1024"), std::string::npos);
  EXPECT_NE(why(std::string_view("a NUL \0 in the middle", 21)).find("NUL"), std::string::npos);
  EXPECT_NE(why("not valid \xff\xfe UTF-8").find("UTF-8"), std::string::npos);
  EXPECT_TRUE(read(std::string(1024, 'x')));
  EXPECT_FALSE(read("\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc")) << "six letters, not twelve";
}

TEST(Passphrase, MayBeShortWhenItIsAnOldOne) { EXPECT_TRUE(read("short", false)); }

TEST(WordList, IsSortedAndHasNoWordTwice) {
  EXPECT_EQ(words().size(), 7776u);
  EXPECT_TRUE(std::ranges::is_sorted(words()));
  EXPECT_EQ(std::ranges::adjacent_find(words()), words().end());
}

TEST(GeneratedPassphrase, IsSixWordsOfTheListAndEveryTimeOthers) {
  SeededEntropy entropy(7);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const Passphrase made = generate_passphrase(entropy);
    EXPECT_EQ(std::ranges::count(made.view(), ' '), 5);
    EXPECT_EQ(text(as_generated(made).value()), text(made));
    seen.insert(text(made));
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(GeneratedPassphrase, DrawsEveryWordAboutAsOften) {
  SeededEntropy entropy(8);
  std::set<std::string> drawn;
  constexpr int kTimes = 13'000;  // 78,000 words: ten of each
  for (int i = 0; i < kTimes; ++i) {
    std::string passphrase = text(generate_passphrase(entropy));
    for (std::size_t at = 0; at != std::string::npos;) {
      const std::size_t end = passphrase.find(' ', at);
      drawn.insert(passphrase.substr(at, end - at));
      at = end == std::string::npos ? end : end + 1;
    }
  }
  EXPECT_GT(drawn.size(), 7770u) << "one in 22,000 is missed by chance";
}

TEST(GeneratedPassphrase, IsKnownHoweverItWasSpacedAndCapitalised) {
  const auto typed = read("  Abacus abdomen\tABIDE   acid acorn zoom ");
  EXPECT_EQ(text(as_generated(*typed).value()), "abacus abdomen abide acid acorn zoom");
  EXPECT_FALSE(as_generated(*read("abacus abdomen abide acid acorn")));
  EXPECT_FALSE(as_generated(*read("abacus abdomen abide acid acorn zoom acid")));
  EXPECT_FALSE(as_generated(*read("abacus abdomen abide acid acorn zooom")));
}

TEST(Passphrase, IsTheSameIfItOpensTheSame) {
  const auto same = [](std::string_view one, std::string_view other) {
    return is_same(*read(one), *read(other));
  };
  EXPECT_TRUE(same("one of my own", "one of my own"));
  EXPECT_FALSE(same("one of my own", "One of my own"));
  EXPECT_FALSE(same("one of my own", "one of my own "));
  EXPECT_TRUE(same("abacus abdomen abide acid acorn zoom", " Abacus abdomen ABIDE acid acorn  zoom"));
  EXPECT_FALSE(same("abacus abdomen abide acid acorn zoom", "abacus abdomen abide acid zoom acorn"));
}

}  // namespace
}  // namespace peerstore::account
