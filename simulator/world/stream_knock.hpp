// Knock: the opening of a stream, from the first packet to whoever listens until its answer is back.
#pragma once

#include <peerstore/link/handover.hpp>

#include "world/stream_machine.hpp"

namespace peerstore::world {

class StreamNetwork::Knock final : private Timer {
 public:
  using Sender = link::Handover<std::shared_ptr<link::ByteStream>>::Sender;

  // At somebody's door, and who they say they are.
  struct Visit {
    Machine& from;
    crypto::SigningPublicKey key;
    std::string address;
    TimePoint deadline;
  };

  Knock(StreamNetwork& hub, std::uint64_t id, Visit visit, Sender sender);

 private:
  void fire() override;
  void arrive();
  void knock_again();
  void over();

  StreamNetwork& hub_;
  std::uint64_t id_;
  Visit visit_;
  Sender sender_;
  Machine* listener_ = nullptr;
  bool answered_ = false;
  std::shared_ptr<link::ByteStream> stream_;  // that was opened, if any
};

}  // namespace peerstore::world
