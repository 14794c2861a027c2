// Roster: the signed facts about the members of a ring, the same everywhere once spread.
//
// A set of statements that only grows, from which everything else is derived. Whatever the order
// in which statements arrive, two rosters with the same statements are equal: revocations and
// departures win over what they end; of two persons who used one invitation the statement with
// the lowest id wins; of two versions of a machine the higher.
// Pure: no network, no clock, no disk. A statement that does not verify is refused; one that
// cannot be judged yet (its person is not known) waits in a bounded line.
#pragma once

#include <peerstore/membership/statement.hpp>
#include <peerstore/runtime/result.hpp>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

namespace peerstore::membership {

struct Person {
  wire::PersonNumber number = 0;
  std::string name;
  std::uint8_t colour = 0;
  crypto::SigningPublicKey signing_key;
  crypto::BoxPublicKey box_key;
  bool gone = false;
};

struct Member {
  wire::MemberId id;
  wire::PersonNumber person = 0;
  std::uint32_t machine = 0;
  std::string name;
  crypto::SigningPublicKey node_key;
  std::uint64_t bytes_given = 0;
  bool gone = false;  // left or expelled, or its person is
};

class Roster {
 public:
  Roster(crypto::Signatures& signatures, crypto::SigningPublicKey root);

  // True if it was new and now counts; false if it was known or has to wait for another.
  // Errc::refused or invalid if it can never count.
  Result<bool> add(const wire::Statement& statement);

  const wire::RingId& ring_id() const { return ring_id_; }
  const crypto::SigningPublicKey& root() const { return root_; }
  std::string ring_name() const;
  placement::Policy policy() const;

  const std::map<wire::MemberId, Member>& members() const { return members_; }
  const std::map<wire::PersonNumber, Person>& persons() const { return persons_; }
  const Member* find(const wire::MemberId& id) const;
  const Member* find_by_node_key(const crypto::SigningPublicKey& key) const;
  // Invitations that nobody has used, by number.
  std::vector<InvitationStatement> open_invitations() const;
  // For the next invitation: an unused number, and the colour that fewest persons have.
  wire::PersonNumber next_person() const;
  std::uint8_t least_used_colour() const;

  // Of members that are not gone; the same object until something changes.
  std::shared_ptr<const placement::Map> map() const;

  // Equal exactly if the statements are.
  crypto::Hash digest() const;
  std::vector<wire::StatementId> statement_ids() const;
  std::vector<wire::Statement> statements() const;
  // What somebody who has `known` lacks.
  std::vector<wire::Statement> missing_from(std::span<const wire::StatementId> known) const;
  std::optional<wire::Statement> statement(const wire::StatementId& id) const;
  // What a stranger needs to check that this member belongs: its person's and its own statements,
  // and the invitation.
  std::vector<wire::Statement> proof_of(const wire::MemberId& id) const;

 private:
  void derive();

  crypto::Signatures& signatures_;
  crypto::SigningPublicKey root_;
  wire::RingId ring_id_;
  std::map<wire::StatementId, wire::Statement> statements_;
  std::vector<wire::Statement> waiting_;
  PolicyStatement policy_;
  std::map<wire::PersonNumber, Person> persons_;
  std::map<wire::MemberId, Member> members_;
  std::map<wire::PersonNumber, InvitationStatement> invitations_;
  crypto::Hash digest_;
  mutable std::shared_ptr<const placement::Map> map_;
};

}  // namespace peerstore::membership
