// What the kernel was told about a piece of memory, for tests of where secrets lie.
#pragma once

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

namespace peerstore::crypto::test {

// Left out of core dumps, and between pages that cannot be touched: what sodium_malloc does everywhere. (That
// it is locked depends on the limits of the process.)
inline bool is_for_secrets(const void* memory) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  std::ifstream maps("/proc/self/smaps");
  bool is_here = false;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::uintptr_t from = 0;
    std::uintptr_t to = 0;
    char dash = 0;
    if (words >> std::hex >> from >> dash >> to && dash == '-') is_here = from <= address && address < to;
    if (is_here && line.starts_with("VmFlags:")) return line.find(" dd") != std::string::npos;
  }
  return false;
}

}  // namespace peerstore::crypto::test
