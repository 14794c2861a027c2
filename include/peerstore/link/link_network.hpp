// LinkNetwork: wire::Network over byte streams.
//
// On each stream both sides first say Hello: protocol version, ring id, role, and the statements that
// prove membership. A link counts only once the other side's Hello has been read and its key belongs to
// a member that is not gone. Links are kept open and shared by all calls; a member without one is
// dialled at its addresses in turn.
//
// docs/protocol.md has the frames. Limits stand together in src/link/limits.hpp. It knows neither
// sockets nor TLS: where streams come from is the business of the Dialler, and of whoever calls welcome().
#pragma once

#include <peerstore/link/byte_stream.hpp>
#include <peerstore/link/directory.hpp>
#include <peerstore/wire/network.hpp>

#include <functional>
#include <memory>
#include <string>

namespace peerstore::link {

enum class Role : std::uint8_t { node = 1, client = 2, joiner = 3 };

class LinkNetwork final : public wire::Network {
 public:
  struct Options {
    Role role = Role::client;
    // From a stream's first moment until the other side has been judged by its Hello.
    Duration greeting_time = std::chrono::seconds(10);
  };
  struct Counters {
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t links = 0;          // open now
    std::uint64_t refused_links = 0;  // of those who came to us
  };

  // Directory and dialler are not referred to after close().
  LinkNetwork(Clock& clock, Directory& directory, Dialler& dialler, Options options);
  ~LinkNetwork() override;

  Task<Result<wire::Response>> call(wire::MemberId peer, wire::Request request, Duration patience) override;

  // Dials an address without knowing who is there, and keeps the link for call(). The answerer must
  // prove that it is a member; with `expected` it must have that node key.
  Task<Result<wire::MemberId>> connect(std::string address, std::optional<crypto::SigningPublicKey> expected);

  // The one question of a joiner, over a link of its own to `address`, which must have node key
  // `expected`.
  Task<Result<wire::Welcome>> join(std::string address, crypto::SigningPublicKey expected,
                                   wire::Join request);
  // The same, to know what would come: nobody is let in.
  Task<Result<wire::JoinPreview>> preview_join(std::string address, crypto::SigningPublicKey expected,
                                               wire::PreviewJoin request);

  // The same for somebody who asks for a user record: the record proves itself, so it does not matter who
  // answers. Of any ring if the directory's ring id is zero.
  Task<Result<wire::UserRecordReply>> fetch_record(std::string address, wire::GetUserRecord request);

  // From now on `service` answers what comes over any link; until then all is refused.
  void serve(wire::Service& service);
  // Somebody opened this stream to us: greets, and keeps the link if it is one of us. `place` is let go of
  // when it has been judged; a joiner keeps it until it is gone. `refused` is told why there is no link.
  void welcome(std::shared_ptr<ByteStream> stream, std::shared_ptr<void> place,
               std::function<void(const Error&)> refused);

  // Every answered or failed call: liveness.
  void on_outcome(std::function<void(const wire::MemberId&, bool answered)> observer);
  // Closes links whose member is no longer in the directory.
  void drop_strangers();
  // Ends all links and serving; what still waits for an answer gets Errc::cancelled. For shutting
  // down before the service is destroyed: not from within a call to the service or the directory.
  void close();
  Counters counters() const;
  // Bytes a second that the links to the member's machine carried when they were last busy: the best of them.
  // 0: not known.
  std::uint64_t send_rate(const wire::MemberId& member) const;

  class Core;  // src/link/core.hpp

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace peerstore::link
