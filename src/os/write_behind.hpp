// WriteBehind: what a writer of many or long files owes the machine it writes on.
//
// Left to itself, the system keeps what is written in memory until that is full of it, and then writes
// everything at once: the disk idles first, and what the machine's owner works with is pushed out. So what
// was written is sent to the disk soon, and leaves the page cache once it is there. Nothing is durable by
// that: only a sync is.
#pragma once

#include <peerstore/runtime/result.hpp>

#include <cstdint>
#include <deque>
#include <mutex>

#include "descriptor.hpp"

namespace peerstore::os {

// Smaller files are not worth the calls.
inline constexpr std::uint64_t kLargeFile = 256 << 10;

// Those pages of the file that are on its disk already.
void leave_page_cache(int file, std::uint64_t offset, std::uint64_t size);

// Thread-safe.
class WriteBehind {
 public:
  // These bytes of the file were just written. Waits for earlier ones while too many are under way.
  void wrote(int file, std::uint64_t offset, std::uint64_t size);
  // Whether all that was waited for reached its disk. The system tells of a failure once, so a sync of the
  // file itself may know nothing of it.
  Result<void> standing() const;

 private:
  struct Part {
    Descriptor file;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  static constexpr std::uint64_t kUnderWayMax = 32 << 20;

  std::deque<Part> take_what_is_too_much();

  mutable std::mutex mutex_;
  std::deque<Part> under_way_;
  std::uint64_t bytes_ = 0;  // under way
  int error_number_ = 0;     // the first
};

}  // namespace peerstore::os
