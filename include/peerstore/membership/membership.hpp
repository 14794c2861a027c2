// Membership: this node's part in spreading the roster, and its own view of who answers now.
//
// The roster (who belongs), presences (where they are, in which incarnation) and absences (who does
// not answer any more) travel as news along the ring: whoever has news divides the circle among a few
// live members, each of which answers for its part and divides it again, so that everybody hears them
// once, after as many steps as the tree is deep (El-Ansary, Alima, Brand and Haridi, "Efficient
// broadcast in structured peer-to-peer networks", IPTPS 2003). Of a part whose first member is silent
// the next one is told. Neighbours compare digests at every stabilisation and exchange what stays
// different, so nothing depends on the news arriving. When there is nothing to tell, nothing is sent.
//
// Liveness is each node's own opinion, fed by every answer, every failed call, and the news. A member
// whose call failed is away at once, and live again when it is heard from; a new presence of it makes
// it worth another try. The ring detects who is gone, each member its successor, and tells
// everybody: that is an absence. It is a hint, which ends one presence; whoever hears of its own
// absence denies it with a newer one. Those who are away are asked now and then, one at a time, so
// that one lost answer, or a partition that healed, is not remembered for ever.
#pragma once

#include <peerstore/membership/roster.hpp>
#include <peerstore/runtime/disk.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/workers.hpp>
#include <peerstore/wire/network.hpp>

#include <functional>
namespace peerstore::membership {

class Membership {
 public:
  struct Options {
    Duration statements_period = std::chrono::seconds(1);   // how long own statements are gathered
    Duration news_period = std::chrono::milliseconds(250);  // between own news; the first is told at once
    std::size_t news_fan_out = 8;               // among how many the ring is divided; 0: tells nobody
    Duration settle = std::chrono::seconds(5);  // a younger difference is news on their way: no exchange
    Duration exchange_pause = std::chrono::seconds(10);  // least time between exchanges with one peer
    Duration probe_period = std::chrono::seconds(30);    // between questions to one that is away
  };

  // `self` is zero for a client. References must outlive this. The roster may hold statements.
  Membership(Clock& clock, Random& random, crypto::Signatures& signatures, wire::Network& network,
             Roster roster, wire::MemberId self, Options options);
  ~Membership();

  // Statements are added through learn(), which passes them on.
  Roster& roster() { return roster_; }
  const Roster& roster() const { return roster_; }

  // Tells that the roster changed, after the fact, once a batch: for saving it, for repair, for links
  // of the revoked. Each callback that was given is called; it must not destroy this.
  void on_change(std::function<void()> callback);

  // Of a ring that is too large, or whose members come and go too fast, only the statements are
  // followed: who is where, and who is away, is not compared, told or passed on. Each life is told to
  // the neighbours alone.
  void follow_neighbours_only(bool neighbours_only);
  // The own presence, to these alone.
  void tell(const std::vector<wire::MemberId>& members);

  // How many members, by the news, went away since the start.
  std::uint64_t departures() const;

  // Starts passing news on, and asking those who are away. Runs until this is destroyed. What was
  // learned before is not news.
  void start();

  // Own presence: signed by the caller. It has to be newer than presence(self), which may have come
  // back from an earlier life; else it is dropped. announce() spreads it like any other news;
  // announce_now() does so without gathering, set_presence() leaves it to enter().
  void announce(wire::Presence presence);
  void announce_now(wire::Presence presence);
  void set_presence(wire::Presence presence);
  // Others take this machine for away, or remember a later life of it (its disk was replaced, and its clock
  // set back): it should announce a newer presence. `incarnation` is what they know, not signed by anybody.
  void on_denial(std::function<void(std::uint64_t incarnation)> callback);
  // A member that was away spoke, or has a new presence.
  void on_return(std::function<void(const wire::MemberId&)> callback);
  // Tells whether this machine slept, so that what it knows is of another day: it keeps that to itself.
  void on_stale(std::function<bool()> is_stale);
  // This machine came (back) into the ring, and `successor` is next to it: learns from it what it
  // missed, and lets it spread the own presence.
  void enter(wire::MemberId successor);
  // After enter(), or sleep: what it missed is on its way, and it tells others nothing until then.
  bool is_catching_up() const;
  // The ring found that `member`, who comes next, does not answer: tells everybody.
  void lost(const wire::MemberId& member);
  const wire::Presence* presence(const wire::MemberId& member) const;
  std::vector<wire::Presence> presences() const;

  // Statements and presences from anywhere. Refused ones are counted and dropped.
  // Tell statements in the order of their dependence, as rosters do: it is cheaper.
  void learn(const std::vector<wire::Statement>& statements, const std::vector<wire::Presence>& presences);

  // News from another member: learned, and passed on to the part of the ring that they name.
  void hear(wire::PushStatements news);

  std::uint64_t refused() const;

  // Of roster and presences.
  crypto::Hash digest() const;
  // The same for others to compare.
  wire::RosterMarks marks() const;
  // `peer` said that its marks are `theirs`: exchanges in the background if they differ. At once
  // with one that was not compared with before, or was away meanwhile; else when news had the time
  // to settle, and not again within the pause.
  void compare(wire::MemberId peer, const wire::RosterMarks& theirs);
  // One exchange, now.
  Task<Result<void>> exchange(wire::MemberId peer);

  // The answering side.
  wire::RosterDifference answer(const wire::ExchangeRoster& request);
  wire::PresenceDifference answer(const wire::ComparePresences& request, bool is_client = false) const;
  // Admits the joiner: checks the claim, adds it, passes it on. Errc::refused with a reason for
  // people: not invited, invitation used, expired. A refused one changes nothing; one who was let in
  // by the same statements is let in again.
  Result<wire::Welcome> admit(const wire::Join& request, WallTime now);
  // Whom admit() would let in, as the map would have it; changes nothing. Errc::refused also if it is in.
  Result<placement::Machine> would_admit(const wire::PreviewJoin& request, WallTime now) const;

  // Liveness. Every answered or failed call reports here.
  void heard_from(const wire::MemberId& member);
  void failed(const wire::MemberId& member);
  // Self is live; whoever is gone or unknown is not.
  bool is_live(const wire::MemberId& member) const;
  // When it last answered; nothing if never since this process began (then: since start).
  std::optional<TimePoint> last_heard(const wire::MemberId& member) const;
  // Members that are not gone, not self, and live, by id.
  std::vector<wire::MemberId> live_members() const;
  // The same without a copy; good until anything is learned, heard or failed.
  const std::vector<wire::MemberId>& live() const;

 private:
  struct State;
  Roster roster_;
  std::unique_ptr<State> state_;
};

// The statements on disk ("roster"), replaced atomically. Loading: Errc::not_found if there is no
// such file, Errc::corrupt, with a remedy, if it is damaged.
Result<void> save_statements(Disk& disk, const std::vector<wire::Statement>& statements);
Result<std::vector<wire::Statement>> load_statements(Disk& disk);

}  // namespace peerstore::membership
