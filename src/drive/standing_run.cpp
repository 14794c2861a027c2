#include "standing_run.hpp"

#include <peerstore/vault/pack_standing.hpp>

#include <algorithm>

namespace peerstore::drive {

StandingRun::State StandingRun::judge(const replica::ChunkStanding& standing) {
  if (!standing.confirmed.empty()) {
    const bool full = standing.confirmed.size() + standing.away.size() >= space_.wanted_copies();
    return full ? State::safe : State::at_risk;
  }
  for (const auto* members : {&standing.away, &standing.silent}) {
    for (const wire::MemberId& member : *members) waiting_for_.insert(space_.name_of(member));
  }
  return standing.is_lost() ? State::lost : State::unreachable;
}

Task<Result<std::vector<StandingRun::State>>> StandingRun::ask(std::vector<vault::PackRow> packs) {
  std::vector<State> states;
  for (std::size_t at = 0; at < packs.size(); at += vault::kPacksAsked) {
    const auto some = std::span(packs).subspan(at, std::min(vault::kPacksAsked, packs.size() - at));
    const auto standings = co_await vault::standing_of(space_, std::vector(some.begin(), some.end()));
    if (!standings) co_return standings.error();
    for (const vault::PackStanding& pack : *standings) {
      State worst = State::safe;
      for (const replica::ChunkStanding& chunk : pack) worst = std::max(worst, judge(chunk));
      states.push_back(worst);
    }
  }
  co_return states;
}

StandingRun::State StandingRun::state_of(const vault::BlobId& id) const {
  const vault::BlobPlace* const place = vault_.index().find_anywhere(id);
  return place == nullptr || place->pack >= packs_.size() ? State::lost : packs_[place->pack];
}

void StandingRun::count(State state, std::uint64_t files) {
  switch (state) {
    case State::safe: standing_.files_safe += files; break;
    case State::at_risk: standing_.files_at_risk += files; break;
    case State::unreachable: standing_.files_unreachable += files; break;
    case State::lost: standing_.files_lost += files; break;
  }
}

Task<StandingRun::State> StandingRun::file_state(BlobList content, State above) {
  State worst = above;
  const auto see = [&](const vault::BlobId& id) { worst = std::max(worst, state_of(id)); };
  if (content.level == 0) {
    for (const vault::BlobId& id : content.ids) see(id);
    co_return worst;
  }
  const auto ids = co_await read_blob_list(vault_, std::move(content), see);
  if (!ids) co_return std::max(worst, State::unreachable);
  for (const vault::BlobId& id : *ids) see(id);
  co_return worst;
}

Task<void> StandingRun::walk(BlobList folder, State above, std::size_t depth) {
  if (depth > kFolderDepthMax) co_return;
  ListingReader listing(vault_, folder);
  while (true) {
    const auto entries = co_await listing.next();
    if (!entries) {
      // What is in it is known by number only, from the snapshot.
      State worst = State::unreachable;
      for (const vault::BlobId& id : folder.ids) worst = std::max(worst, state_of(id));
      worst_listing_ = std::max(worst_listing_, worst);
      co_return;
    }
    if (entries->empty()) co_return;
    const State here = std::max(above, state_of(listing.part()));
    for (const TreeEntry& entry : *entries) {
      if (entry.facts.kind == FileKind::folder) {
        co_await walk(entry.content, here, depth + 1);
      } else if (entry.facts.kind == FileKind::file) {
        const State state = co_await file_state(entry.content, here);
        count(state, 1);
        ++counted_;
      }
    }
  }
}

Task<Result<DriveStanding>> StandingRun::run(std::vector<SnapshotRecord> snapshots) {
  std::vector<vault::PackRow> packs;
  for (std::uint32_t i = 0; i < vault_.index().packs(); ++i) packs.push_back(vault_.index().pack(i));
  auto states = co_await ask(std::move(packs));
  if (!states) co_return states.error();
  packs_ = std::move(*states);
  const auto log = co_await ask(vault_.log());
  if (!log) co_return log.error();
  // Without the index nothing is found.
  State index = State::safe;
  for (const State state : *log) index = std::max(index, state);

  for (const SnapshotRecord& snapshot : snapshots) {
    counted_ = 0;
    worst_listing_ = State::unreachable;
    standing_.bytes += snapshot.bytes;
    co_await walk(snapshot.tree, index, 0);
    if (counted_ < snapshot.files) count(worst_listing_, snapshot.files - counted_);
  }
  standing_.copies_wanted = space_.wanted_copies();
  standing_.copies_reachable = space_.reachable_copies();
  standing_.waiting_for.assign(waiting_for_.begin(), waiting_for_.end());
  co_return standing_;
}

}  // namespace peerstore::drive
