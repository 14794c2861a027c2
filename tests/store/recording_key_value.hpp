// RecordingKeyValue: rows in memory, and how many of the last writes a power cut would take.
#pragma once

#include <peerstore/runtime/key_value.hpp>

#include <map>
#include <memory>
#include <store/fault_plan.hpp>

namespace peerstore::store {

class RecordingKeyValue final : public KeyValue {
 public:
  explicit RecordingKeyValue(FaultPlan& plan) : plan_(plan) {}

  std::size_t unsynced() const { return unsynced_.size(); }
  // What is found after a crash: the first `kept` of the unsynced writes survive.
  std::unique_ptr<RecordingKeyValue> after_crash(FaultPlan& plan, std::size_t kept) const {
    auto found = std::make_unique<RecordingKeyValue>(plan);
    found->now_ = synced_;
    for (std::size_t i = 0; i < kept && i < unsynced_.size(); ++i) apply(found->now_, unsynced_[i]);
    found->synced_ = found->now_;
    return found;
  }

  // For tests that damage rows behind the store's back.
  std::map<std::string, std::string, std::less<>>& rows() { return now_; }

  Result<void> write(const std::vector<Change>& changes, bool sync) override {
    if (auto ok = plan_.before_change("facts", true); !ok) return ok;
    apply(now_, changes);
    unsynced_.push_back(changes);
    if (sync) {
      synced_ = now_;
      unsynced_.clear();
    }
    return {};
  }
  Result<std::optional<std::string>> get(std::string_view key) override {
    if (auto ok = plan_.before_read(); !ok) return ok.error();
    const auto found = now_.find(key);
    return found == now_.end() ? std::nullopt : std::optional(found->second);
  }
  Result<void> scan(std::string_view prefix,
                    const std::function<bool(std::string_view key, std::string_view value)>& visit) override {
    if (auto ok = plan_.before_read(); !ok) return ok;
    for (auto at = now_.lower_bound(prefix); at != now_.end() && at->first.starts_with(prefix); ++at) {
      if (!visit(at->first, at->second)) break;
    }
    return {};
  }

 private:
  using Rows = std::map<std::string, std::string, std::less<>>;
  static void apply(Rows& rows, const std::vector<Change>& changes) {
    for (const Change& change : changes) {
      if (change.value) {
        rows[change.key] = *change.value;
      } else {
        rows.erase(change.key);
      }
    }
  }

  FaultPlan& plan_;
  Rows now_;
  Rows synced_;
  std::vector<std::vector<Change>> unsynced_;
};

}  // namespace peerstore::store
