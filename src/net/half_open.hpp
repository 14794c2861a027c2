// HalfOpen: how many strangers are at the door. A place is held from a connection's first moment until it
// has been judged (a joiner keeps its place until it is gone), so that whoever connects and says nothing
// cannot keep members out for longer than the greeting may take.
#pragma once

#include <map>
#include <memory>
#include <string>

namespace peerstore::net {

class HalfOpen {
 public:
  // Given back by its destructor.
  using Place = std::shared_ptr<void>;

  bool is_full() const;
  // Nothing if `address` has too many places. This machine's own programs share only the total.
  Place take(const std::string& address, bool is_loopback);

 private:
  struct Counts {
    std::size_t total = 0;
    std::map<std::string, std::size_t> by_address;
  };
  // Shared with the places, which may outlive this.
  std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace peerstore::net
