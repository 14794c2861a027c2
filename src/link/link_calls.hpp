// Link::Call: one question, in the frame of the task that asks it.
#pragma once

#include <peerstore/wire/codec.hpp>

#include "link.hpp"

namespace peerstore::link {

class Link::Call final : private Timer {
 public:
  Call(Link& link, const wire::Request& request, TimePoint deadline);
  ~Call() override;

  OneShot<Result<wire::Response>>& answer() { return answer_; }

 private:
  friend class Link;
  void fire() override;  // the deadline
  void finish(Result<wire::Response> result);

  Link* link_;  // null once it is answered
  OneShot<Result<wire::Response>> answer_;
  std::string_view name_;
  TimePoint deadline_;
  wire::Encoded encoded_;  // until it is sent
  bool bulk_;
  std::uint32_t id_ = 0;  // once it is sent
  TimePoint sent_at_;
};

// Whether a question or its answer carries a segment.
bool is_bulk(const wire::Request& request);

}  // namespace peerstore::link
