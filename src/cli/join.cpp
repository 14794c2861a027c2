#include "commands.hpp"

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/membership/invitation.hpp>
#include <peerstore/net/loop.hpp>
#include <peerstore/net/tls_network.hpp>
#include <peerstore/node/roster_directory.hpp>

namespace peerstore::cli {

namespace {

struct Joining {
  net::TlsNetwork& network;
  const membership::InvitationLink& link;
  wire::Join request;
  std::optional<Result<wire::Welcome>> answer;
};

Task<void> knock(Joining& joining) {
  joining.answer.emplace(
      co_await joining.network.join(joining.link.address, joining.link.node_key, joining.request));
}

// Knocks at the inviter's door; nothing is kept on disk.
Result<wire::Welcome> ask_to_join(const membership::InvitationLink& link,
                                  const membership::Identity& identity) {
  net::Loop loop(1);
  node::RosterDirectory directory(loop, membership::ring_id_of(link.root_key), {});
  net::TlsNetwork::Options options;
  options.role = net::TlsNetwork::Role::joiner;
  options.node_secret = identity.node_secret;
  net::TlsNetwork network(loop, directory, options);
  Joining joining{network, link, wire::Join{identity.proof}, std::nullopt};
  loop.on_signal([&](int) { loop.stop(); });
  if (!loop.run(knock(joining))) return fail(Errc::cancelled, "stopped before the ring answered");
  return std::move(*joining.answer);
}

// What the new node needs for its first start: the roster, and where friends are.
Result<void> keep_welcome(const Home& home, const membership::Identity& identity,
                          const wire::Welcome& welcome, const std::string& inviter) {
  auto disk = home.node_disk();
  if (!disk) return disk.error();
  if (auto kept = membership::save_statements(**disk, welcome.statements); !kept) return kept;
  std::vector<std::string> addresses{inviter};
  for (const wire::Presence& presence : welcome.presences) {
    addresses.insert(addresses.end(), presence.addresses.begin(), presence.addresses.end());
  }
  if (auto kept = save_addresses(**disk, addresses); !kept) return kept;
  return home.keep_identity(identity);
}

void report(const Output& output, const Home& home, const JoinOptions& options,
            const membership::Identity& identity, const wire::Welcome& welcome) {
  crypto::Ed25519Signatures signatures;
  membership::Roster roster(signatures, identity.root_key);
  for (const wire::Statement& statement : welcome.statements) (void)roster.add(statement);
  std::size_t persons = 0;
  for (const auto& [number, person] : roster.persons()) persons += person.gone ? 0 : 1;
  if (output.json()) {
    output.document({{"type", "joined"},
                     {"ring", printable(roster.ring_name())},
                     {"user", options.user},
                     {"persons", persons},
                     {"home", home.path()}});
    return;
  }
  output.line("You are in '" + printable(roster.ring_name()) + "' as " + options.user + "; it has " +
              std::to_string(persons) + " persons now.");
  output.note("Your secrets are in " + home.path() + "/identity. Keep a copy of that file somewhere safe:");
  output.note("with it and one friend's address you get everything back; without it nobody can.");
  output.note("Next: peerstore node        then: peerstore backup FOLDER");
}

}  // namespace

Exit join_command(const Home& home, const Output& output, const JoinOptions& options) {
  if (home.has_identity()) {
    return output.failure(Exit::failed, home.path() + " belongs to a ring already",
                          "Choose another folder with --home to be in a second ring.");
  }
  const auto link = membership::read_invitation_link(options.link);
  if (!link) {
    return output.failure(Exit::refused, link.error().context,
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
  membership::Identity identity =
      membership::claim_invitation(signatures, entropy, *link, options.user, machine, *bytes);
  const auto welcome = ask_to_join(*link, identity);
  if (!welcome) {
    return output.failure(welcome.error(),
                          welcome.error().code == Errc::refused
                              ? "Ask for a new invitation."
                              : "Is your friend's machine on line? Try again; if the ring has let you in "
                                "meanwhile, it says so, and you need a new invitation.");
  }
  if (auto complete = membership::complete_identity(signatures, identity, welcome->statements); !complete) {
    return output.failure(complete.error(), "Ask for a new invitation.");
  }
  if (auto kept = keep_welcome(home, identity, *welcome, link->address); !kept) {
    return output.failure(kept.error(), "You are admitted, but this home could not be written.");
  }
  report(output, home, options, identity, *welcome);
  return Exit::done;
}

}  // namespace peerstore::cli
