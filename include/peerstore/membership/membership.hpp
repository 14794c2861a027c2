// Membership: this node's part in spreading the roster, and its own view of who answers now.
//
// The roster (who belongs) and presences (where they are, in which incarnation) travel as news: what
// a node learns it passes on, in batches, to a few others; neighbours compare digests at every
// stabilisation and exchange what differs, so nothing depends on the news arriving. Liveness is
// each node's own opinion, fed by every answer and every failed call; it never travels.
#pragma once

#include <peerstore/membership/roster.hpp>
#include <peerstore/runtime/disk.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/workers.hpp>
#include <peerstore/wire/network.hpp>

#include <functional>
#include <map>

namespace peerstore::membership {

class Membership {
 public:
  struct Options {
    Duration news_period = std::chrono::seconds(1);  // how long news are gathered before they are passed on
    std::size_t news_fan_out = 3;                    // to how many
    Duration exchange_pause = std::chrono::seconds(10);  // least time between exchanges with one peer
    Duration away_after = std::chrono::seconds(30);      // silence after a failed call: away
  };

  // `self` is zero for a client. References must outlive this. The roster may hold statements.
  Membership(Clock& clock, Random& random, crypto::Signatures& signatures, wire::Network& network,
             Roster roster, wire::MemberId self, Options options);
  ~Membership();

  Roster& roster() { return roster_; }
  const Roster& roster() const { return roster_; }

  // Tells what changed, after the fact: for saving the roster, for repair, for links of the revoked.
  void on_change(std::function<void()> callback);

  // Starts passing news on. Runs until this is destroyed.
  void start();

  // Own presence: signed by the caller, spread like any other.
  void announce(wire::Presence presence);
  const wire::Presence* presence(const wire::MemberId& member) const;
  std::vector<wire::Presence> presences() const;

  // Statements and presences from anywhere. Refused ones are counted and dropped.
  void learn(const std::vector<wire::Statement>& statements, const std::vector<wire::Presence>& presences);

  // Of roster and presences: what neighbours compare.
  crypto::Hash digest() const;
  // `peer` said that its digest is `theirs`: exchanges in the background if they differ.
  void compare(wire::MemberId peer, const crypto::Hash& theirs);
  // One exchange, now.
  Task<Result<void>> exchange(wire::MemberId peer);

  // The answering side.
  wire::RosterDifference answer(const wire::ExchangeRoster& request);
  // Admits the joiner: checks the claim, adds it, passes it on. Errc::refused with a reason for
  // people: not invited, invitation used, expired.
  Result<wire::Welcome> admit(const wire::Join& request, WallTime now);

  // Liveness. Every answered or failed call reports here.
  void heard_from(const wire::MemberId& member);
  void failed(const wire::MemberId& member);
  bool is_live(const wire::MemberId& member) const;
  // When it last answered; nothing if never since this process began (then: since start).
  std::optional<TimePoint> last_heard(const wire::MemberId& member) const;
  // Members that are not gone, not self, and live, by id.
  std::vector<wire::MemberId> live_members() const;

 private:
  struct State;
  Roster roster_;
  std::unique_ptr<State> state_;
};

// The statements on disk ("roster"), replaced atomically.
Result<void> save_statements(Disk& disk, const std::vector<wire::Statement>& statements);
Result<std::vector<wire::Statement>> load_statements(Disk& disk);

}  // namespace peerstore::membership
