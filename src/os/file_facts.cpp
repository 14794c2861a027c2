#include "file_facts.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "posix.hpp"

namespace peerstore::os {

namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr mode_t kPermissionBits = 07777;
constexpr mode_t kBorrowedRights = S_ISUID | S_ISGID;

std::int64_t nanoseconds_of(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * kNanosecondsPerSecond + time.tv_nsec;
}

FileKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::file;
  if (S_ISDIR(mode)) return FileKind::folder;
  if (S_ISLNK(mode)) return FileKind::symlink;
  return FileKind::other;
}

// For utimensat: the time of reading is left alone.
std::array<timespec, 2> times_of(const FileFacts& facts) {
  std::int64_t seconds = facts.modified_ns / kNanosecondsPerSecond;
  std::int64_t rest = facts.modified_ns % kNanosecondsPerSecond;
  if (rest < 0) {  // before 1970
    rest += kNanosecondsPerSecond;
    --seconds;
  }
  return {timespec{0, UTIME_OMIT}, timespec{static_cast<time_t>(seconds), static_cast<long>(rest)}};
}

mode_t mode_for(const FileFacts& facts, bool owner_is_set) {
  const mode_t mode = static_cast<mode_t>(facts.mode) & kPermissionBits;
  return owner_is_set ? mode : mode & ~kBorrowedRights;
}

// Some file systems (FAT) have no modes to set: the content is worth having without.
bool has_no_modes(int number) { return number == EPERM || number == EOPNOTSUPP; }

}  // namespace

FileFacts facts_from(const struct stat& status) {
  FileFacts facts;
  facts.kind = kind_of(status.st_mode);
  facts.mode = status.st_mode & kPermissionBits;
  facts.user = status.st_uid;
  facts.group = status.st_gid;
  facts.modified_ns = nanoseconds_of(status.st_mtim);
  facts.changed_ns = nanoseconds_of(status.st_ctim);
  facts.size = facts.kind == FileKind::file ? static_cast<std::uint64_t>(status.st_size) : 0;
  facts.device = status.st_dev;
  facts.inode = status.st_ino;
  facts.links = static_cast<std::uint32_t>(status.st_nlink);
  return facts;
}

Result<void> apply_facts(int file, const FileFacts& facts, const std::string& path) {
  // The owner first: changing it clears bits of the mode.
  const bool owner_is_set = ::fchown(file, facts.user, facts.group) == 0;
  if (::fchmod(file, mode_for(facts, owner_is_set)) != 0 && !has_no_modes(errno)) return posix_error(path);
  if (::futimens(file, times_of(facts).data()) != 0) return posix_error(path);
  return {};
}

Result<void> apply_facts_at(const std::string& path, const FileFacts& facts) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) return posix_error(path);
  const bool owner_is_set = ::lchown(path.c_str(), facts.user, facts.group) == 0;
  if (!S_ISLNK(status.st_mode) &&
      ::fchmodat(AT_FDCWD, path.c_str(), mode_for(facts, owner_is_set), AT_SYMLINK_NOFOLLOW) != 0 &&
      !has_no_modes(errno)) {
    return posix_error(path);
  }
  if (::utimensat(AT_FDCWD, path.c_str(), times_of(facts).data(), AT_SYMLINK_NOFOLLOW) != 0) {
    return posix_error(path);
  }
  return {};
}

}  // namespace peerstore::os
