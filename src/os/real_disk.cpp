// Disk over POSIX. Names are resolved from an open descriptor of the root folder, which therefore
// may be renamed while it is in use. A file is never reached through a symbolic link; the folders
// above it may be links, so that their owner can keep chunks on a larger disk. What friends keep here is
// seldom read again soon, so it leaves the page cache to what the machine's owner works with.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <peerstore/os/real.hpp>

#include <algorithm>
#include <limits>

#include "descriptor.hpp"
#include "posix.hpp"
#include "write_behind.hpp"

namespace peerstore::os {

namespace {

constexpr mode_t kPrivateFolder = 0700;
constexpr mode_t kPrivateFile = 0600;

// `path` in its plainest form, "." for the root. Errc::invalid if it could leave the root.
Result<std::string> below_root(std::string_view path) {
  if (auto reason = unusable(path)) return *reason;
  std::string plain;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (name.empty()) continue;
    if (name == "." || name == "..") return fail(Errc::invalid, "a path with '.' or '..' in it");
    if (!plain.empty()) plain += '/';
    plain += name;
  }
  return plain.empty() ? std::string(".") : plain;
}

// The same for the name of a file or folder that is not the root itself.
Result<std::string> entry_below_root(std::string_view path) {
  auto plain = below_root(path);
  if (plain && *plain == ".") return fail(Errc::invalid, "'" + std::string(path) + "' names nothing");
  return plain;
}

bool is_folder_at(int folder, const char* path) {
  struct stat status;
  return ::fstatat(folder, path, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

// Makes `path`, from `folder`, and what is missing above it.
Result<void> make_folders(int folder, const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdirat(folder, part.c_str(), kPrivateFolder) != 0) {
      const int number = errno;
      if (number != EEXIST) return posix_error(part, number);
      if (!is_folder_at(folder, part.c_str())) return posix_error(part, ENOTDIR);
    }
    if (end == std::string::npos) return {};
  }
}

class RealWriter final : public Disk::Writer {
 public:
  RealWriter(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Result<void> append(ByteView bytes) override { return write_at(size_, bytes); }

  Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
    if (broken_) return sync_failed();
    if (bytes.size() > kOffsetMax || offset > kOffsetMax - bytes.size()) {
      return fail(Errc::invalid, path_ + ": beyond the largest file");
    }
    if (auto done = write_all(file_.number(), offset, bytes, path_); !done) return done;
    size_ = std::max(size_, offset + bytes.size());
    return {};
  }

  Result<void> sync() override {
    if (broken_) return sync_failed();
    if (::fdatasync(file_.number()) == 0) {
      if (size_ >= kLargeFile) leave_page_cache(file_.number(), 0, size_);
      return {};
    }
    // The kernel now takes the lost pages for clean: a second sync would lie.
    broken_ = true;
    return posix_error(path_);
  }

 private:
  static constexpr std::uint64_t kOffsetMax = std::numeric_limits<off_t>::max();
  Error sync_failed() const { return fail(Errc::io, path_ + ": an earlier sync of this file failed"); }

  Descriptor file_;
  std::string path_;
  std::uint64_t size_ = 0;
  bool broken_ = false;
};

class RealDisk final : public Disk {
 public:
  explicit RealDisk(Descriptor root) : root_(std::move(root)) {}

