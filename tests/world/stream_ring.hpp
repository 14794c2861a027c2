// A few machines that know one another, over virtual streams, and a service that does what the question
// says.
#pragma once

#include <peerstore/world/stream_network.hpp>
#include <peerstore/world/virtual_clock.hpp>

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace peerstore::world {

inline wire::MemberId member(std::uint8_t number) {
  wire::MemberId id;
  id.bytes.fill(number);
  return id;
}

// What all know.
struct Acquaintance {
  wire::PersonNumber person = 0;
  crypto::SigningPublicKey key;
  std::string address;
};
using Acquaintances = std::map<wire::MemberId, Acquaintance>;

class KnownDirectory final : public link::Directory {
 public:
  explicit KnownDirectory(const Acquaintances& all) : all_(all) {}
  wire::RingId ring_id() const override { return ring; }
  std::optional<Peer> find(const crypto::SigningPublicKey& key) const override {
    for (const auto& [id, known] : all_) {
      if (known.key == key) return Peer{id, known.person};
    }
    return std::nullopt;
  }
  std::optional<crypto::SigningPublicKey> node_key(const wire::MemberId& id) const override {
    const auto found = all_.find(id);
    if (found == all_.end()) return std::nullopt;
    return found->second.key;
  }
  std::vector<std::string> addresses(const wire::MemberId& id) const override {
    const auto found = all_.find(id);
    if (found == all_.end()) return {};
    return {found->second.address};
  }
  std::vector<wire::Statement> own_proof() const override { return {}; }
  void learn(const std::vector<wire::Statement>&) override {}

  wire::RingId ring;

 private:
  const Acquaintances& all_;
};

// GetNeighbours: who it is. Reserve{n}: the same number, after n milliseconds. GetSegment{i}: a segment
// of bytes i. PutSegment: counted. Join: what came, back.
class StreamService final : public wire::Service {
 public:
  StreamService(Clock& clock, const wire::MemberId& self) : clock_(clock), self_(self) {}

  Task<Result<wire::Response>> serve(wire::Caller caller, wire::Request request) override {
    last_caller = caller;
    ++begun;
    if (const auto* reserve = std::get_if<wire::Reserve>(&request)) {
      const std::uint64_t wait = reserve->bytes;
      co_await clock_.sleep(std::chrono::milliseconds(wait));
      ++ended;
      co_return wire::Response(wire::Reserved{wait});
    }
    ++ended;
    if (const auto* segment = std::get_if<wire::GetSegment>(&request)) {
      Bytes bytes(wire::kSegmentBytes, static_cast<std::uint8_t>(segment->index));
      co_return wire::Response(wire::SegmentReply{SharedBytes(std::move(bytes))});
    }
    if (auto* put = std::get_if<wire::PutSegment>(&request)) {
      bytes_put += put->data.size();
      last_put = put->data;
      co_return wire::Response(wire::SegmentTaken{});
    }
    if (const auto* join = std::get_if<wire::Join>(&request)) {
      co_return wire::Response(wire::Welcome{join->statements, {}});
    }
    wire::Neighbours neighbours;
    neighbours.self.id = self_;
    co_return wire::Response(std::move(neighbours));
  }

  wire::Caller last_caller;
  int begun = 0;
  int ended = 0;
  std::uint64_t bytes_put = 0;
  SharedBytes last_put;

 private:
  Clock& clock_;
  wire::MemberId self_;
};

// Members 1 to `count`, all attached.
struct StreamRing {
  explicit StreamRing(std::uint8_t count, std::uint64_t seed = 7,
                      const StreamNetwork::Options& options = StreamNetwork::Options{})
      : network(clock, seed, options) {
    for (std::uint8_t number = 1; number <= count; ++number) add(number);
  }
  ~StreamRing() {
    for (const auto& [id, service] : services) network.detach(id);
  }

  void add(std::uint8_t number) {
    Acquaintance& known = acquaintances[member(number)];
    known.person = number + 100U;
    known.key.bytes.fill(number);
    known.address = "machine-" + std::to_string(number) + ":7000";
    services[member(number)] = std::make_unique<StreamService>(clock, member(number));
    start(number);
  }
  void start(std::uint8_t number) {
    const Acquaintance& known = acquaintances[member(number)];
    network.equip(member(number), {clock, directory, known.key, known.address});
    network.attach(member(number), services[member(number)].get(), known.person);
  }
  StreamService& service(std::uint8_t number) { return *services[member(number)]; }

  template <class Ask>
  Result<typename Ask::Reply> ask(std::uint8_t from, std::uint8_t to, Ask question,
                                  Duration patience = wire::kPatience) {
    return clock.run(wire::ask(network.endpoint(member(from)), member(to), std::move(question), patience));
  }
  Errc error_of(std::uint8_t from, std::uint8_t to, Duration patience = wire::kPatience) {
    const auto answer = ask(from, to, wire::GetNeighbours{}, patience);
    EXPECT_TRUE(answer.has_error());
    return answer ? Errc::cancelled : answer.error().code;
  }
  bool answers(std::uint8_t from, std::uint8_t to) {
    const auto answer = ask(from, to, wire::GetNeighbours{});
    if (answer) EXPECT_EQ(answer->self.id, member(to));
    return answer.has_value();
  }

  VirtualClock clock;
  Acquaintances acquaintances;
  KnownDirectory directory{acquaintances};
  StreamNetwork network;
  std::map<wire::MemberId, std::unique_ptr<StreamService>> services;
};

}  // namespace peerstore::world
