// Network: asking another member of the ring a question. Service: answering one.
//
// Timeouts live below this interface, once: from measured round trips of each peer, within the
// caller's limit. No answer in time is Errc::timed_out, no link Errc::unreachable; both mean
// "away". Any other error is the peer's own answer: a peer to which this happened with others in turn
// answers Errc::busy.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/task.hpp>
#include <peerstore/wire/messages.hpp>

#include <string>

namespace peerstore::wire {

// The longest a caller waits for any answer unless it says otherwise.
inline constexpr Duration kPatience = std::chrono::seconds(10);

class Network {
 public:
  virtual ~Network() = default;
  virtual Task<Result<Response>> call(MemberId peer, Request request, Duration patience = kPatience) = 0;
};

// Who is asking, as the link proved it.
struct Caller {
  MemberId member;
  PersonNumber person = 0;
  bool is_joiner = false;  // not a member yet: `member` and `person` mean nothing
  bool is_client = false;  // a command of that member's owner, not the node itself
};

class Service {
 public:
  virtual ~Service() = default;
  virtual Task<Result<Response>> serve(Caller caller, Request request) = 0;
};

// The answer as its own type. An answer of another kind is Errc::invalid.
template <class Ask>
Task<Result<typename Ask::Reply>> ask(Network& network, MemberId peer, Ask question,
                                      Duration patience = kPatience) {
  Request request(std::move(question));
  Result<Response> answer = co_await network.call(peer, std::move(request), patience);
  if (!answer) co_return answer.error();
  if (auto* reply = std::get_if<typename Ask::Reply>(&*answer)) co_return std::move(*reply);
  co_return fail(Errc::invalid, "an answer to another question");
}

}  // namespace peerstore::wire
