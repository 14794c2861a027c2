#include "worker_threads.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace peerstore::net {

struct WorkerThreads::Ticket {
  explicit Ticket(Workers::Job& submitted) : job(&submitted) {}
  Workers::Job* job;      // the loop's; null once it is cancelled
  bool in_line = true;    // under mutex_
  bool finished = false;  // under mutex_
};

WorkerThreads::WorkerThreads(boost::asio::io_context& context, unsigned threads) : context_(context) {
  for (unsigned i = 0; i < std::max(threads, 1U); ++i) threads_.emplace_back([this] { work(); });
}

WorkerThreads::~WorkerThreads() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  submitted_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerThreads::submit(Workers::Job& job) {
  auto ticket = std::make_shared<Ticket>(job);
  job.ticket = ticket.get();
  {
    const std::lock_guard lock(mutex_);
    line_.push_back(std::move(ticket));
  }
  submitted_.notify_one();
}

void WorkerThreads::cancel(Workers::Job& job) {
  Ticket* ticket = static_cast<Ticket*>(job.ticket);
  if (ticket == nullptr) return;
  job.ticket = nullptr;
  std::unique_lock lock(mutex_);
  if (ticket->in_line) {
    std::erase_if(line_, [&](const std::shared_ptr<Ticket>& waiting) { return waiting.get() == ticket; });
    return;
  }
  // The completion, which keeps the ticket alive, runs on this thread: later.
  finished_.wait(lock, [&] { return ticket->finished; });
  ticket->job = nullptr;
}

void WorkerThreads::work() {
  for (;;) {
    std::shared_ptr<Ticket> ticket;
    {
      std::unique_lock lock(mutex_);
      submitted_.wait(lock, [this] { return stopping_ || !line_.empty(); });
      if (stopping_) return;
      ticket = std::move(line_.front());
      line_.pop_front();
      ticket->in_line = false;
    }
    ticket->job->execute();
    {
      const std::lock_guard lock(mutex_);
      ticket->finished = true;
    }
    finished_.notify_all();
    boost::asio::post(context_, [ticket = std::move(ticket)] {
      if (ticket->job == nullptr) return;
      Workers::Job& job = *ticket->job;
      job.ticket = nullptr;
      job.complete();
    });
  }
}

}  // namespace peerstore::net
