#include <peerstore/runtime/scope.hpp>

#include <cstdio>
#include <exception>

namespace peerstore {

// The root frame of a child: owns the task, and takes itself out of the scope when it ends.
struct TaskScope::Child {
  struct promise_type {
    TaskScope& scope;
    Child* child = nullptr;

    promise_type(TaskScope& owner, Task<void>&) : scope(owner) {}
    static void* operator new(std::size_t size) { return detail::allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept {
      detail::release_frame(frame, size);
    }

    Child get_return_object() { return Child{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept {
      scope.unlink(child);
      return {};
    }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept {
      // The supervisor: nobody above can handle this, and going on might harm data.
      try {
        throw;
      } catch (const std::exception& error) {
        std::fprintf(stderr, "peerstore: fatal: %s\n", error.what());
      } catch (...) {
        std::fprintf(stderr, "peerstore: fatal: an unknown exception\n");
      }
      std::terminate();
    }
  };

  std::coroutine_handle<promise_type> handle;
  Child* older = nullptr;
  Child* newer = nullptr;
};

TaskScope::Child TaskScope::adopt(TaskScope&, Task<void> task) { co_await std::move(task); }

void TaskScope::spawn(Task<void> task) {
  const Child frame = adopt(*this, std::move(task));
  auto* child = new Child(frame);
  child->handle.promise().child = child;
  link(child);
  child->handle.resume();
}

void TaskScope::cancel() {
  while (newest_ != nullptr) {
    Child* child = newest_;
    const auto handle = child->handle;
    unlink(child);
    handle.destroy();
  }
}

Task<void> TaskScope::join() {
  struct Awaiter {
    TaskScope& scope;
    bool waiting = false;

    explicit Awaiter(TaskScope& joined) : scope(joined) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    ~Awaiter() {
      if (!waiting) return;
      scope.joiner_.disarm();
      scope.joining_ = false;
    }
    bool await_ready() const noexcept { return scope.running_ == 0; }
    void await_suspend(std::coroutine_handle<> waiter) {
      CHECK(!scope.joining_);
      scope.joining_ = waiting = true;
      scope.joiner_.set(waiter);
    }
    void await_resume() noexcept { scope.joining_ = waiting = false; }
  };
  Awaiter awaiter(*this);
  co_await awaiter;
}

void TaskScope::link(Child* child) {
  child->older = newest_;
  if (newest_ != nullptr) newest_->newer = child;
  newest_ = child;
  ++running_;
}

void TaskScope::unlink(Child* child) noexcept {
  if (child->newer != nullptr) {
    child->newer->older = child->older;
  } else {
    newest_ = child->older;
  }
  if (child->older != nullptr) child->older->newer = child->newer;
  delete child;
  if (--running_ == 0 && joining_) clock_.arm(joiner_, clock_.now());
}

}  // namespace peerstore
