// Waiting for one another on one thread: OneShot, Event, Semaphore. Waiters are resumed through
// the clock, after the current turn, in the order in which they began to wait.
#pragma once

#include <peerstore/runtime/clock.hpp>

#include <deque>
#include <list>
#include <optional>
#include <utility>

namespace peerstore {

// One value, set once by somebody else, awaited by at most one task.
template <class T>
class OneShot {
 public:
  explicit OneShot(Clock& clock) : clock_(clock) {}
  OneShot(const OneShot&) = delete;
  OneShot& operator=(const OneShot&) = delete;

  bool is_set() const { return value_.has_value(); }
  // The first value wins; later ones are dropped.
  void set(T value) {
    if (value_) return;
    value_.emplace(std::move(value));
    if (waiter_ != nullptr) clock_.arm(waiter_->timer_, clock_.now());
  }

  // co_await shot: the value. A waiter that is cancelled leaves by itself.
  class Wait {
   public:
    explicit Wait(OneShot& shot) : shot_(shot) {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait() { leave(); }
    bool await_ready() const noexcept { return shot_.value_.has_value(); }
    void await_suspend(std::coroutine_handle<> waiter) {
      CHECK(shot_.waiter_ == nullptr);
      shot_.waiter_ = this;
      timer_.set(waiter);
    }
    T await_resume() {
      leave();
      return std::move(*shot_.value_);
    }

   private:
    friend class OneShot;
    void leave() {
      if (shot_.waiter_ == this) shot_.waiter_ = nullptr;
    }
    OneShot& shot_;
    ResumeTimer timer_;
  };
  Wait operator co_await() { return Wait(*this); }

 private:
  Clock& clock_;
  std::optional<T> value_;
  Wait* waiter_ = nullptr;
};

namespace detail {
// Tasks waiting in line. A waiter that is cancelled leaves the line by itself.
class WaitLine {
 public:
  class Place {
   public:
    explicit Place(WaitLine& line) : line_(line) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { leave(); }

    void wait(std::coroutine_handle<> waiter) {
      timer_.set(waiter);
      at_ = line_.places_.insert(line_.places_.end(), this);
      waiting_ = true;
    }
    void wake(Clock& clock) {
      leave();
      clock.arm(timer_, clock.now());
    }

   private:
    void leave() {
      if (std::exchange(waiting_, false)) line_.places_.erase(at_);
    }
    WaitLine& line_;
    std::list<Place*>::iterator at_;
    ResumeTimer timer_;
    bool waiting_ = false;
  };

  bool empty() const { return places_.empty(); }
  void wake_first(Clock& clock) {
    if (!places_.empty()) places_.front()->wake(clock);
  }
  void wake_all(Clock& clock) {
    while (!places_.empty()) places_.front()->wake(clock);
  }

 private:
  std::list<Place*> places_;
};
}  // namespace detail

// A condition that somebody announces: notify_all() wakes all who wait now. Waiters re-check.
class Event {
 public:
  explicit Event(Clock& clock) : clock_(clock) {}
  void notify_all() { line_.wake_all(clock_); }

  struct Wait {
    explicit Wait(Event& event) : place(event.line_) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) { place.wait(waiter); }
    void await_resume() const noexcept {}
    detail::WaitLine::Place place;
  };
  Wait wait() { return Wait(*this); }

 private:
  Clock& clock_;
  detail::WaitLine line_;
};

// Limits how many do something at once. First come, first served.
class Semaphore {
 public:
  Semaphore(Clock& clock, std::size_t permits) : clock_(clock), free_(permits) {}

  class [[nodiscard]] Permit {
   public:
    explicit Permit(Semaphore& semaphore) : semaphore_(&semaphore) {}
    Permit(Permit&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)) {}
    Permit& operator=(Permit&&) = delete;
    ~Permit() {
      if (semaphore_ != nullptr) semaphore_->release();
    }

   private:
    Semaphore* semaphore_;
  };

  // co_await semaphore.acquire(): a Permit, given back by its destructor. The permit is handed
  // to a waiter when it is woken, so it must be resumed or destroyed, never lost.
  class Acquire {
   public:
    explicit Acquire(Semaphore& semaphore) : semaphore_(semaphore) {}
    Acquire(const Acquire&) = delete;
    Acquire& operator=(const Acquire&) = delete;
    ~Acquire();
    bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter);
    Permit await_resume();

   private:
    friend class Semaphore;
    Semaphore& semaphore_;
    std::list<Acquire*>::iterator at_;
    ResumeTimer timer_;
    bool waiting_ = false;
    bool granted_ = false;
  };
  Acquire acquire() { return Acquire(*this); }
  std::size_t available() const { return free_; }

 private:
  friend class Acquire;
  void release();

  Clock& clock_;
  std::size_t free_;
  std::list<Acquire*> line_;
};

}  // namespace peerstore
