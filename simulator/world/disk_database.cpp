#include <peerstore/world/disk_database.hpp>

#include "world/disk_environment.hpp"

namespace peerstore::world {

DiskDatabase::DiskDatabase(Disk& disk) : environment_(std::make_unique<DiskEnvironment>(disk)) {}

DiskDatabase::~DiskDatabase() = default;

Result<std::unique_ptr<DiskDatabase>> DiskDatabase::open_by(Opening& opening, Disk& disk,
                                                            const std::string& path) {
  std::unique_ptr<DiskDatabase> database(new DiskDatabase(disk));
  Result<database::Opened> opened = opening(path, database->environment_.get());
  if (!opened) return opened.error();
  database->rows_ = std::move(opened->rows);
  database->environment_->run_scheduled();
  return database;
}

Result<std::unique_ptr<DiskDatabase>> DiskDatabase::open(Disk& disk, const std::string& path) {
  return open_by(database::open_or_begin_anew, disk, path);
}

Result<std::unique_ptr<DiskDatabase>> DiskDatabase::begin_anew(Disk& disk, const std::string& path) {
  return open_by(database::begin_anew, disk, path);
}

Result<void> DiskDatabase::write(const std::vector<Change>& changes, bool sync) {
  Result<void> written = rows_->write(changes, sync);
  environment_->run_scheduled();
  return written;
}

Result<std::optional<std::string>> DiskDatabase::get(std::string_view key) {
  auto value = rows_->get(key);
  environment_->run_scheduled();
  return value;
}

Result<void> DiskDatabase::scan(std::string_view prefix,
                                const std::function<bool(std::string_view, std::string_view)>& visit) {
  Result<void> scanned = rows_->scan(prefix, visit);
  environment_->run_scheduled();
  return scanned;
}

}  // namespace peerstore::world
