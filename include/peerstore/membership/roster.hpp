// Roster: the signed facts about the members of a ring, the same everywhere once spread.
//
// A set of statements from which everything else is derived. Whatever the order in which
// statements arrive, two rosters that were given the same ones are equal, because for each place
// that a statement can fill there is one order among those who claim it, and the first keeps it:
//   root                the highest version that follows step by step from the ring's key
//   policy              the highest version
//   invitation          one a number: the lowest id
//   person              one an invitation: the lowest id (used twice under a partition: one is out)
//   machine             one a number of a person: the lowest node key, then the highest version
//   departure, revocation  each stands for ever, and wins over what it ends
// (equal so far: the lowest id). What lost its place is forgotten, so a member can fill no more
// than its own few places, however much it signs.
// Pure: no network, no clock, no disk. A statement that does not verify is refused; one that
// cannot be judged yet (its person is not known, or was displaced) waits in a bounded line.
// Copies share what they hold until one of them changes, and so do rosters of one thread that were
// given the same batches: a thousand simulated machines keep one roster, not a thousand. References
// and pointers into a roster are good until it changes.
#pragma once

#include <peerstore/membership/statement.hpp>
#include <peerstore/runtime/result.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace peerstore::membership {

struct Person {
  wire::PersonNumber number = 0;
  std::string name;
  std::uint8_t colour = 0;
  crypto::SigningPublicKey signing_key;
  crypto::BoxPublicKey box_key;
  crypto::SigningPublicKey purge_key;  // zero: none
  // What it may store in the ring, all copies counted: what the invitation says, or else as much as
  // its machines give that are not gone, but never more than kUnfixedQuotaMax: it is their own word.
  std::uint64_t bytes_quota = 0;
  bool gone = false;
};

struct Member {
  wire::MemberId id;
  wire::PersonNumber person = 0;
  std::uint32_t machine = 0;
  std::string name;
  crypto::SigningPublicKey node_key;
  crypto::SigningPublicKey writer_key;
  std::vector<crypto::SigningPublicKey> former_writers;
  std::uint64_t bytes_given = 0;
  bool gone = false;  // left or expelled, or its person is
};

class Roster {
 public:
  Roster(crypto::Signatures& signatures, crypto::SigningPublicKey root);

  // True if it was new and now counts (what an admin states counts while its signer is one, or if the
  // present root keeps it); false if it was known, is outdated, or has to wait for
  // another. Errc::refused, invalid or unsupported if it can never count.
  Result<bool> add(const wire::Statement& statement);
  // Each of them; cheaper than one after another, the more so if others were given the same.
  struct Added {
    std::vector<wire::StatementId> counted;  // were new and now count
    std::size_t refused = 0;
  };
  Added add_all(const std::vector<wire::Statement>& statements);

  const wire::RingId& ring_id() const { return ring_id_; }
  // The key with which the ring began; it says who the first admin is.
  const crypto::SigningPublicKey& root() const { return root_; }
  // Who the admins are now.
  const RootStatement& root_record() const;
  const wire::StatementId& root_id() const;  // zero: version 1, which nobody stated
  // Those that lead to it from version 2 on, oldest first. They are told along with it, but are no part of
  // digest and ids: two who came to it by different ways are equal.
  const std::vector<wire::Statement>& past_roots() const;
  // Roots to come that too few have signed as yet, at most one an admin.
  std::vector<wire::Statement> proposals() const;
  std::string ring_name() const;
  placement::Policy policy() const;

  const std::map<wire::MemberId, Member>& members() const;
  const std::map<wire::PersonNumber, Person>& persons() const;
  const std::vector<wire::MemberId>& present() const;  // those that are not gone, by id
  const Member* find(const wire::MemberId& id) const;
  const Member* find_by_node_key(const crypto::SigningPublicKey& key) const;
  // Does anybody belong to the ring beside this machine?
  bool has_others(const wire::MemberId& self) const;
  // Used or not.
  const InvitationStatement* invitation(wire::PersonNumber person) const;
  bool is_revoked(wire::PersonNumber person) const;
  std::vector<InvitationStatement> invitations() const;  // all, by number
  // Invitations that nobody has used and that were not withdrawn, by number.
  std::vector<InvitationStatement> open_invitations() const;
  // For the next invitation: an unused number, and the colour that fewest have who have a machine in the
  // ring, or may still come by an open invitation; `now` in seconds since 1970, since those that expired
  // count no more.
  wire::PersonNumber next_person() const;
  std::uint8_t least_used_colour(std::int64_t now) const;

  // Of members that are not gone; those that give no space (any more) are in it without tokens, since they
  // keep heads and count for their persons. The same object until something changes.
  std::shared_ptr<const placement::Map> map() const;

  // Equal exactly if the statements are. Statements are told so that none comes before one that
  // it depends on, their ids in order.
  crypto::Hash digest() const;
  std::vector<wire::StatementId> statement_ids() const;
  std::vector<wire::Statement> statements() const;
  // What somebody who has `known` lacks.
  std::vector<wire::Statement> missing_from(std::span<const wire::StatementId> known) const;
  std::optional<wire::Statement> statement(const wire::StatementId& id) const;
  bool contains(const wire::StatementId& id) const;
  std::size_t size() const;  // how many statements
  // What a stranger needs to check that this member belongs: the invitation, its person's statement
  // and its own.
  std::vector<wire::Statement> proof_of(const wire::MemberId& id) const;
  // What is stated of it. Nothing if it is not known.
  std::optional<MachineStatement> machine_statement(const wire::MemberId& id) const;

 private:
  struct State;
  struct Entry {
    wire::StatementId id;
    wire::Statement statement;
    Fact fact;
  };
  struct SharedStates;
  Result<bool> add(const wire::Statement& statement, const wire::StatementId& id);
  void wait(Entry entry);
  void enter(const Entry& entry);
  void judge_all_again();
  void admit_waiting(wire::PersonNumber person);

  crypto::Signatures* signatures_;
  crypto::SigningPublicKey root_;
  wire::RingId ring_id_;
  std::shared_ptr<State> state_;
  std::deque<Entry> waiting_;  // oldest first; their signatures were verified
};

}  // namespace peerstore::membership
