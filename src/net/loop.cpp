#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <peerstore/net/loop.hpp>
#include <peerstore/runtime/timer_queue.hpp>

#include "worker_threads.hpp"

#include <chrono>
#include <csignal>
#include <ctime>
#include <utility>

namespace peerstore::net {

namespace asio = boost::asio;

namespace {

// Time that goes on while the laptop is suspended, as steady_clock on Linux does not: a machine that
// slept has to notice it, because its neighbours did.
Duration since_boot() {
  timespec time = {};
  CHECK(::clock_gettime(CLOCK_BOOTTIME, &time) == 0);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Handlers that run in one turn before timers are looked at again.
constexpr int kHandlersPerTurn = 64;

Task<void> announce_end(Task<void> main, bool& ended) {
  co_await std::move(main);
  ended = true;
}

}  // namespace

struct Loop::Implementation {
  explicit Implementation(unsigned worker_threads) : workers(context, worker_threads) {}

  TimePoint now() const {
    if (!turn_began) turn_began = TimePoint{since_boot() - started};
    return *turn_began;
  }
  bool is_over() const { return stopped || main_ended; }
  void turn();
  void fire_due_timers();
  void wait_for_signal();

  // The timers outlive the context: handlers that it drops may own some.
  TimerQueue timers;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::signal_set signals{context};
  std::function<void(int)> signal_handler;
  bool was_signalled = false;
  WorkerThreads workers;

  Duration started = since_boot();
  mutable std::optional<TimePoint> turn_began;  // read when first asked for in a turn
  bool stopped = false;
  bool main_ended = false;
};

// A turn is: the timers that are due, then what Asio has ready, waiting for it until the next timer.
void Loop::Implementation::turn() {
  turn_began.reset();
  fire_due_timers();
  if (is_over()) return;
  const std::optional<TimePoint> next = timers.next();
  const TimePoint now_at_wait = now();
  const bool due = next && *next <= now_at_wait;
  turn_began.reset();
  std::size_t handled = 0;
  if (due) {
    handled = context.poll_one();
  } else if (next) {
    handled = context.run_one_for(*next - now_at_wait);
  } else {
    handled = context.run_one();
  }
  for (int more = 1; handled > 0 && more < kHandlersPerTurn && !is_over(); ++more)
    handled = context.poll_one();
}

void Loop::Implementation::fire_due_timers() {
  // No more than there were: a timer that arms itself for `now` must not keep the sockets waiting.
  const TimePoint at = now();
  for (std::size_t left = timers.size(); left > 0 && !is_over(); --left) {
    const std::optional<TimePoint> next = timers.next();
    if (!next || *next > at) return;
    timers.fire_next();
  }
}

void Loop::Implementation::wait_for_signal() {
  signals.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    wait_for_signal();
    // A terminal that is closed sends it twice, by its shell and by the kernel: that is no second wish.
    const bool is_again = std::exchange(was_signalled, true);
    if (signal != SIGHUP || !is_again) signal_handler(signal);
  });
}

Loop::Loop(unsigned worker_threads) : implementation_(std::make_unique<Implementation>(worker_threads)) {}
Loop::~Loop() = default;

TimePoint Loop::now() const { return implementation_->now(); }

WallTime Loop::wall_time() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return WallTime{std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count()};
}

void Loop::arm(Timer& timer, TimePoint when) { implementation_->timers.arm(timer, when); }
void Loop::submit(Job& job) { implementation_->workers.submit(job); }
void Loop::cancel(Job& job) { implementation_->workers.cancel(job); }

bool Loop::run(Task<void> main) {
  implementation_->stopped = false;
  implementation_->main_ended = false;
  implementation_->turn_began.reset();
  TaskScope scope(*this);
  scope.spawn(announce_end(std::move(main), implementation_->main_ended));
  while (!implementation_->is_over()) implementation_->turn();
  return implementation_->main_ended;
}

void Loop::stop() { implementation_->stopped = true; }

void Loop::on_signal(std::function<void(int)> handler) {
  const bool first = !implementation_->signal_handler;
  implementation_->signal_handler = std::move(handler);
  if (!first) return;
  implementation_->signals.add(SIGINT);
  implementation_->signals.add(SIGTERM);
  // A terminal that is closed; not for who was started so as to outlive it.
  struct sigaction before = {};
  const bool is_ignored = ::sigaction(SIGHUP, nullptr, &before) == 0 && before.sa_handler == SIG_IGN;
  if (!is_ignored) implementation_->signals.add(SIGHUP);
  implementation_->wait_for_signal();
}

asio::io_context& Loop::context() { return implementation_->context; }

}  // namespace peerstore::net
