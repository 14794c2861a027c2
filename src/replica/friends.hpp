// Friends: the other members as one machine sees them: whom it is worth asking, and their names.
//
// The ring's view says who answers; this adds what the machine itself has just seen. A member that
// did not answer counts as away for a while, so that it costs one wait and not one for each chunk.
#pragma once

#include <peerstore/replica/ring_view.hpp>
#include <peerstore/wire/network.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace peerstore::replica {

// No answer at all, as against an answer that helps nobody.
inline bool is_silence(Errc code) { return code == Errc::timed_out || code == Errc::unreachable; }

class Friends {
 public:
  using NameOf = std::function<std::string(const wire::MemberId&)>;
  // How long a member that did not answer is left alone.
  static constexpr Duration kLeftAlone = std::chrono::minutes(1);
  // How long a member is waited for that is thought to be away.
  static constexpr Duration kAwayPatience = std::chrono::seconds(3);
  // For what carries a segment or waits for a disk: several segments may share a thin uplink.
  static constexpr Duration kBulkPatience = std::chrono::seconds(30);
  // For a segment that goes on to so many others, one after another: whoever passes it on is to answer in
  // time, also when those after it do not.
  static constexpr Duration chain_patience(std::size_t onward) {
    return kBulkPatience + static_cast<int>(onward) * kHopTime;
  }
  static constexpr Duration kHopTime = std::chrono::seconds(10);

  Friends(Clock& clock, wire::Network& network, const RingView& view, NameOf name_of)
      : clock_(clock), network_(network), view_(view), name_of_(std::move(name_of)) {}

  bool is_gone(const wire::MemberId& member) const;
  bool is_live(const wire::MemberId& member) const;
  // Away by the view, but not asked in vain lately: worth a question when the live ones do not suffice.
  bool may_be_back(const wire::MemberId& member) const;
  // It took so long that another was asked: for a while the others go first.
  void was_slow(const wire::MemberId& member) { slow_since_.insert_or_assign(member, clock_.now()); }
  // The live ones of `members` first, slow ones after the others, then those that may be back. The
  // rest is left out.
  std::vector<wire::MemberId> worth_asking(const std::vector<wire::MemberId>& members) const;

  template <class Question>
  Task<Result<typename Question::Reply>> ask(wire::MemberId member, Question question,
                                             Duration patience = wire::kPatience) {
    const Duration most = is_live(member) ? patience : kAwayPatience;
    Result<typename Question::Reply> reply = co_await wire::ask(network_, member, std::move(question), most);
    note(member, reply.has_value() || !is_silence(reply.error().code));
    co_return reply;
  }

  std::string name(const wire::MemberId& member) const;
  // "a", "a and b", "a, b and c".
  std::string names(const std::vector<wire::MemberId>& members, std::string_view last = " and ") const;

 private:
  void note(const wire::MemberId& member, bool answered);
  using Since = std::map<wire::MemberId, TimePoint>;  // members only: bounded by the ring
  bool lately(const Since& since, const wire::MemberId& member) const;

  Clock& clock_;
  wire::Network& network_;
  const RingView& view_;
  NameOf name_of_;
  Since silent_since_;
  Since slow_since_;
};

}  // namespace peerstore::replica
