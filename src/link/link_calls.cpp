#include "link_calls.hpp"

#include "limits.hpp"

#include <algorithm>

namespace peerstore::link {

bool is_bulk(const wire::Request& request) {
  return std::holds_alternative<wire::PutSegment>(request) ||
         std::holds_alternative<wire::GetSegment>(request);
}

Link::Call::Call(Link& link, const wire::Request& request, TimePoint deadline)
    : link_(&link),
      answer_(link.clock_),
      name_(wire::name_of(request)),
      deadline_(deadline),
      encoded_(wire::encode(request)),
      bulk_(is_bulk(request)) {
  link.clock_.arm(*this, deadline);
}

Link::Call::~Call() {
  if (link_ != nullptr) link_->forget(*this);
}

void Link::Call::fire() {
  if (id_ != 0 && link_->heard_at_ <= sent_at_) link_->silent_ = true;
  finish(fail(Errc::timed_out, std::string(name_) + ": no answer in time"));
}

void Link::Call::finish(Result<wire::Response> result) {
  disarm();
  link_->forget(*this);
  answer_.set(std::move(result));
}

Task<Result<wire::Response>> Link::call(std::shared_ptr<Link> self, wire::Request request,
                                        TimePoint deadline) {
  if (!self->is_open()) co_return fail(Errc::unreachable, "the link is closed");
  Call call(*self, request, deadline);
  if (call.encoded_.message.size() > wire::kMessageBytesMax ||
      call.encoded_.attachment.size() > wire::kAttachmentBytesMax) {
    co_return fail(Errc::invalid, std::string(call.name_) + ": too large for one message");
  }
  self->admit(call);
  co_return co_await call.answer();
}

bool Link::may_send(const Call& call) const {
  if (in_flight_.size() >= kCallsInFlightMax || unsent_bytes_ >= kQueuedBytesMax) return false;
  return !call.bulk_ || bulk_in_flight_ < kBulkInFlightMax;
}

void Link::admit(Call& call) {
  std::list<Call*>& line = call.bulk_ ? bulk_waiting_ : waiting_;
  if (line.empty() && may_send(call)) {
    send(call);
  } else {
    line.push_back(&call);
  }
}

void Link::admit_waiting() {
  for (std::list<Call*>* line : {&waiting_, &bulk_waiting_}) {
    while (!line->empty() && may_send(*line->front())) {
      Call& next = *line->front();
      line->pop_front();
      send(next);
    }
  }
}

void Link::send(Call& call) {
  do ++last_id_;
  while (last_id_ == 0 || in_flight_.contains(last_id_));
  call.id_ = last_id_;
  call.sent_at_ = clock_.now();
  in_flight_.emplace(call.id_, &call);
  if (call.bulk_) ++bulk_in_flight_;
  const auto patience =
      std::chrono::duration_cast<std::chrono::milliseconds>(call.deadline_ - clock_.now()).count();
  FrameHeader header;
  header.kind = FrameKind::request;
  header.request = call.id_;
  header.patience_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(patience, 0, UINT32_MAX));
  wire::Encoded encoded = std::move(call.encoded_);
  enqueue(header, std::move(encoded.message), std::move(encoded.attachment));
}

// The call is over, or its task was dropped: a late answer finds nobody.
void Link::forget(Call& call) {
  call.link_ = nullptr;
  if (call.id_ == 0) {
    (call.bulk_ ? bulk_waiting_ : waiting_).remove(&call);
    return;
  }
  in_flight_.erase(call.id_);
  if (call.bulk_) --bulk_in_flight_;
  admit_waiting();
}

void Link::take_reply(Frame frame) {
  const auto found = in_flight_.find(frame.header.request);
  if (found == in_flight_.end()) return;
  found->second->finish(wire::decode_response(frame.message, std::move(frame.attachment)));
}

void Link::fail_calls(const Error& reason) {
  // In the order in which they were asked.
  std::vector<Call*> calls;
  for (const auto& [id, call] : in_flight_) calls.push_back(call);
  std::ranges::sort(calls, {}, [](const Call* call) { return call->id_; });
  calls.insert(calls.end(), waiting_.begin(), waiting_.end());
  calls.insert(calls.end(), bulk_waiting_.begin(), bulk_waiting_.end());
  in_flight_.clear();
  waiting_.clear();
  bulk_waiting_.clear();
  bulk_in_flight_ = 0;
  for (Call* call : calls) {
    call->link_ = nullptr;
    call->disarm();
    call->answer_.set(reason);
  }
}

}  // namespace peerstore::link
