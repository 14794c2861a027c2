#include "standing_run.hpp"

#include <peerstore/vault/pack_standing.hpp>

#include <algorithm>
#include <utility>

#include "remote_path.hpp"

namespace peerstore::drive {

namespace {

// A person's machines together are one copy.
unsigned count_persons(const replica::ChunkSpace& space, std::span<const wire::MemberId> members) {
  unsigned unknown = 0;
  std::set<wire::PersonNumber> persons;
  for (const wire::MemberId& member : members) {
    if (const auto person = space.person_of(member)) {
      persons.insert(*person);
    } else {
      ++unknown;
    }
  }
  return static_cast<unsigned>(persons.size()) + unknown;
}

}  // namespace

void StandingRun::Worst::add(const Worst& other) {
  state = std::max(state, other.state);
  copies = std::min(copies, other.copies);
  online = std::min(online, other.online);
  unreachable.insert(other.unreachable.begin(), other.unreachable.end());
}

// ---- What the ring says ----

StandingRun::Worst StandingRun::judge(const replica::ChunkStanding& standing, std::size_t pack) {
  std::vector<wire::MemberId> known = standing.confirmed;
  known.insert(known.end(), standing.away.begin(), standing.away.end());
  Worst worst;
  worst.copies = count_persons(space_, known);
  worst.online = count_persons(space_, standing.confirmed);
  if (!standing.confirmed.empty()) {
    worst.state = worst.copies >= space_.wanted_copies() ? FileState::safe : FileState::at_risk;
  } else if (standing.is_lost()) {
    worst.state = FileState::lost;
  } else {
    worst.state = FileState::unreachable;
    worst.unreachable.insert(pack);
    for (const auto* members : {&standing.away, &standing.silent}) {
      for (const wire::MemberId& member : *members) waiting_for_[pack].insert(space_.name_of(member));
    }
  }
  return worst;
}

Task<Result<void>> StandingRun::ask(std::vector<vault::PackRow> packs) {
  for (std::size_t at = 0; at < packs.size(); at += vault::kPacksAsked) {
    const auto some = std::span(packs).subspan(at, std::min(vault::kPacksAsked, packs.size() - at));
    const auto standings = co_await vault::standing_of(space_, std::vector(some.begin(), some.end()));
    if (!standings) co_return standings.error();
    for (const vault::PackStanding& pack : *standings) {
      Worst worst;
      for (const replica::ChunkStanding& chunk : pack) worst.add(judge(chunk, packs_.size()));
      packs_.push_back(std::move(worst));
    }
  }
  co_return Result<void>();
}

Task<Result<void>> StandingRun::ask_all() {
  std::vector<vault::PackRow> packs;
  for (std::uint32_t i = 0; i < vault_.index().packs(); ++i) packs.push_back(vault_.index().pack(i));
  const auto asked = co_await ask(std::move(packs));
  if (!asked) co_return asked.error();
  index_begins_ = packs_.size();
  co_return co_await ask(vault_.log());
}

StandingRun::Worst StandingRun::of_blob(const vault::BlobId& id) const {
  const vault::BlobPlace* const place = vault_.index().find_anywhere(id);
  if (place == nullptr || place->pack >= index_begins_) return {FileState::lost, 0, 0, {}};
  return packs_[place->pack];
}

// ---- What is told ----

void StandingRun::count(FileState state, std::uint64_t files) {
  switch (state) {
    case FileState::safe: standing_.files_safe += files; break;
    case FileState::at_risk: standing_.files_at_risk += files; break;
    case FileState::unreachable: standing_.files_unreachable += files; break;
    case FileState::lost: standing_.files_lost += files; break;
  }
}

const std::vector<std::string>& StandingRun::names_waited_for(const std::set<std::size_t>& packs) {
  if (packs == packs_asked_last_) return names_told_last_;
  std::set<std::string> names;
  for (const std::size_t pack : packs) {
    const auto found = waiting_for_.find(pack);
    if (found != waiting_for_.end()) names.insert(found->second.begin(), found->second.end());
  }
  packs_asked_last_ = packs;
  names_told_last_.assign(names.begin(), names.end());
  return names_told_last_;
}

void StandingRun::tell(FileStanding file, const Worst& worst) {
  if (!each_) return;
  file.state = worst.state;
  file.copies = worst.copies == UINT_MAX ? 0 : worst.copies;
  file.copies_online = worst.online == UINT_MAX ? 0 : worst.online;
  if (worst.state == FileState::unreachable) file.waiting_for = names_waited_for(worst.unreachable);
  each_(file);
}

Task<void> StandingRun::count_file(BlobList content, std::uint64_t bytes, std::string path, Worst worst) {
  const auto see = [&](const vault::BlobId& id) { worst.add(of_blob(id)); };
  bool is_known = true;
  if (content.level > 0) {
    auto ids = co_await read_blob_list(vault_, std::move(content), see);
    is_known = ids.has_value();
    content = {0, is_known ? std::move(*ids) : std::vector<vault::BlobId>()};
  }
  for (const vault::BlobId& id : content.ids) see(id);
  if (!is_known) worst.state = std::max(worst.state, FileState::unreachable);
  count(worst.state, 1);
  worst_.add(worst);
  tell({.path = std::move(path), .bytes = bytes}, worst);
}

void StandingRun::count_unread(const BlobList& folder, const std::string& path, Worst worst) {
  worst.state = std::max(worst.state, FileState::unreachable);
  for (const vault::BlobId& id : folder.ids) worst.add(of_blob(id));
  worst_listing_ = std::max(worst_listing_, worst.state);
  worst_.add(worst);
  ++standing_.folders_unread;
  tell({.path = path, .is_folder = true}, worst);
}

Task<void> StandingRun::walk(BlobList folder, std::string path, Worst above, std::size_t depth,
                             const Scope& scope) {
  if (depth > kFolderDepthMax) co_return;
  const std::string* const only = depth < scope.names.size() ? &scope.names[depth] : nullptr;
  if (folder.level > 0) {
    for (const vault::BlobId& id : folder.ids) above.add(of_blob(id));
  }
  ListingReader listing(vault_, folder);
  while (true) {
    const auto entries = co_await listing.next();
    if (!entries) {
      count_unread(folder, path, above);
      co_return;
    }
    if (entries->empty()) co_return;
    Worst here = above;
    here.add(of_blob(listing.part()));
    for (const TreeEntry& entry : *entries) {
      if (only != nullptr && entry.name != *only) continue;
      std::string at = join(path, entry.name);
      if (scope.elsewhere.contains(at)) continue;
      if (entry.facts.kind == FileKind::folder) {
        co_await walk(entry.content, std::move(at), here, depth + 1, scope);
      } else if (entry.facts.kind == FileKind::file) {
        standing_.bytes += entry.facts.size;
        co_await count_file(entry.content, entry.facts.size, std::move(at), here);
      }
      if (only != nullptr) co_return;
    }
  }
}

Task<void> StandingRun::add(View view) {
  // Without the index nothing is found.
  Worst index;
  for (std::size_t i = index_begins_; i < packs_.size(); ++i) index.add(packs_[i]);
  const Scope scope{path_parts(view.path), std::move(view.elsewhere)};
  co_await walk(std::move(view.tree), "", std::move(index), 0, scope);
}

Task<void> StandingRun::add_all(SnapshotRecord snapshot) {
  const std::uint64_t bytes_before = standing_.bytes;
  const std::uint64_t files_before = standing_.files();
  worst_listing_ = FileState::unreachable;
  co_await add({snapshot.tree, "", {}});
  standing_.bytes = bytes_before + snapshot.bytes;
  const std::uint64_t counted = standing_.files() - files_before;
  if (counted < snapshot.files) count(worst_listing_, snapshot.files - counted);
}

DriveStanding StandingRun::take() {
  const Worst worst = std::exchange(worst_, {});
  DriveStanding standing = std::exchange(standing_, {});
  standing.copies_wanted = space_.wanted_copies();
  standing.copies_reachable = space_.reachable_copies();
  standing.copies_least = worst.copies == UINT_MAX ? 0 : worst.copies;
  standing.copies_online_least = worst.online == UINT_MAX ? 0 : worst.online;
  standing.waiting_for = names_waited_for(worst.unreachable);
  return standing;
}

}  // namespace peerstore::drive
