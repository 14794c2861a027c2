// Cap'n Proto 0.9.2 (Debian 12) does not compile as C++20 with clang 16 or later: the rewritten
// comparison operators find no candidate for `const char* == StringPtr`. Included before every
// source of this module (module.cmake).
#pragma once

#include <kj/string.h>

#if defined(__clang__) && __clang_major__ >= 16
namespace kj {
inline bool operator==(const char* a, const StringPtr& b) { return b.operator==(StringPtr(a)); }
inline bool operator!=(const char* a, const StringPtr& b) { return !b.operator==(StringPtr(a)); }
}  // namespace kj
#endif
