#include "write_behind.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "posix.hpp"

namespace peerstore::os {

namespace {

constexpr unsigned kWriteAndWait =
    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;

// 0, or what went wrong.
int write_out(int file, std::uint64_t offset, std::uint64_t size, unsigned how) {
  const int done = ::sync_file_range(file, static_cast<off_t>(offset), static_cast<off_t>(size), how);
  return done == 0 || errno == ENOSYS ? 0 : errno;  // what a system cannot do, the sync does
}

}  // namespace

void leave_page_cache(int file, std::uint64_t offset, std::uint64_t size) {
  (void)::posix_fadvise(file, static_cast<off_t>(offset), static_cast<off_t>(size), POSIX_FADV_DONTNEED);
}

void WriteBehind::wrote(int file, std::uint64_t offset, std::uint64_t size) {
  Descriptor second(::fcntl(file, F_DUPFD_CLOEXEC, 0));
  if (!second) return;  // too many files are open: the system will write it when it likes
  int number = write_out(file, offset, size, SYNC_FILE_RANGE_WRITE);
  std::deque<Part> due;
  {
    const std::lock_guard lock(mutex_);
    under_way_.push_back({std::move(second), offset, size});
    bytes_ += size;
    due = take_what_is_too_much();
  }
  for (const Part& part : due) {
    const int waited = write_out(part.file.number(), part.offset, part.size, kWriteAndWait);
    if (number == 0) number = waited;
    leave_page_cache(part.file.number(), part.offset, part.size);
  }
  if (number == 0) return;
  const std::lock_guard lock(mutex_);
  if (error_number_ == 0) error_number_ = number;
}

std::deque<WriteBehind::Part> WriteBehind::take_what_is_too_much() {
  std::deque<Part> due;
  while (bytes_ > kUnderWayMax) {
    bytes_ -= under_way_.front().size;
    due.push_back(std::move(under_way_.front()));
    under_way_.pop_front();
  }
  return due;
}

Result<void> WriteBehind::standing() const {
  const std::lock_guard lock(mutex_);
  if (error_number_ == 0) return {};
  return posix_error("writing to the disk", error_number_);
}

}  // namespace peerstore::os
