// Directory: what a network asks about the ring. Implemented over the roster.
#pragma once

#include <peerstore/crypto/keys.hpp>
#include <peerstore/runtime/result.hpp>
#include <peerstore/wire/types.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore::link {

// Before what a member says to whom it refuses a link. Anybody may answer at an address: what strangers say
// is Errc::unreachable, and may contain any words.
inline constexpr std::string_view kRefusedByMember = "the other side refused the link: ";
// What a machine is told that asks for a link and was a member.
inline constexpr std::string_view kNoMemberAnyMore = "does not belong to this ring any more";

// Whether a machine that was asked something said that the asker is no member any more.
inline bool says_no_member_any_more(const Error& error) {
  return error.code == Errc::refused && error.context.find(kNoMemberAnyMore) != std::string::npos;
}

class Directory {
 public:
  struct Peer {
    wire::MemberId member;
    wire::PersonNumber person = 0;
  };
  virtual ~Directory() = default;
  virtual wire::RingId ring_id() const = 0;
  // A member that is not gone, by its node key.
  virtual std::optional<Peer> find(const crypto::SigningPublicKey& node_key) const = 0;
  // Whether that is the node key of a machine that was a member and is none any more; what it showed of
  // itself tells of one whose place went to another.
  virtual bool is_gone(const crypto::SigningPublicKey& node_key,
                       const std::vector<wire::Statement>& proof) const {
    (void)node_key;
    (void)proof;
    return false;  // of who keeps no book of those
  }
  virtual std::optional<crypto::SigningPublicKey> node_key(const wire::MemberId& member) const = 0;
  // Where to try, best first.
  virtual std::vector<std::string> addresses(const wire::MemberId& member) const = 0;
  // Own statements for the Hello, and what to do with the other side's before it is judged.
  virtual std::vector<wire::Statement> own_proof() const = 0;
  virtual void learn(const std::vector<wire::Statement>& proof) = 0;
};

}  // namespace peerstore::link
