// HearsayNetwork: a network over which those can be reached whom an answer named, and of whom this node
// does not know yet where they are.
//
// Answers name members, not their addresses, which news bring. Past the byte budget there are no such news:
// whoever comes tells its neighbours alone. So it is remembered who named a member, and before that one is
// asked anything, whoever named it is asked where it is. (Its word is signed by itself: a liar can withhold
// it, not forge it.) Past the budget that is asked at once: a namer may be gone when it is needed.
#pragma once

#include <peerstore/membership/membership.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/wire/network.hpp>

#include <deque>
#include <functional>
#include <map>

namespace peerstore::node {

class HearsayNetwork final : public wire::Network {
 public:
  // References must outlive this.
  HearsayNetwork(Clock& clock, wire::Network& network, membership::Membership& membership,
                 wire::MemberId self)
      : clock_(clock), network_(network), membership_(membership), self_(self), scope_(clock) {}

  // While it is set, whereabouts are asked for before they are needed.
  void look_ahead(bool ahead) { ahead_ = ahead; }

  Task<Result<wire::Response>> call(wire::MemberId peer, wire::Request request, Duration patience) override;

 private:
  struct Named {
    wire::MemberId by;
    std::uint64_t incarnation = 0;
    TimePoint ask_again;
  };
  // Where it was in that life or a later one.
  bool knows_the_way_to(const wire::MemberId& member, std::uint64_t incarnation) const;
  void note_named(const wire::MemberId& by, const wire::NodeRef& member);
  void note(const wire::MemberId& peer, const wire::Response& answer);
  Task<void> find_out(wire::MemberId from, std::vector<wire::MemberId> members, Duration patience);

  Clock& clock_;
  wire::Network& network_;
  membership::Membership& membership_;
  wire::MemberId self_;
  bool ahead_ = false;
  // Of those to whom the way is not known: few, the latest.
  std::map<wire::MemberId, Named> named_;
  std::deque<wire::MemberId> order_;
  TaskScope scope_;  // last: its tasks use everything above
};

}  // namespace peerstore::node
