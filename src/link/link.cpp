#include "link.hpp"

#include <peerstore/wire/codec.hpp>

#include "hello.hpp"
#include "limits.hpp"
#include "link_calls.hpp"

namespace peerstore::link {

namespace {

// "Timed out" and "unreachable" are for the asker to find out about us; when they befell what we asked of
// others, the answer is that it should try again later.
Result<wire::Response> as_own_answer(Result<wire::Response> response) {
  if (response) return response;
  const Errc code = response.error().code;
  if (code != Errc::timed_out && code != Errc::unreachable) return response;
  return fail(Errc::busy, response.error().message());
}

}  // namespace

Link::Link(Clock& clock, std::shared_ptr<Channel> channel, Peer peer, Owner& owner)
    : clock_(clock),
      channel_(std::move(channel)),
      peer_(std::move(peer)),
      owner_(&owner),
      heard_at_(clock.now()),
      serving_(clock) {}

void Link::start(std::shared_ptr<void> until_closed) {
  until_closed_ = std::move(until_closed);
  if (peer_.role == Role::joiner) clock_.arm(end_timer_, clock_.now() + kJoinTime);
  read_frames();
}

// ---- reading ----

void Link::read_frames() {
  while (is_open()) {
    Result<std::optional<Frame>> frame = channel_->next(stage());
    if (!frame) return say_goodbye(frame.error());
    if (!*frame) {
      channel_->read_more([self = shared_from_this()](const Result<void>& read) {
        if (!read) return self->close(read.error());
        self->read_frames();
      });
      return;
    }
    handle(std::move(**frame));
  }
}

Stage Link::stage() const { return peer_.role == Role::joiner ? Stage::joiner : Stage::members; }

void Link::handle(Frame frame) {
  heard_at_ = clock_.now();
  silent_ = false;
  switch (frame.header.kind) {
    case FrameKind::request: return serve(std::move(frame));
    case FrameKind::reply: return take_reply(std::move(frame));
    case FrameKind::goodbye: return close(decode_goodbye(frame.message));
    case FrameKind::hello: return say_goodbye(fail(Errc::invalid, "a second Hello"));
  }
}

// ---- answering ----

wire::Caller Link::caller() const {
  wire::Caller caller;
  if (peer_.member) {
    caller.member = peer_.member->member;
    caller.person = peer_.member->person;
  }
  caller.is_joiner = peer_.role == Role::joiner;
  caller.is_client = peer_.role == Role::client;
  return caller;
}

void Link::serve(Frame frame) {
  const std::uint32_t id = frame.header.request;
  Result<wire::Request> request = wire::decode_request(frame.message, std::move(frame.attachment));
  if (!request) return reply(id, request.error());
  if (owner_->service() == nullptr) return reply(id, fail(Errc::refused, "nothing is served at this end"));
  if (peer_.role == Role::joiner) {
    const bool may_ask = std::holds_alternative<wire::Join>(*request) ||
                         std::holds_alternative<wire::PreviewJoin>(*request) ||
                         std::holds_alternative<wire::GetUserRecord>(*request);
    if (std::exchange(joiner_has_asked_, true) || !may_ask) {
      return say_goodbye(fail(
          Errc::refused, "who is not a member may ask to join, or for a record, once, and nothing else"));
    }
  }
  const bool bulk = is_bulk(*request);
  if (serving_.running() >= kCallsInFlightMax || (bulk && bulk_serving_ >= kBulkInFlightMax)) {
    return reply(id, fail(Errc::busy, "too many questions at once"));
  }
  if (bulk) ++bulk_serving_;
  serving_.spawn(answer(frame.header, std::move(*request), bulk));
}

Task<void> Link::answer(FrameHeader header, wire::Request request, bool bulk) {
  const TimePoint asked_at = clock_.now();
  const wire::Caller asker = caller();
  Result<wire::Response> response = co_await owner_->service()->serve(asker, std::move(request));
  if (bulk) --bulk_serving_;
  response = as_own_answer(std::move(response));
  // Nobody waits for an answer that comes after the asker's patience.
  const bool in_time = clock_.now() - asked_at <= std::chrono::milliseconds(header.patience_ms);
  if (in_time) reply(header.request, response);
}

void Link::reply(std::uint32_t id, const Result<wire::Response>& response) {
  wire::Encoded encoded = wire::encode(response);
  if (encoded.message.size() > wire::kMessageBytesMax ||
      encoded.attachment.size() > wire::kAttachmentBytesMax) {
    encoded =
        wire::encode(Result<wire::Response>(fail(Errc::invalid, "the answer is too large for one message")));
  }
  FrameHeader header;
  header.kind = FrameKind::reply;
  header.request = id;
  enqueue(header, std::move(encoded.message), std::move(encoded.attachment));
  if (unsent_answer_bytes_ > kUnreadAnswerBytesMax) {
    close(fail(Errc::unreachable, "the peer does not read its answers"));
  }
}

// ---- writing ----

void Link::enqueue(const FrameHeader& header, Bytes message, SharedBytes attachment) {
  if (state_ != State::open) return;
  FrameHeader complete = header;
  complete.message_bytes = static_cast<std::uint32_t>(message.size());
  complete.attachment_bytes = static_cast<std::uint32_t>(attachment.size());
  Outgoing outgoing{encode(complete), std::move(message), std::move(attachment),
                    header.kind == FrameKind::reply};
  unsent_bytes_ += outgoing.size();
  if (outgoing.is_answer) unsent_answer_bytes_ += outgoing.size();
  (outgoing.attachment.empty() ? queue_ : bulk_queue_).push_back(std::move(outgoing));
  write_more();
}

void Link::write_more() {
  if (state_ == State::closed || !writing_.empty()) return;
  std::size_t size = 0;
  while (!queue_.empty() && size < kWriteBatchBytes) {
    size += queue_.front().size();
    writing_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  if (writing_.empty() && !bulk_queue_.empty()) {
    writing_.push_back(std::move(bulk_queue_.front()));
    bulk_queue_.pop_front();
  }
  if (writing_.empty()) {
    if (state_ == State::saying_goodbye) close(fail(Errc::cancelled, "the link was closed"));
    return;
  }
  std::vector<ByteView> pieces;
  for (const Outgoing& outgoing : writing_) {
    pieces.emplace_back(outgoing.header);
    pieces.emplace_back(outgoing.message);
    if (!outgoing.attachment.empty()) pieces.push_back(outgoing.attachment.view());
  }
  channel_->write(std::move(pieces), [self = shared_from_this()](const Result<void>& done) {
    if (done) return self->written();
    self->close(fail(Errc::unreachable, "the link ended"));
  });
}

void Link::written() {
  for (const Outgoing& outgoing : writing_) {
    unsent_bytes_ -= outgoing.size();
    if (outgoing.is_answer) unsent_answer_bytes_ -= outgoing.size();
  }
  writing_.clear();
  if (state_ == State::open) admit_waiting();
  write_more();
}

// ---- closing ----

void Link::EndTimer::fire() { link.close(fail(Errc::timed_out, "the link was closed")); }

void Link::say_goodbye(Error reason) {
  if (state_ != State::open) return;
  queue_.clear();
  bulk_queue_.clear();
  FrameHeader header;
  header.kind = FrameKind::goodbye;
  enqueue(header, encode_goodbye(reason), {});
  state_ = State::saying_goodbye;
  clock_.arm(end_timer_, clock_.now() + kGoodbyeTime);
  fail_calls(reason);
}

void Link::close(const Error& reason) {
  if (state_ == State::closed) return;
  const std::shared_ptr<Link> self = shared_from_this();
  state_ = State::closed;
  end_timer_.disarm();
  channel_->close();
  queue_.clear();
  bulk_queue_.clear();
  fail_calls(reason);
  until_closed_.reset();
  std::exchange(owner_, nullptr)->on_link_closed(*this);
}

}  // namespace peerstore::link
