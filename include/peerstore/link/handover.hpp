// Handover: one result that Asio's side of the house brings to a task's side.
//
// The task owns the Handover, in its frame, and awaits it. Whoever is to bring the result holds a
// Sender, which may outlive the task: once the task is dropped, sending does nothing. So no handler of
// Asio ever refers to a task's frame. At the deadline the result is Errc::timed_out.
#pragma once

#include <peerstore/runtime/result.hpp>
#include <peerstore/runtime/sync.hpp>

#include <memory>
#include <string>

namespace peerstore::link {

template <class T>
class Handover final : private Timer {
 public:
  class Sender {
   public:
    void send(Result<T> result) const {
      if (slot_->receiver != nullptr) slot_->receiver->inbox_.set(std::move(result));
    }

   private:
    friend class Handover;
    struct Slot {
      Handover* receiver;
    };
    explicit Sender(Handover* receiver) : slot_(std::make_shared<Slot>(receiver)) {}
    std::shared_ptr<Slot> slot_;
  };

  Handover(Clock& clock, TimePoint deadline, std::string waiting_for)
      : inbox_(clock), sender_(this), waiting_for_(std::move(waiting_for)) {
    clock.arm(*this, deadline);
  }
  ~Handover() override { sender_.slot_->receiver = nullptr; }

  Sender sender() const { return sender_; }
  OneShot<Result<T>>& result() { return inbox_; }

 private:
  void fire() override { inbox_.set(fail(Errc::timed_out, "no answer in time: " + waiting_for_)); }

  OneShot<Result<T>> inbox_;
  Sender sender_;
  std::string waiting_for_;
};

}  // namespace peerstore::link
