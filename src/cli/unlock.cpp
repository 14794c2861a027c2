#include "commands.hpp"
#include "remembering.hpp"
#include "writer_renewal.hpp"

namespace peerstore::cli {

Exit failure_to_unlock(const Output& output, const Error& error) {
  switch (error.code) {
    case Errc::not_found:
      return output.failure(Exit::no_ring, error.message(),
                            "Begin with: peerstore create NAME --user U, or peerstore join LINK --user U");
    case Errc::refused:
      return output.failure(
          Exit::wrong_passphrase, error.context,
          "Lost it? With the recovery kit, in a new home: peerstore --home FOLDER recovery use");
    case Errc::invalid: return output.failure(Exit::wrong_passphrase, error.context);
    default: return output.failure(error);
  }
}

namespace {

// What needs authority is done while it is there, so that the commands that come need none.
Task<Exit> state_what_is_due(OwnerSession& session, const Result<void>& entered, const Output& output) {
  const auto renewed = entered ? co_await renew_writer_if_due(session) : entered;
  if (!renewed) {
    output.note("This machine cannot write just now: " + renewed.error().message());
    output.note("When friends are on line, unlock it once more.");
    co_return Exit::done;
  }
  co_await finish_rekey_if_cut_off(session, output);
  co_return Exit::done;
}

}  // namespace

Exit unlock_command(const Home& home, const Output& output, const UnlockOptions& options) {
  if (options.remember) return remember_command(home, output, options);
  crypto::Ed25519Signatures signatures;
  if (const auto identity = home.identity(); !identity && identity.error().code != Errc::not_found) {
    return output.failure(identity.error());
  }
  auto open = unlock_with_passphrase(signatures, home, output);
  if (!open) return failure_to_unlock(output, open.error());
  if (auto lent = lend_key_to_node(home, *open->user_key); !lent) {
    const bool runs = lent.error().code != Errc::unreachable;
    return output.failure(runs ? exit_for(lent.error()) : Exit::no_node, lent.error().message(),
                          runs ? "The passphrase is right, and the node did not take it."
                               : "The passphrase is right. Start the node first: peerstore node");
  }
  if (output.json()) {
    output.document({{"type", "unlocked"}, {"user", printable(open->identity->person_name)}});
  } else {
    output.line("Unlocked for your files, until the node stops or you say: peerstore lock");
  }
  if (!is_statement_due(signatures, home, *open)) return Exit::done;
  return with_unlocked_session(home, output, options, std::move(*open),
                               [&](OwnerSession& session, const Result<void>& entered) {
                                 return state_what_is_due(session, entered, output);
                               });
}

Exit lock_command(const Home& home, const Output& output, const LockOptions& options) {
  if (!home.has_identity()) {
    return failure_to_unlock(output, fail(Errc::not_found, "there is no ring at " + home.path()));
  }
  // Without a node nothing is unlocked.
  if (auto locked = lock_node(home); !locked && locked.error().code != Errc::unreachable) {
    return output.failure(locked.error());
  }
  if (options.forget) {
    if (const Exit exit = forget_command(home, output, options); exit != Exit::done) return exit;
  }
  if (output.json()) {
    output.document({{"type", "locked"}});
  } else if (crypto::Ed25519Signatures signatures; unlock_by_itself(signatures, home)) {
    output.line("Locked, until the node starts again: this machine unlocks itself.");
    output.note("To end that: peerstore lock --forget");
  } else {
    output.line("Locked. The node goes on keeping your friends' pieces.");
  }
  return Exit::done;
}

}  // namespace peerstore::cli
