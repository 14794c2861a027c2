// TaskScope: the parent of tasks that run side by side.
//
// A scope outlives its children: destroying it cancels those that still run, in reverse order of
// their start. It must not be destroyed from within one of them. An exception that leaves a
// child ends the program through the supervisor: expected failures are Results.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/task.hpp>

#include <cstddef>

namespace peerstore {

class TaskScope {
 public:
  explicit TaskScope(Clock& clock) : clock_(clock) {}
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;
  ~TaskScope() { cancel(); }

  // Starts `task` at once; it runs inside this call until it first waits.
  void spawn(Task<void> task);

  std::size_t running() const { return running_; }
  void cancel();

  // Waits until no child runs. One waiter at a time.
  Task<void> join();

 private:
  struct Child;
  static Child adopt(TaskScope& scope, Task<void> task);
  void link(Child* child);
  void unlink(Child* child) noexcept;

  Clock& clock_;
  Child* newest_ = nullptr;
  std::size_t running_ = 0;
  ResumeTimer joiner_;
  bool joining_ = false;
};

}  // namespace peerstore
