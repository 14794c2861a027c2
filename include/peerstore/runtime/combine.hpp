// Running several tasks at once and waiting for them: the only place where that is written.
#pragma once

#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/sync.hpp>

#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace peerstore {

namespace detail {
template <class T>
Task<void> store_result(Task<T> task, std::optional<T>& slot) {
  slot.emplace(co_await std::move(task));
}
template <class T>
Task<void> announce_result(Task<T> task, OneShot<T>& winner) {
  winner.set(co_await std::move(task));
}
template <class Item, class Body>
Task<void> with_permit(Semaphore::Permit permit, Body& body, Item item) {
  const Semaphore::Permit held = std::move(permit);
  co_await body(std::move(item));
}
}  // namespace detail

// All results, in the order of the tasks.
template <class T>
Task<std::vector<T>> when_all(Clock& clock, std::vector<Task<T>> tasks) {
  std::vector<std::optional<T>> slots(tasks.size());
  {
    TaskScope scope(clock);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      scope.spawn(detail::store_result(std::move(tasks[i]), slots[i]));
    }
    co_await scope.join();
  }
  std::vector<T> results;
  results.reserve(slots.size());
  for (auto& slot : slots) results.push_back(std::move(*slot));
  co_return results;
}

// The result of whichever finishes first; the others are cancelled. Requires at least one task.
template <class T>
Task<T> first_of(Clock& clock, std::vector<Task<T>> tasks) {
  CHECK(!tasks.empty());
  OneShot<T> winner(clock);
  TaskScope scope(clock);
  for (auto& task : tasks) scope.spawn(detail::announce_result(std::move(task), winner));
  co_return co_await winner;
}

// body(item) for every item, at most `at_once` at a time. `body` is a callable that returns
// Task<void> and outlives the call (name it, then pass it).
template <class Item, class Body>
Task<void> for_each_bounded(Clock& clock, std::size_t at_once, std::vector<Item> items, Body& body) {
  Semaphore semaphore(clock, at_once);
  TaskScope scope(clock);
  for (auto& item : items) {
    Semaphore::Permit permit = co_await semaphore.acquire();
    scope.spawn(detail::with_permit(std::move(permit), body, std::move(item)));
  }
  co_await scope.join();
}

}  // namespace peerstore
