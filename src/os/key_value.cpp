#include <spdlog/spdlog.h>
#include <peerstore/database/leveldb_key_value.hpp>
#include <peerstore/os/real.hpp>

namespace peerstore::os {

namespace {
Result<std::unique_ptr<KeyValue>> rows_of(Result<database::Opened> opened) {
  if (!opened) return opened.error();
  if (!opened->damage.empty()) spdlog::warn("{}; mended", opened->damage);
  return std::move(opened->rows);
}
}  // namespace

Result<std::unique_ptr<KeyValue>> open_key_value(const std::string& path) {
  return rows_of(database::open_or_begin_anew(path));
}

Result<std::unique_ptr<KeyValue>> begin_key_value_anew(const std::string& path) {
  return rows_of(database::begin_anew(path));
}

}  // namespace peerstore::os
