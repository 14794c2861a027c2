// AddressTurns: whoever changes a chunk takes its turn first, so that two links that write,
// commit, remove or set aside the same chunk go one after the other, and chunks do not wait for
// one another. Costs memory only for chunks that somebody is busy with.
#pragma once

#include <peerstore/runtime/sync.hpp>
#include <peerstore/runtime/task.hpp>
#include <peerstore/wire/types.hpp>

#include <map>
#include <utility>

namespace peerstore::store {

class AddressTurns {
  struct Line {
    explicit Line(Clock& clock) : one_at_a_time(clock, 1) {}
    Semaphore one_at_a_time;
    std::size_t users = 0;  // who has the turn, and who waits for it
  };
  using Lines = std::map<wire::ChunkAddress, Line>;

  // Keeps the line of an address alive.
  class Place {
   public:
    Place(Lines& lines, Lines::iterator line) : lines_(&lines), line_(line) { ++line_->second.users; }
    Place(Place&& other) noexcept : lines_(std::exchange(other.lines_, nullptr)), line_(other.line_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (lines_ != nullptr && --line_->second.users == 0) lines_->erase(line_);
    }
    Semaphore& semaphore() { return line_->second.one_at_a_time; }

   private:
    Lines* lines_;
    Lines::iterator line_;
  };

 public:
  explicit AddressTurns(Clock& clock) : clock_(clock) {}
  AddressTurns(const AddressTurns&) = delete;
  AddressTurns& operator=(const AddressTurns&) = delete;

  // Given back by its destructor. Must not outlive the AddressTurns.
  class [[nodiscard]] Turn {
   public:
    Turn(Place place, Semaphore::Permit permit) : place_(std::move(place)), permit_(std::move(permit)) {}

   private:
    Place place_;
    Semaphore::Permit permit_;  // destroyed first: it refers to the line that the place keeps
  };

  Task<Turn> take(wire::ChunkAddress address) {
    Place place(lines_, lines_.try_emplace(address, clock_).first);
    Semaphore::Permit permit = co_await place.semaphore().acquire();
    co_return Turn(std::move(place), std::move(permit));
  }
  bool is_taken(const wire::ChunkAddress& address) const { return lines_.contains(address); }

 private:
  Clock& clock_;
  Lines lines_;
};

}  // namespace peerstore::store
