#include <peerstore/membership/displaced.hpp>

#include <algorithm>

namespace peerstore::membership {

namespace {

struct Claim {
  crypto::SigningPublicKey person_key;
  MachineStatement machine;
};

std::optional<Claim> claim_in(const std::vector<wire::Statement>& proof,
                              const crypto::SigningPublicKey& node_key) {
  for (const wire::Statement& statement : proof) {
    const auto fact = read_statement(statement);
    const auto* machine = fact ? std::get_if<MachineStatement>(&*fact) : nullptr;
    if (machine != nullptr && machine->node_key == node_key) return Claim{statement.signer, *machine};
  }
  return std::nullopt;
}

bool is_good_alone(crypto::Signatures& signatures, const Roster& roster, const Claim& claim,
                   const std::vector<wire::Statement>& proof) {
  Roster alone(signatures, roster.root());
  for (const wire::Statement& root : roster.past_roots()) (void)alone.add(root);
  if (const auto root = roster.statement(roster.root_id())) (void)alone.add(*root);
  for (const wire::Statement& statement : proof) (void)alone.add(statement);
  return alone.find_by_node_key(claim.machine.node_key) != nullptr;
}

// Another person, or another machine of the same one.
bool has_another(const Roster& roster, const Claim& claim) {
  const auto person = roster.persons().find(claim.machine.person);
  if (person == roster.persons().end()) return false;
  if (person->second.signing_key != claim.person_key) return true;
  return std::ranges::any_of(roster.members(), [&](const auto& entry) {
    const Member& member = entry.second;
    return member.person == claim.machine.person && member.machine == claim.machine.machine &&
           member.node_key != claim.machine.node_key;
  });
}

}  // namespace

bool is_displaced(crypto::Signatures& signatures, const Roster& roster,
                  const crypto::SigningPublicKey& node_key, const std::vector<wire::Statement>& proof) {
  const auto claim = claim_in(proof, node_key);
  if (!claim || !has_another(roster, *claim) || !is_good_alone(signatures, roster, *claim, proof)) {
    return false;
  }
  Roster both = roster;
  for (const wire::Statement& statement : proof) (void)both.add(statement);
  return has_another(both, *claim);
}

}  // namespace peerstore::membership
