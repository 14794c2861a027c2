#include "presences.hpp"

#include <peerstore/crypto/hash.hpp>
#include <peerstore/wire/messages.hpp>

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

namespace peerstore::membership {

namespace {

// Addresses are shown to people, and dialled: printable, and bounded.
bool is_in_bounds(const wire::Presence& presence) {
  return presence.addresses.size() <= wire::kAddressHintsMax &&
         std::ranges::all_of(presence.addresses, [](const std::string& address) {
           return !address.empty() && address.size() <= wire::kHostPortBytesMax &&
                  std::ranges::all_of(address, [](char letter) { return letter > ' ' && letter <= '~'; });
         });
}

// Few enough that a difference tells little besides itself. Who was away differs in many parts, and there
// the presences told besides cost more than the sums.
constexpr std::size_t kMembersInAPart = 4;
constexpr std::size_t kMembersInAPartAfterAbsence = 1;

// `parts` is a power of two, at most 2^32.
std::uint32_t part_of(const wire::MemberId& member, std::size_t parts) {
  std::uint64_t top = 0;
  for (std::size_t i = 0; i < 4; ++i) top = top << 8 | member.bytes[i];
  return static_cast<std::uint32_t>(top * parts >> 32);
}

std::uint64_t word_of(const crypto::Hash& hash) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < sizeof word; ++i) word = word << 8 | hash.bytes[i];
  return word;
}

}  // namespace

Presences::Verdict Presences::add(const Roster& roster, crypto::Signatures& signatures,
                                  const wire::Presence& presence) {
  const auto known = entries_.find(presence.node.id);
  if (known != entries_.end()) {
    const Entry& entry = known->second;
    if (age_of(presence) < age_of(entry.presence)) return Verdict::outdated;
    if (presence.signature == entry.presence.signature) return Verdict::outdated;
  }
  const Member* member = roster.find(presence.node.id);
  if (!is_in_bounds(presence)) return Verdict::refused;
  if (member == nullptr) return Verdict::of_a_stranger;
  if (member->gone) return Verdict::refused;
  const Bytes bytes = wire::presence_bytes(presence);
  const crypto::Hash hash = crypto::hash("presence", {bytes});
  if (known != entries_.end()) {
    const Entry& entry = known->second;
    if (age_of(presence) == age_of(entry.presence) && hash <= entry.hash) return Verdict::outdated;
  }
  if (!signatures.verify(member->node_key, "presence", roster.ring_id(), bytes, presence.signature)) {
    return Verdict::refused;
  }
  const bool was_ended = known != entries_.end() && known->second.ended;
  // One who gave two words at once does not live again by the second.
  const bool ended = was_ended && age_of(presence) == age_of(known->second.presence);
  if (known != entries_.end() && !was_ended) digest_.remove(known->second.hash.view());
  if (!ended) digest_.add(hash.view());
  entries_.insert_or_assign(presence.node.id, Entry{presence, hash, member->node_key, ended});
  return Verdict::newer;
}

bool Presences::end(const wire::Absence& absence) {
  const auto known = entries_.find(absence.node.id);
  if (known == entries_.end() || known->second.ended) return false;
  if (age_of(absence) < age_of(known->second.presence)) return false;
  known->second.ended = true;
  digest_.remove(known->second.hash.view());
  return true;
}

std::optional<wire::Absence> Presences::absence_of(const wire::MemberId& member) const {
  const wire::Presence* presence = find(member);
  if (presence == nullptr) return std::nullopt;
  return wire::Absence{presence->node, presence->sequence};
}

bool Presences::stands(const wire::MemberId& member) const {
  const auto found = entries_.find(member);
  return found != entries_.end() && !found->second.ended;
}

bool Presences::contests(const wire::Presence& presence) const {
  const auto found = entries_.find(presence.node.id);
  return found != entries_.end() && found->second.ended && age_of(found->second.presence) == age_of(presence);
}

bool Presences::is_contradicted_by(const wire::Absence& absence) const {
  return stands(absence.node.id) && age_of(absence) == age_of(*find(absence.node.id));
}

void Presences::drop_strangers(const Roster& roster) {
  for (auto at = entries_.begin(); at != entries_.end();) {
    const Member* member = roster.find(at->first);
    if (member != nullptr && !member->gone && member->node_key == at->second.signed_by) {
      ++at;
      continue;
    }
    if (!at->second.ended) digest_.remove(at->second.hash.view());
    at = entries_.erase(at);
  }
}

