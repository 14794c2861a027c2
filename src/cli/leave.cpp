// Leaving the ring with this machine, for ever.
//
// Friends are told first, and one who has heard it is enough: it tells all the others, even if this machine
// is switched off in the same moment. Its own node comes last. Whoever has heard it closes its links to this
// machine, perhaps before it answers: so a link is opened to each of them beforehand, and to be refused after
// that, by somebody who took this machine for a member, is an answer too.
#include "emptying.hpp"

#include <algorithm>

namespace peerstore::cli {

namespace {

constexpr std::size_t kFriendsTold = 3;

constexpr std::string_view kNobodyHears = "no friend is on line to hear that this machine leaves";

// Friends who answer now, as a member of the ring is answered.
Task<std::vector<wire::MemberId>> friends_on_line(OwnerSession& session) {
  std::vector<wire::MemberId> answering;
  for (const wire::MemberId& member : session.membership().live_members()) {
    if (answering.size() == kFriendsTold) break;
    if (member == session.identity().member || session.membership().presence(member) == nullptr) continue;
    const auto pong = co_await wire::ask(session.network(), member, wire::Ping{});
    if (pong) answering.push_back(member);
  }
  co_return answering;
}

Task<bool> tell(OwnerSession& session, wire::MemberId member, wire::Statement departure) {
  const wire::PushStatements news{{departure}, {}, {}, member};
  const auto told = co_await wire::ask(session.network(), member, news);
  // Any other refusal may be of somebody else, who has the friend's address now.
  co_return told || link::says_no_member_any_more(told.error());
}

// So that this home's node does not begin again, whatever it had heard when it was stopped.
Result<void> note_departure(const Home& home, const wire::Statement& departure) {
  auto identity = home.identity();
  if (!identity) return identity.error();
  identity->proof.push_back(departure);
  auto disk = os::open_disk(home.path());
  if (!disk) return disk.error();
  return (*disk)->replace("identity", membership::encode(*identity));
}

Task<Exit> depart(OwnerSession& session, const Output& output) {
  const membership::Identity& identity = session.identity();
  if (!session.membership().roster().has_others(identity.member)) {
    co_return output.failure(Exit::refused, "this is the ring's only machine: nobody is left to hear of it",
                             "Stop its node; then its folder may go.");
  }
  const std::vector<wire::MemberId> friends = co_await friends_on_line(session);
  const membership::DepartureStatement departure{identity.person, identity.machine};
  const wire::Statement statement =
      membership::sign_statement(session.signatures(), session.membership().roster().ring_id(), departure,
                                 session.signatures().key_pair_from(identity.person_secret));
  std::size_t heard = 0;
  for (const wire::MemberId& member : friends) {
    const bool has_heard = co_await tell(session, member, statement);
    if (has_heard) ++heard;
  }
  if (heard == 0) {
    co_return output.failure(Exit::try_later, kNobodyHears, "Run it again when one is.");
  }
  if (const auto noted = note_departure(session.home(), statement); !noted) {
    output.note("This home could not note that it has left: " + noted.error().message());
  }
  // It goes on until it is stopped, and learns nothing from friends any more. If it cannot be told it is
  // refused by them.
  if (session.entrance() == identity.member) (void)co_await tell(session, identity.member, statement);
  co_return Exit::done;
}

Task<Exit> give_nothing(OwnerSession& session, const Output& output) {
  return state_space(session, output, 0);
}

using Word = Task<Exit> (*)(OwnerSession&, const Output&);

Task<Exit> say_if_entered(OwnerSession& session, const Output& output, Word word,
                          const Result<void>& entered) {
  const bool is_refused = !entered && entered.error().code == Errc::refused;
  if (!entered) co_return output.failure(entered.error(), is_refused ? "" : "Is this home's node running?");
  co_return co_await word(session, output);
}

// With what was unlocked already, so that nobody is asked twice.
Exit say(const Home& home, const Output& output, const LeaveOptions& options, UnlockedHome unlocked,
         Word word) {
  return with_unlocked_session(home, output, options, std::move(unlocked),
                               [&](OwnerSession& session, const Result<void>& entered) {
                                 return say_if_entered(session, output, word, entered);
                               });
}

}  // namespace

Exit leave_command(const Home& home, const Output& output, const LeaveOptions& options) {
  if (const auto flaw = flaw_of_drain(home, output)) return *flaw;
  if (const auto identity = home.identity(); !identity) return output.failure(identity.error());
  crypto::Ed25519Signatures signatures;
  auto unlocked = unlock_with_passphrase(signatures, home, output);
  if (!unlocked) return failure_to_unlock(output, unlocked.error());
  if (!options.now) {
    account::UnlockedKeys keys = unlocked->keys();
    Exit exit = say(home, output, options, std::move(*unlocked), give_nothing);
    if (exit == Exit::done) exit = watch_until_empty(home, output);
    if (exit != Exit::done) return exit;
    unlocked = open_home(signatures, home, std::move(keys));
    if (!unlocked && unlocked.error().code == Errc::refused) {
      return output.failure(Exit::no_node, "your keys were changed with rekey on another machine",
                            "This machine is empty and has not left: try again, with the new passphrase.");
    }
    if (!unlocked) return output.failure(unlocked.error());
  }
  const Exit exit = say(home, output, options, std::move(*unlocked), depart);
  if (exit != Exit::done) return exit;
  (void)home.forget_machine_key();
  if (output.json()) {
    output.document({{"type", "left"}});
  } else {
    output.line("This machine has left the ring. Stop its node; then its folder may go.");
    output.note("Your own files stay with your friends: at another machine, peerstore recovery use.");
  }
  return exit;
}

}  // namespace peerstore::cli
