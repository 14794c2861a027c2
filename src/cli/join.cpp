#include "commands.hpp"
#include "door_errors.hpp"
#include "join_preview.hpp"
#include "unlocked_home.hpp"

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/membership/invitation.hpp>
#include <peerstore/membership/refusal.hpp>
#include <peerstore/net/loop.hpp>
#include <peerstore/net/tls_network.hpp>
#include <peerstore/node/roster_directory.hpp>

#include <unistd.h>

namespace peerstore::cli {

namespace {

struct Joining {
  net::TlsNetwork& network;
  const membership::InvitationLink& link;
  wire::Join request;
  std::optional<Result<wire::Welcome>> answer = std::nullopt;
  bool may_be_in = false;  // a door that did not answer may have let it in
};

// At one door after another, until the ring has answered.
Task<void> knock(Joining& joining) {
  DoorErrors errors;
  for (const membership::InvitationLink::Door& door : joining.link.doors) {
    const auto answer = co_await joining.network.join(door.address, door.node_key, joining.request);
    joining.answer.emplace(answer);
    if (answer) co_return;
    joining.may_be_in = joining.may_be_in || answer.error().code == Errc::timed_out;
    if (errors.are_final_with(answer.error())) break;
  }
  if (joining.answer) joining.answer.emplace(errors.told());
}

// Knocks at the doors of the link; the daemon comes later.
Result<wire::Welcome> ask_to_join(const membership::InvitationLink& link,
                                  const membership::Identity& identity, bool& may_be_in) {
  net::Loop loop(1);
  node::RosterDirectory directory(loop, membership::ring_id_of(link.root_key), {});
  net::TlsNetwork::Options options;
  options.role = net::TlsNetwork::Role::joiner;
  options.node_secret = identity.node_secret;
  net::TlsNetwork network(loop, directory, options);
  Joining joining{.network = network, .link = link, .request = wire::Join{identity.proof}};
  loop.on_signal([&](int) { loop.stop(); });
  const bool is_over = loop.run(knock(joining));
  may_be_in = !is_over || joining.may_be_in;
  if (!is_over) return fail(Errc::cancelled, "stopped before the ring answered");
  return std::move(*joining.answer);
}

// The claim as it lies in the home until it is answered, and the home itself if this command made it.
class KeptClaim {
 public:
  explicit KeptClaim(const Home& home)
      : home_(home), home_was_there_(::access(home.path().c_str(), F_OK) == 0) {}

  // The one that was begun with this link before, if there is one. Errc::refused if it is of another link:
  // the only copy of the keys of somebody whom a ring may have let in.
  Result<std::optional<membership::Identity>> begun_with(const std::string& link) const {
    std::optional<membership::Identity> none;
    if (!home_was_there_) return none;
    auto claim = home_.claim();
    if (!claim && claim.error().code == Errc::not_found) return none;
    // It may be the only copy of somebody's keys, whatever has become of it.
    if (!claim) return claim.error();
    if (claim->link != link) {
      return fail(Errc::refused, "a join with another link was begun in this home, as " +
                                     printable(claim->identity.person_name) + ", and is not answered yet");
    }
    return std::optional(std::move(claim->identity));
  }
  Result<void> keep(const std::string& link, const membership::Identity& identity) const {
    auto disk = os::open_disk(home_.path());
    if (!disk) return disk.error();
    return (*disk)->replace(Home::kClaimFile, membership::encode(membership::PendingClaim{link, identity}));
  }
  // It was answered. Without an identity the home is as it was before.
  void forget() const {
    if (auto disk = os::open_disk(home_.path())) (void)(*disk)->remove(Home::kClaimFile);
    if (!home_was_there_ && !home_.has_identity()) (void)::rmdir(home_.path().c_str());
  }