  Result<std::unique_ptr<Writer>> create(std::string_view path) override {
    auto name = entry_below_root(path);
    if (!name) return name.error();
    Descriptor file = open_at(*name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
    if (!file) return posix_error(*name);
    return std::unique_ptr<Writer>(std::make_unique<RealWriter>(std::move(file), std::move(*name)));
  }

  Result<Bytes> read(std::string_view path, std::uint64_t offset, std::size_t size) override {
    std::uint64_t file_size = 0;
    auto file = open_file(path, file_size);
    if (!file) return file.error();
    if (offset >= file_size) return Bytes();
    // Never more than is there, whatever was asked for.
    Bytes out(static_cast<std::size_t>(std::min<std::uint64_t>(size, file_size - offset)));
    const auto got = read_up_to(file->number(), offset, out, path);
    if (!got) return got.error();
    if (file_size >= kLargeFile) leave_page_cache(file->number(), offset, *got);
    out.resize(*got);
    return out;
  }

  Result<std::uint64_t> size(std::string_view path) override {
    std::uint64_t file_size = 0;
    auto file = open_file(path, file_size);
    if (!file) return file.error();
    return file_size;
  }

  Result<void> rename(std::string_view from, std::string_view to) override {
    const auto source = entry_below_root(from);
    if (!source) return source.error();
    const auto target = entry_below_root(to);
    if (!target) return target.error();
    if (::renameat(root_.number(), source->c_str(), root_.number(), target->c_str()) == 0) return {};
    return posix_error(*source + " to " + *target);
  }

  Result<void> remove(std::string_view path) override {
    const auto name = entry_below_root(path);
    if (!name) return name.error();
    if (::unlinkat(root_.number(), name->c_str(), 0) == 0) return {};
    if (errno == EISDIR && ::unlinkat(root_.number(), name->c_str(), AT_REMOVEDIR) == 0) return {};
    return posix_error(*name);
  }

  Result<void> make_folder(std::string_view path) override {
    const auto name = below_root(path);
    if (!name) return name.error();
    return make_folders(root_.number(), *name);
  }

  Result<void> sync_folder(std::string_view path) override {
    const auto name = below_root(path);
    if (!name) return name.error();
    const Descriptor folder = open_at(*name, O_RDONLY | O_DIRECTORY);
    if (!folder) return posix_error(*name);
    return sync_open_folder(folder.number(), *name);
  }

  Result<std::vector<Entry>> list(std::string_view folder) override {
    const auto name = below_root(folder);
    if (!name) return name.error();
    Descriptor open = open_at(*name, O_RDONLY | O_DIRECTORY);
    if (!open) return posix_error(*name);
    Descriptor for_names(::fcntl(open.number(), F_DUPFD_CLOEXEC, 0));
    if (!for_names) return posix_error(*name);
    auto names = names_in_folder(std::move(for_names), *name);
    if (!names) return names.error();
    std::vector<Entry> entries;
    entries.reserve(names->size());
    for (std::string& child : *names) {
      struct stat status;
      if (::fstatat(open.number(), child.c_str(), &status, 0) != 0) {
        if (errno == ENOENT) continue;  // removed since it was listed
        return posix_error(*name + "/" + child);
      }
      const bool is_folder = S_ISDIR(status.st_mode);
      entries.push_back(
          {std::move(child), is_folder, is_folder ? 0 : static_cast<std::uint64_t>(status.st_size)});
    }
    return entries;
  }

  Result<Space> space() override {
    struct statvfs status;
    if (::fstatvfs(root_.number(), &status) != 0) return posix_error("the disk");
    const std::uint64_t block = status.f_frsize;
    return Space{status.f_blocks * block, status.f_bavail * block};
  }

 private:
  Descriptor open_at(const std::string& name, int flags) const {
    return Descriptor(::openat(root_.number(), name.c_str(), flags | O_CLOEXEC, kPrivateFile));
  }

  Result<Descriptor> open_file(std::string_view path, std::uint64_t& size) const {
    const auto name = entry_below_root(path);
    if (!name) return name.error();
    Descriptor file = open_at(*name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!file) return posix_error(*name);
    struct stat status;
    if (::fstat(file.number(), &status) != 0) return posix_error(*name);
    if (!S_ISREG(status.st_mode)) return fail(Errc::invalid, *name + ": not a file");
    size = static_cast<std::uint64_t>(status.st_size);
    return file;
  }

  Descriptor root_;
};

}  // namespace

Result<std::unique_ptr<Disk>> open_disk(const std::string& root) {
  if (auto reason = unusable(root)) return *reason;
  const bool is_new = !is_folder_at(AT_FDCWD, root.c_str());
  if (auto made = make_folders(AT_FDCWD, root); !made) return made.error();
  Descriptor folder(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return posix_error(root);
  if (is_new) {
    // Only here can the name of the root itself be made durable. The folder above may be one that
    // we cannot open (a system's /home): then it is left to the system.
    const Descriptor above(::openat(folder.number(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (above) {
      if (auto done = sync_open_folder(above.number(), root); !done) return done.error();
    }
  }
  return std::unique_ptr<Disk>(std::make_unique<RealDisk>(std::move(folder)));
}

}  // namespace peerstore::os
