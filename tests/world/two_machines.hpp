// Machines that answer one question, for the tests of the virtual network.
#pragma once

#include <peerstore/world/virtual_clock.hpp>
#include <peerstore/world/virtual_network.hpp>

#include <gtest/gtest.h>

#include <initializer_list>

namespace peerstore::world {

inline wire::MemberId member(std::uint8_t number) {
  wire::MemberId id;
  id.bytes[0] = number;
  id.bytes[31] = number;
  return id;
}

// Answers GetNeighbours with its own name, after a while if told to; counts what it sees.
class Echo final : public wire::Service {
 public:
  Echo(Clock& clock, wire::MemberId self) : clock_(clock), self_(self) {}

  Task<Result<wire::Response>> serve(wire::Caller caller, wire::Request) override {
    ++begun;
    last_caller = caller;
    if (takes > Duration::zero()) co_await clock_.sleep(takes);
    ++ended;
    wire::Neighbours answer;
    answer.self.id = self_;
    co_return wire::Response(std::move(answer));
  }

  Duration takes{};
  int begun = 0;
  int ended = 0;
  wire::Caller last_caller;

 private:
  Clock& clock_;
  wire::MemberId self_;
};

class VirtualNetworkTest : public ::testing::Test {
 protected:
  VirtualNetworkTest() {
    network.attach(member(1), &one, 11);
    network.attach(member(2), &two, 22);
  }
  ~VirtualNetworkTest() override {
    for (std::uint8_t number : {1, 2}) {
      if (network.is_attached(member(number))) network.detach(member(number));
    }
  }
  Result<wire::Neighbours> ask(std::uint8_t from, std::uint8_t to, Duration patience = wire::kPatience) {
    return clock.run(wire::ask(network.endpoint(member(from)), member(to), wire::GetNeighbours{}, patience));
  }
  Errc error_of(std::uint8_t from, std::uint8_t to, Duration patience = wire::kPatience) {
    const auto answer = ask(from, to, patience);
    EXPECT_TRUE(answer.has_error());
    return answer ? Errc::cancelled : answer.error().code;
  }

  VirtualClock clock;
  VirtualNetwork network{clock, 7};
  Echo one{clock, member(1)};
  Echo two{clock, member(2)};
};

}  // namespace peerstore::world