const wire::Presence* Presences::find(const wire::MemberId& member) const {
  const auto found = entries_.find(member);
  return found == entries_.end() ? nullptr : &found->second.presence;
}

std::vector<wire::Presence> Presences::all() const {
  std::vector<wire::Presence> all;
  for (const auto& [id, entry] : entries_) all.push_back(entry.presence);
  return all;
}

std::vector<std::uint16_t> Presences::sums(std::size_t parts, std::uint64_t salt) const {
  std::vector<std::uint64_t> whole(parts);
  for (const auto& [id, entry] : entries_) {
    if (!entry.ended) whole[part_of(id, parts)] += word_of(entry.hash);
  }
  std::vector<std::uint16_t> sums;
  for (const std::uint64_t sum : whole) sums.push_back(static_cast<std::uint16_t>(sum * (salt | 1) >> 48));
  return sums;
}

std::size_t Presences::parts_for(std::size_t members, bool after_absence) {
  const std::size_t in_a_part = after_absence ? kMembersInAPartAfterAbsence : kMembersInAPart;
  return std::min(std::bit_ceil(members / in_a_part + 1), wire::kPresenceSumsMax);
}

wire::PresenceDifference Presences::difference(const wire::ComparePresences& theirs, bool for_client) const {
  const std::vector<std::uint16_t> own = sums(theirs.sums.size(), theirs.salt);
  wire::PresenceDifference difference;
  for (std::uint32_t part = 0; part < own.size(); ++part) {
    const bool knows_nothing = for_client && theirs.sums[part] == 0;
    if (own[part] != theirs.sums[part] || knows_nothing) difference.parts.push_back(part);
  }
  for (const auto& [id, entry] : entries_) {
    const std::uint32_t part = part_of(id, own.size());
    if (!std::ranges::binary_search(difference.parts, part)) continue;
    if (difference.presences.size() + difference.absences.size() + 1 >= wire::kPresencesMax) break;
    // A client hears also where those were who are away: they may be back.
    if (!entry.ended || for_client) difference.presences.push_back(entry.presence);
    // Where nothing stands, there is nothing to end.
    const bool stands = for_client || theirs.sums[part] != 0;
    if (entry.ended && stands) difference.absences.push_back({entry.presence.node, entry.presence.sequence});
  }
  return difference;
}

std::vector<wire::Absence> Presences::outlived(const wire::PresenceDifference& difference, std::size_t parts,
                                               const wire::MemberId& self) const {
  std::set<wire::MemberId> standing;
  for (const wire::Presence& presence : difference.presences) standing.insert(presence.node.id);
  std::vector<wire::Absence> outlived;
  for (const auto& [id, entry] : entries_) {
    if (entry.ended || id == self || standing.contains(id)) continue;
    if (!std::ranges::binary_search(difference.parts, part_of(id, parts))) continue;
    outlived.push_back({entry.presence.node, entry.presence.sequence});
  }
  return outlived;
}

wire::PushStatements Presences::lacking(const wire::PresenceDifference& difference, std::size_t parts) const {
  using Age = std::pair<std::uint64_t, std::uint64_t>;
  std::map<wire::MemberId, const wire::Presence*> alive;
  std::map<wire::MemberId, Age> ended;
  for (const wire::Presence& presence : difference.presences) alive[presence.node.id] = &presence;
  for (const wire::Absence& absence : difference.absences) ended[absence.node.id] = age_of(absence);
  wire::PushStatements lacking;
  for (const auto& [id, entry] : entries_) {
    if (!std::ranges::binary_search(difference.parts, part_of(id, parts))) continue;
    if (lacking.presences.size() + lacking.absences.size() == wire::kPresencesMax) break;
    const Age age = age_of(entry.presence);
    const auto theirs = alive.find(id);
    if (entry.ended) {
      if (theirs != alive.end() && age_of(*theirs->second) <= age) {
        lacking.absences.push_back({entry.presence.node, entry.presence.sequence});
      }
      continue;
    }
    const auto its_end = ended.find(id);
    const bool known = theirs != alive.end() && age_of(*theirs->second) >= age;
    const bool known_to_have_ended = its_end != ended.end() && its_end->second >= age;
    // Of two words of one age both may be new to the other: the hash decides.
    const bool other_word =
        known && age_of(*theirs->second) == age && theirs->second->signature != entry.presence.signature;
    if ((!known && !known_to_have_ended) || other_word) lacking.presences.push_back(entry.presence);
  }
  return lacking;
}

}  // namespace peerstore::membership
