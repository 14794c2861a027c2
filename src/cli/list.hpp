// How files and times of the drive are shown.
#pragma once

#include "output.hpp"

#include <cstdint>
#include <string>

namespace peerstore::cli {

// "2026-03-01 14:05:09", where the person is.
std::string local_time(std::int64_t nanoseconds);
// One line, or one document.
void print(const Output& output, const drive::ListEntry& entry, bool long_form);

}  // namespace peerstore::cli
