#include "world/stream_knock.hpp"

#include "world/stream_connection.hpp"

namespace peerstore::world {

namespace {
constexpr Duration kKnockAgain = 1s;  // as a kernel repeats a SYN
}

StreamNetwork::Knock::Knock(StreamNetwork& hub, std::uint64_t id, Visit visit, Sender sender)
    : hub_(hub), id_(id), visit_(std::move(visit)), sender_(std::move(sender)) {
  // Where nobody ever lived, or lives no more, packets are lost.
  listener_ = hub_.who_answers_at(visit_.address);
  Machine& to = listener_ == nullptr ? visit_.from : *listener_;
  hub_.clock_.arm(*this, hub_.clock_.now() + hub_.delay(visit_.from, to));
}

void StreamNetwork::Knock::fire() {
  if (!answered_) return arrive();
  // If the answer is lost, the caller waits for it in vain.
  if (hub_.passes(*listener_, visit_.from)) {
    if (stream_ != nullptr) {
      sender_.send(std::exchange(stream_, nullptr));
    } else {
      sender_.send(fail(Errc::unreachable, "connection refused"));
    }
  }
  over();
}

void StreamNetwork::Knock::arrive() {
  listener_ = hub_.who_answers_at(visit_.address);
  const bool heard = listener_ != nullptr && hub_.passes(visit_.from, *listener_) &&
                     (!listener_->behind_nat || listener_ == &visit_.from);
  if (!heard) return knock_again();
  answered_ = true;
  if (listener_->served != nullptr) {
    const auto connection = hub_.connect(visit_.from, visit_.key, *listener_);
    stream_ = connection->handle(Connection::kDialler);
    auto others = connection->handle(Connection::kListener);
    hub_.links_of(*listener_).welcome(std::move(others), nullptr, [](const Error&) {});
  }
  hub_.clock_.arm(*this, hub_.clock_.now() + hub_.delay(*listener_, visit_.from));
}

void StreamNetwork::Knock::knock_again() {
  const TimePoint again = hub_.clock_.now() + kKnockAgain;
  if (again > visit_.deadline) return over();
  hub_.clock_.arm(*this, again);
}

void StreamNetwork::Knock::over() {
  const auto itself = hub_.knocks_.extract(id_);  // which is destroyed with this scope
}

Task<Result<std::shared_ptr<link::ByteStream>>> StreamNetwork::Dialler::dial(std::string address,
                                                                             TimePoint deadline) {
  link::Handover<std::shared_ptr<link::ByteStream>> inbox(clock_, deadline, address);
  const std::uint64_t id = ++hub_.connections_so_far_;
  hub_.knocks_[id] =
      std::make_unique<Knock>(hub_, id, Knock::Visit{machine_, key_, address, deadline}, inbox.sender());
  co_return co_await inbox.result();
}

}  // namespace peerstore::world
