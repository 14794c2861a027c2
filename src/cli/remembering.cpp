#include "remembering.hpp"

#include "node_health.hpp"
#include "record_exchange.hpp"
#include "renewal.hpp"
#include "writer_renewal.hpp"

#include <algorithm>

namespace peerstore::cli {

namespace {

struct Change {
  const Home& home;
  const Output& output;
  account::RecordBody body;  // as it will be
  Keepers keepers = {};
};

Task<Exit> change(OwnerSession& session, const Result<void>& entered, Change& job) {
  const auto renewed = entered ? co_await renew_writer_if_due(session) : Result<void>();
  if (!renewed) job.output.note("This machine cannot write just now: " + renewed.error().message());
  if (entered) co_await finish_rekey_if_cut_off(session, job.output);
  const auto keepers =
      co_await change_record(session, job.home, entered.has_value(), session.unlocked().file, job.body);
  settle_machine_key(job.home, session.identity());
  if (!keepers) co_return job.output.failure(keepers.error());
  job.keepers = *keepers;
  co_return Exit::done;
}

Exit change_with(const Home& home, const Output& output, const OwnerOptions& options, UnlockedHome open,
                 Change& job) {
  return with_unlocked_session(
      home, output, options, std::move(open),
      [&](OwnerSession& session, const Result<void>& entered) { return change(session, entered, job); });
}

}  // namespace

void settle_machine_key(const Home& home, const membership::Identity& identity) {
  const auto next = home.next_machine_key();
  if (!next) return;
  const auto file = home.account();
  const auto body = file ? account::decode_record_body(file->record.body.view()) : file.error();
  if (!body) return;
  const bool counts =
      account::open_with_machine_key(*body, owner_of(identity), identity.machine, **next).has_value();
  (void)(counts ? home.keep_machine_key(**next) : home.forget_next_machine_key());
}

Exit remember_command(const Home& home, const Output& output, const UnlockOptions& options) {
  crypto::Ed25519Signatures signatures;
  auto opened = open_for_change(signatures, home, output);
  if (const Exit* const said = std::get_if<Exit>(&opened)) return *said;
  auto& open = std::get<UnlockedHome>(opened);
  const std::string user = printable(open.identity->person_name);
  const auto user_key = open.user_key.copy();
  Change job{home, output, open.body};
  os::SystemEntropy entropy;
  crypto::Guarded<account::MachineKey> key;
  entropy.fill(key->bytes);
  if (auto set = account::set_machine_key(job.body, entropy, open.owner, *open.user_key,
                                          open.identity->machine, *key);
      !set) {
    return output.failure(set.error(), "Nothing was changed.");
  }
  // Of one that was cut off, and may be what opens the account.
  settle_machine_key(home, *open.identity);
  // The key first: a slot without its key would say that this machine unlocks itself.
  if (auto kept = home.keep_next_machine_key(*key); !kept) {
    return output.failure(kept.error(), "Nothing was changed.");
  }
  if (const Exit exit = change_with(home, output, options, std::move(open), job); exit != Exit::done) {
    return exit;
  }
  if (auto lent = lend_key_to_node(home, *user_key); !lent && lent.error().code != Errc::unreachable) {
    output.note("The node that runs now is not unlocked: " + lent.error().message());
  }
  if (output.json()) {
    output.document(
        {{"type", "unlocked"}, {"user", user}, {"remembered", true}, {"keepers", job.keepers.friends}});
    return Exit::done;
  }
  output.line("Unlocked for your files, now and whenever this machine's node starts.");
  output.note(
      "Whoever takes this machine, switched off or not, can read your files until you run rekey elsewhere,");
  output.note("unless its disk is encrypted. To end it: peerstore lock --forget");
  return Exit::done;
}

Exit forget_command(const Home& home, const Output& output, const LockOptions& options) {
  if (auto gone = home.forget_machine_key(); !gone) return output.failure(gone.error());
  const auto identity = home.identity();
  if (!identity) return output.failure(identity.error());
  const auto file = home.account();
  if (!file) return output.failure(file.error());
  const auto held = account::decode_record_body(file->record.body.view());
  if (!held) return output.failure(held.error());
  if (account::machine_slot(*held, identity->machine) == nullptr) return Exit::done;
  output.note("The key is gone from this home. To take its slot out of your record needs your passphrase.");
  crypto::Ed25519Signatures signatures;
  auto opened = open_for_change(signatures, home, output);
  if (const Exit* const said = std::get_if<Exit>(&opened)) return *said;
  auto& open = std::get<UnlockedHome>(opened);
  Change job{home, output, open.body};
  std::erase_if(job.body.slots, [&](const account::Slot& slot) {
    const auto* of_machine = std::get_if<account::MachineSlot>(&slot);
    return of_machine != nullptr && of_machine->machine == identity->machine;
  });
  return change_with(home, output, options, std::move(open), job);
}

}  // namespace peerstore::cli
