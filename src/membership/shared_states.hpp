// SharedStates: what came of giving a batch of statements to a roster, so that the next roster of
// this thread that stands where that one stood, and is given the same, shares the outcome.
//
// In a simulation a thousand machines learn the same facts; each would verify, file and keep them
// for itself. In a daemon there is one roster, and this holds a few dead entries. It owns nothing,
// and no outcome depends on it.
#pragma once

#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/encoding.hpp>

#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "roster_state.hpp"

namespace peerstore::membership {

struct Roster::SharedStates {
  struct Outcome {
    std::shared_ptr<State> state;
    std::size_t refused = 0;
  };
  using Batch = std::vector<std::pair<wire::StatementId, const wire::Statement*>>;

  static SharedStates& of_this_thread() {
    thread_local SharedStates shared;
    return shared;
  }

  // From where, by whose judgement, and what: with the signatures, for they decide too.
  crypto::Hash name_of_step(const Roster& from, const Batch& batch) const {
    ByteWriter out;
    out.fixed(from.ring_id_).fixed(from.digest());
    out.u64(reinterpret_cast<std::uintptr_t>(from.signatures_));
    for (const auto& [id, statement] : batch) out.fixed(id).fixed(statement->signature);
    return crypto::hash("shared roster", {out.view()});
  }

  std::optional<Outcome> find(const crypto::Hash& step) const {
    const auto found = steps_.find(step);
    if (found == steps_.end()) return std::nullopt;
    std::shared_ptr<State> state = found->second.state.lock();
    if (!state) return std::nullopt;
    return Outcome{std::move(state), found->second.refused};
  }

  void keep(const crypto::Hash& step, const Outcome& outcome) {
    if (steps_.size() >= clean_at_) {
      std::erase_if(steps_, [](const auto& entry) { return entry.second.state.expired(); });
      clean_at_ = 2 * steps_.size() + kCleanAtLeast;
    }
    outcome.state->is_shared = true;
    steps_.insert_or_assign(step, Step{outcome.state, outcome.refused});
  }

 private:
  static constexpr std::size_t kCleanAtLeast = 16;
  struct Step {
    std::weak_ptr<State> state;
    std::size_t refused = 0;
  };
  std::unordered_map<crypto::Hash, Step, FixedBytesHash> steps_;
  std::size_t clean_at_ = kCleanAtLeast;
};

}  // namespace peerstore::membership
