#include <peerstore/world/virtual_key_value.hpp>

namespace peerstore::world {

void VirtualKeyValue::set(const std::string& key, std::optional<std::string> value) {
  if (value) {
    rows_.insert_or_assign(key, std::move(*value));
  } else {
    rows_.erase(key);
  }
}

Result<void> VirtualKeyValue::write(const std::vector<Change>& changes, bool sync) {
  if (auto fault = faults_.before(Operation::database_write, "database")) return *fault;
  for (const Change& change : changes) {
    if (!sync) {
      const auto old = rows_.find(change.key);
      undo_.push_back({change.key, old == rows_.end() ? std::nullopt : std::optional(old->second)});
    }
    set(change.key, change.value);
  }
  if (sync) undo_.clear();
  return {};
}

Result<std::optional<std::string>> VirtualKeyValue::get(std::string_view key) {
  if (auto fault = faults_.before(Operation::database_read, "database")) return *fault;
  const auto found = rows_.find(key);
  if (found == rows_.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

Result<void> VirtualKeyValue::scan(std::string_view prefix,
                                   const std::function<bool(std::string_view, std::string_view)>& visit) {
  if (auto fault = faults_.before(Operation::database_read, "database")) return *fault;
  // By key rather than by iterator: `visit` may write.
  std::string after(prefix);
  auto row = rows_.lower_bound(after);
  while (row != rows_.end() && row->first.starts_with(prefix)) {
    after = row->first;
    if (!visit(row->first, row->second)) break;
    row = rows_.upper_bound(after);
  }
  return {};
}

void VirtualKeyValue::crash() {
  for (auto change = undo_.rbegin(); change != undo_.rend(); ++change)
    set(change->key, std::move(change->value));
  undo_.clear();
}

void VirtualKeyValue::wipe() {
  rows_.clear();
  undo_.clear();
}

}  // namespace peerstore::world
