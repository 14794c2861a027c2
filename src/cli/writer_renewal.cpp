#include "writer_renewal.hpp"

#include "record_exchange.hpp"
#include "telling.hpp"

#include <peerstore/membership/machine_certificate.hpp>

#include <algorithm>

namespace peerstore::cli {

namespace {

constexpr std::string_view kNeedsPassphrase = "needs your passphrase; run: peerstore unlock";

// Nothing if the ring knows this key already.
Result<std::vector<wire::Statement>> own_statement(OwnerSession& session,
                                                   const crypto::SigningSecretKey& secret) {
  const membership::Roster& roster = session.membership().roster();
  const membership::Identity& identity = session.identity();
  const crypto::SigningPublicKey key = session.signatures().key_pair_from(secret).public_key;
  const membership::Member* self = roster.find(identity.member);
  std::vector<wire::Statement> statements;
  if (self != nullptr && self->writer_key == key) return statements;
  if (!session.unlocked().authority_key) {
    return fail(Errc::refused, "a new writing key for this machine " + std::string(kNeedsPassphrase));
  }
  auto statement =
      membership::renew_writer(session.signatures(), roster, identity.member, identity.person_secret, key);
  if (!statement) return statement.error_in("a new writer key for this machine");
  statements.push_back(std::move(*statement));
  return statements;
}

membership::EndedWriters others_ended(OwnerSession& session,
                                      const std::vector<crypto::SigningPublicKey>& ended,
                                      const wire::MemberId& except) {
  const membership::Identity& identity = session.identity();
  return membership::end_writers(session.signatures(), session.membership().roster(), identity.person,
                                 identity.person_secret, except, ended);
}

// Of other machines of the person, which still have what a rekey was to end.
bool is_cut_off(const membership::Roster& roster, const UnlockedHome& open) {
  return std::ranges::any_of(roster.members(), [&](const auto& entry) {
    const membership::Member& member = entry.second;
    const bool is_others = member.person == open.owner.person && entry.first != open.identity->member;
    return is_others && !member.gone && std::ranges::count(open.body.ended_writers, member.writer_key) > 0;
  });
}

std::vector<std::string> names_of(const OwnerSession& session, const std::vector<wire::MemberId>& machines) {
  std::vector<std::string> names;
  for (const wire::MemberId& machine : machines) names.push_back(session.name_of(machine));
  return names;
}

}  // namespace

std::vector<crypto::SigningPublicKey> writers_of(const membership::Roster& roster,
                                                 wire::PersonNumber person) {
  std::vector<crypto::SigningPublicKey> writers;
  for (const auto& [id, member] : roster.members()) {
    const bool has_one = member.person == person && !member.gone && !member.writer_key.is_zero();
    if (has_one && writers.size() < account::kEndedWritersMax) writers.push_back(member.writer_key);
  }
  return writers;
}

Task<Result<std::vector<std::string>>> replace_writers(OwnerSession& session,
                                                       const crypto::SigningSecretKey& secret,
                                                       std::vector<crypto::SigningPublicKey> ended) {
  auto own = own_statement(session, secret);
  // One that can have no other loses the one that it had.
  auto others = others_ended(session, ended, own ? session.identity().member : wire::MemberId{});
  std::vector<wire::Statement> statements = std::move(others.statements);
  if (own) statements.insert(statements.end(), own->begin(), own->end());
  if (!statements.empty()) {
    const auto told = co_await tell_ring(session, std::move(statements));
    if (!told) co_return told.error();
  }
  if (!own) co_return own.error();
  co_return names_of(session, others.impossible);
}

Task<Result<bool>> has_taken_newer_keys(OwnerSession& session) {
  const UnlockedHome& open = session.unlocked();
  // It has them, and no writer key of theirs yet.
  if (open.file.writer_epoch < open.body.epoch) co_return false;
  const membership::Member* self = session.membership().roster().find(session.identity().member);
  const auto key = session.signatures().key_pair_from(open.identity->writer_secret).public_key;
  if (self == nullptr || self->gone || std::ranges::count(self->former_writers, key) == 0) co_return false;
  co_return co_await take_newer_record(session);
}

Task<Result<void>> renew_writer_if_due(OwnerSession& session) {
  UnlockedHome& open = session.unlocked();
  const membership::Member* self = session.membership().roster().find(session.identity().member);
  if (self == nullptr || self->gone) co_return Result<void>();  // whoever is asked will say so
  if (open.file.writer_epoch < open.body.epoch && !open.authority_key) {
    co_return fail(Errc::refused, "a new writing key for this machine " + std::string(kNeedsPassphrase));
  }
  if (open.file.writer_epoch < open.body.epoch) {
    os::SystemEntropy entropy;
    const auto secret = session.signatures().make_key_pair(entropy).secret_key;
    account::AccountFile file = open.file;
    account::seal_writer(file, entropy, open.owner, open.body.epoch, *open.user_key, secret);
    if (auto kept = session.home().keep_account(file); !kept) co_return kept.error();
    open.file = std::move(file);
    open.identity->writer_secret = secret;
  }
  const auto key = session.signatures().key_pair_from(open.identity->writer_secret).public_key;
  if (std::ranges::count(self->former_writers, key) > 0) {
    co_return fail(Errc::busy,
                   "the writing key of this machine has ended, and no friend shows newer keys. Try again "
                   "later, or, if this home has your newest passphrase, run: peerstore rekey");
  }
  auto statements = own_statement(session, open.identity->writer_secret);
  if (!statements) co_return statements.error();
  if (statements->empty()) co_return Result<void>();
  const auto told = co_await tell_ring(session, std::move(*statements));
  if (!told) co_return told.error_in("this machine's new writer key");
  co_return Result<void>();
}

Task<void> finish_rekey_if_cut_off(OwnerSession& session, const Output& output) {
  const membership::Member* self = session.membership().roster().find(session.identity().member);
  if (self == nullptr || self->gone) co_return;
  if (!session.unlocked().authority_key) {
    if (is_cut_off(session.membership().roster(), session.unlocked())) {
      output.note(
          "A rekey was cut off before it had ended what your other machines write with. To finish it " +
          std::string(kNeedsPassphrase));
    }
    co_return;
  }
  const auto others = others_ended(session, session.unlocked().body.ended_writers, session.identity().member);
  for (const std::string& name : names_of(session, others.impossible))
    output.note(cannot_end_writer_of(name));
  if (others.statements.empty()) co_return;
  output.note(
      "A rekey was cut off before it had ended what your other machines, and copies of them, write with.");
  // They can make no new key before somebody gives them the record of the new epoch.
  const Keepers keepers = co_await publish_record(session, session.unlocked().file.record);
  if (!keepers.suffices) {
    output.note("It goes on when a friend who is on line keeps your new keys: the next command tries again.");
    co_return;
  }
  const auto told = co_await tell_ring(session, others.statements);
  if (!told) {
    output.note("It is not finished: " + told.error().message() + ". The next command tries again.");
    co_return;
  }
  for (const std::string& name : names_of(session, others.machines)) {
    output.note("It is finished now: '" + printable(name) + "' needs the new passphrase to write again.");
  }
}

bool is_statement_due(crypto::Signatures& signatures, const Home& home, const UnlockedHome& open) {
  if (open.file.writer_epoch < open.body.epoch) return true;
  membership::Roster roster(signatures, open.identity->root_key);
  (void)roster.add_all(open.identity->proof);
  const auto disk = home.client_disk();
  const auto statements = disk ? membership::load_statements(**disk) : disk.error();
  if (statements) (void)roster.add_all(*statements);
  const auto key = signatures.key_pair_from(open.identity->writer_secret).public_key;
  const membership::Member* self = roster.find(open.identity->member);
  const bool has_ended = self != nullptr && std::ranges::count(self->former_writers, key) > 0;
  const bool is_known = self == nullptr || self->gone || self->writer_key == key;
  return (!is_known && !has_ended) || is_cut_off(roster, open);
}

std::string cannot_end_writer_of(const std::string& name) {
  return "'" + printable(name) +
         "' has had as many writer keys as a machine may have, and the last one cannot be "
         "taken from it: end the machine (peerstore rekey --revoke), and let it come back as a new one.";
}

}  // namespace peerstore::cli
