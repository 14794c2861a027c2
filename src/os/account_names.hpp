// AccountNames: the names of users and groups of this system, and their numbers. Looked up once each:
// an answer may come from far away, and every file has an owner. On any thread.
#pragma once

#include <peerstore/runtime/files.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace peerstore::os {

class AccountNames {
 public:
  // Empty if there is no such account.
  std::string name(Account kind, std::uint32_t number);
  std::optional<std::uint32_t> number(Account kind, const std::string& name);

 private:
  std::mutex mutex_;
  std::map<std::pair<Account, std::uint32_t>, std::string> names_;
  std::map<std::pair<Account, std::string>, std::optional<std::uint32_t>> numbers_;
};

}  // namespace peerstore::os
