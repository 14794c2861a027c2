// WorkerThreads: the threads behind Workers. Jobs are taken in the order of submission.
//
// submit(), cancel() and the completions belong to the loop's thread. A job is touched by a worker
// only between leaving the line and `finished_`, and cancel() waits for the latter: once it has
// returned, nothing refers to the job.
#pragma once

#include <boost/asio/io_context.hpp>
#include <peerstore/runtime/workers.hpp>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace peerstore::net {

class WorkerThreads {
 public:
  WorkerThreads(boost::asio::io_context& context, unsigned threads);
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;
  ~WorkerThreads();

  void submit(Workers::Job& job);
  void cancel(Workers::Job& job);

 private:
  struct Ticket;
  void work();

  boost::asio::io_context& context_;
  std::mutex mutex_;
  std::condition_variable submitted_;
  std::condition_variable finished_;
  std::deque<std::shared_ptr<Ticket>> line_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace peerstore::net
