// Link: a greeted channel between two machines that know one another, and the questions in flight on it
// in both directions.
//
// Calls: each has an id; answers come in any order. A call waits in line while too much is unsent or
// unanswered (limits.hpp): that is the back-pressure, on the asking side. The answering side never
// stops reading, since answers come the same way; it refuses what is beyond the limits as busy.
// Small frames overtake those with a segment.
//
// Lifetime: held by shared_ptr by its network, and by the read and the write under way. Serving tasks live
// in its scope. A Call lives in its caller's frame and takes itself out when that is dropped. `Owner` is
// told once when the link closes, and not referred to afterwards.
#pragma once

#include <peerstore/link/link_network.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/sync.hpp>

#include "channel.hpp"

#include <deque>
#include <list>
#include <unordered_map>

namespace peerstore::link {

class Link final : public std::enable_shared_from_this<Link> {
 public:
  class Owner {
   public:
    // Nothing before there is one.
    virtual wire::Service* service() = 0;
    // Perhaps a serving task is what closed it: after this turn its serving is to be ended.
    virtual void on_link_closed(Link& link) = 0;

   protected:
    ~Owner() = default;
  };
  // Who is at the other end. Without `member`: a joiner.
  struct Peer {
    crypto::SigningPublicKey key;
    std::optional<Directory::Peer> member;
    Role role = Role::node;
  };

  Link(Clock& clock, std::shared_ptr<Channel> channel, Peer peer, Owner& owner);

  // Begins to read. Call once. `until_closed` is let go of when the link closes.
  void start(std::shared_ptr<void> until_closed);
  const Peer& peer() const { return peer_; }
  bool is_open() const { return state_ == State::open; }
  // A call was given up, and nothing has been heard since it was sent: better try another link.
  bool is_silent() const { return silent_; }
  TimePoint heard_at() const { return heard_at_; }
  std::uint64_t send_rate() const { return channel_->send_rate(); }

  // The answer, or Errc::timed_out at `deadline`, or why the link closed.
  static Task<Result<wire::Response>> call(std::shared_ptr<Link> self, wire::Request request,
                                           TimePoint deadline);

  // Tells the peer why, then closes.
  void say_goodbye(Error reason);
  // Closes, and fails what is in flight with `reason`.
  void close(const Error& reason);
  // Of a closed link. Not from within one of its serving tasks.
  void end_serving() { serving_.cancel(); }

 private:
  class Call;
  enum class State : std::uint8_t { open, saying_goodbye, closed };
  struct Outgoing {
    Bytes header;
    Bytes message;
    SharedBytes attachment;
    bool is_answer = false;
    std::size_t size() const { return header.size() + message.size() + attachment.size(); }
  };
  // Closes the link when a Goodbye is not written in time, or a joiner stays too long.
  struct EndTimer final : Timer {
    explicit EndTimer(Link& owner) : link(owner) {}
    void fire() override;
    Link& link;
  };

  // link_calls.cpp: asking
  bool may_send(const Call& call) const;
  void admit(Call& call);
  void admit_waiting();
  void send(Call& call);
  void forget(Call& call);
  void take_reply(Frame frame);
  void fail_calls(const Error& reason);

  // link.cpp: answering, reading and writing
  void read_frames();
  void handle(Frame frame);
  void serve(Frame frame);
  Task<void> answer(FrameHeader header, wire::Request request, bool bulk);
  void reply(std::uint32_t id, const Result<wire::Response>& response);
  wire::Caller caller() const;
  Stage stage() const;
  void enqueue(const FrameHeader& header, Bytes message, SharedBytes attachment);
  void write_more();
  void written();

  Clock& clock_;
  std::shared_ptr<Channel> channel_;
  Peer peer_;
  Owner* owner_;
  State state_ = State::open;
  bool silent_ = false;
  TimePoint heard_at_;
  EndTimer end_timer_{*this};
  std::shared_ptr<void> until_closed_;

  // Asking.
  std::uint32_t last_id_ = 0;
  std::size_t bulk_in_flight_ = 0;
  std::unordered_map<std::uint32_t, Call*> in_flight_;
  std::list<Call*> waiting_;
  std::list<Call*> bulk_waiting_;

  // Answering.
  TaskScope serving_;
  std::size_t bulk_serving_ = 0;
  bool joiner_has_asked_ = false;

  // Writing.
  std::deque<Outgoing> queue_;
  std::deque<Outgoing> bulk_queue_;
  std::vector<Outgoing> writing_;
  std::size_t unsent_bytes_ = 0;
  std::size_t unsent_answer_bytes_ = 0;
};

}  // namespace peerstore::link
