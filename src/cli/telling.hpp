// Telling the ring what an admin or a person has stated; and finding whom a person means by a name.
#pragma once

#include "owner_session.hpp"

#include <peerstore/membership/admins.hpp>

#include <optional>
#include <string>
#include <vector>

namespace peerstore::cli {

// Whom a name or number on the command line means: "bob", "17", "bob-laptop", "17.1". Names are chosen by
// those who bear them, and a thief may choose another's number: whoever has the number itself is meant, so
// that everybody can be named by it.
struct Target {
  wire::PersonNumber person = 0;
  std::optional<std::uint32_t> machine;
  std::string name;
};
// "bob-laptop (17.1)"
std::string described(const Target& target);
// Errc::not_found if nobody is called so, Errc::invalid (with all who are) if several are. Those who are
// gone are not looked at.
Result<Target> find_target(const membership::Roster& roster, const std::string& text);
Result<Target> find_person(const membership::Roster& roster, const std::string& text);
Result<Target> find_machine_of(const membership::Roster& roster, wire::PersonNumber person,
                               const std::string& text);
// Was a machine of this person called so, that is gone, and is none that is there?
bool was_machine_of(const membership::Roster& roster, wire::PersonNumber person, const std::string& text);

// Tells the statements to a few members, which tell the ring at once. Errc::refused if they do not count.
Task<Result<void>> tell_ring(OwnerSession& session, std::vector<wire::Statement> statements);

// With what this home signs as an admin; Errc::refused with a remedy if it is none.
Result<crypto::SigningKeyPair> require_admin(OwnerSession& session);

}  // namespace peerstore::cli
