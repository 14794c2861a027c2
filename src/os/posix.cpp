#include "posix.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <system_error>

namespace peerstore::os {

namespace {

Errc code_for(int number) {
  switch (number) {
    case ENOENT: return Errc::not_found;
    case ENOSPC:
    case EDQUOT: return Errc::full;
    case EEXIST: return Errc::refused;
    case ENOTDIR:
    case EISDIR:
    case ENOTEMPTY:
    case ELOOP: return Errc::invalid;
    default: return Errc::io;
  }
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

}  // namespace

Error posix_error(std::string_view path, int number) {
  // Unlike strerror, this may be called from several threads.
  return fail(code_for(number), std::string(path) + ": " + std::generic_category().message(number));
}

std::optional<Error> unusable(std::string_view path) {
  if (path.find('\0') == std::string_view::npos) return std::nullopt;
  return fail(Errc::invalid, "a path with a zero byte in it");
}

Result<void> write_all(int file, std::uint64_t offset, ByteView bytes, std::string_view path) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return posix_error(path);
    }
    offset += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::size_t> read_up_to(int file, std::uint64_t offset, std::span<std::uint8_t> room,
                               std::string_view path) {
  std::size_t got = 0;
  while (got < room.size()) {
    const ssize_t more =
        ::pread(file, room.data() + got, room.size() - got, static_cast<off_t>(offset + got));
    if (more < 0) {
      if (errno == EINTR) continue;
      return posix_error(path);
    }
    if (more == 0) break;
    got += static_cast<std::size_t>(more);
  }
  return got;
}

Result<std::vector<std::string>> names_in_folder(Descriptor folder, std::string_view path) {
  const std::unique_ptr<DIR, CloseFolder> open(::fdopendir(folder.number()));
  if (!open) return posix_error(path);
  folder.release();
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(open.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return posix_error(path);
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> sync_open_folder(int folder, std::string_view path) {
  if (::fsync(folder) == 0 || errno == EINVAL) return {};
  return posix_error(path);
}

}  // namespace peerstore::os
