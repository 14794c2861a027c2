#include "writer_renewal.hpp"

#include "record_exchange.hpp"
#include "telling.hpp"

#include <peerstore/membership/machine_certificate.hpp>

#include <algorithm>

namespace peerstore::cli {

namespace {

// Nothing if the ring knows this key already.
Result<std::vector<wire::Statement>> own_statement(OwnerSession& session,
                                                   const crypto::SigningSecretKey& secret) {
  const membership::Roster& roster = session.membership().roster();
  const membership::Identity& identity = session.identity();
  const crypto::SigningPublicKey key = session.signatures().key_pair_from(secret).public_key;
  const membership::Member* self = roster.find(identity.member);
  std::vector<wire::Statement> statements;
  if (self != nullptr && self->writer_key == key) return statements;
  auto statement =
      membership::renew_writer(session.signatures(), roster, identity.member, identity.person_secret, key);
  if (!statement) return statement.error_in("a new writer key for this machine");
  statements.push_back(std::move(*statement));
  return statements;
}

}  // namespace

Task<Result<void>> replace_writers(OwnerSession& session, crypto::SigningSecretKey secret) {
  const membership::Roster& roster = session.membership().roster();
  const membership::Identity& identity = session.identity();
  auto statements = own_statement(session, secret);
  if (!statements) co_return statements.error();
  for (const auto& [id, member] : roster.members()) {
    const bool is_another = member.person == identity.person && id != identity.member;
    if (!is_another || member.gone || member.writer_key.is_zero()) continue;
    auto none = membership::renew_writer(session.signatures(), roster, id, identity.person_secret, {});
    if (!none) co_return none.error_in("the writer key of '" + member.name + "'");
    statements->push_back(std::move(*none));
  }
  co_return co_await tell_ring(session, std::move(*statements));
}

Task<Result<void>> renew_writer_if_due(OwnerSession& session) {
  UnlockedHome& open = session.unlocked();
  const membership::Member* self = session.membership().roster().find(session.identity().member);
  if (self == nullptr || self->gone) co_return Result<void>();  // whoever is asked will say so
  if (open.file.writer_epoch < open.body.epoch) {
    os::SystemEntropy entropy;
    const auto secret = session.signatures().make_key_pair(entropy).secret_key;
    account::AccountFile file = open.file;
    account::seal_writer(file, entropy, open.owner, open.body.epoch, *open.keys.user_key, secret);
    if (auto kept = session.home().keep_account(file); !kept) co_return kept.error();
    open.file = std::move(file);
    open.identity.writer_secret = secret;
  }
  const auto key = session.signatures().key_pair_from(open.identity.writer_secret).public_key;
  if (std::ranges::count(self->former_writers, key) > 0) {
    const auto newer = co_await newer_record(session);
    if (newer) {
      account::AccountFile theirs = open.file;
      theirs.record = *newer;
      if (auto kept = session.home().keep_account(theirs); !kept) co_return kept.error();
    }
    if (!newer) {
      co_return fail(Errc::busy,
                     "the writing key of this machine has ended, and no friend shows newer keys. Try again "
                     "later, or, if this home has your newest passphrase, run: peerstore rekey");
    }
    co_return fail(Errc::busy,
                   "your keys were changed with rekey on another machine, and those of this home count no "
                   "more. Try again, with the passphrase of that change");
  }
  auto statements = own_statement(session, open.identity.writer_secret);
  if (!statements) co_return statements.error();
  if (statements->empty()) co_return Result<void>();
  const auto told = co_await tell_ring(session, std::move(*statements));
  if (!told) co_return told.error_in("this machine's new writer key");
  co_return Result<void>();
}

}  // namespace peerstore::cli
