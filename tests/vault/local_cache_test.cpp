#include <gtest/gtest.h>
#include <peerstore/vault/local_cache.hpp>
#include <peerstore/world/virtual_key_value.hpp>

namespace peerstore::vault {
namespace {

using Kind = LocalCache::Kind;

crypto::SecretKey secret_of(std::uint8_t person) {
  crypto::SecretKey secret;
  secret.bytes.fill(person);
  return secret;
}
wire::RingId ring_of(std::uint8_t number) {
  wire::RingId ring;
  ring.bytes.fill(number);
  return ring;
}
Bytes text(std::string_view words) { return Bytes(words.begin(), words.end()); }

TEST(LocalCache, FindsWhatWasWrittenUntilItIsForgotten) {
  world::VirtualKeyValue rows;
  LocalCache cache(rows, secret_of(1), ring_of(1));
  cache.claim();
  cache.write({{Kind::folder, text("a"), text("one")}, {Kind::index_part, text("a"), text("two")}});
  EXPECT_EQ(cache.find(Kind::folder, text("a")), text("one"));
  EXPECT_EQ(cache.find(Kind::index_part, text("a")), text("two"));
  EXPECT_EQ(cache.find(Kind::folder, text("b")), std::nullopt);
  cache.write({{Kind::folder, text("a"), std::nullopt}});
  EXPECT_EQ(cache.find(Kind::folder, text("a")), std::nullopt);
  LocalCache again(rows, secret_of(1), ring_of(1));
  again.claim();
  EXPECT_EQ(again.find(Kind::index_part, text("a")), text("two"));
}

TEST(LocalCache, OfAnotherPersonOrRingIsThrownAway) {
  for (const bool other_person : {false, true}) {
    world::VirtualKeyValue rows;
    LocalCache first(rows, secret_of(1), ring_of(1));
    first.claim();
    std::vector<LocalCache::Row> many;
    for (int i = 0; i < 2500; ++i) many.push_back({Kind::folder, text(std::to_string(i)), text("x")});
    first.write(many);
    LocalCache second(rows, secret_of(other_person ? 2 : 1), ring_of(other_person ? 1 : 2));
    EXPECT_EQ(second.find(Kind::folder, text("7")), std::nullopt);
    second.claim();
    EXPECT_EQ(rows.size(), 1u);
  }
}

TEST(LocalCache, NamesAndContentsCannotBeReadInIt) {
  world::VirtualKeyValue rows;
  LocalCache cache(rows, secret_of(1), ring_of(1));
  cache.write({{Kind::folder, text("a secret name"), text("a secret content")}});
  const auto look = [](std::string_view key, std::string_view value) {
    EXPECT_EQ(key.find("secret"), std::string_view::npos);
    EXPECT_EQ(value.find("secret"), std::string_view::npos);
    return true;
  };
  ASSERT_TRUE(rows.scan("", look));
}

TEST(LocalCache, ADatabaseThatFailsIsAnEmptyOne) {
  world::VirtualKeyValue rows;
  LocalCache cache(rows, secret_of(1), ring_of(1));
  cache.write({{Kind::folder, text("a"), text("one")}});
  rows.faults().fail_call(1);
  EXPECT_EQ(cache.find(Kind::folder, text("a")), std::nullopt);
  EXPECT_EQ(cache.find(Kind::folder, text("a")), text("one"));
}

TEST(LocalCache, HasRowsOfTheFormatThatIsWrittenDown) {
  world::VirtualKeyValue rows;
  LocalCache cache(rows, secret_of(1), ring_of(1));
  cache.write({{Kind::folder, text("name"), text("content")}});
  const auto look = [](std::string_view key, std::string_view value) {
    EXPECT_EQ(to_hex(as_bytes(key)), "03a926f9dbdec3e982e7bf6bb7b4c41bcae1480709e0b2c372ff6db9d216798cbe");
    EXPECT_EQ(
        to_hex(as_bytes(value)),
        "cc7b5b3ff83f004cc45dc5976bf4e1a8dcb452cb43bf97124af29ad7c7900b8a90d8c193cf5fb7380f631b5d195f652c"
        "4da9c04d449d17de15e5ab646bfe87303a165fe698c981b4a961a246292954");
    return true;
  };
  ASSERT_TRUE(rows.scan("", look));
}

}  // namespace
}  // namespace peerstore::vault
