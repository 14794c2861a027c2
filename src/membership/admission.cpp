#include "admission.hpp"

#include <peerstore/membership/refusal.hpp>

namespace peerstore::membership {

namespace {

Error refused(Refusal why) {
  return fail(Errc::refused, std::string(words_of(why)) + "; ask for a new invitation");
}
Error refused(std::string why) { return fail(Errc::refused, std::move(why) + "; ask for a new invitation"); }

std::string by_name(const Roster& roster, wire::PersonNumber person) {
  return roster.persons().at(person).name;
}

// Is the invitation there, and still to be had by these keys?
Result<void> check_invitation(const Roster& roster, const wire::Statement& person,
                              const PersonStatement& claim, WallTime now) {
  const InvitationStatement* invitation = roster.invitation(claim.person);
  if (invitation == nullptr || person.signer != invitation->token_key) return refused(Refusal::forged);
  if (roster.is_revoked(claim.person)) return refused(Refusal::withdrawn);
  const auto holder = roster.persons().find(claim.person);
  if (holder != roster.persons().end()) {
    if (roster.statement(wire::id_of(person))) {
      if (holder->second.gone) return refused("whoever used this invitation has left the ring");
      return {};
    }
    return refused(std::string(words_of(Refusal::used)) + ", by " + by_name(roster, claim.person));
  }
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  if (invitation->expires_at != 0 && now.nanoseconds / kNanoseconds >= invitation->expires_at) {
    return refused(Refusal::expired);
  }
  return {};
}

}  // namespace

Result<Claim> check_claim(crypto::Signatures& signatures, const Roster& roster, const wire::Join& request,
                          WallTime now) {
  const Error no_claim =
      fail(Errc::invalid, "a claim to an invitation is one person and one machine, well formed");
  if (request.statements.size() != 2) return no_claim;
  const wire::Statement& person_statement = request.statements[0];
  const wire::Statement& machine_statement = request.statements[1];
  const Result<Fact> person_fact = read_statement(person_statement);
  if (!person_fact) return person_fact.error_in("joining");
  const Result<Fact> machine_fact = read_statement(machine_statement);
  if (!machine_fact) return machine_fact.error_in("joining");
  const auto* person = std::get_if<PersonStatement>(&*person_fact);
  const auto* machine = std::get_if<MachineStatement>(&*machine_fact);
  if (person == nullptr || machine == nullptr || machine->person != person->person ||
      machine_statement.signer != person->signing_key) {
    return no_claim;
  }
  if (auto invited = check_invitation(roster, person_statement, *person, now); !invited)
    return invited.error();
  if (!is_signed(signatures, roster.ring_id(), person_statement, *person_fact) ||
      !is_signed(signatures, roster.ring_id(), machine_statement, *machine_fact)) {
    return fail(Errc::refused, "the claim was not signed with the keys that it names");
  }
  const wire::MemberId member = member_id_of(
      roster.ring_id(), roster.invitation(person->person)->position_seed, person->person, machine->machine);
  if (const Member* known = roster.find(member)) {
    if (known->gone) return refused("this machine has left the ring");
    if (known->node_key != machine->node_key)
      return refused("the place of this machine is taken by another key");
  }
  const Member* same_key = roster.find_by_node_key(machine->node_key);
  if (same_key != nullptr && same_key->id != member)
    return refused("the machine's key belongs to another machine");
  return Claim{person_statement, machine_statement, member, machine->bytes_given};
}

}  // namespace peerstore::membership
