// Loop: the real Clock and Workers, over one Asio io_context. Everything of a node or a command runs
// on the thread that calls run(); workers are threads of their own.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/runtime/workers.hpp>

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace peerstore::net {

class Loop final : public Clock, public Workers {
 public:
  explicit Loop(unsigned worker_threads);
  ~Loop() override;

  TimePoint now() const override;
  WallTime wall_time() const override;
  void arm(Timer& timer, TimePoint when) override;
  void submit(Job& job) override;
  void cancel(Job& job) override;

  // Runs `main` and everything it waits for, until it ends or stop() is called; then returns.
  // False if it was stopped.
  bool run(Task<void> main);
  // May be called from a signal handler registered with on_signal, or from any task.
  void stop();
  // Calls `handler` on the loop at SIGINT and SIGTERM, with the signal's number; and at SIGHUP if that is the
  // first signal, and the process was not started so as to ignore it.
  void on_signal(std::function<void(int)> handler);

  // For net/, and for api/, which serves HTTP on the same loop.
  boost::asio::io_context& context();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace peerstore::net
