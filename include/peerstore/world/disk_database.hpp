// DiskDatabase: LevelDB, the production one, over a simulated disk: what the disk's faults do to the
// files, they do to the database. VirtualKeyValue is its quick twin, for scale.
//
// It ends with its process: destroy it before the power fails, and open it again after that.
#pragma once

#include <peerstore/database/leveldb_key_value.hpp>
#include <peerstore/runtime/disk.hpp>
#include <peerstore/runtime/key_value.hpp>

#include <memory>
#include <string>

namespace peerstore::world {

class DiskEnvironment;

class DiskDatabase final : public KeyValue {
 public:
  // In the folder `path` of `disk`, which must outlive it. What is beyond repair is set aside, as in the
  // daemon. Errors as database::open_or_begin_anew().
  static Result<std::unique_ptr<DiskDatabase>> open(Disk& disk, const std::string& path);
  // An empty one instead of what is there, which is set aside.
  static Result<std::unique_ptr<DiskDatabase>> begin_anew(Disk& disk, const std::string& path);
  ~DiskDatabase() override;

  Result<void> write(const std::vector<Change>& changes, bool sync) override;
  Result<std::optional<std::string>> get(std::string_view key) override;
  Result<void> scan(std::string_view prefix,
                    const std::function<bool(std::string_view key, std::string_view value)>& visit) override;

 private:
  using Opening = Result<database::Opened>(const std::string& path, leveldb::Env* environment);
  static Result<std::unique_ptr<DiskDatabase>> open_by(Opening& opening, Disk& disk, const std::string& path);
  explicit DiskDatabase(Disk& disk);

  std::unique_ptr<DiskEnvironment> environment_;
  std::unique_ptr<KeyValue> rows_;  // uses the environment
};

}  // namespace peerstore::world
