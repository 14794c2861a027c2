#include "new_file.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <peerstore/runtime/check.hpp>

#include <algorithm>
#include <array>
#include <cstring>

#include "file_facts.hpp"
#include "posix.hpp"

namespace peerstore::os {

namespace {

constexpr std::size_t kNameBytesMax = 255;
constexpr mode_t kPrivateFile = 0600;
constexpr std::string_view kEnding = ".peerstore-";
constexpr std::size_t kRandomBytes = 8;
constexpr std::size_t kBlockBytes = 4096;  // what may be a hole
constexpr std::uint64_t kSentAtOnce = 4 << 20;

bool is_zero(ByteView bytes) {
  static constexpr std::array<std::uint8_t, kBlockBytes> kZeros = {};
  return std::memcmp(bytes.data(), kZeros.data(), bytes.size()) == 0;
}

std::string temporary_beside(const std::string& path) {
  std::array<std::uint8_t, kRandomBytes> random;
  randombytes_buf(random.data(), random.size());
  const std::string ending = std::string(kEnding) + to_hex(random);
  const std::size_t slash = path.rfind('/');
  const std::size_t name_at = slash == std::string::npos ? 0 : slash + 1;
  std::string name = "." + path.substr(name_at) + ending;
  // A long name is left out rather than cut, which could split a character.
  if (name.size() > kNameBytesMax) name = ending;
  return path.substr(0, name_at) + name;
}

// Errc::refused if something is at `path` that must stay.
Result<void> may_appear(const std::string& path, bool overwrite) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return posix_error(path);
  }
  if (S_ISDIR(status.st_mode)) return fail(Errc::refused, path + ": is a folder");
  if (!overwrite) return posix_error(path, EEXIST);
  if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) {
    return fail(Errc::refused, path + ": is a pipe, socket or device, which no file takes the place of");
  }
  return {};
}

}  // namespace

NewFile::NewFile(Descriptor file, std::string path, std::string temporary, bool overwrite,
                 WriteBehind& write_behind)
    : file_(std::move(file)),
      path_(std::move(path)),
      temporary_(std::move(temporary)),
      overwrite_(overwrite),
      write_behind_(write_behind) {}

NewFile::~NewFile() {
  if (!finished_) ::unlink(temporary_.c_str());
}

bool NewFile::is_unfinished(std::string_view name) {
  const std::size_t ending = kEnding.size() + 2 * kRandomBytes;
  if (name.size() < ending || !name.starts_with('.')) return false;
  name.remove_prefix(name.size() - ending);
  return name.starts_with(kEnding) &&
         name.find_first_not_of("0123456789abcdef", kEnding.size()) == std::string_view::npos;
}

Result<std::unique_ptr<Files::Writer>> NewFile::create(const std::string& path, bool overwrite,
                                                       WriteBehind& write_behind) {
  if (auto reason = unusable(path)) return *reason;
  if (path.empty() || path.ends_with('/')) {
    return fail(Errc::invalid, "'" + path + "' is not the name of a file");
  }
  if (auto may = may_appear(path, overwrite); !may) return may.error();
  std::string temporary = temporary_beside(path);
  Descriptor file(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kPrivateFile));
  if (!file) return posix_error(path);
  return std::unique_ptr<Files::Writer>(
      new NewFile(std::move(file), path, std::move(temporary), overwrite, write_behind));
}

Result<void> NewFile::append(ByteView bytes) {
  CHECK(!finished_);
  while (!bytes.empty()) {
    // Whole blocks, where they begin in the file, either all zeros or all to be written.
    std::size_t part = std::min<std::size_t>(kBlockBytes - size_ % kBlockBytes, bytes.size());
    const bool is_hole = is_zero(bytes.first(part));
    while (part + kBlockBytes <= bytes.size() && is_zero(bytes.subspan(part, kBlockBytes)) == is_hole) {
      part += kBlockBytes;
    }
    if (!is_hole && bytes.size() - part < kBlockBytes) part = bytes.size();
    if (!is_hole) {
      if (auto done = write_all(file_.number(), size_, bytes.first(part), path_); !done) return done;
      written_to_ = size_ + part;
    }
    size_ += part;
    bytes = bytes.subspan(part);
  }
  if (written_to_ >= sent_to_ + kSentAtOnce) write_behind();
  return {};
}

void NewFile::write_behind() {
  write_behind_.wrote(file_.number(), sent_to_, written_to_ - sent_to_);
  sent_to_ = written_to_;
}

Result<std::vector<std::string>> NewFile::finish(const FileFacts& facts, const FileAttributes& attributes,
                                                 Durable durable) {
  CHECK(!finished_);
  if (written_to_ < size_ && ::ftruncate(file_.number(), static_cast<off_t>(size_)) != 0) {
    return posix_error(path_);
  }
  if (written_to_ >= kLargeFile && written_to_ > sent_to_) write_behind();
  auto refused = apply_facts(file_.number(), facts, attributes, path_);
  if (!refused) return refused;
  if (durable == Durable::now) {
    if (::fsync(file_.number()) != 0) return posix_error(path_);
    if (auto standing = write_behind_.standing(); !standing) return standing.error();
  }
  if (auto done = move_to_its_name(); !done) return done.error();
  finished_ = true;
  return refused;
}

Result<void> NewFile::move_to_its_name() {
  const char* const from = temporary_.c_str();
  const char* const to = path_.c_str();
  if (overwrite_) {
    if (auto may = may_appear(path_, true); !may) return may;
    if (::rename(from, to) == 0) return {};
    return posix_error(path_);
  }
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) return posix_error(path_);
  // A file system without that: a second link fails just as well where something is.
  if (::link(from, to) != 0) return posix_error(path_);
  ::unlink(from);
  return {};
}

}  // namespace peerstore::os
