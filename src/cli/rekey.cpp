#include "node_health.hpp"
#include "record_exchange.hpp"
#include "renewal.hpp"
#include "telling.hpp"
#include "writer_renewal.hpp"

#include <algorithm>

namespace peerstore::cli {

namespace {

struct Rekeying {
  const Home& home;
  const Output& output;
  const RekeyOptions& options;
  const ChosenPassphrase& chosen;
  account::AccountFile file;  // as it will be, but for the record
  account::RecordBody body;
  account::UnlockedKeys keys;
  crypto::Guarded<crypto::SigningSecretKey> writer_secret = {};  // of this machine from now on
};

// What was named.
struct Named {
  std::vector<Target> to_end;
  // Ended by a rekey that was cut off, which is to go on; or long ago, and then it may be the wrong name.
  std::vector<std::string> had_ended;
};

// Machines of this person, by name or by number ("17.1").
Result<Named> own_machines(const membership::Roster& roster, const membership::Identity& identity,
                           const std::vector<std::string>& names) {
  Named named;
  for (const std::string& name : names) {
    auto target = find_machine_of(roster, identity.person, name);
    if (!target && was_machine_of(roster, identity.person, name)) {
      named.had_ended.push_back(name);
      continue;
    }
    if (!target) return target.error();
    if (*target->machine == identity.machine) {
      return fail(Errc::refused, "'" + printable(name) + "' is the machine that you are at");
    }
    named.to_end.push_back(std::move(*target));
  }
  return named;
}

Task<unsigned> tell(OwnerSession& session, wire::PushStatements push, bool friends) {
  unsigned told = 0;
  for (const wire::MemberId& member : session.membership().live_members()) {
    if (session.membership().presence(member) == nullptr || is_friend(session, member) != friends) continue;
    const auto pushed = co_await wire::ask(session.network(), member, push);
    if (pushed) ++told;
  }
  co_return told;
}

// A person ends machines of its own without an admin: they have departed, for ever. Returns how many have
// heard it; if no friend does, nobody is told, and nothing has ended.
Task<unsigned> end_machines(OwnerSession& session, std::vector<Target> machines) {
  wire::PushStatements push;
  const membership::Identity& identity = session.identity();
  const crypto::SigningKeyPair person = session.signatures().key_pair_from(identity.person_secret);
  for (const Target& machine : machines) {
    const membership::DepartureStatement departure{identity.person, machine.machine};
    push.statements.push_back(
        membership::sign_statement(session.signatures(), session.unlocked().owner.ring, departure, person));
  }
  session.membership().learn(push.statements, {});
  unsigned told = co_await tell(session, push, true);
  if (told == 0 && has_friends(session)) co_return 0;
  told += co_await tell(session, push, false);
  if (told > 0) session.keep_what_was_learned();
  co_return told;
}

// Whatever failed after the file was in place.
bool are_keys_in_force(const Rekeying& job) {
  const auto now = job.home.account();
  const auto body = now ? account::decode_record_body(now->record.body.view()) : now.error();
  return body && body->epochs == job.body.epochs;
}

bool unlocked_themselves(const account::RecordBody& body) {
  return std::ranges::any_of(body.slots, [](const account::Slot& slot) {
    return std::holds_alternative<account::MachineSlot>(slot);
  });
}

std::vector<Target> machines_of(OwnerSession& session) {
  std::vector<Target> machines;
  for (const auto& [id, member] : session.membership().roster().members()) {
    if (member.gone || member.person != session.identity().person) continue;
    machines.push_back({member.person, member.machine, member.name});
  }
  std::ranges::sort(machines, {}, &Target::machine);
  return machines;
}

// Whoever named the wrong one sees that the right one is still there.
void say_whose_machines_are(OwnerSession& session, const Output& output, const Named& named) {
  for (const Target& ended : named.to_end)
    output.line("'" + printable(ended.name) + "' is no machine of yours any more.");
  for (const std::string& name : named.had_ended)
    output.line("'" + printable(name) + "' was no machine of yours any more already: nothing ended now.");
  std::string all;
  for (const Target& machine : machines_of(session)) {
    all += (all.empty() ? "" : ", ") + described(machine);
    if (machine.machine == session.identity().machine) all += ", which is this one";
  }
  output.line("Machines of yours that go on: " + all + ".");
}

boost::json::object document_of(OwnerSession& session, const Rekeying& job, const Named& named,
                                unsigned keepers) {
  std::vector<std::string> ended;
  for (const Target& machine : named.to_end) ended.push_back(machine.name);
  boost::json::array machines;
  for (const Target& machine : machines_of(session)) {
    machines.push_back(boost::json::object{{"name", printable(machine.name)}, {"machine", *machine.machine}});
  }
  return {{"type", "rekeyed"},
          {"epoch", job.body.epoch},
          {"keepers", keepers},
          {"ended", names_document(ended)},
          {"ended_before", names_document(named.had_ended)},
          {"machines", std::move(machines)}};
}

void say_what_it_means(const Output& output, std::uint32_t epoch) {
  output.line("New keys (epoch " + std::to_string(epoch) + ") and a new passphrase.");
  output.note(
      "What you back up from now on cannot be opened with anything that was copied before, and is stored");
  output.note(
      "anew. What was stored before can still be opened by whoever has an old copy of your keys with the "
      "old");
  output.note("passphrase or kit, and gets at the pieces. Your signing key stays the same.");
  output.note("Recovery kits that were made before open nothing new: peerstore recovery make -o FILE");
}

Task<Exit> rekey(OwnerSession& session, const Result<void>& entered, Rekeying& job) {
  if (!entered) co_return job.output.failure(entered.error(), "Nothing was changed.");
  const auto named = own_machines(session.membership().roster(), session.identity(), job.options.revoked);
  if (!named) co_return job.output.failure(named.error(), "Nothing was changed. See: peerstore status");
  const auto taken = co_await take_newer_record(session);
  if (!taken) co_return job.output.failure(taken.error(), "Nothing was changed.");
  if (*taken) {
    // That change lies in this home now; beside it what was before, which the passphrase just given opens.
    co_return job.output.failure(Exit::no_node, "your keys were changed on another machine",
                                 session.unlocked().opened_by == OpenedBy::present
                                     ? "No new keys were made. Try again with the passphrase of that change; "
                                       "or, if that was not you, the same command again, with the "
                                       "passphrase that you gave."
                                     : "No new keys were made. The same command again.");
  }
  if (auto shown = show_passphrase(job.output, job.chosen); !shown) {
    co_return job.output.failure(shown.error(), "Nothing was changed.");
  }
  // First whoever has the machine is shut out. It may be done twice.
  unsigned told = 0;
  if (!named->to_end.empty()) told = co_await end_machines(session, named->to_end);
  if (!named->to_end.empty() && told == 0) {
    const bool has_any = has_friends(session);
    co_return job.output.failure(Exit::try_later,
                                 has_any ? "no friend could be told that the machine is gone"
                                         : "no machine runs that could be told that the other one is gone",
                                 has_any
                                     ? "Nothing was changed. Try again when a friend is on line."
                                     : "Nothing was changed. Start this home's node first: peerstore node");
  }
  // The home's node holds the old key, if somebody unlocked it, and drops it as soon as it sees the new
  // account.
  const bool is_to_be_unlocked = is_node_unlocked(job.home);
  job.body.ended_writers = writers_of(session.membership().roster(), session.identity().person);
  const auto keepers = co_await change_record(session, job.home, true, job.file, job.body);
  const bool are_in_force = keepers || are_keys_in_force(job);
  if (is_to_be_unlocked && are_in_force) (void)lend_key_to_node(job.home, *job.keys.user_key);
  if (!keepers) {
    const std::string shut_out =
        job.options.revoked.empty() ? "" : "The machines that were named are shut out. ";
    co_return job.output.failure(
        keepers.error(),
        shut_out + (are_in_force ? "Your keys and your passphrase are the new ones; the next command goes on."
                    : shut_out.empty() ? ""
                                       : "Try again."));
  }
  if (!keepers->suffices && session.membership().roster().has_others(session.identity().member)) {
    // The other machines need what nobody keeps yet.
    if (!job.output.json()) say_whose_machines_are(session, job.output, *named);
    co_return job.output.failure(
        Exit::try_later, "no friend keeps your new keys yet, so the old writer keys go on",
        "Your keys and your passphrase are the new ones here. With friends the old passphrase and kits count "
        "until one hears of it; the next command that finds one on line ends the old writer keys.");
  }
  const auto replaced = co_await replace_writers(session, *job.writer_secret, job.body.ended_writers);
  if (!replaced) {
    if (!job.output.json()) say_whose_machines_are(session, job.output, *named);
    co_return job.output.failure(replaced.error().in("the old writer keys have not all ended"),
                                 "Your keys and your passphrase are the new ones. The next command goes on.");
  }
  if (job.output.json()) {
    job.output.document(document_of(session, job, *named, keepers->friends));
    co_return Exit::done;
  }
  for (const std::string& name : *replaced) job.output.note(cannot_end_writer_of(name));
  advise_about_passphrase(job.output, job.chosen);
  if (!job.chosen.is_generated) {
    job.output.note(
        "The account secret stays the same: against somebody who has an old kit or copy, the new");
    job.output.note("passphrase stands alone. Choose a drawn one, or a long one.");
  }
  say_what_it_means(job.output, job.body.epoch);
  say_whose_machines_are(session, job.output, *named);
  if (keepers->friends > 0) job.output.note(friends_in_words(keepers->friends) + " the new keys.");
  if (unlocked_themselves(session.unlocked().body)) {
    job.output.note(
        "No machine of yours unlocks itself any more; at each that is to: peerstore unlock --remember");
  }
  co_return Exit::done;
}

}  // namespace

Exit rekey_command(const Home& home, const Output& output, const RekeyOptions& options) {
  crypto::Ed25519Signatures signatures;
  // Who is left the passphrase of before somebody else's change takes the account back so.
  auto renewal = begin_renewal(signatures, home, output, options, OpenedBy::before);
  if (const Exit* const said = std::get_if<Exit>(&renewal)) return *said;
  auto& [open, chosen] = std::get<Renewal>(renewal);
  os::SystemEntropy entropy;
  Rekeying job{home, output, options, chosen, open.file, open.body, open.keys()};
  if (auto begun = account::begin_epoch(job.body, entropy, open.owner, job.keys); !begun) {
    return output.failure(begun.error(), "Nothing was changed.");
  }
  const account::PassphraseUse use{chosen.text, chosen.is_generated, open.file.account_secret};
  if (auto set = account::set_passphrase(job.body, entropy, open.owner, job.keys, use); !set) {
    return output.failure(set.error(), "Nothing was changed.");
  }
  *job.writer_secret = signatures.make_key_pair(entropy).secret_key;
  account::seal_writer(job.file, entropy, open.owner, job.body.epoch, *job.keys.user_key, *job.writer_secret);
  return with_unlocked_session(
      home, output, options, std::move(open),
      [&](OwnerSession& session, const Result<void>& entered) { return rekey(session, entered, job); });
}

}  // namespace peerstore::cli
