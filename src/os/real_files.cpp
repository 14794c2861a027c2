#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <peerstore/os/real.hpp>

#include <algorithm>
#include <climits>

#include "account_names.hpp"
#include "descriptor.hpp"
#include "file_facts.hpp"
#include "new_file.hpp"
#include "posix.hpp"
#include "write_behind.hpp"

namespace peerstore::os {

namespace {

Result<FileFacts> facts_of_open(int file, const std::string& path) {
  struct stat status;
  if (::fstat(file, &status) != 0) return posix_error(path);
  return facts_from(status);
}

class RealReader final : public Files::Reader {
 public:
  RealReader(Descriptor file, std::string path, std::uint64_t size)
      : file_(std::move(file)), path_(std::move(path)), expected_(size) {}

  Result<Bytes> read(std::size_t size) override {
    Bytes out;
    while (out.size() < size) {
      // Room for what should be there and one byte more, which shows the end in the same turn; a
      // file that has grown takes further turns.
      const std::uint64_t left = expected_ > at_ ? expected_ - at_ : 0;
      const std::size_t before = out.size();
      const auto room = static_cast<std::size_t>(
          std::min<std::uint64_t>(size - before, std::max<std::uint64_t>(left + 1, kLeastRead)));
      out.resize(before + room);
      const auto got = read_up_to(file_.number(), at_, std::span(out).subspan(before), path_);
      if (!got) return got.error();
      at_ += *got;
      out.resize(before + *got);
      if (*got < room) break;
    }
    return out;
  }

  Result<std::uint64_t> next_data(std::uint64_t offset) override {
    const off_t found = ::lseek(file_.number(), static_cast<off_t>(offset), SEEK_DATA);
    if (found >= 0) return static_cast<std::uint64_t>(found);
    if (errno != ENXIO) return offset;  // a file system that does not tell: all of it is data
    const auto now = facts();
    if (!now) return now.error();
    return std::max(offset, now->size);
  }

  void move_to(std::uint64_t offset) override { at_ = offset; }

  Result<FileFacts> facts() override { return facts_of_open(file_.number(), path_); }

 private:
  static constexpr std::uint64_t kLeastRead = 4096;

  Descriptor file_;
  std::string path_;
  std::uint64_t expected_;
  std::uint64_t at_ = 0;
};

class RealFiles final : public Files {
 public:
  Result<FileFacts> facts(const std::string& path) override {
    if (auto reason = unusable(path)) return *reason;
    struct stat status;
    if (::lstat(path.c_str(), &status) == 0) return facts_from(status);
    // Below something that is no folder there is nothing either.
    return posix_error(path, errno == ENOTDIR ? ENOENT : errno);
  }

  Result<std::vector<std::string>> list(const std::string& folder) override {
    if (auto reason = unusable(folder)) return *reason;
    Descriptor open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!open) return posix_error(folder);
    return names_in_folder(std::move(open), folder);
  }

  Result<std::unique_ptr<Reader>> open(const std::string& path) override {
    if (auto reason = unusable(path)) return *reason;
    // Without O_NONBLOCK a pipe that took the file's place would hold us for ever.
    Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) return posix_error(path);
    const auto known = facts_of_open(file.number(), path);
    if (!known) return known.error();
    if (known->kind != FileKind::file) return fail(Errc::invalid, path + ": not a regular file");
    return std::unique_ptr<Reader>(std::make_unique<RealReader>(std::move(file), path, known->size));
  }

  Result<std::string> read_link(const std::string& path) override {
    if (auto reason = unusable(path)) return *reason;
    std::string target(PATH_MAX, '\0');
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
    if (size < 0) {
      if (errno == EINVAL) return fail(Errc::invalid, path + ": not a symbolic link");
      return posix_error(path);
    }
    target.resize(static_cast<std::size_t>(size));
    return target;
  }

  Result<FileAttributes> attributes(const std::string& path) override {
    if (auto reason = unusable(path)) return *reason;
    return attributes_at(path);
  }

  std::string account_name(Account kind, std::uint32_t number) override {
    return accounts_.name(kind, number);
  }

  std::optional<std::uint32_t> account_number(Account kind, const std::string& name) override {
    return accounts_.number(kind, name);
  }

  Result<std::unique_ptr<Writer>> create(const std::string& path, bool overwrite) override {
    return NewFile::create(path, overwrite, write_behind_);
  }

  Result<void> make_folder(const std::string& path) override {
    if (auto reason = unusable(path)) return *reason;
    if (::mkdir(path.c_str(), 0700) == 0) return {};
    if (errno != EEXIST) return posix_error(path);
    const auto there = facts(path);
    if (there && there->kind == FileKind::folder) return {};
    return posix_error(path, EEXIST);
  }

  Result<void> make_symlink(const std::string& target, const std::string& path) override {
    if (auto reason = unusable(target)) return *reason;
    if (auto reason = unusable(path)) return *reason;
    if (::symlink(target.c_str(), path.c_str()) == 0) return {};
    return posix_error(path);
  }

  Result<void> make_hard_link(const std::string& existing, const std::string& path) override {
    if (auto reason = unusable(existing)) return *reason;
    if (auto reason = unusable(path)) return *reason;
    // link() does not follow a symbolic link: it gives the link a second name.
    if (::link(existing.c_str(), path.c_str()) == 0) return {};
    return posix_error(path);
  }

  Result<std::vector<std::string>> set_facts(const std::string& path, const FileFacts& facts,
                                             const FileAttributes& attributes) override {
    if (auto reason = unusable(path)) return *reason;
    return apply_facts_at(path, facts, attributes);
  }

  Result<void> remove_file(const std::string& path) override {
    if (auto reason = unusable(path)) return *reason;
    if (::unlink(path.c_str()) != 0) return posix_error(path);
    return {};
  }

  Result<void> sync(const std::string& folder) override {
    if (auto reason = unusable(folder)) return *reason;
    const Descriptor open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!open || ::syncfs(open.number()) != 0) return posix_error(folder);
    return write_behind_.standing();
  }

  Result<void> remove_unfinished(const std::string& folder) override {
    const auto names = list(folder);
    if (!names) return names.error();
    for (const std::string& name : *names) {
      if (!NewFile::is_unfinished(name)) continue;
      const std::string path = folder + "/" + name;
      const auto known = facts(path);
      if (known && known->kind == FileKind::file) (void)remove_file(path);
    }
    return {};
  }

 private:
  AccountNames accounts_;
  WriteBehind write_behind_;
};

}  // namespace

std::unique_ptr<Files> open_files() { return std::make_unique<RealFiles>(); }

}  // namespace peerstore::os
