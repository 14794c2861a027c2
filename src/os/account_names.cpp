#include "account_names.hpp"

#include <grp.h>
#include <pwd.h>

#include <vector>

namespace peerstore::os {

namespace {

constexpr std::size_t kEntryBytesMax = 65536;  // a group may have many members

std::string look_up_name(Account kind, std::uint32_t number) {
  std::vector<char> room(kEntryBytesMax);
  if (kind == Account::user) {
    passwd entry;
    passwd* found = nullptr;
    if (::getpwuid_r(number, &entry, room.data(), room.size(), &found) != 0 || found == nullptr) return {};
    return found->pw_name;
  }
  group entry;
  group* found = nullptr;
  if (::getgrgid_r(number, &entry, room.data(), room.size(), &found) != 0 || found == nullptr) return {};
  return found->gr_name;
}

std::optional<std::uint32_t> look_up_number(Account kind, const std::string& name) {
  std::vector<char> room(kEntryBytesMax);
  if (kind == Account::user) {
    passwd entry;
    passwd* found = nullptr;
    if (::getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found) != 0) return std::nullopt;
    return found == nullptr ? std::nullopt : std::optional<std::uint32_t>(found->pw_uid);
  }
  group entry;
  group* found = nullptr;
  if (::getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found) != 0) return std::nullopt;
  return found == nullptr ? std::nullopt : std::optional<std::uint32_t>(found->gr_gid);
}

}  // namespace

std::string AccountNames::name(Account kind, std::uint32_t number) {
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = names_.try_emplace({kind, number});
  if (is_new) known->second = look_up_name(kind, number);
  return known->second;
}

std::optional<std::uint32_t> AccountNames::number(Account kind, const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = numbers_.try_emplace({kind, name});
  if (is_new) known->second = look_up_number(kind, name);
  return known->second;
}

}  // namespace peerstore::os
