// Running a check in a child process, which may change what a process cannot change back.
#pragma once

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace peerstore::os {

// Whether `check()` returned true in a child.
template <class Check>
bool in_other_process(const Check& check) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// The same without root's rights, if the tests have them.
template <class Check>
bool as_ordinary_user(const Check& check) {
  return in_other_process([&check] {
    constexpr unsigned kNobody = 65534;
    if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
                             ::setresuid(kNobody, kNobody, kNobody) != 0)) {
      return false;
    }
    return check();
  });
}

}  // namespace peerstore::os
