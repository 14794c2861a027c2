#include <peerstore/membership/membership.hpp>
#include <peerstore/runtime/encoding.hpp>

#include "sealed_file.hpp"

namespace peerstore::membership {

namespace {
constexpr std::string_view kPath = "roster";
constexpr std::string_view kMagic = "PSROSTR1";
constexpr std::size_t kFileBytesMax = 64 * 1024 * 1024;

Error damaged(std::string_view how) {
  return fail(Errc::corrupt, "the roster file: " + std::string(how) +
                                 "; move it away, and the node will learn the roster again from any member");
}
}  // namespace

Result<void> save_statements(Disk& disk, const std::vector<wire::Statement>& statements) {
  ByteWriter out;
  write_statements(out, statements);
  if (auto saved = disk.replace(kPath, seal_file(kMagic, out.view())); !saved) {
    return saved.error_in("saving the roster");
  }
  return {};
}

Result<std::vector<wire::Statement>> load_statements(Disk& disk) {
  const auto file = disk.read_all(kPath, kFileBytesMax);
  if (!file) {
    if (file.error().code == Errc::corrupt) return damaged("it is larger than it may be");
    return file.error_in("loading the roster");
  }
  const auto content = open_file(kMagic, *file);
  if (!content) {
    if (content.error().code == Errc::corrupt) return damaged(content.error().context);
    return content.error_in("the roster file");
  }
  ByteReader in(*content);
  std::vector<wire::Statement> statements = read_statements(in);
  if (!in.finished()) return damaged("it holds what no PeerStore writes");
  return statements;
}

}  // namespace peerstore::membership
