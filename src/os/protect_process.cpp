#include <sys/prctl.h>
#include <sys/resource.h>
#include <peerstore/os/real.hpp>
#include <peerstore/runtime/check.hpp>

namespace peerstore::os {

void protect_process() {
  const rlimit none{0, 0};
  CHECK(::setrlimit(RLIMIT_CORE, &none) == 0);
  CHECK(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
}

}  // namespace peerstore::os
