// KeyValue: an ordered map on disk, for facts that can be rebuilt. LevelDB implements it
// (os/leveldb_key_value); the simulator has its own that forgets what was not synced.
#pragma once

#include <peerstore/runtime/bytes.hpp>
#include <peerstore/runtime/result.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore {

class KeyValue {
 public:
  struct Change {
    std::string key;
    std::optional<std::string> value;  // nothing removes the key
  };

  virtual ~KeyValue() = default;
  // All changes or none; durable when it returns if `sync`.
  virtual Result<void> write(const std::vector<Change>& changes, bool sync) = 0;
  virtual Result<std::optional<std::string>> get(std::string_view key) = 0;
  // Calls `visit` for each key that begins with `prefix`, in order, until it returns false.
  virtual Result<void> scan(
      std::string_view prefix,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) = 0;
};

}  // namespace peerstore
