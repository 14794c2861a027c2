#include "cli/recovery_kit.hpp"
#include "cli/secret_input.hpp"

#include <gtest/gtest.h>
#include <peerstore/runtime/random.hpp>

namespace peerstore::cli {
namespace {

RecoveryKit example() {
  SeededEntropy entropy(4);
  RecoveryKit kit;
  entropy.fill(kit.code->bytes);
  entropy.fill(kit.account_secret->bytes);
  kit.ring_key = entropy.make<crypto::SigningPublicKey>();
  kit.person_key = entropy.make<crypto::SigningPublicKey>();
  kit.ring_name = "Hilltop";
  kit.user = "alice";
  kit.addresses = {"192.0.2.7:4747", "[2001:db8::7]:4747"};
  return kit;
}

TEST(RecoveryKit, IsReadAsItWasPrinted) {
  const RecoveryKit kit = example();
  const auto read = read_recovery_kit(to_text(kit));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read->code, *kit.code);
  EXPECT_EQ(*read->account_secret, *kit.account_secret);
  EXPECT_EQ(read->ring_key, kit.ring_key);
  EXPECT_EQ(read->person_key, kit.person_key);
  EXPECT_EQ(read->addresses, kit.addresses);
}

TEST(RecoveryKit, SaysWhichLineIsMistyped) {
  std::string text = to_text(example());
  const auto change = [&](std::string_view after) {
    std::string bad = text;
    const std::size_t at = bad.find(after) + after.size();
    bad[at] = bad[at] == '7' ? '8' : '7';
    return read_recovery_kit(bad);
  };
  EXPECT_NE(change("Recovery code: ").error().context.find("group 1 of 13"), std::string::npos);
  EXPECT_NE(change("Account secret: ").error().context.find("Account secret: group 1 of 7"),
            std::string::npos);
  std::string short_key = text;
  short_key.erase(short_key.find("Ring key: ") + 10, 2);
  EXPECT_NE(read_recovery_kit(short_key).error().context.find("Ring key"), std::string::npos);
  EXPECT_NE(read_recovery_kit("a letter").error().context.find("no recovery kit"), std::string::npos);
  EXPECT_FALSE(read_recovery_kit(""));
}

TEST(SecretsOnTheCommandLine, AreRefused) {
  const auto check = [](std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    return secret_in_arguments(static_cast<int>(arguments.size()), arguments.data()).has_value();
  };
  EXPECT_TRUE(check({"peerstore", "--passphrase", "x", "ls"}));
  EXPECT_TRUE(check({"peerstore", "ls", "--passphrase=x"}));
  EXPECT_TRUE(check({"peerstore", "--password=x", "ls"}));
  EXPECT_FALSE(check({"peerstore", "--passphrase-file", "x", "ls"}));
  EXPECT_FALSE(check({"peerstore", "--passphrase-fd=3", "recovery", "use", "--code-file", "x"}));
}

}  // namespace
}  // namespace peerstore::cli
