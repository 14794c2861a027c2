// What a roster holds: the statements that count, filed by the place that each fills, and the
// persons and members that follow from them. Private to the roster, which shares it between copies.
#pragma once

#include <peerstore/membership/roster.hpp>

#include "root_chain.hpp"
#include "set_digest.hpp"

#include <set>
#include <string_view>
#include <utility>

namespace peerstore::membership {

struct Roster::State {
  enum class Standing : std::uint8_t { counts, outdated, waits, never };
  struct Judgement {
    Standing standing = Standing::counts;
    std::string_view why;  // of `never`
  };

  template <class Kind>
  struct Filed {
    wire::StatementId id;
    Kind fact;
  };
  // Nothing: the person, with all machines.
  template <class Said>
  using Ends = std::map<std::optional<std::uint32_t>, Said>;
  using BySigner = std::map<crypto::SigningPublicKey, wire::StatementId>;
  // All that counts about one person.
  struct Record {
    std::optional<Filed<InvitationStatement>> invitation;
    std::optional<Filed<PersonStatement>> person;
    std::map<std::uint32_t, Filed<MachineStatement>> machines;
    Ends<wire::StatementId> departures;
    Ends<BySigner> revocations;           // of each admin: should one lose its say, those of others stand
    std::vector<wire::MemberId> members;  // derived from this record
    bool is_ended(std::optional<std::uint32_t> machine) const {
      return departures.contains(machine) || revocations.contains(machine);
    }
  };

  explicit State(SignedRoot first) : root(std::move(first)) {}

  // Whether a statement of this signer would count now. Pure.
  Judgement judge(const wire::StatementId& id, const crypto::SigningPublicKey& signer,
                  const Fact& fact) const;
  // May this signer state what any one admin may?
  bool is_by_admin(const wire::StatementId& id, const crypto::SigningPublicKey& signer) const;
  // Requires that it counts. Returns those that lost what they rested on: they wait for it again.
  std::vector<wire::Statement> enter(const wire::RingId& ring, const wire::StatementId& id,
                                     const wire::Statement& statement, const Fact& fact);

  const Record* find(wire::PersonNumber person) const {
    const auto found = records.find(person);
    return found == records.end() ? nullptr : &found->second;
  }

  // In the order of their dependence.
  std::vector<wire::Statement> all_but_roots() const;
  // Nothing but the roots and what was proposed to follow: the rest is to be judged by them again.
  State with_roots_alone() const;

  SignedRoot root;
  RootStatement root_before;                // upon which `root` follows
  std::vector<wire::Statement> past_roots;  // from version 2 on: the way from the ring's key to `root`
  std::map<crypto::SigningPublicKey, SignedRoot> proposals;  // by the first who signed
  std::map<wire::StatementId, wire::Statement> statements;
  std::optional<Filed<PolicyStatement>> policy;
  std::map<wire::PersonNumber, Record> records;
  std::map<wire::PersonNumber, Person> persons;
  std::map<wire::MemberId, Member> members;
  std::set<std::pair<crypto::SigningPublicKey, wire::MemberId>> node_keys;
  SetDigest digest;
  // Derived when somebody asks; nothing after a change.
  std::shared_ptr<const placement::Map> map;
  std::shared_ptr<const std::vector<wire::MemberId>> present_members;
  bool is_shared = false;  // in SharedStates: never changed again, only copied

 private:
  Judgement judge_root(const SignedRoot& claim) const;
  void enter_root(const SignedRoot& claim);
  void enter_about(const wire::StatementId& id, const wire::Statement& statement, const Fact& fact,
                   std::vector<wire::Statement>& displaced);
  void forget(const wire::StatementId& id);
  void displace(const wire::StatementId& id, std::vector<wire::Statement>& displaced);
  void displace_what_the_person_signed(Record& record, std::vector<wire::Statement>& displaced);
  void derive(const wire::RingId& ring, wire::PersonNumber number);
};

// Whom a statement is about; nobody for a root or policy.
std::optional<wire::PersonNumber> person_of(const Fact& fact);

}  // namespace peerstore::membership
