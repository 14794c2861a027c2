// Two members that serve, one that is away, and a client of the first, in both worlds.
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/net/tls_network.hpp>
#include <peerstore/world/virtual_network.hpp>

#include <array>
#include <map>
#include <memory>
#include <optional>

#include <conformance/worlds.hpp>

namespace peerstore::conformance {

inline constexpr std::size_t kServing = 2;  // members 0 and 1; member 2 is away
inline constexpr std::size_t kMembers = 3;
inline constexpr wire::RingId kRing{{1, 2, 3}};

inline wire::MemberId member(std::size_t number) {
  wire::MemberId id;
  id.bytes.fill(static_cast<std::uint8_t>(number + 1));
  return id;
}
inline wire::PersonNumber person(std::size_t number) { return static_cast<wire::PersonNumber>(10 + number); }

// GetNeighbours: who it is. Reserve{n}: the same number, after n milliseconds. GetSegment{i}: a segment
// of bytes i. PutHead: refused. PutSegment: counted.
class ScriptedService final : public wire::Service {
 public:
  ScriptedService(Clock& clock, wire::MemberId self) : clock_(clock), self_(self) {}

  Task<Result<wire::Response>> serve(wire::Caller caller, wire::Request request) override {
    last_caller = caller;
    if (const auto* reserve = std::get_if<wire::Reserve>(&request)) {
      const std::uint64_t wait = reserve->bytes;
      co_await clock_.sleep(std::chrono::milliseconds(wait));
      ++slow_answers;
      co_return wire::Response(wire::Reserved{wait});
    }
    if (const auto* segment = std::get_if<wire::GetSegment>(&request)) {
      Bytes bytes(wire::kSegmentBytes, static_cast<std::uint8_t>(segment->index));
      co_return wire::Response(wire::SegmentReply{SharedBytes(std::move(bytes))});
    }
    if (const auto* segment = std::get_if<wire::PutSegment>(&request)) {
      bytes_put += segment->data.size();
      co_return wire::Response(wire::SegmentTaken{});
    }
    if (std::holds_alternative<wire::PutHead>(request)) co_return fail(Errc::refused, "not your head");
    wire::Neighbours neighbours;
    neighbours.self.id = self_;
    co_return wire::Response(std::move(neighbours));
  }

  std::optional<wire::Caller> last_caller;
  std::uint64_t bytes_put = 0;
  int slow_answers = 0;

 private:
  Clock& clock_;
  wire::MemberId self_;
};

class NetworkSubject {
 public:
  virtual ~NetworkSubject() = default;
  virtual Clock& clock() = 0;
  virtual void run(Task<void> main) = 0;
  virtual wire::Network& network(std::size_t member) = 0;  // of one that serves
  virtual wire::Network& client() = 0;                     // of member 0's owner
  virtual ScriptedService& service(std::size_t member) = 0;
};

class VirtualNetworkSubject final : public NetworkSubject {
 public:
  VirtualNetworkSubject() {
    for (std::size_t i = 0; i < kServing; ++i) hub_.attach(member(i), &services_[i], person(i));
    client_ = hub_.client(member(0), person(0));
  }
  ~VirtualNetworkSubject() override {
    for (std::size_t i = 0; i < kServing; ++i) hub_.detach(member(i));
  }
  Clock& clock() override { return clock_; }
  void run(Task<void> main) override { clock_.run(std::move(main)); }
  wire::Network& network(std::size_t number) override { return hub_.endpoint(member(number)); }
  wire::Network& client() override { return *client_; }
  ScriptedService& service(std::size_t number) override { return services_[number]; }

 private:
  world::VirtualClock clock_;
  world::VirtualNetwork hub_{clock_, 1};
  std::array<ScriptedService, kServing> services_{ScriptedService{clock_, member(0)},
                                                  ScriptedService{clock_, member(1)}};
  std::unique_ptr<wire::Network> client_;
};

class FixedDirectory final : public net::Directory {
 public:
  FixedDirectory() {
    crypto::Ed25519Signatures signatures;
    for (std::size_t i = 0; i < kMembers; ++i) {
      crypto::SigningSecretKey secret;
      secret.bytes.fill(static_cast<std::uint8_t>(100 + i));
      keys[i] = signatures.key_pair_from(secret);
      addresses_of[i] = {"127.0.0.1:1"};  // where nobody listens
    }
  }
  wire::RingId ring_id() const override { return kRing; }
  std::optional<Peer> find(const crypto::SigningPublicKey& key) const override {
    for (std::size_t i = 0; i < kMembers; ++i) {
      if (keys[i].public_key == key) return Peer{member(i), person(i)};
    }
    return std::nullopt;
  }
  std::optional<crypto::SigningPublicKey> node_key(const wire::MemberId& id) const override {
    for (std::size_t i = 0; i < kMembers; ++i) {
      if (member(i) == id) return keys[i].public_key;
    }
    return std::nullopt;
  }
  std::vector<std::string> addresses(const wire::MemberId& id) const override {
    for (std::size_t i = 0; i < kMembers; ++i) {
      if (member(i) == id) return addresses_of[i];
    }
    return {};
  }
  std::vector<wire::Statement> own_proof() const override { return {}; }
  void learn(const std::vector<wire::Statement>&) override {}

  std::array<crypto::SigningKeyPair, kMembers> keys;
  std::array<std::vector<std::string>, kMembers> addresses_of;
};

class RealNetworkSubject final : public NetworkSubject {
 public:
  RealNetworkSubject() {
    for (std::size_t i = 0; i < kServing; ++i) {
      networks_[i] = make(i, net::TlsNetwork::Role::node);
      auto bound = networks_[i]->listen("127.0.0.1:0", services_[i]);
      CHECK(bound.has_value());
      directory_.addresses_of[i] = {*bound};
    }
    client_ = make(0, net::TlsNetwork::Role::client);
  }
  Clock& clock() override { return loop_; }
  void run(Task<void> main) override { ASSERT_TRUE(loop_.run(std::move(main))); }
  wire::Network& network(std::size_t number) override { return *networks_[number]; }
  wire::Network& client() override { return *client_; }
  ScriptedService& service(std::size_t number) override { return services_[number]; }

 private:
  std::unique_ptr<net::TlsNetwork> make(std::size_t number, net::TlsNetwork::Role role) {
    net::TlsNetwork::Options options;
    options.role = role;
    options.node_secret = directory_.keys[number].secret_key;
    return std::make_unique<net::TlsNetwork>(loop_, directory_, options);
  }
  net::Loop loop_{1};
  FixedDirectory directory_;
  std::array<ScriptedService, kServing> services_{ScriptedService{loop_, member(0)},
                                                  ScriptedService{loop_, member(1)}};
  std::array<std::unique_ptr<net::TlsNetwork>, kServing> networks_;
  std::unique_ptr<net::TlsNetwork> client_;
};

}  // namespace peerstore::conformance
