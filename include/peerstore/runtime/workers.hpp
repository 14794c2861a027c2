// Workers: CPU work and blocking file calls, off the loop. In simulation they run inline.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/task.hpp>

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace peerstore {

class Workers {
 public:
  // One piece of work. execute() runs on a worker thread, then complete() on the loop.
  class Job {
   public:
    virtual ~Job() = default;
    virtual void execute() noexcept = 0;
    virtual void complete() = 0;
    void* ticket = nullptr;  // for the implementation
  };

  virtual ~Workers() = default;
  // Takes the job; it must stay alive until complete() or cancel() has returned.
  virtual void submit(Job& job) = 0;
  // Forgets a job that was submitted and has not completed: takes it out of the line, or waits
  // until it has left its worker. complete() is not called afterwards.
  virtual void cancel(Job& job) = 0;

  // co_await workers.run(work): what work() returns, computed off the loop. `work` may refer to
  // the caller's frame: dropping the task waits for a job that is already running.
  template <class Work>
  auto run(Work work);
};

namespace detail {
template <class Work>
class WorkAwaiter final : public Workers::Job {
 public:
  using Value = std::invoke_result_t<Work&>;
  WorkAwaiter(Workers& workers, Work work) : workers_(workers), work_(std::move(work)) {}
  WorkAwaiter(const WorkAwaiter&) = delete;
  WorkAwaiter& operator=(const WorkAwaiter&) = delete;
  ~WorkAwaiter() override {
    if (in_flight_) workers_.cancel(*this);
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    in_flight_ = true;
    workers_.submit(*this);
  }
  Value await_resume() {
    if (exception_) std::rethrow_exception(exception_);
    return std::move(*value_);
  }

  void execute() noexcept override {
    try {
      value_.emplace(work_());
    } catch (...) {
      exception_ = std::current_exception();
    }
  }
  void complete() override {
    in_flight_ = false;
    waiter_.resume();
  }

 private:
  Workers& workers_;
  Work work_;
  std::coroutine_handle<> waiter_;
  std::optional<Value> value_;
  std::exception_ptr exception_;
  bool in_flight_ = false;
};
}  // namespace detail

template <class Work>
auto Workers::run(Work work) {
  static_assert(!std::is_void_v<std::invoke_result_t<Work&>>, "return a value, for example Result<void>");
  return detail::WorkAwaiter<Work>(*this, std::move(work));
}

}  // namespace peerstore
