#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <peerstore/os/real.hpp>

#include <algorithm>
#include <array>

#include "descriptor.hpp"
#include "posix.hpp"

namespace peerstore::os {

namespace {

// The number in the lock file, for a message to a person; nothing depends on it.
std::string holder_in(int file, const std::string& path) {
  std::array<std::uint8_t, 16> text;
  const auto size = read_up_to(file, 0, text, path);
  if (!size) return {};
  std::string digits(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(*size));
  digits.resize(std::min(digits.find('\n'), digits.size()));
  const bool is_number = !digits.empty() && std::all_of(digits.begin(), digits.end(),
                                                        [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? " (process " + digits + ")" : std::string();
}

}  // namespace

Result<std::unique_ptr<HomeLock>> HomeLock::take(const std::string& home, const std::string& name) {
  const std::string path = home + "/" + name;
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return posix_error(path);
  // flock goes with the open file: the system drops it when the process ends, however it ends.
  if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return posix_error(path);
    return fail(Errc::busy, home + " is in use by another peerstore" + holder_in(file.number(), path));
  }
  const std::string self = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.number(), 0) != 0) return posix_error(path);
  if (auto done = write_all(file.number(), 0, as_bytes(self), path); !done) return done.error();
  return std::unique_ptr<HomeLock>(new HomeLock(file.release()));
}

HomeLock::~HomeLock() { ::close(descriptor_); }

}  // namespace peerstore::os
