#include <peerstore/account/written_code.hpp>
#include <peerstore/runtime/random.hpp>

#include <gtest/gtest.h>

namespace peerstore::account {
namespace {

Bytes counting() {
  Bytes bytes(32);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return bytes;
}
Bytes read(std::string_view typed, std::size_t size = 32) {
  const auto secret = read_code(typed, size);
  if (!secret) return {};
  return Bytes(secret->view().begin(), secret->view().end());
}

TEST(WrittenCode, HasExactlyTheseCharacters) {
  EXPECT_EQ(write_code(counting()),
            "000G0-40R47-0M30J-E209D-185GT-R38E6-1W81Q-24GK4-2GAHK-C5RRE-34D11-P70XS-3RFGB");
  EXPECT_EQ(write_code(ByteView(counting()).first(16)), "000G0-40R47-0M30J-E209D-185GT-R38E6-1W00G");
}

TEST(WrittenCode, ComesBackAsItWas) {
  SeededEntropy entropy(1);
  for (int i = 0; i < 1000; ++i) {
    const auto code = entropy.make<RecoveryCode>();
    EXPECT_EQ(read(write_code(code.view())), Bytes(code.bytes.begin(), code.bytes.end()));
    const auto secret = entropy.make<AccountSecret>();
    EXPECT_EQ(read(write_code(secret.view()), 16), Bytes(secret.bytes.begin(), secret.bytes.end()));
  }
}

TEST(WrittenCode, OverlooksHowItWasTyped) {
  std::string text = write_code(counting());
  std::string loose;
  for (const char c : text) {
    if (c == '-') {
      loose += " ";
    } else if (c == '0') {
      loose += 'o';
    } else if (c == '1') {
      loose += 'l';
    } else {
      loose += static_cast<char>(c >= 'A' ? c - 'A' + 'a' : c);
    }
  }
  EXPECT_EQ(read(" " + loose + "\n"), counting());
}

TEST(WrittenCode, NamesTheGroupInWhichACharacterIsWrong) {
  const std::string good = write_code(counting());
  for (std::size_t at = 0; at < good.size(); ++at) {
    if (good[at] == '-') continue;
    for (const char other : std::string_view("0123456789ABCDEFGHJKMNPQRSTVWXYZ")) {
      if (other == good[at]) continue;
      std::string bad = good;
      bad[at] = other;
      const auto read = read_code(bad, 32);
      ASSERT_FALSE(read) << bad;
      EXPECT_NE(read.error().context.find("group " + std::to_string(at / 6 + 1) + " of 13"),
                std::string::npos);
    }
  }
}

TEST(WrittenCode, NoticesNeighboursAndGroupsThatWereExchanged) {
  SeededEntropy entropy(2);
  for (int i = 0; i < 200; ++i) {
    const std::string good = write_code(entropy.make<RecoveryCode>().view());
    for (std::size_t at = 0; at + 1 < good.size(); ++at) {
      if (good[at] == '-' || good[at + 1] == '-' || good[at] == good[at + 1]) continue;
      std::string bad = good;
      std::swap(bad[at], bad[at + 1]);
      EXPECT_FALSE(read_code(bad, 32)) << good << " " << bad;
    }
    for (std::size_t group = 0; group + 1 < 13; ++group) {
      std::string bad = good;
      std::swap_ranges(bad.begin() + static_cast<std::ptrdiff_t>(6 * group),
                       bad.begin() + static_cast<std::ptrdiff_t>(6 * group + 5),
                       bad.begin() + static_cast<std::ptrdiff_t>(6 * group + 6));
      if (bad == good) continue;
      EXPECT_FALSE(read_code(bad, 32)) << good << " " << bad;
    }
  }
}

TEST(WrittenCode, SaysWhenItIsTooShortTooLongOrOfOtherCharacters) {
  const std::string good = write_code(counting());
  EXPECT_NE(read_code(good.substr(0, 60), 32).error().context.find("too short"), std::string::npos);
  EXPECT_NE(read_code(good + "0", 32).error().context.find("too long"), std::string::npos);
  EXPECT_NE(read_code("!" + good.substr(1), 32).error().context.find("group 1 of 13"), std::string::npos);
  EXPECT_FALSE(read_code("", 32));
}

}  // namespace
}  // namespace peerstore::account
