// The moving parts of Membership. Private to it.
#pragma once

#include <peerstore/membership/membership.hpp>
#include <peerstore/runtime/sync.hpp>

#include <deque>
#include <set>
#include <unordered_map>

#include "liveness.hpp"
#include "presences.hpp"

namespace peerstore::membership {

struct Membership::State {
  // How comparing digests with one peer went.
  struct Comparison {
    bool met = false;  // since it was last away
    bool exchanging = false;
    std::optional<TimePoint> differs_since;
    std::optional<TimePoint> exchanged;
  };
  // What is new here and was not passed on yet. Names, not contents: what is outdated by the time
  // it would be sent is left out.
  struct News {
    std::vector<wire::StatementId> statements;
    std::set<wire::MemberId> presences;
    bool empty() const { return statements.empty() && presences.empty(); }
  };
  struct Learned {
    std::vector<wire::StatementId> statements;
    std::vector<wire::MemberId> presences;
    std::vector<wire::Absence> absences;
    std::size_t size() const { return statements.size() + presences.size() + absences.size(); }
  };
  // Members from `first` up to, not including, `until`, going clockwise.
  struct Part {
    wire::MemberId first;
    wire::MemberId until;
  };

  State(Clock& given_clock, Random& given_random, crypto::Signatures& given_signatures,
        wire::Network& given_network, Roster& given_roster, wire::MemberId given_self, Options given_options)
      : clock(given_clock),
        random(given_random),
        signatures(given_signatures),
        network(given_network),
        roster(given_roster),
        self(given_self),
        options(given_options),
        liveness(given_self),
        has_news(given_clock),
        somebody_is_away(given_clock),
        scope(given_clock) {}

  // Takes what counts and tells everybody who wants to know. What was new is returned, not yet news.
  Learned take(const std::vector<wire::Statement>& statements, const std::vector<wire::Presence>& presences);
  Learned take_own(wire::Presence presence);
  // Words of newcomers may come before the statements that let them in.
  void wait_for_statements(const wire::Presence& presence);
  std::vector<wire::Presence> no_longer_strangers();
  // Those that ended what stood, of them or of what is older. One's own is denied.
  std::vector<wire::Absence> believe(const std::vector<wire::Absence>& absences);
  // A command is over before it could be corrected: it learns where those are who are away, and may try them.
  bool is_client() const { return self == wire::MemberId{}; }
  void pass_on(const Learned& learned);
  void note_heard(const wire::MemberId& member);
  void note_failed(const wire::MemberId& member);
  // Any other error is the peer's own answer.
  template <class Reply>
  static bool is_silence(const Result<Reply>& answer) {
    return !answer && (answer.error().code == Errc::timed_out || answer.error().code == Errc::unreachable);
  }
  // What an answer, or its lack, says about whether the peer is live.
  template <class Reply>
  void note(const wire::MemberId& member, const Result<Reply>& answer) {
    if (is_silence(answer)) {
      note_failed(member);
    } else {
      note_heard(member);
    }
  }
  crypto::Hash digest() const;
  wire::RosterMarks marks() const;
  bool is_of_another_day() const;

  // spreading.cpp
  Task<void> spread();
  wire::PushStatements take_news();
  wire::PushStatements contents_of(const Learned& learned) const;
  // To all members between self and `until`.
  void tell_ring(wire::PushStatements news, const wire::MemberId& until);
  std::vector<Part> divide(const wire::MemberId& until) const;
  Task<void> tell_part(Part part, wire::PushStatements news);
  Task<void> tell(wire::MemberId peer, wire::PushStatements news);
  Task<void> ask_those_away();

  // exchange.cpp
  void compare(const wire::MemberId& peer, const wire::RosterMarks& theirs);
  bool differs_from(const wire::RosterMarks& theirs) const;
  Task<void> exchange_in_background(wire::MemberId peer);
  Task<Result<void>> exchange(wire::MemberId peer);
  Task<Result<void>> exchange_statements(wire::MemberId peer);
  wire::ComparePresences compare_question(bool after_absence);
  Task<Result<wire::PresenceDifference>> compare_presences(wire::MemberId peer, bool trusting);
  Task<void> look_for_the_unheard();
  Task<void> note_the_unheard();
  Task<void> catch_up(wire::MemberId successor);
  Task<void> learn_addresses();
  // Absences that contradict what is known: each is told to whom it is about.
  void doubt(const std::vector<wire::Absence>& absences);
  Task<void> confront(wire::Absence absence);
  std::vector<wire::StatementId> own_ids();
  wire::PushStatements requested(const std::vector<wire::StatementId>& wanted) const;
  std::vector<wire::Presence> presences_of(const std::vector<wire::Statement>& statements) const;

  Clock& clock;
  Random& random;
  crypto::Signatures& signatures;
  wire::Network& network;
  Roster& roster;
  const wire::MemberId self;
  const Options options;

  Presences presences;
  Liveness liveness;
  std::uint64_t own_life = 0;  // the incarnation that this machine announced last
  News news;
  std::unordered_map<wire::MemberId, Comparison, FixedBytesHash> comparisons;
  std::vector<std::function<void()>> on_change;
  std::function<void(std::uint64_t incarnation)> on_denial;
  std::function<void(const wire::MemberId&)> on_return;
  std::function<bool()> is_stale;
  std::deque<wire::Presence> of_strangers;  // unproven: few, the latest
  std::set<wire::MemberId> contested;       // whose ended words were told as news
  std::uint64_t departures = 0;
  bool neighbours_only = false;  // of presences and absences
  bool learning_addresses = false;
  std::uint64_t lives_entered = 0;
  bool entering = false;  // what is known is of another day
  bool is_behind = true;  // and was not exchanged with anybody since
  std::uint64_t refused = 0;
  bool started = false;
  Event has_news;
  Event somebody_is_away;
  TaskScope scope;  // last: its tasks use everything above
};

}  // namespace peerstore::membership
