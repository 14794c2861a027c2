#include <peerstore/runtime/check.hpp>

#include <cstdio>
#include <cstdlib>

namespace peerstore {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "peerstore: bug: %s is false (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace peerstore
