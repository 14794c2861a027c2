#include <peerstore/runtime/sync.hpp>

namespace peerstore {

bool Semaphore::Acquire::await_ready() {
  if (semaphore_.free_ == 0) return false;
  --semaphore_.free_;
  granted_ = true;
  return true;
}

void Semaphore::Acquire::await_suspend(std::coroutine_handle<> waiter) {
  timer_.set(waiter);
  at_ = semaphore_.line_.insert(semaphore_.line_.end(), this);
  waiting_ = true;
}

Semaphore::Permit Semaphore::Acquire::await_resume() {
  CHECK(granted_);
  granted_ = false;
  return Permit(semaphore_);
}

Semaphore::Acquire::~Acquire() {
  if (waiting_) semaphore_.line_.erase(at_);
  if (granted_) semaphore_.release();
}

void Semaphore::release() {
  if (line_.empty()) {
    ++free_;
    return;
  }
  Acquire* first = line_.front();
  line_.pop_front();
  first->waiting_ = false;
  first->granted_ = true;
  clock_.arm(first->timer_, clock_.now());
}

}  // namespace peerstore
