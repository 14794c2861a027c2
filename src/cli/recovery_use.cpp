#include "record_exchange.hpp"
#include "recovery_kit.hpp"

#include <peerstore/membership/invitation.hpp>
#include <peerstore/membership/machine_certificate.hpp>
#include <peerstore/os/real.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace peerstore::cli {

namespace {

constexpr std::size_t kAnswersWanted = 2;
constexpr std::size_t kKitBytesMax = 64 * 1024;

// What the person has left.
struct Belongings {
  std::optional<RecoveryKit> kit;
  std::optional<crypto::Guarded<account::RecoveryCode>> code;
  std::optional<account::Passphrase> passphrase;
  std::vector<std::string> addresses;
};

struct Failure {
  Exit exit;
  std::string message;
  std::string remedy;
};

Result<RecoveryKit> load_kit(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder =
      slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (::access(path.c_str(), R_OK) != 0) return fail(Errc::io, path + ": " + std::strerror(errno));
  const auto files = os::open_disk(folder);
  if (!files) return files.error();
  auto bytes = (*files)->read_all(name, kKitBytesMax);
  if (!bytes) return bytes.error_in(path);
  auto kit = read_recovery_kit(as_text(*bytes));
  crypto::wipe(*bytes);
  if (!kit) return kit.error_in(path);
  return kit;
}

Result<crypto::Guarded<account::RecoveryCode>> ask_code(const RecoveryUseOptions& options, bool may_ask) {
  const SecretSource source{options.code_file, options.code_descriptor};
  const auto line = read_secret(source, "Recovery code (13 groups of five): ", may_ask);
  if (!line) return line.error();
  const auto bytes = account::read_code(as_text(line->view()), account::RecoveryCode::kSize);
  if (!bytes) return bytes.error();
  crypto::Guarded<account::RecoveryCode> code;
  std::ranges::copy(bytes->view(), code->bytes.begin());
  return code;
}

Result<Belongings> gather(const Output& output, const RecoveryUseOptions& options) {
  Belongings have;
  const GlobalOptions& global = output.options();
  if (!options.kit.empty()) {
    auto kit = load_kit(options.kit);
    if (!kit) return kit.error();
    have.kit = std::move(*kit);
  }
  const bool code_given = !options.code_file.empty() || options.code_descriptor >= 0;
  if (options.with_passphrase) {
    auto passphrase = ask_passphrase(global);
    if (!passphrase) return passphrase.error();
    have.passphrase = std::move(*passphrase);
  } else if (have.kit && !code_given) {
    have.code = have.kit->code.copy();
  } else {
    auto code = ask_code(options, !global.no_input);
    if (!code) return code.error();
    have.code = std::move(*code);
  }
  have.addresses = options.bootstrap;
  if (have.kit) {
    have.addresses.insert(have.addresses.end(), have.kit->addresses.begin(), have.kit->addresses.end());
  }
  return have;
}

// What to show at a friend's door. One's own passphrase is found by the account secret beside it.
Result<std::vector<wire::LookupKey>> lookup_keys(const Belongings& have) {
  if (have.code) return std::vector{account::lookup_key_of(**have.code)};
  std::vector<wire::LookupKey> keys;
  if (have.kit) keys.push_back(account::lookup_key_of(*have.kit->account_secret));
  if (account::as_generated(*have.passphrase)) {
    const auto drawn = account::lookup_key_of_generated(*have.passphrase);
    if (!drawn) return drawn.error();
    keys.push_back(*drawn);
  }
  if (keys.empty()) {
    return fail(Errc::refused,
                "a passphrase that you chose yourself needs the account secret beside it: name the "
                "recovery kit with --kit FILE");
  }
  return keys;
}

// Everything that a stranger's answer must be before it counts: of the kit's ring and person, signed, and
// opened by what the person has.
Result<UnlockedHome> open_reply(crypto::Signatures& signatures, const Belongings& have,
                                const wire::UserRecordReply& reply) {
  if (have.kit && reply.root_key != have.kit->ring_key) {
    return fail(Errc::refused, "who answered is of another ring than the kit");
  }
  membership::Roster roster(signatures, reply.root_key);
  (void)roster.add_all(reply.statements);
  UnlockedHome open;
  open.owner = {roster.ring_id(), reply.record.person};
  const auto person = roster.persons().find(reply.record.person);
  if (person == roster.persons().end())
    return fail(Errc::refused, "the answer does not show whose record it is");
  if (have.kit && have.kit->person_key != person->second.signing_key) {
    return fail(Errc::refused, "the record is of another person than the kit");
  }
  auto body = account::check_record(signatures, open.owner.ring, person->second.signing_key, reply.record);
  if (!body) return body.error();
  open.body = std::move(*body);
  const account::AccountSecret* secret = have.kit ? &*have.kit->account_secret : nullptr;
  auto keys = have.code ? account::open_with_code(open.body, open.owner, **have.code)
                        : account::open_with_passphrase(open.body, open.owner, *have.passphrase, secret);
  if (!keys) return keys.error();
  auto drive = account::open_drive(open.body, open.owner, *keys->user_key);
  if (!drive) return drive.error();
  const auto authority = account::open_authority(open.body, open.owner, *keys->authority_key);
  if (!authority) return authority.error();
  open.identity->root_key = roster.root();
  open.identity->person = reply.record.person;
  open.identity->person_name = person->second.name;
  open.identity->person_secret = *authority->person_secret;
  if (authority->root_secret) open.identity->root_secret = **authority->root_secret;
  open.identity->drive_secret = *drive->by_epoch.back().drive_secret;
  if (signatures.key_pair_from(open.identity->person_secret).public_key != person->second.signing_key) {
    return fail(Errc::refused, "the record holds another person's key");
  }
  open.file.account_secret = *drive->account_secret;
  open.file.record = reply.record;
  open.user_key = std::move(keys->user_key);
  open.authority_key = std::move(keys->authority_key);
  open.drive = std::move(*drive);
  return open;
}

struct Search {
  net::TlsNetwork& network;
  const Belongings& have;
  const std::vector<wire::LookupKey>& keys;
  crypto::Signatures& signatures;
  std::optional<wire::UserRecordReply> found;
  std::optional<UnlockedHome> open;  // what is found
  std::string address;               // who gave it
  std::string tried = {};
  bool is_answered = false;  // somebody has none that opens with this
};

// Of two of one person the one that the ring will keep; whoever gave a wrong one is found out by
// open_reply().
bool is_better(const wire::UserRecordReply& reply, const std::optional<wire::UserRecordReply>& found) {
  if (!found || reply.root_key != found->root_key || reply.record.person != found->record.person) {
    return !found;
  }
  const auto body = account::decode_record_body(reply.record.body.view());
  return body && account::outranks(reply.record, *body, found->record);
}

// Any member will do; of the records of the first few who answer the one that outranks the others is taken.
Task<void> search(Search& search) {
  std::size_t answers = 0;
  for (const std::string& address : search.have.addresses) {
    for (const wire::LookupKey& key : search.keys) {
      const wire::GetUserRecord question{0, key};
      auto reply = co_await search.network.fetch_record(address, question);
      if (!reply) {
        search.tried += (search.tried.empty() ? " " : "; ") + reply.error().message();
        if (reply.error().code != Errc::not_found) break;
        search.is_answered = true;
        continue;
      }
      if (is_better(*reply, search.found)) {
        // What does not open may be anybody's: it neither counts nor hides what does.
        auto open = open_reply(search.signatures, search.have, *reply);
        if (!open) {
          search.tried += (search.tried.empty() ? " " : "; ") + open.error().in(address).message();
          search.is_answered = true;
          break;
        }
        search.open = std::move(*open);
        search.found = std::move(*reply);
        search.address = address;
      }
      if (++answers == kAnswersWanted) co_return;
      break;
    }
  }
}

// A new machine of the person: keys of its own, certified with the person's.
Result<void> become_machine(crypto::Signatures& signatures, UnlockedHome& open, const std::string& name,
                            std::uint64_t bytes_given, const wire::UserRecordReply& reply,
                            membership::Roster& roster) {
  const auto number = membership::free_machine_number(roster, open.owner.person);
  if (!number) return number.error();
  os::SystemEntropy entropy;
  const membership::MachineSecrets secrets = membership::make_machine_secrets(signatures, entropy);
  const membership::NewMachine machine{open.owner.person, *number, name, bytes_given};
  const wire::Statement certified = membership::certify_machine(
      signatures, open.owner.ring, open.identity->person_secret, machine, secrets);
  open.identity->machine = *number;
  open.identity->node_secret = secrets.node_secret;
  open.identity->writer_secret = secrets.writer_secret;
  std::vector<wire::Statement> statements = reply.statements;
  statements.push_back(certified);
  account::seal_writer(open.file, entropy, open.owner, open.body.epoch, *open.user_key,
                       secrets.writer_secret);
  return membership::complete_identity(signatures, *open.identity, statements);
}

Result<void> keep(const Home& home, const UnlockedHome& open, const wire::UserRecordReply& reply,
                  const std::vector<std::string>& addresses) {
  for (const bool for_node : {true, false}) {
    auto disk = for_node ? home.node_disk() : home.client_disk();
    if (!disk) return disk.error();
    std::vector<wire::Statement> statements = reply.statements;
    statements.insert(statements.end(), open.identity->proof.begin(), open.identity->proof.end());
    if (auto kept = membership::save_statements(**disk, statements); !kept) return kept;
    if (auto kept = save_addresses(**disk, addresses); !kept) return kept;
  }
  return home.keep_identity(*open.identity, open.file);
}

struct Arrival {
  const Output& output;
  const Home& home;
};

// The ring is told of the new machine, and of the record if it has a new passphrase.
Task<Exit> arrive(OwnerSession& session, const Result<void>& entered, const Arrival& job) {
  Keepers keepers;
  if (entered) {
    wire::PushStatements push;
    push.statements = session.identity().proof;
    for (const wire::MemberId& member : session.membership().live_members()) {
      if (session.membership().presence(member) == nullptr) continue;
      const auto pushed = co_await wire::ask(session.network(), member, push);
      if (pushed) break;
    }
    keepers = co_await publish_record(session, session.unlocked().file.record);
    // Its node begins with what is known of the ring: whom to believe, should it be refused.
    if (const auto disk = job.home.node_disk()) {
      (void)membership::save_statements(**disk, session.membership().roster().statements());
    }
  }
  const std::string user = printable(session.identity().person_name);
  if (job.output.json()) {
    job.output.document({{"type", "recovered"},
                         {"user", user},
                         {"machine", session.identity().machine},
                         {"keepers", keepers.friends},
                         {"home", job.home.path()}});
    co_return Exit::done;
  }
  job.output.line("This machine is one of " + user + "'s now. Your files: peerstore restore --to FOLDER");
  job.output.note("It keeps pieces for friends when its node runs: peerstore node");
  if (entered && !has_friends(session)) {
    job.output.note("As long as no friend is in the ring your own machines alone keep your record.");
  } else if (entered && keepers.friends == 0) {
    job.output.note("No friend keeps your record as it is now: run this machine's node, which tells them.");
  }
  if (!entered) job.output.note("The ring could not be told of it yet: " + entered.error().message());
  co_return Exit::done;
}

Exit failure_to_find(const Output& output, const Search& looked) {
  if (looked.have.addresses.empty()) {
    return output.failure(Exit::usage, "no address of a friend is known",
                          "Ask any friend of the ring for theirs: --bootstrap HOST:PORT");
  }
  return output.failure(looked.is_answered ? Exit::wrong_passphrase : Exit::try_later,
                        "no record of yours was found:" + looked.tried,
                        looked.is_answered
                            ? "Is it the newest kit, or the right passphrase? Is it this ring?"
                            : "Ask any friend of the ring for their address: --bootstrap HOST:PORT");
}

}  // namespace

