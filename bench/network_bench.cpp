// What a call and a segment cost over real TLS links, both ends on one loop and one core.
#include <benchmark/benchmark.h>

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/net/tls_network.hpp>
#include <peerstore/runtime/combine.hpp>

#include <array>
#include <memory>

namespace peerstore {
namespace {

constexpr std::size_t kMachines = 2;

wire::MemberId member(std::size_t number) {
  wire::MemberId id;
  id.bytes.fill(static_cast<std::uint8_t>(number + 1));
  return id;
}

class Everybody final : public net::Directory {
 public:
  Everybody() {
    crypto::Ed25519Signatures signatures;
    for (std::size_t i = 0; i < kMachines; ++i) {
      crypto::SigningSecretKey secret;
      secret.bytes.fill(static_cast<std::uint8_t>(i + 1));
      keys[i] = signatures.key_pair_from(secret);
    }
  }
  wire::RingId ring_id() const override { return {}; }
  std::optional<Peer> find(const crypto::SigningPublicKey& key) const override {
    for (std::size_t i = 0; i < kMachines; ++i) {
      if (keys[i].public_key == key) return Peer{member(i), 1};
    }
    return std::nullopt;
  }
  std::optional<crypto::SigningPublicKey> node_key(const wire::MemberId& id) const override {
    for (std::size_t i = 0; i < kMachines; ++i) {
      if (member(i) == id) return keys[i].public_key;
    }
    return std::nullopt;
  }
  std::vector<std::string> addresses(const wire::MemberId&) const override { return {address}; }
  std::vector<wire::Statement> own_proof() const override { return {}; }
  void learn(const std::vector<wire::Statement>&) override {}

  std::array<crypto::SigningKeyPair, kMachines> keys;
  std::string address;
};

// Answers at once, from memory.
class Answerer final : public wire::Service {
 public:
  Task<Result<wire::Response>> serve(wire::Caller, wire::Request request) override {
    if (std::holds_alternative<wire::GetSegment>(request)) {
      co_return wire::Response(wire::SegmentReply{segment});
    }
    if (std::holds_alternative<wire::PutSegment>(request)) co_return wire::Response(wire::SegmentTaken{});
    co_return wire::Response(wire::Neighbours{});
  }
  SharedBytes segment{Bytes(wire::kSegmentBytes, 7)};
};

struct TwoMachines {
  TwoMachines() {
    for (std::size_t i = 0; i < kMachines; ++i) start_anew(i);
    const Result<std::string> bound = networks[1]->listen("127.0.0.1:0", answerer);
    CHECK(bound.has_value());
    directory.address = *bound;
  }
  void start_anew(std::size_t machine) {
    net::TlsNetwork::Options options;
    options.role = net::TlsNetwork::Role::node;
    options.node_secret = directory.keys[machine].secret_key;
    networks[machine] = std::make_unique<net::TlsNetwork>(loop, directory, options);
  }
  // TCP, TLS and both greetings: until each has judged the other.
  Task<void> link() {
    const auto linked = co_await networks[0]->connect(directory.address, directory.keys[1].public_key);
    CHECK(linked.has_value());
  }
  template <class Ask>
  Task<void> ask_over_and_over(Ask question, int times) {
    for (int i = 0; i < times; ++i) {
      const auto answer = co_await wire::ask(*networks[0], member(1), question);
      CHECK(answer.has_value());
    }
  }
  template <class Ask>
  Task<void> ask_side_by_side(Ask question, int askers, int times) {
    TaskScope scope(loop);
    for (int i = 0; i < askers; ++i) scope.spawn(ask_over_and_over(question, times));
    co_await scope.join();
  }

  net::Loop loop{1};
  Everybody directory;
  Answerer answerer;
  std::array<std::unique_ptr<net::TlsNetwork>, kMachines> networks;
};

template <class Ask>
void measure(benchmark::State& state, const Ask& question, std::int64_t bytes) {
  TwoMachines machines;
  const int askers = static_cast<int>(state.range(0));
  const int times = 4096 / askers;
  CHECK(machines.loop.run(machines.ask_side_by_side(question, 1, 1)));  // the link is there
  for (auto _ : state) CHECK(machines.loop.run(machines.ask_side_by_side(question, askers, times)));
  state.SetItemsProcessed(state.iterations() * askers * times);
  if (bytes > 0) state.SetBytesProcessed(state.iterations() * askers * times * bytes);
}

// Both sides' work, and the certificate that a machine makes when it starts.
void Links(benchmark::State& state) {
  TwoMachines machines;
  for (auto _ : state) {
    machines.start_anew(0);
    CHECK(machines.loop.run(machines.link()));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Links)->UseRealTime();

void SmallCalls(benchmark::State& state) { measure(state, wire::GetNeighbours{}, 0); }
BENCHMARK(SmallCalls)->Arg(1)->Arg(16)->Arg(256)->UseRealTime();

void SegmentsSent(benchmark::State& state) {
  wire::PutSegment question;
  question.data = SharedBytes(Bytes(wire::kSegmentBytes, 9));
  measure(state, question, wire::kSegmentBytes);
}
BENCHMARK(SegmentsSent)->Arg(1)->Arg(16)->UseRealTime();

void SegmentsFetched(benchmark::State& state) { measure(state, wire::GetSegment{}, wire::kSegmentBytes); }
BENCHMARK(SegmentsFetched)->Arg(1)->Arg(16)->UseRealTime();

}  // namespace
}  // namespace peerstore
