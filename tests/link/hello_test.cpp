#include <gtest/gtest.h>
#include <link/hello.hpp>
#include <link/limits.hpp>
#include <peerstore/wire/codec.hpp>

namespace peerstore::link {
namespace {

TEST(Hello, ComesBackAsItWas) {
  Hello hello;
  hello.role = Role::node;
  hello.ring.bytes.fill(7);
  hello.proof.resize(2);
  hello.proof[0].body = SharedBytes(Bytes(100, 1));
  const Bytes bytes = encode(hello);
  const auto decoded = decode_hello(bytes);
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->role, hello.role);
  EXPECT_EQ(decoded->ring, hello.ring);
  EXPECT_EQ(decoded->proof, hello.proof);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_hello(ByteView(bytes).first(size)));
  }
}

TEST(Hello, OfAnotherVersionIsUnsupported) {
  Bytes bytes = encode(Hello{});
  bytes[0] = 9;
  const auto decoded = decode_hello(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::unsupported);
}

TEST(Hello, WithTooMuchProofOrNoKnownRoleIsInvalid) {
  Hello hello;
  hello.proof.resize(kProofStatementsMax + 1);
  EXPECT_FALSE(decode_hello(encode(hello)));
  hello.proof.clear();
  for (const std::uint8_t role : {0, 4, 255}) {
    Bytes bytes = encode(hello);
    bytes[2] = role;
    EXPECT_FALSE(decode_hello(bytes));
  }
}

TEST(Goodbye, CarriesItsReason) {
  const Error reason = decode_goodbye(encode_goodbye(fail(Errc::refused, "not a member")));
  EXPECT_EQ(reason.code, Errc::refused);
  EXPECT_EQ(reason.context, "not a member");
  EXPECT_EQ(decode_goodbye(Bytes(10, 3)).code, Errc::invalid);
  EXPECT_EQ(decode_goodbye(wire::encode(Result<wire::Response>(wire::Response(wire::Done{}))).message).code,
            Errc::invalid);
}

}  // namespace
}  // namespace peerstore::link
