#include "file_facts.hpp"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>

#include "posix.hpp"

namespace peerstore::os {

namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr mode_t kPermissionBits = 07777;
constexpr std::size_t kAttributeListSmall = 512;
constexpr std::size_t kAttributeListMax = 65536;  // limits of the kernel
constexpr std::size_t kAttributeValueMax = 65536;
constexpr mode_t kBorrowedRights = S_ISUID | S_ISGID;

// The nearest that there is: 64 bits of nanoseconds end in the years 1677 and 2262.
std::int64_t nanoseconds_of(const timespec& time) {
  using Limits = std::numeric_limits<std::int64_t>;
  std::int64_t nanoseconds = 0;
  const bool is_beyond =
      __builtin_mul_overflow(std::int64_t{time.tv_sec}, kNanosecondsPerSecond, &nanoseconds) ||
      __builtin_add_overflow(nanoseconds, std::int64_t{time.tv_nsec}, &nanoseconds);
  if (!is_beyond) return nanoseconds;
  return time.tv_sec < 0 ? Limits::min() : Limits::max();
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

Result<FileAttributes> attributes_at(const std::string& path) {
  // Mostly there are none, which one call tells.
  std::string names(kAttributeListSmall, '\0');
  ssize_t size = ::llistxattr(path.c_str(), names.data(), names.size());
  if (size < 0 && errno == ERANGE) {
    names.resize(kAttributeListMax);
    size = ::llistxattr(path.c_str(), names.data(), names.size());
  }
  if (size < 0) {
    if (errno == EOPNOTSUPP) return FileAttributes();
    return posix_error(path);
  }
  FileAttributes attributes;
  const std::string_view all = std::string_view(names).substr(0, static_cast<std::size_t>(size));
  for (std::size_t at = 0; at < all.size();) {
    FileAttribute attribute;
    attribute.name = all.substr(at, all.find('\0', at) - at);
    at += attribute.name.size() + 1;
    attribute.value.resize(kAttributeValueMax);
    const ssize_t length =
        ::lgetxattr(path.c_str(), attribute.name.c_str(), attribute.value.data(), attribute.value.size());
    if (length < 0) continue;  // not for us to read, or gone by now
    attribute.value.resize(static_cast<std::size_t>(length));
    attribute.value.shrink_to_fit();
    attributes.push_back(std::move(attribute));
  }
  std::sort(attributes.begin(), attributes.end(),
            [](const FileAttribute& a, const FileAttribute& b) { return a.name < b.name; });
  return attributes;
}

Result<std::vector<std::string>> apply_facts(int file, const FileFacts& facts,
                                             const FileAttributes& attributes, const std::string& path) {
  // The owner first: changing it clears bits of the mode. Attributes before the mode, which may
  // forbid to write them.
  const bool owner_is_set = ::fchown(file, facts.user, facts.group) == 0;
  std::vector<std::string> refused;
  for (const FileAttribute& attribute : attributes) {
    if (::fsetxattr(file, attribute.name.c_str(), attribute.value.data(), attribute.value.size(), 0) != 0) {
      refused.push_back(attribute.name);
    }
  }
  if (::fchmod(file, mode_for(facts, owner_is_set)) != 0 && !has_no_modes(errno)) return posix_error(path);
  if (::futimens(file, times_of(facts).data()) != 0) return posix_error(path);
  return refused;
}

Result<std::vector<std::string>> apply_facts_at(const std::string& path, const FileFacts& facts,
                                                const FileAttributes& attributes) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) return posix_error(path);
  const bool owner_is_set = ::lchown(path.c_str(), facts.user, facts.group) == 0;
  std::vector<std::string> refused;
  for (const FileAttribute& attribute : attributes) {
    if (::lsetxattr(path.c_str(), attribute.name.c_str(), attribute.value.data(), attribute.value.size(),
                    0) != 0) {
      refused.push_back(attribute.name);
    }
  }
  if (!S_ISLNK(status.st_mode) &&
      ::fchmodat(AT_FDCWD, path.c_str(), mode_for(facts, owner_is_set), AT_SYMLINK_NOFOLLOW) != 0 &&
      !has_no_modes(errno)) {
    return posix_error(path);
  }
  if (::utimensat(AT_FDCWD, path.c_str(), times_of(facts).data(), AT_SYMLINK_NOFOLLOW) != 0) {
    return posix_error(path);
  }
  return refused;
}

}  // namespace peerstore::os
