#include "presences.hpp"

#include <peerstore/crypto/hash.hpp>
#include <peerstore/wire/messages.hpp>

#include <algorithm>
#include <unordered_map>
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

std::pair<std::uint64_t, std::uint64_t> age_of(const wire::Presence& presence) {
  return {presence.node.incarnation, presence.sequence};
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
  if (member == nullptr || member->gone || !is_in_bounds(presence)) return Verdict::refused;
  const Bytes bytes = wire::presence_bytes(presence);
  const crypto::Hash hash = crypto::hash("presence", {bytes});
  if (known != entries_.end()) {
    const Entry& entry = known->second;
    if (age_of(presence) == age_of(entry.presence) && hash <= entry.hash) return Verdict::outdated;
  }
  if (!signatures.verify(member->node_key, "presence", roster.ring_id(), bytes, presence.signature)) {
    return Verdict::refused;
  }
  if (known != entries_.end()) digest_.remove(known->second.hash.view());
  digest_.add(hash.view());
  entries_.insert_or_assign(presence.node.id, Entry{presence, hash, member->node_key});
  return Verdict::newer;
}

void Presences::drop_strangers(const Roster& roster) {
  for (auto at = entries_.begin(); at != entries_.end();) {
    const Member* member = roster.find(at->first);
    if (member != nullptr && !member->gone && member->node_key == at->second.signed_by) {
      ++at;
      continue;
    }
    digest_.remove(at->second.hash.view());
    at = entries_.erase(at);
  }
}

const wire::Presence* Presences::find(const wire::MemberId& member) const {
  const auto found = entries_.find(member);
  return found == entries_.end() ? nullptr : &found->second.presence;
}

std::vector<wire::Presence> Presences::all() const { return newer_than({}); }

std::vector<wire::Presence> Presences::newer_than(const std::vector<wire::Presence>& known) const {
  std::unordered_map<wire::MemberId, const wire::Presence*, FixedBytesHash> theirs;
  for (const wire::Presence& presence : known) theirs[presence.node.id] = &presence;
  std::vector<wire::Presence> newer;
  for (const auto& [id, entry] : entries_) {
    const auto found = theirs.find(id);
    const bool they_have_it = found != theirs.end() && age_of(*found->second) >= age_of(entry.presence);
    const bool it_is_the_same = they_have_it && found->second->signature == entry.presence.signature;
    const bool it_is_newer = they_have_it && age_of(*found->second) > age_of(entry.presence);
    if (!it_is_the_same && !it_is_newer) newer.push_back(entry.presence);
  }
  return newer;
}

}  // namespace peerstore::membership
