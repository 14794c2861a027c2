#include <peerstore/membership/identity.hpp>

#include <gtest/gtest.h>

#include <membership/test_ring.hpp>

#include <algorithm>

namespace peerstore::membership {
namespace {

void expect_same_machine(const Identity& a, const Identity& b) {
  EXPECT_EQ(a.root_key, b.root_key);
  EXPECT_EQ(a.person, b.person);
  EXPECT_EQ(a.machine, b.machine);
  EXPECT_EQ(a.member, b.member);
  EXPECT_EQ(a.person_name, b.person_name);
  EXPECT_EQ(a.node_secret, b.node_secret);
  ASSERT_EQ(a.proof.size(), b.proof.size());
  for (std::size_t i = 0; i < a.proof.size(); ++i) {
    EXPECT_EQ(wire::id_of(a.proof[i]), wire::id_of(b.proof[i]));
    EXPECT_EQ(a.proof[i].signature, b.proof[i].signature);
  }
}

TEST(Identity, IsTheSameMachineAfterReading) {
  TestRing ring;
  const Identity bob = ring.admit("bob");
  expect_same_machine(decode_identity(encode(ring.founder)).value(), ring.founder);
  expect_same_machine(decode_identity(encode(bob)).value(), bob);
}

TEST(Identity, DoesNotWriteDownWhatHasToBeUnlocked) {
  TestRing ring;
  const Bytes file = encode(ring.founder);
  const auto is_written = [&](ByteView secret) { return !std::ranges::search(file, secret).empty(); };
  EXPECT_TRUE(is_written(ring.founder.node_secret.view()));
  EXPECT_FALSE(is_written(ring.founder.root_secret->view()));
  EXPECT_FALSE(is_written(ring.founder.person_secret.view()));
  EXPECT_FALSE(is_written(ring.founder.drive_secret.view()));
  EXPECT_FALSE(is_written(ring.founder.writer_secret.view()));
  const Identity read = decode_identity(file).value();
  EXPECT_FALSE(read.root_secret);
  EXPECT_TRUE(read.person_secret.is_zero());
  EXPECT_TRUE(read.drive_secret.is_zero());
  EXPECT_TRUE(read.writer_secret.is_zero());
}

TEST(Identity, IsCorruptWhenAnyByteWasChanged) {
  TestRing ring;
  const Bytes good = encode(ring.founder);
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 1;
    const auto read = decode_identity(bad);
    ASSERT_FALSE(read) << i;
    EXPECT_EQ(read.error().code, Errc::corrupt);
    EXPECT_NE(read.error().context.find("put back a copy"), std::string::npos);
    EXPECT_NE(read.error().context.find("--home FOLDER"), std::string::npos) << "not in this one";
  }
}

TEST(Identity, IsCorruptWhenCutShortOrTooLong) {
  TestRing ring;
  Bytes bytes = encode(ring.founder);
  bytes.push_back(0);
  EXPECT_EQ(decode_identity(bytes).error().code, Errc::corrupt);
  while (!bytes.empty()) {
    bytes.resize(bytes.size() - std::min<std::size_t>(bytes.size(), 7));
    EXPECT_EQ(decode_identity(bytes).error().code, Errc::corrupt);
  }
}

}  // namespace
}  // namespace peerstore::membership
