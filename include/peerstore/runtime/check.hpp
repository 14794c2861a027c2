// CHECK(condition): a programmer's error, tested in every build.
//
// Nothing that came from a peer, a disk or a person may reach a CHECK unvalidated: those are
// expected failures, and travel as Result (result.hpp).
#pragma once

namespace peerstore {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace peerstore

#define CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::peerstore::check_failed(#condition, __FILE__, __LINE__))
