#include "record_exchange.hpp"

#include "remembering.hpp"

#include <peerstore/replica/head_keepers.hpp>

#include <algorithm>
#include <set>

namespace peerstore::cli {

namespace {

constexpr std::size_t kAskedForNewer = 3;
constexpr std::string_view kAsBefore = "your keys are as they were";

std::vector<wire::MemberId> live_keepers(OwnerSession& session) {
  std::vector<wire::MemberId> live;
  for (const wire::MemberId& member : replica::head_walk(*session.view().map(), session.identity().person)) {
    if (session.membership().presence(member) != nullptr) live.push_back(member);
  }
  return live;
}

std::vector<std::uint32_t> live_machines(OwnerSession& session) {
  std::vector<std::uint32_t> machines;
  for (const auto& [id, member] : session.membership().roster().members()) {
    if (member.person == session.identity().person && !member.gone) machines.push_back(member.machine);
  }
  return machines;
}

}  // namespace

bool is_friend(OwnerSession& session, const wire::MemberId& id) {
  const membership::Member* member = session.membership().roster().find(id);
  return member != nullptr && !member->gone && member->person != session.identity().person;
}

bool has_friends(OwnerSession& session) {
  return std::ranges::any_of(session.membership().roster().present(),
                             [&](const wire::MemberId& id) { return is_friend(session, id); });
}

Task<Keepers> publish_record(OwnerSession& session, wire::UserRecord record) {
  const std::size_t wanted = replica::keepers_wanted(*session.view().map());
  std::set<wire::PersonNumber> friends;
  std::size_t kept_by_friends = 0;
  std::size_t kept_by_own = 0;
  for (const wire::MemberId& member : live_keepers(session)) {
    if (kept_by_friends == wanted) break;
    const wire::PutUserRecord question{record};
    const auto done = co_await wire::ask(session.network(), member, question);
    if (!done) continue;
    if (is_friend(session, member)) {
      ++kept_by_friends;
      friends.insert(session.membership().roster().find(member)->person);
    } else {
      ++kept_by_own;
    }
  }
  const bool suffices = !friends.empty() || (kept_by_own > 0 && !has_friends(session));
  co_return Keepers{static_cast<unsigned>(friends.size()), suffices};
}

Task<std::optional<wire::UserRecord>> newer_record(OwnerSession& session) {
  std::optional<wire::UserRecord> newest;
  const auto key = person_key_of(session.signatures(), session.identity());
  std::size_t asked = 0;
  for (const wire::MemberId& member : live_keepers(session)) {
    if (!key || asked++ == kAskedForNewer) break;
    const wire::GetUserRecord question{session.identity().person, {}};
    auto reply = co_await wire::ask(session.network(), member, question);
    if (!reply || reply->record.person != session.identity().person) continue;
    const auto body =
        account::check_record(session.signatures(), session.unlocked().owner.ring, *key, reply->record);
    const wire::UserRecord& known = newest ? *newest : session.unlocked().file.record;
    if (body && account::outranks(reply->record, *body, known)) newest = std::move(reply->record);
  }
  co_return newest;
}

Task<Result<bool>> take_newer_record(OwnerSession& session) {
  auto newer = co_await newer_record(session);
  if (!newer) co_return false;
  account::AccountFile theirs = session.unlocked().file;
  theirs.record = std::move(*newer);
  const auto kept = session.home().displace_account(theirs, session.identity().machine);
  if (!kept) co_return kept.error();
  co_return true;
}

Task<Result<Keepers>> change_record(OwnerSession& session, const Home& home, bool is_entered,
                                    account::AccountFile file, account::RecordBody body) {
  const wire::UserRecord before = file.record;
  if (is_entered) {
    const auto taken = co_await take_newer_record(session);
    if (!taken) co_return taken.error();
    if (*taken) {
      const auto now = home.account();
      const bool is_fork = now && account::is_fork(before, now->record);
      co_return fail(
          Errc::busy,
          std::string("your keys were changed on another machine") +
              (is_fork ? " at the same time as on this one, whose last change (a passphrase or a "
                         "recovery kit) does not count"
                       : "") +
              "; no other change was made. Try again" +
              (session.unlocked().opened_by == OpenedBy::present
                   ? ", with the passphrase of that change; or, if that was not you: peerstore rekey, with "
                     "the one that you gave"
                   : ""));
    }
  }
  // What a machine that is gone had to unlock itself goes with it.
  if (is_entered) account::keep_machine_slots(body, live_machines(session));
  auto next = account::sign_record(session.signatures(), session.unlocked().owner, body, &before,
                                   session.identity().person_secret);
  if (!next) co_return next.error_in(std::string(kAsBefore));
  file.record = std::move(*next);
  // It would open the account of before: whatever stops this, it is gone.
  const bool is_kept = account::machine_slot(body, session.identity().machine) != nullptr;
  if (!is_kept) settle_machine_key(home, session.identity());
  const auto machine_key = home.machine_key();
  if (auto gone = is_kept ? Result<void>() : home.forget_machine_key(); !gone) {
    co_return gone.error_in(std::string(kAsBefore));
  }
  if (auto kept = home.keep_account(file); !kept) {
    // The file may be in place, and only the folder not synced.
    const auto now = home.account();
    const bool is_in_force = now && now->record == file.record;
    if (!is_kept && !is_in_force && machine_key) (void)home.keep_machine_key(**machine_key);
    co_return kept.error_in(is_in_force ? "it is changed, but a power cut may undo it"
                                        : std::string(kAsBefore));
  }
  // Who made this one has what was before.
  (void)home.forget_account_before();
  Keepers keepers;
  if (is_entered) keepers = co_await publish_record(session, file.record);
  co_return keepers;
}

std::string friends_in_words(unsigned friends) {
  return std::to_string(friends) + (friends == 1 ? " friend keeps" : " friends keep");
}

}  // namespace peerstore::cli
