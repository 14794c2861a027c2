#include <peerstore/runtime/disk.hpp>

namespace peerstore {

namespace {
std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}
}  // namespace

Result<Bytes> Disk::read_all(std::string_view path, std::size_t limit) {
  const auto bytes = size(path);
  if (!bytes) return bytes.error();
  if (*bytes > limit) return fail(Errc::corrupt, std::string(path) + ": larger than it may be");
  return read(path, 0, static_cast<std::size_t>(*bytes));
}

Result<void> Disk::replace(std::string_view path, ByteView content) {
  const std::string temporary = std::string(path) + ".tmp";
  {
    auto writer = create(temporary);
    if (!writer) return writer.error();
    if (auto done = (*writer)->append(content); !done) return done;
    if (auto done = (*writer)->sync(); !done) return done;
  }
  if (auto done = rename(temporary, path); !done) return done;
  return sync_folder(folder_of(path));
}

}  // namespace peerstore
