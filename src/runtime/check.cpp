#include <peerstore/runtime/check.hpp>

#include <peerstore/runtime/bug_context.hpp>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace peerstore {

namespace {
thread_local const BugContext* innermost = nullptr;
}  // namespace

BugContext::BugContext(std::string words)
    : words_(std::move(words)), outer_(std::exchange(innermost, this)) {}

BugContext::~BugContext() { innermost = outer_; }

const char* BugContext::current() { return innermost == nullptr ? nullptr : innermost->words_.c_str(); }

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "peerstore: bug: %s is false (%s:%d)\n", condition, file, line);
  if (const char* context = BugContext::current()) std::fprintf(stderr, "  %s\n", context);
  std::abort();
}

}  // namespace peerstore
