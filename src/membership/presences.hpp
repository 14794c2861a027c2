// Presences: where members say they can be reached, the newest word of each. Pure.
//
// Of two words of one member the higher (incarnation, sequence) counts; should a member give two
// at once, the one with the higher hash, so that all who hear both agree.
#pragma once

#include <peerstore/membership/roster.hpp>

#include "set_digest.hpp"

#include <map>

namespace peerstore::membership {

class Presences {
 public:
  enum class Verdict : std::uint8_t { newer, outdated, refused };

  // Keeps `presence` if it is newer than what is known and signed by the member's node key.
  Verdict add(const Roster& roster, crypto::Signatures& signatures, const wire::Presence& presence);
  // Drops those of members that are not there any more, or have another key.
  void drop_strangers(const Roster& roster);

  const wire::Presence* find(const wire::MemberId& member) const;
  std::vector<wire::Presence> all() const;
  // Those that somebody lacks who has `known`.
  std::vector<wire::Presence> newer_than(const std::vector<wire::Presence>& known) const;
  crypto::Hash digest() const { return digest_.value(); }

 private:
  struct Entry {
    wire::Presence presence;
    crypto::Hash hash;
    crypto::SigningPublicKey signed_by;
  };
  std::map<wire::MemberId, Entry> entries_;
  SetDigest digest_;
};

}  // namespace peerstore::membership
