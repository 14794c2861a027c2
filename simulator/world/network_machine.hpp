// A machine as the virtual network knows it, from the first time that somebody names it: its lines,
// and what the hub must remember of it.
#pragma once

#include <peerstore/world/virtual_network.hpp>

#include <algorithm>

namespace peerstore::world {

// One direction of a machine's line: messages pass one after another, at a rate.
//
// A receiver's messages are added when they are sent, not in the order of their arrival. So the
// backlog is kept as of the latest arrival so far, and one that arrives before that waits for all of
// it: right in the sum, and off by no more than the backlog for each.
class Line {
 public:
  void set_rate(std::uint64_t bytes_per_second) {
    rate_ = bytes_per_second;
    backlog_ = Duration::zero();
  }
  // When a message that is there at `when` is through.
  TimePoint pass(TimePoint when, std::size_t bytes) {
    if (rate_ == 0) return when;
    if (when > latest_) {
      backlog_ = std::max(Duration::zero(), backlog_ - (when - latest_));
      latest_ = when;
    }
    backlog_ += Duration(static_cast<Duration::rep>(bytes * std::uint64_t{1'000'000'000} / rate_));
    return when + backlog_;
  }

 private:
  std::uint64_t rate_ = 0;
  Duration backlog_{};
  TimePoint latest_;
};

struct VirtualNetwork::Machine {
  Machine(Clock& clock, const wire::MemberId& a_member, std::uint32_t index)
      : member(a_member), place(index), serving(clock) {}

  bool is_choosy() const { return behind_nat || !address.empty(); }
  // Its links broke: what others remember of them is void, too.
  void break_links() {
    ++life;
    links.clear();
  }

  wire::MemberId member;
  std::uint32_t place;
  unsigned island = 0;
  bool asleep = false;
  bool behind_nat = false;
  wire::PersonNumber person = 0;
  wire::Service* service = nullptr;
  std::unique_ptr<wire::Network> endpoint;
  std::vector<Call*> overslept;  // its own calls that ended while it slept
  Duration slowness{};
  Line up;
  Line down;
  std::string address;                         // empty: one that everybody knows
  const link::Directory* directory = nullptr;  // what it knows of addresses; nothing: all
  std::uint64_t life = 0;
  // Of a choosy machine: open links by the other's place, with the other's life when they opened.
  std::unordered_map<std::uint32_t, std::uint64_t> links;
  Counters sent;
  TaskScope serving;
};

}  // namespace peerstore::world
