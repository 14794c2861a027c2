#include "record_exchange.hpp"
#include "telling.hpp"

namespace peerstore::cli {

namespace {

// The next root, without a person who is expelled: nothing if that is no admin. One that more admins
// must sign is a proposal.
Result<std::optional<wire::Statement>> root_without(OwnerSession& session,
                                                    const crypto::SigningKeyPair& admin,
                                                    wire::PersonNumber person) {
  const membership::Roster& roster = session.membership().roster();
  const auto key = membership::admin_key_of(roster, roster.persons().at(person));
  std::vector<crypto::SigningPublicKey> admins = roster.root_record().admins;
  if (std::erase(admins, key) == 0) return std::optional<wire::Statement>();
  const unsigned threshold =
      std::min<unsigned>(roster.root_record().threshold, static_cast<unsigned>(admins.size()));
  auto next = membership::propose_root(session.signatures(), roster, admin, admins, threshold);
  if (!next) return next.error();
  return std::optional<wire::Statement>(std::move(*next));
}

std::string_view remedy_for_stranger() { return "Ask an admin; see: peerstore admins"; }

// What a machine of this person had to unlock itself with goes out of the record.
Task<void> take_slot(OwnerSession& session, const Output& output, std::uint32_t machine) {
  const UnlockedHome& open = session.unlocked();
  if (account::machine_slot(open.body, machine) == nullptr) co_return;
  const auto kept = co_await change_record(session, session.home(), true, open.file, open.body);
  if (kept) co_return;
  output.note("Its place in the record of your keys remains until your next passwd or rekey: " +
              kept.error().message());
}

Task<Exit> revoke(OwnerSession& session, const Output& output, const std::string& whom) {
  const membership::Roster& roster = session.membership().roster();
  const membership::Identity& identity = session.identity();
  const auto target = find_target(roster, whom);
  if (!target) co_return output.failure(target.error(), "See: peerstore status");
  const bool is_own = target->person == identity.person;
  if (is_own && (!target->machine || *target->machine == identity.machine)) {
    co_return output.failure(Exit::usage, "this would shut out the machine that you sit at",
                             "Do it at another machine, or let an admin do it.");
  }
  std::vector<wire::Statement> statements;
  bool remains_admin = false;
  const auto admin = membership::admin_keys(session.signatures(), roster, identity);
  if (admin) {
    const membership::RevocationStatement revocation{target->person, target->machine};
    statements.push_back(
        membership::sign_statement(session.signatures(), roster.ring_id(), revocation, *admin));
    if (!target->machine) {
      const auto root = root_without(session, *admin, target->person);
      if (!root) co_return output.failure(root.error(), "Nothing was revoked.");
      if (*root) {
        remains_admin = !membership::lacking_signatures(roster, **root).none();
        statements.push_back(**root);
      }
    }
  } else if (is_own) {
    const membership::DepartureStatement departure{target->person, target->machine};
    statements.push_back(
        membership::sign_statement(session.signatures(), roster.ring_id(), departure,
                                   session.signatures().key_pair_from(identity.person_secret)));
  } else {
    co_return output.failure(Exit::refused, "only an admin may shut out somebody else's machine",
                             remedy_for_stranger());
  }
  const auto told = co_await tell_ring(session, statements);
  if (!told) co_return output.failure(told.error(), "Is this home's node running?");
  if (is_own) co_await take_slot(session, output, *target->machine);

  if (output.json()) {
    boost::json::object document{
        {"type", "revoked"}, {"person", target->person}, {"name", printable(target->name)}};
    if (target->machine) document["machine"] = *target->machine;
    document["remains_admin"] = remains_admin;
    output.document(std::move(document));
    co_return Exit::done;
  }
  output.line(printable(target->name) +
              " is shut out. Every machine that is on line hears it now, others when they wake.");
  if (remains_admin) {
    output.note(printable(target->name) +
                " remains an admin until others have signed: peerstore admins sign");
  }
  if (is_own) {
    output.note(
        "If somebody else may have it: peerstore rekey. Its keys open your files until then, also those to "
        "come.");
  }
  output.note(target->machine ? "What it kept for others is copied to others."
                              : "What their machines kept for others is copied to others.");
  co_return Exit::done;
}

}  // namespace

Exit revoke_command(const Home& home, const Output& output, const RevokeOptions& options) {
  return with_session(
      home, output, options, [&](OwnerSession& session) { return revoke(session, output, options.whom); },
      Purpose::authority);
}

}  // namespace peerstore::cli
