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

  // One a thread: rosters belong to the thread of their loop.
  static SharedStates& local() {
    thread_local SharedStates shared;
    return shared;
  }

  // From where, by whose judgement, and what: with the signatures, for they decide too.
  crypto::Hash name_of_step(const Roster& from, const Batch& batch) const {
    ByteWriter out = name_of(from, from.digest());
    for (const auto& [id, statement] : batch) out.fixed(id).fixed(statement->signature);
    return crypto::hash("shared roster step", {out.view()});
  }

  std::optional<Outcome> find(const crypto::Hash& step) const {
    const auto found = steps_.find(step);
    if (found == steps_.end()) return std::nullopt;
    std::shared_ptr<State> state = found->second.state.lock();
    if (!state) return std::nullopt;
    return Outcome{std::move(state), found->second.refused};
  }

  // Where all of the batch counts and displaces nothing, what comes of it is known beforehand: the statements
  // of both. Somebody may have come there another way, as most do while a ring grows.
  std::optional<Outcome> find_union(const Roster& from, const Batch& batch) const {
    SetDigest digest = from.state_->digest;
    for (const auto& [id, statement] : batch) digest.add(id.view());
    std::optional<Outcome> found = find(name_of_place(from, digest.value()));
    if (!found || found->state->statements.size() != from.size() + batch.size()) return std::nullopt;
    for (const auto& [id, statement] : batch) {
      const auto kept = found->state->statements.find(id);
      if (kept == found->state->statements.end() || kept->second != *statement) return std::nullopt;
    }
    return found;
  }

  // After `step`: the state of `roster`, or the equal one of somebody who came there another way.
  std::shared_ptr<State> keep(const Roster& roster, const crypto::Hash& step, std::size_t refused) {
    const crypto::Hash place = name_of_place(roster, roster.digest());
    const std::optional<Outcome> twin = find(place);
    std::shared_ptr<State> state = twin ? twin->state : roster.state_;
    state->is_shared = true;
    remember(place, state, 0);
    remember(step, state, refused);
    return state;
  }

 private:
  // A roster of the same ring and judge that has the statements of this digest.
  static ByteWriter name_of(const Roster& roster, const crypto::Hash& digest) {
    ByteWriter out;
    out.fixed(roster.ring_id_).fixed(digest);
    out.u64(reinterpret_cast<std::uintptr_t>(roster.signatures_));
    return out;
  }
  static crypto::Hash name_of_place(const Roster& roster, const crypto::Hash& digest) {
    return crypto::hash("shared roster", {name_of(roster, digest).view()});
  }

  void remember(const crypto::Hash& name, const std::shared_ptr<State>& state, std::size_t refused) {
    if (steps_.size() >= clean_at_) {
      std::erase_if(steps_, [](const auto& entry) { return entry.second.state.expired(); });
      clean_at_ = 2 * steps_.size() + kCleanAtLeast;
    }
    steps_.insert_or_assign(name, Step{state, refused});
  }

  static constexpr std::size_t kCleanAtLeast = 16;
  struct Step {
    std::weak_ptr<State> state;
    std::size_t refused = 0;
  };
  std::unordered_map<crypto::Hash, Step, FixedBytesHash> steps_;
  std::size_t clean_at_ = kCleanAtLeast;
};

}  // namespace peerstore::membership
