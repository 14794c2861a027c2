// ReportingNetwork: a network whose every answered or failed call is told to membership, for parts
// of the node that know nothing of liveness.
#pragma once

#include <peerstore/membership/membership.hpp>
#include <peerstore/wire/network.hpp>

namespace peerstore::node {

class ReportingNetwork final : public wire::Network {
 public:
  // Both outlive this.
  ReportingNetwork(wire::Network& network, membership::Membership& membership)
      : network_(network), membership_(membership) {}

  Task<Result<wire::Response>> call(wire::MemberId peer, wire::Request request, Duration patience) override {
    Result<wire::Response> answer = co_await network_.call(peer, std::move(request), patience);
    const bool silent =
        !answer && (answer.error().code == Errc::timed_out || answer.error().code == Errc::unreachable);
    if (silent) {
      membership_.failed(peer);
    } else {
      membership_.heard_from(peer);
    }
    co_return answer;
  }

 private:
  wire::Network& network_;
  membership::Membership& membership_;
};

}  // namespace peerstore::node