 private:
  const Home& home_;
  bool home_was_there_;
};

// What the new node needs for its first start: the roster, and where friends are.
Result<void> keep_welcome(const Home& home, const membership::Identity& identity,
                          const account::AccountFile& account, const wire::Welcome& welcome,
                          const membership::InvitationLink& link) {
  auto disk = home.node_disk();
  if (!disk) return disk.error();
  if (auto kept = membership::save_statements(**disk, welcome.statements); !kept) return kept;
  std::vector<std::string> addresses;
  for (const membership::InvitationLink::Door& door : link.doors) addresses.push_back(door.address);
  for (const wire::Presence& presence : welcome.presences) {
    addresses.insert(addresses.end(), presence.addresses.begin(), presence.addresses.end());
  }
  if (auto kept = save_addresses(**disk, addresses); !kept) return kept;
  return home.keep_identity(identity, account);
}

void report(const Output& output, const Home& home, const membership::Identity& identity,
            const wire::Welcome& welcome) {
  crypto::Ed25519Signatures signatures;
  membership::Roster roster(signatures, identity.root_key);
  for (const wire::Statement& statement : welcome.statements) (void)roster.add(statement);
  std::size_t persons = 0;
  for (const auto& [number, person] : roster.persons()) persons += person.gone ? 0 : 1;
  if (output.json()) {
    output.document({{"type", "joined"},
                     {"ring", printable(roster.ring_name())},
                     {"user", printable(identity.person_name)},
                     {"persons", persons},
                     {"home", home.path()}});
    return;
  }
  output.line("You are in '" + printable(roster.ring_name()) + "' as " + printable(identity.person_name) +
              "; it has " + std::to_string(persons) + " persons now.");
}

}  // namespace

Exit join_command(const Home& home, const Output& output, const JoinOptions& options) {
  if (home.has_identity()) {
    return output.failure(Exit::failed, home.path() + " belongs to a ring already",
                          "Choose another folder with --home to be in a second ring.");
  }
  if (auto good = home.is_free(); !good) return output.failure(good.error(), "The invitation was not used.");
  const auto link = membership::read_invitation_link(options.link);
  if (!link) {
    const Exit exit =
        membership::refusal_in(link.error()) ? exit_for_invitation(link.error()) : Exit::refused;
    return output.failure(exit, link.error().context,
                          "Copy the whole link, in quotes, or ask for a new invitation.");
  }
  const std::string machine = options.machine.empty() ? this_machine() : options.machine;
  if (auto good = check_name(options.user, "the user's name"); !good) {
    return output.failure(Exit::usage, good.error().context);
  }
  if (auto good = check_name(machine, "the machine's name"); !good) {
    return output.failure(Exit::usage, good.error().context);
  }
  const auto bytes = read_bytes(options.give);
  if (!bytes) return output.failure(Exit::usage, "--give: " + bytes.error().context);

  os::SystemEntropy entropy;
  crypto::Ed25519Signatures signatures;
  if (options.only_look) {
    const auto claim =
        membership::claim_invitation(signatures, entropy, *link, options.user, machine, *bytes);
    return preview_join(output, *link, claim, *bytes);
  }
  const KeptClaim kept_claim(home);
  const std::string link_text = membership::to_text(*link);
  auto looked = kept_claim.begun_with(link_text);
  if (!looked) {
    const bool is_of_another = looked.error().code == Errc::refused;
    return output.failure(
        looked.error(),
        (is_of_another ? "Run join with that link again, or choose another folder with --home."
                       : "Choose another folder with --home.") +
            std::string(" To give that invitation up, remove ") + home.path() + "/" + Home::kClaimFile + ".");
  }
  std::optional<membership::Identity>& begun = *looked;
  const bool was_begun = begun.has_value();
  if (begun) output.note("Going on with what was begun before, as " + printable(begun->person_name) + ".");
  membership::Identity identity =
      begun ? std::move(*begun)
            : membership::claim_invitation(signatures, entropy, *link, options.user, machine, *bytes);
  // Everything that can go wrong here goes wrong before the invitation is used.
  const auto passphrase = choose_passphrase(passphrase_source(output.options()), output.options());
  if (!passphrase) return failure_to_choose(output, passphrase.error());
  const auto account = make_account(signatures, identity, *passphrase);
  if (!account) return output.failure(account.error(), "The invitation was not used.");
  if (auto good = home.may_keep_identity(identity, *account); !good) {
    return output.failure(good.error(), "The invitation was not used.");
  }
  if (auto kept = kept_claim.keep(link_text, identity); !kept) {
    return output.failure(kept.error(), "The invitation was not used.");
  }
  bool may_be_in = false;
  const auto welcome = ask_to_join(*link, identity, may_be_in);
  if (!welcome) {
    // The keys of somebody who may have been let in are in the claim alone.
    const bool is_no = welcome.error().code == Errc::refused || welcome.error().code == Errc::invalid;
    const bool is_over = is_final(welcome.error()) || (is_no && !may_be_in && !was_begun);
    if (is_over) kept_claim.forget();
    return output.failure(
        exit_for_invitation(welcome.error()), welcome.error().message(),
        is_over ? "Ask for a new invitation."
                : "Is a friend's machine on line? Run the same command again: the invitation is "
                  "still yours.");
  }
  if (auto complete = membership::complete_identity(signatures, identity, welcome->statements); !complete) {
    const bool is_over = membership::refusal_in(complete.error()) == membership::Refusal::used;
    if (is_over) kept_claim.forget();
    return output.failure(exit_for_invitation(complete.error()), complete.error().message(),
                          is_over ? "Ask for a new invitation." : "Run the same command again.");
  }
  if (auto shown = show_passphrase(output, *passphrase); !shown) {
    return output.failure(shown.error(), "You are admitted: run the same command again.");
  }
  if (auto kept = keep_welcome(home, identity, *account, *welcome, *link); !kept) {
    return output.failure(kept.error(),
                          "You are admitted, but this home could not be written; run it again.");
  }
  kept_claim.forget();
  report(output, home, identity, *welcome);
  if (!output.json()) {
    advise_about_passphrase(output, *passphrase);
    output.note("Next: peerstore node        then: peerstore backup FOLDER");
  }
  return Exit::done;
}

}  // namespace peerstore::cli
