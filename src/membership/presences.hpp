// Presences: where members say they can be reached, the newest word of each, and whether that word
// still stands. Pure.
//
// Of two words of one member the higher (incarnation, sequence) counts; should a member give two
// at once, the one with the higher hash, so that all who hear both agree. A word that an absence has
// ended is kept (it may say where the member will be found again), but counts no more.
#pragma once

#include <peerstore/membership/roster.hpp>
#include <peerstore/wire/messages.hpp>

#include "set_digest.hpp"

#include <map>
#include <span>

namespace peerstore::membership {

// Which of two words of a member is the newer.
template <class Word>
std::pair<std::uint64_t, std::uint64_t> age_of(const Word& word) {
  return {word.node.incarnation, word.sequence};
}

class Presences {
 public:
  // A stranger may be somebody whose statements are still on their way.
  enum class Verdict : std::uint8_t { newer, outdated, refused, of_a_stranger };

  // Keeps `presence` if it is newer than what is known and signed by the member's node key.
  Verdict add(const Roster& roster, crypto::Signatures& signatures, const wire::Presence& presence);
  // True if it ended a word that stood.
  bool end(const wire::Absence& absence);
  // The absence that would end what the member said last; nothing if it never spoke.
  std::optional<wire::Absence> absence_of(const wire::MemberId& member) const;
  // Its last word was not ended.
  bool stands(const wire::MemberId& member) const;
  // It is the word that was ended.
  bool contests(const wire::Presence& presence) const;
  // What `absence` contradicts: a word as old as it, which stands.
  bool is_contradicted_by(const wire::Absence& absence) const;
  // Drops those of members that are not there any more, or have another key.
  void drop_strangers(const Roster& roster);

  const wire::Presence* find(const wire::MemberId& member) const;
  std::vector<wire::Presence> all() const;
  // Of those that stand.
  crypto::Hash digest() const { return digest_.value(); }

  // Of the hashes of those that stand, for each part of the circle: their sum, times the salt, at the top
  // (Dietzfelbinger et al., "A reliable randomized algorithm for the closest-pair problem", 1997). Unlike
  // ones are taken for equal once in 2^15 times, and not again with the next salt. Zero where nothing stands.
  std::vector<std::uint16_t> sums(std::size_t parts, std::uint64_t salt) const;
  // In as many parts as suits a ring of this many members.
  static std::size_t parts_for(std::size_t members, bool after_absence);
  // All that is known of the parts in which `theirs` differs from the own sums.
  // For a client, which asks once and is gone, also where those are found who are away, as far as known:
  // they may be back.
  wire::PresenceDifference difference(const wire::ComparePresences& theirs, bool for_client) const;
  // In the parts that differ, what stands here and not there, self's excepted: the answerer knows
  // better, and may even have forgotten the dead.
  std::vector<wire::Absence> outlived(const wire::PresenceDifference& difference, std::size_t parts,
                                      const wire::MemberId& self) const;
  // What somebody lacks whose difference() to sums(`parts`) this is.
  wire::PushStatements lacking(const wire::PresenceDifference& difference, std::size_t parts) const;

 private:
  struct Entry {
    wire::Presence presence;
    crypto::Hash hash;
    crypto::SigningPublicKey signed_by;
    bool ended = false;
  };
  std::map<wire::MemberId, Entry> entries_;
  SetDigest digest_;
};

}  // namespace peerstore::membership
