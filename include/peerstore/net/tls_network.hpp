// TlsNetwork: wire::Network over TLS 1.3 links, and the listener that serves them.
//
// Both sides show a self-signed Ed25519 certificate of their node key; ALPN "peerstore/1"; no
// tickets, no early data, no older TLS. After the handshake each side sends one Hello frame: protocol
// version, ring id, role, and the statements that prove membership. A link counts only once the other
// side's Hello has been read and its key belongs to a member that is not gone: in TLS 1.3 a client's
// handshake succeeds before the server has judged the client. Links are kept open and shared by all calls.
//
// docs/protocol.md has the frames. Limits (frame sizes, handshake time, half-open links, requests in
// flight, bytes queued) stand together in src/net/limits.hpp.
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/net/loop.hpp>
#include <peerstore/runtime/result.hpp>
#include <peerstore/wire/network.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace peerstore::net {

// What the network asks about the ring. Implemented over the roster (cli/).
class Directory {
 public:
  struct Peer {
    wire::MemberId member;
    wire::PersonNumber person = 0;
  };
  virtual ~Directory() = default;
  virtual wire::RingId ring_id() const = 0;
  // A member that is not gone, by its node key.
  virtual std::optional<Peer> find(const crypto::SigningPublicKey& node_key) const = 0;
  virtual std::optional<crypto::SigningPublicKey> node_key(const wire::MemberId& member) const = 0;
  // Where to try, best first.
  virtual std::vector<std::string> addresses(const wire::MemberId& member) const = 0;
  // Own statements for the Hello, and what to do with the other side's before it is judged.
  virtual std::vector<wire::Statement> own_proof() const = 0;
  virtual void learn(const std::vector<wire::Statement>& proof) = 0;
};

class TlsNetwork final : public wire::Network {
 public:
  enum class Role : std::uint8_t { node = 1, client = 2, joiner = 3 };
  struct Options {
    Role role = Role::client;
    crypto::SigningSecretKey node_secret;
    // From a connection's first moment until the other side has been judged by its Hello.
    Duration greeting_time = std::chrono::seconds(10);
  };
  struct Counters {
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t links = 0;          // open now
    std::uint64_t refused_links = 0;  // of those who came to us
  };

  TlsNetwork(Loop& loop, Directory& directory, Options options);
  ~TlsNetwork() override;

  Task<Result<wire::Response>> call(wire::MemberId peer, wire::Request request, Duration patience) override;

  // Dials an address without knowing who is there, and keeps the link for call(). The answerer must
  // prove that it is a member; with `expected` it must have that node key.
  Task<Result<wire::MemberId>> connect(std::string address, std::optional<crypto::SigningPublicKey> expected);

  // The one question of a joiner, over a link of its own to `address`, which must have node key
  // `expected`.
  Task<Result<wire::Welcome>> join(std::string address, crypto::SigningPublicKey expected,
                                   wire::Join request);

  // Serves requests at "host:port" (port 0: any free one). Returns the address bound. Errc::io says why not
  // (in use, not allowed, no such address).
  Result<std::string> listen(const std::string& address, wire::Service& service);

  // Every answered or failed call: liveness.
  void on_outcome(std::function<void(const wire::MemberId&, bool answered)> observer);
  // Closes links whose member is no longer in the directory.
  void drop_strangers();
  // Ends all links and serving; what still waits for an answer gets Errc::cancelled. For shutting
  // down before the service is destroyed.
  void close();
  Counters counters() const;

  class Core;  // src/net/core.hpp

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace peerstore::net
