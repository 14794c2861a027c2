// TlsNetwork: wire::Network over TLS 1.3 links, and the listener that serves them.
//
// Both sides show a self-signed Ed25519 certificate of their node key; ALPN "peerstore/1"; no
// tickets, no early data, no older TLS. What then travels on a link, and who is let in, is
// link::LinkNetwork: in TLS 1.3 a client's handshake succeeds before the server has judged the client.
//
// Limits of sockets (half-open links, kernel buffers) stand together in src/net/limits.hpp.
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/link/link_network.hpp>
#include <peerstore/net/loop.hpp>
#include <peerstore/runtime/result.hpp>
#include <peerstore/wire/network.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace peerstore::net {

using link::Directory;

class TlsNetwork final : public wire::Network {
 public:
  using Role = link::Role;
  using Counters = link::LinkNetwork::Counters;
  struct Options {
    Role role = Role::client;
    crypto::SigningSecretKey node_secret;
    // From a connection's first moment until the other side has been judged by its Hello.
    Duration greeting_time = std::chrono::seconds(10);
  };

  TlsNetwork(Loop& loop, Directory& directory, const Options& options);
  ~TlsNetwork() override;

  Task<Result<wire::Response>> call(wire::MemberId peer, wire::Request request, Duration patience) override;

  // For these, see link::LinkNetwork.
  Task<Result<wire::MemberId>> connect(std::string address, std::optional<crypto::SigningPublicKey> expected);
  Task<Result<wire::Welcome>> join(std::string address, crypto::SigningPublicKey expected,
                                   wire::Join request);
  Task<Result<wire::JoinPreview>> preview_join(std::string address, crypto::SigningPublicKey expected,
                                               wire::PreviewJoin request);
  Task<Result<wire::UserRecordReply>> fetch_record(std::string address, wire::GetUserRecord request);

  // Serves requests at "host:port" (port 0: any free one). Returns the address bound. Errc::io says why not
  // (in use, not allowed, no such address).
  Result<std::string> listen(const std::string& address, wire::Service& service);

  void on_outcome(std::function<void(const wire::MemberId&, bool answered)> observer);
  void drop_strangers();
  void close();
  Counters counters() const;
  std::uint64_t send_rate(const wire::MemberId& member) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace peerstore::net
