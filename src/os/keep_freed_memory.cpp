#include <malloc.h>
#include <peerstore/os/real.hpp>

namespace peerstore::os {

namespace {
constexpr int kKeptBytes = 32 * 1024 * 1024;
}  // namespace

void keep_freed_memory() {
  // Advice: where it is not understood, all works as before.
  (void)::mallopt(M_ARENA_MAX, 1);
  (void)::mallopt(M_MMAP_THRESHOLD, kKeptBytes);
  (void)::mallopt(M_TRIM_THRESHOLD, kKeptBytes);
}

}  // namespace peerstore::os
