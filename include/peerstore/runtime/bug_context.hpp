// BugContext: what this thread is about while it lives, said with a bug (check.hpp): how to see it again.
#pragma once

#include <string>

namespace peerstore {

class BugContext {
 public:
  explicit BugContext(std::string words);
  ~BugContext();
  BugContext(const BugContext&) = delete;
  BugContext& operator=(const BugContext&) = delete;

  // Of the innermost of this thread; null if there is none.
  static const char* current();

 private:
  std::string words_;
  const BugContext* outer_;
};

}  // namespace peerstore