Exit recovery_use_command(const Home& home, const Output& output, const RecoveryUseOptions& options) {
  if (home.has_identity()) {
    return output.failure(Exit::failed, home.path() + " belongs to a ring already",
                          "Choose an empty folder with --home.");
  }
  for (const auto& good : {home.is_free(), home.has_no_claim()}) {
    if (!good) return output.failure(good.error(), "Nothing was changed.");
  }
  const std::string machine = options.machine.empty() ? this_machine() : options.machine;
  if (auto good = check_name(machine, "the machine's name"); !good) {
    return output.failure(Exit::usage, good.error().context);
  }
  const auto bytes = read_bytes(options.give);
  if (!bytes) return output.failure(Exit::usage, "--give: " + bytes.error().context);
  const auto have = gather(output, options);
  if (!have) {
    const bool is_secret = have.error().code == Errc::refused || have.error().code == Errc::invalid;
    return output.failure(is_secret ? Exit::wrong_passphrase : exit_for(have.error()), have.error().context);
  }
  const auto keys = lookup_keys(*have);
  if (!keys) return output.failure(Exit::wrong_passphrase, keys.error().context);

  crypto::Ed25519Signatures signatures;
  os::SystemEntropy entropy;
  std::optional<wire::UserRecordReply> reply;
  std::optional<UnlockedHome> open;
  std::string address;
  {
    net::Loop loop(1);
    const wire::RingId ring = have->kit ? membership::ring_id_of(have->kit->ring_key) : wire::RingId{};
    node::RosterDirectory directory(loop, ring, {});
    net::TlsNetwork::Options network_options;
    network_options.role = net::TlsNetwork::Role::joiner;
    network_options.node_secret = signatures.make_key_pair(entropy).secret_key;
    net::TlsNetwork network(loop, directory, network_options);
    Search looking{network, *have, *keys, signatures, {}, {}, {}};
    loop.on_signal([&](int) { loop.stop(); });
    if (!loop.run(search(looking))) return Exit::interrupted;
    if (!looking.found) return failure_to_find(output, looking);
    reply = std::move(looking.found);
    open = std::move(looking.open);
    address = looking.address;
  }

  membership::Roster roster(signatures, reply->root_key);
  (void)roster.add_all(reply->statements);
  if (auto made = become_machine(signatures, *open, machine, *bytes, *reply, roster); !made) {
    return output.failure(made.error(), "Nothing was changed.");
  }
  if (auto good = home.may_keep_identity(*open->identity, open->file); !good) {
    return output.failure(good.error(), "Nothing was changed.");
  }
  if (have->code) {
    const auto chosen = choose_passphrase(passphrase_source(output.options()), output.options());
    if (!chosen) return failure_to_choose(output, chosen.error());
    const account::PassphraseUse use{chosen->text, chosen->is_generated, open->file.account_secret};
    if (auto set = account::set_passphrase(open->body, entropy, open->owner, open->keys(), use); !set) {
      return output.failure(set.error(), "Nothing was changed.");
    }
    const wire::UserRecord before = open->file.record;
    auto record =
        account::sign_record(signatures, open->owner, open->body, &before, open->identity->person_secret);
    if (!record) return output.failure(record.error(), "Nothing was changed.");
    open->file.record = std::move(*record);
    if (auto shown = show_passphrase(output, *chosen); !shown) {
      return output.failure(shown.error(), "Nothing was changed.");
    }
    advise_about_passphrase(output, *chosen);
  }
  if (auto kept = keep(home, *open, *reply, have->addresses); !kept) return output.failure(kept.error());
  OwnerOptions ways;
  ways.bootstrap = {address};
  const Arrival job{output, home};
  return with_unlocked_session(
      home, output, ways, std::move(*open),
      [&](OwnerSession& session, const Result<void>& entered) { return arrive(session, entered, job); });
}

}  // namespace peerstore::cli
