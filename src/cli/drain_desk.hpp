// DrainDesk: what the local API tells about emptying this machine (peerstore node drain).
#pragma once

#include <peerstore/node/node.hpp>
#include <peerstore/runtime/scope.hpp>

#include <optional>
#include <string>

namespace peerstore::cli {

class DrainDesk {
 public:
  // The node outlives this.
  DrainDesk(Clock& clock, node::Node& node) : node_(node), scope_(clock) {}

  // JSON documents, all of them.
  std::string status() const;
  // {"ready":false} until it is reckoned.
  std::string preview() const;
  // Reckons it anew.
  std::string reckon();

 private:
  Task<void> reckon_in_background();

  node::Node& node_;
  std::optional<node::DrainPreview> preview_;
  bool reckoning_ = false;
  TaskScope scope_;  // last: its tasks use everything above
};

}  // namespace peerstore::cli
