#include <peerstore/node/membership_view.hpp>

#include <peerstore/replica/chunk_service.hpp>

namespace peerstore::node {

std::uint64_t room_least() { return replica::room_for_chunk(wire::kSegmentsMax); }

MembershipView::MembershipView(const membership::Membership& membership) : membership_(membership) {}

std::shared_ptr<const placement::Map> MembershipView::map() const { return membership_.roster().map(); }

replica::Standing MembershipView::standing(const wire::MemberId& id) const {
  const membership::Member* member = membership_.roster().find(id);
  if (member == nullptr || member->gone) return replica::Standing::gone;
  if (membership_.is_live(id)) return replica::Standing::live;
  const bool long_away = silence(id) > membership_.roster().policy().grace;
  return long_away ? replica::Standing::long_away : replica::Standing::away;
}

// Only the time counts in which this machine listened: one that slept itself, or was not running, must not
// declare its friends long away. And only from when they are away on: to be live by the news is enough, since
// not everybody talks to everybody.
void MembershipView::listened(Duration passed) {
  for (const auto& [id, member] : membership_.roster().members()) {
    if (member.gone) {
      silences_.erase(id);
    } else if (!membership_.is_live(id)) {
      silences_[id] += passed;
    } else if (membership_.last_heard(id) || membership_.presence(id) != nullptr) {
      silences_.erase(id);  // and not merely thought to be live, as all are after a start
    }
  }
}

Duration MembershipView::silence(const wire::MemberId& id) const {
  const auto found = silences_.find(id);
  return found == silences_.end() || membership_.is_live(id) ? Duration::zero() : found->second;
}

bool MembershipView::is_full(const wire::MemberId& id) const {
  const wire::Presence* presence = membership_.presence(id);
  return presence != nullptr && presence->free_bytes < room_least();
}

std::uint64_t MembershipView::incarnation(const wire::MemberId& id) const {
  const wire::Presence* presence = membership_.presence(id);
  return presence == nullptr ? 0 : presence->node.incarnation;
}

std::optional<crypto::SigningPublicKey> MembershipView::node_key(const wire::MemberId& id) const {
  // Whose membership has ended signs nothing that counts.
  const membership::Member* member = membership_.roster().find(id);
  if (member == nullptr || member->gone) return std::nullopt;
  return member->node_key;
}

const membership::Member* MembershipView::machine_of(wire::PersonNumber person, std::uint32_t machine) const {
  const membership::Roster& roster = membership_.roster();
  const membership::InvitationStatement* invitation = roster.invitation(person);
  if (invitation == nullptr) return nullptr;
  return roster.find(membership::member_id_of(roster.ring_id(), invitation->position_seed, person, machine));
}

std::optional<crypto::SigningPublicKey> MembershipView::writer_key(wire::PersonNumber person,
                                                                   std::uint32_t machine) const {
  const membership::Member* member = machine_of(person, machine);
  if (member == nullptr || member->gone || member->writer_key.is_zero()) return std::nullopt;
  return member->writer_key;
}

std::vector<crypto::SigningPublicKey> MembershipView::former_writer_keys(wire::PersonNumber person,
                                                                         std::uint32_t machine) const {
  const membership::Member* member = machine_of(person, machine);
  const auto& persons = membership_.roster().persons();
  const auto owner = persons.find(person);
  if (member == nullptr || owner == persons.end() || owner->second.gone) return {};
  std::vector<crypto::SigningPublicKey> former = member->former_writers;
  if (member->gone && !member->writer_key.is_zero()) former.push_back(member->writer_key);
  return former;
}

std::optional<std::uint64_t> MembershipView::bytes_quota(wire::PersonNumber number) const {
  const auto& persons = membership_.roster().persons();
  const auto person = persons.find(number);
  if (person == persons.end() || person->second.gone) return std::nullopt;
  return person->second.bytes_quota;
}

std::optional<crypto::SigningPublicKey> MembershipView::person_key(wire::PersonNumber number) const {
  const auto& persons = membership_.roster().persons();
  const auto person = persons.find(number);
  if (person == persons.end()) return std::nullopt;
  return person->second.signing_key;
}

std::optional<wire::PersonNumber> MembershipView::person_of(const wire::MemberId& id) const {
  const membership::Member* member = membership_.roster().find(id);
  if (member == nullptr) return std::nullopt;
  return member->person;
}

std::optional<std::uint32_t> MembershipView::machine_of(const wire::MemberId& id) const {
  const membership::Member* member = membership_.roster().find(id);
  if (member == nullptr) return std::nullopt;
  return member->machine;
}

wire::RingId MembershipView::ring_id() const { return membership_.roster().ring_id(); }

}  // namespace peerstore::node
