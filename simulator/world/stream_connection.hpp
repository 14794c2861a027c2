// One stream between two simulated machines: two ends, and what is on its way between them.
//
// Each end has a pipe to the other: pieces in order, the first of which arrives next. An end may be closed
// while its pipe still has something to bring: the hub keeps a connection until both are closed and
// empty. All completions come through the clock, and only to a machine that is awake.
#pragma once

#include <peerstore/world/stream_network.hpp>

#include <array>
#include <deque>

namespace peerstore::world {

class StreamNetwork::Connection final : public std::enable_shared_from_this<Connection> {
 public:
  static constexpr std::size_t kDialler = 0;
  static constexpr std::size_t kListener = 1;

  Connection(StreamNetwork& hub, std::uint64_t id, std::array<Machine*, 2> machines,
             std::array<crypto::SigningPublicKey, 2> keys);

  // For the link of that machine; closes when it is let go of.
  std::shared_ptr<link::ByteStream> handle(std::size_t side);
  bool concerns(const Machine& machine) const;
  // Nothing passes any more.
  void sever() { severed_ = true; }
  // Perhaps something passes again.
  void resume();
  // The hub ends: nothing is called any more.
  void kill();

 private:
  friend class Handle;
  template <class T>
  using Done = link::ByteStream::Done<T>;

  // `reset` answers what came to an end that is closed.
  enum class Kind : std::uint8_t { proof, bytes, end, reset };
  struct Piece {
    Kind kind = Kind::bytes;
    Bytes bytes;
    TimePoint arrives;
  };

  class End {
   public:
    End(Connection& connection, Machine& machine, crypto::SigningPublicKey key);

    void handshake(Done<crypto::SigningPublicKey> done);
    void read_some(std::span<std::uint8_t> into, Done<std::size_t> done);
    void write(const std::vector<ByteView>& pieces, Done<std::size_t> done);
    void close();
    void resume();
    void kill();
    bool is_over() const { return closed_ && on_way_.empty(); }

   private:
    struct Alarm final : Timer {
      Alarm(End& its_end, void (End::*what_to_do)()) : end(its_end), action(what_to_do) {}
      void fire() override { (end.*action)(); }
      End& end;
      void (End::*action)();
    };
    End& other() const;
    StreamNetwork& hub() const { return connection_.hub_; }
    bool reaches_other() const;
    void wake_up() { hub().clock_.arm(wake_, hub().clock_.now()); }
    void send(Kind kind, Bytes bytes);
    void await_first();
    void first_arrives();
    void acknowledge(std::size_t bytes);
    void give_up();
    void receive(Piece piece);
    void receive_bytes(Bytes bytes);
    void end_with(Error reason);
    void settle();
    void settle_read();

    Connection& connection_;
    Machine& machine_;
    crypto::SigningPublicKey key_;
    bool closed_ = false;
    bool lost_ = false;  // the kernel gave it up: the other side is not told
    std::optional<Error> ended_;
    Alarm wake_{*this, &End::settle};

    // Its pipe to the other end.
    std::deque<Piece> on_way_;
    TimePoint last_arrival_;
    std::size_t unacknowledged_ = 0;
    std::size_t arrived_unacknowledged_ = 0;  // of these
    Alarm arrival_{*this, &End::first_arrives};
    Alarm patience_{*this, &End::give_up};

    // What came from the other end, and who waits for it.
    std::optional<crypto::SigningPublicKey> proof_;
    Bytes received_;
    std::size_t taken_ = 0;  // of received_
    Done<crypto::SigningPublicKey> on_handshake_;
    std::span<std::uint8_t> into_;
    Done<std::size_t> on_read_;
    std::size_t writing_ = 0;
    Done<std::size_t> on_written_;
  };

  void forget_if_over();

  StreamNetwork& hub_;
  std::uint64_t id_;
  bool severed_ = false;
  std::array<Machine*, 2> machines_;
  std::array<std::unique_ptr<End>, 2> ends_;
};

}  // namespace peerstore::world
