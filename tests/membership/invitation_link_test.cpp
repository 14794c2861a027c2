#include <peerstore/crypto/hash.hpp>
#include <peerstore/membership/invitation.hpp>
#include <peerstore/wire/messages.hpp>

#include <gtest/gtest.h>

namespace peerstore::membership {
namespace {

InvitationLink example() {
  SeededEntropy entropy(5);
  InvitationLink link;
  link.root_key = entropy.make<crypto::SigningPublicKey>();
  link.doors.push_back({"[fe80::1%eth0]:7000", entropy.make<crypto::SigningPublicKey>()});
  link.token = entropy.make<InvitationToken>();
  link.person = 12;
  return link;
}

Error failure(std::string_view text) {
  const auto read = read_invitation_link(text);
  EXPECT_FALSE(read) << text;
  return read ? Error{Errc::cancelled, ""} : read.error();
}

// A link as this program would have ended it.
std::string with_check(const std::string& text) {
  const crypto::Hash sum = crypto::hash("invitation link checksum", {as_bytes(text)});
  return text + "&check=" + to_base64url(sum.view().first(4));
}

TEST(InvitationLink, IsTheSameAfterReading) {
  const InvitationLink link = example();
  const std::string text = to_text(link);
  EXPECT_TRUE(text.starts_with("peerstore:join?ring="));
  EXPECT_LT(text.size(), 250u);
  const auto read = read_invitation_link(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->root_key, link.root_key);
  ASSERT_EQ(read->doors.size(), 1u);
  EXPECT_EQ(read->doors[0].address, link.doors[0].address);
  EXPECT_EQ(read->doors[0].node_key, link.doors[0].node_key);
  EXPECT_EQ(read->token, link.token);
  EXPECT_EQ(read->person, link.person);
}

TEST(InvitationLink, NamesUpToThreeDoors) {
  SeededEntropy entropy(6);
  InvitationLink link = example();
  link.doors.push_back({"192.0.2.1:7000", entropy.make<crypto::SigningPublicKey>()});
  link.doors.push_back({"friend.example:4747", entropy.make<crypto::SigningPublicKey>()});
  const std::string text = to_text(link);
  const auto read = read_invitation_link(text);
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->doors.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read->doors[i].address, link.doors[i].address);
    EXPECT_EQ(read->doors[i].node_key, link.doors[i].node_key);
  }
  const std::string body = text.substr(0, text.find("&check="));
  EXPECT_NE(
      failure(with_check(body + "&at=h:1&node=" + to_base64url(link.root_key.view()))).context.find("\"at\""),
      std::string::npos);
  EXPECT_EQ(failure(with_check(body + "&node=" + to_base64url(link.root_key.view()))).code, Errc::invalid);
}

TEST(InvitationLink, OverlooksTheWhiteSpaceOfMail) {
  std::string text = to_text(example());
  text.insert(70, "\r\n ");
  EXPECT_TRUE(read_invitation_link("  " + text + "\n"));
}

TEST(InvitationLink, SaysWhenItIsNotOne) {
  for (const char* text : {"https://example.org", "hello", "peerstore:leave?x=1"}) {
    const Error error = failure(text);
    EXPECT_EQ(error.code, Errc::invalid);
    EXPECT_NE(error.context.find("not an invitation"), std::string::npos) << error.context;
  }
  EXPECT_NE(failure(" ").context.find("empty"), std::string::npos);
  EXPECT_NE(failure(std::string(5000, 'x')).context.find("too long"), std::string::npos);
}

TEST(InvitationLink, SaysWhenItIsCutOff) {
  const std::string text = to_text(example());
  for (std::size_t size = 1; size < text.size(); ++size) {
    const Error error = failure(text.substr(0, size));
    EXPECT_EQ(error.code, Errc::invalid);
    EXPECT_NE(error.context.find("cut off"), std::string::npos) << size << ": " << error.context;
  }
}

TEST(InvitationLink, NoticesEveryMistypedLetter) {
  const std::string text = to_text(example());
  for (std::size_t i = std::string_view("peerstore:join?").size(); i < text.size(); ++i) {
    std::string typed = text;
    typed[i] = typed[i] == 'x' ? 'y' : 'x';
    const Error error = failure(typed);
    EXPECT_EQ(error.code, Errc::invalid);
    const bool says_so = error.context.find("mistyped") != std::string::npos ||
                         error.context.find("cut off") != std::string::npos;
    EXPECT_TRUE(says_so) << error.context;
  }
}

TEST(InvitationLink, SaysWhenANewerProgramMadeIt) {
  std::string text = to_text(example());
  text = with_check(text.substr(0, text.find("&check=")) + "&relay=abc");
  const Error error = failure(text);
  EXPECT_EQ(error.code, Errc::unsupported);
  EXPECT_NE(error.context.find("\"relay\""), std::string::npos);
}

TEST(InvitationLink, RefusesPartsThatMakeNoSenseOrLack) {
  const std::string text = to_text(example());
  const std::string body = text.substr(0, text.find("&check="));
  const auto changed = [&body](const std::string& from, const std::string& to) {
    std::string copy = body;
    return with_check(copy.replace(copy.find(from), from.size(), to));
  };
  EXPECT_NE(failure(changed("as=12", "as=12x")).context.find("\"as\""), std::string::npos);
  EXPECT_NE(failure(changed("as=12", "as=99999999999")).context.find("\"as\""), std::string::npos);
  EXPECT_NE(failure(changed("as=12", "as=-1")).context.find("\"as\""), std::string::npos);
  EXPECT_NE(failure(changed("&as=12", "")).context.find("lacks its part \"as\""), std::string::npos);
  EXPECT_NE(failure(changed("&as=12", "&as=12&as=13")).context.find("\"as\""), std::string::npos);
  EXPECT_NE(failure(changed("ring=", "ring=A")).context.find("\"ring\""), std::string::npos);
  EXPECT_NE(failure(changed("at=", "at=%0a")).context.find("\"at\""), std::string::npos);
  EXPECT_NE(failure(changed("at=", "at=%")).context.find("\"at\""), std::string::npos);
  const std::string longer = "at=" + std::string(wire::kHostPortBytesMax, 'h');
  EXPECT_NE(failure(changed("at=", longer)).context.find("\"at\""), std::string::npos);
  failure(changed("&as=12", "&as"));
  failure(with_check("peerstore:join?"));
}

}  // namespace
}  // namespace peerstore::membership
