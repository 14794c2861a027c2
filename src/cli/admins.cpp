#include "standing_text.hpp"
#include "telling.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace peerstore::cli {

namespace {

using Key = crypto::SigningPublicKey;

std::string name_of_admin(const membership::Roster& roster, const Key& key) {
  const membership::Person* person = membership::person_of_admin(roster, key);
  if (person == nullptr) return "somebody who is not in the ring (" + to_hex(key.view()).substr(0, 8) + ")";
  return printable(person->name) + (person->gone ? " (left or revoked)" : "");
}

std::vector<std::string> names_of(const membership::Roster& roster, const std::vector<Key>& keys) {
  std::vector<std::string> names;
  for (const Key& key : keys) names.push_back(name_of_admin(roster, key));
  return names;
}

membership::RootStatement record_of(const wire::Statement& proposal) {
  return std::get<membership::RootStatement>(membership::read_statement(proposal).value());
}

std::vector<Key> signers_of(const wire::Statement& proposal) {
  std::vector<Key> signers = {proposal.signer};
  for (const auto& one : record_of(proposal).also) signers.push_back(one.key);
  return signers;
}

Task<Exit> list(OwnerSession& session, const Output& output) {
  const membership::Roster& roster = session.membership().roster();
  const membership::RootStatement& root = roster.root_record();
  const std::vector<wire::Statement> proposals = roster.proposals();
  if (output.json()) {
    boost::json::array waiting;
    for (const wire::Statement& proposal : proposals) {
      const auto next = record_of(proposal);
      waiting.push_back(
          boost::json::object{{"admins", names_document(names_of(roster, next.admins))},
                              {"threshold", next.threshold},
                              {"signed_by", names_document(names_of(roster, signers_of(proposal)))}});
    }
    output.document({{"type", "admins"},
                     {"version", root.version},
                     {"threshold", root.threshold},
                     {"admins", names_document(names_of(roster, root.admins))},
                     {"proposals", waiting}});
    co_return Exit::done;
  }
  output.line("Admins: " + names_in_words(names_of(roster, root.admins)) +
              ". Any of them may invite and revoke; " + std::to_string(root.threshold) + " of " +
              std::to_string(root.admins.size()) + " must agree who is one.");
  for (const wire::Statement& proposal : proposals) {
    const auto next = record_of(proposal);
    output.line("Proposed by " + name_of_admin(roster, proposal.signer) + ": " +
                names_in_words(names_of(roster, next.admins)) + "; " + std::to_string(next.threshold) +
                " must agree. Signed by " + names_in_words(names_of(roster, signers_of(proposal))) + ".");
  }
  if (!proposals.empty()) output.note("To agree: peerstore admins sign [PROPOSER]");
  co_return Exit::done;
}

// Tells the ring a root or a proposal, and says what became of it.
Task<Exit> tell_root(OwnerSession& session, const Output& output, const wire::Statement& root) {
  const membership::Lacking lacking = membership::lacking_signatures(session.membership().roster(), root);
  const auto told = co_await tell_ring(session, {root});
  if (!told) co_return output.failure(told.error(), "Nothing was changed. Is this home's node running?");
  const membership::Roster& roster = session.membership().roster();
  if (output.json()) {
    output.document({{"type", "admins_changed"},
                     {"done", lacking.none()},
                     {"version", roster.root_record().version},
                     {"signatures_lacking", std::max(lacking.present, lacking.named)}});
    co_return Exit::done;
  }
  if (lacking.none()) co_return co_await list(session, output);
  output.line("Proposed. Others have to agree before it counts (at least " +
              std::to_string(std::max(lacking.present, lacking.named)) + " more): peerstore admins sign");
  co_return Exit::done;
}

Task<Exit> change(OwnerSession& session, const Output& output, const AdminsOptions& options) {
  const membership::Roster& roster = session.membership().roster();
  const auto keys = require_admin(session);
  if (!keys) co_return output.failure(keys.error());
  std::vector<Key> admins = roster.root_record().admins;
  unsigned threshold = options.threshold.value_or(roster.root_record().threshold);
  if (!options.person.empty()) {
    const auto person = find_person(roster, options.person);
    if (!person) co_return output.failure(person.error(), "See: peerstore admins");
    const Key key = membership::admin_key_of(roster, roster.persons().at(person->person));
    const bool is_one = std::ranges::count(admins, key) > 0;
    if (is_one == options.add) {
      co_return output.failure(Exit::failed,
                               printable(person->name) + (is_one ? " is an admin already" : " is no admin"));
    }
    if (options.add) {
      admins.push_back(key);
    } else {
      std::erase(admins, key);
      if (!options.threshold) threshold = std::min<unsigned>(threshold, static_cast<unsigned>(admins.size()));
    }
  }
  const auto next = membership::propose_root(session.signatures(), roster, *keys, admins, threshold);
  if (!next) co_return output.failure(next.error(), "Nothing was changed.");
  co_return co_await tell_root(session, output, *next);
}

Task<Exit> sign(OwnerSession& session, const Output& output, const AdminsOptions& options) {
  const membership::Roster& roster = session.membership().roster();
  // Whoever is to become an admin may have to sign as well.
  const auto admin = membership::admin_keys(session.signatures(), roster, session.identity());
  const crypto::SigningKeyPair keys =
      admin ? *admin : session.signatures().key_pair_from(session.identity().person_secret);
  std::vector<wire::Statement> open;
  for (const wire::Statement& proposal : roster.proposals()) {
    const auto next = record_of(proposal);
    const membership::Person* proposer = membership::person_of_admin(roster, proposal.signer);
    const bool is_asked_for =
        options.person.empty() || (proposer != nullptr && proposer->name == options.person);
    const bool may_sign = admin || std::ranges::count(next.admins, keys.public_key) > 0;
    if (is_asked_for && may_sign && !membership::has_signed(proposal, keys.public_key))
      open.push_back(proposal);
  }
  if (open.empty()) {
    co_return output.failure(Exit::not_found, "there is no proposal that waits for your signature",
                             "See: peerstore admins");
  }
  if (open.size() > 1) {
    co_return output.failure(Exit::usage, "there are " + std::to_string(open.size()) + " proposals",
                             "Say whose: peerstore admins sign PROPOSER; see: peerstore admins");
  }
  const auto more = membership::countersign(session.signatures(), roster.ring_id(), open.front(), keys);
  co_return co_await tell_root(session, output, more);
}

}  // namespace

Exit admins_command(const Home& home, const Output& output, const AdminsOptions& options) {
  const bool looks = options.action == AdminsOptions::Action::list;
  return with_session(
      home, output, options,
      [&](OwnerSession& session) {
        switch (options.action) {
          case AdminsOptions::Action::change: return change(session, output, options);
          case AdminsOptions::Action::sign: return sign(session, output, options);
          case AdminsOptions::Action::list: break;
        }
        return list(session, output);
      },
      looks ? Purpose::look : Purpose::authority);
}

}  // namespace peerstore::cli
