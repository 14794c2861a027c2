// VirtualKeyValue: a database in memory that forgets on crash() what was not synced, as LevelDB
// over a real disk would: the latest changes are lost, back to the last synced write.
#pragma once

#include <peerstore/runtime/key_value.hpp>
#include <peerstore/world/faults.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace peerstore::world {

class VirtualKeyValue final : public KeyValue {
 public:
  Result<void> write(const std::vector<Change>& changes, bool sync) override;
  Result<std::optional<std::string>> get(std::string_view key) override;
  Result<void> scan(std::string_view prefix,
                    const std::function<bool(std::string_view key, std::string_view value)>& visit) override;

  void crash();
  // The database is lost altogether.
  void wipe();
  std::size_t size() const { return rows_.size(); }
  Faults& faults() { return faults_; }

 private:
  void set(const std::string& key, std::optional<std::string> value);

  std::map<std::string, std::string, std::less<>> rows_;
  std::vector<Change> undo_;  // of changes since the last sync, newest last
  Faults faults_;
};

}  // namespace peerstore::world
