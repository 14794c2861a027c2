#include "people.hpp"

#include <peerstore/replica/chunk_client.hpp>
#include <peerstore/world/virtual_disk.hpp>

#include <algorithm>
#include <utility>

namespace peerstore::simulator {

namespace {

constexpr std::size_t kSnapshotsRemembered = 100;
constexpr std::string_view kTarget = "/back";

// The chunks that a client puts, on their way to the ring.
class WatchedSpace final : public replica::ChunkSpace {
 public:
  WatchedSpace(replica::ChunkSpace& space, const PersonTools::OnPut& on_put)
      : space_(space), on_put_(on_put) {}

  Task<Result<replica::PutOutcome>> put(wire::ChunkDescription chunk,
                                        std::vector<SharedBytes> segments) override {
    const wire::ChunkDescription description = chunk;
    auto outcome = co_await space_.put(std::move(chunk), std::move(segments));
    if (outcome) on_put_(description, *outcome);
    co_return outcome;
  }
  Task<Result<SharedBytes>> get_segment(replica::ChunkRef chunk, std::uint32_t index) override {
    return space_.get_segment(std::move(chunk), index);
  }
  Task<Result<std::vector<bool>>> remove(std::vector<replica::ChunkRef> chunks) override {
    return space_.remove(std::move(chunks));
  }
  Task<Result<std::vector<replica::ChunkStanding>>> standing(std::vector<replica::ChunkRef> chunks) override {
    return space_.standing(std::move(chunks));
  }
  void sign(wire::Head& head) const override { space_.sign(head); }
  replica::HeadRank rank_of(const wire::Head& head) const override { return space_.rank_of(head); }
  Task<Result<std::vector<wire::Head>>> heads() override { return space_.heads(); }
  bool heads_are_surely_newest() const override { return space_.heads_are_surely_newest(); }
  Task<Result<unsigned>> publish(wire::Head head) override { return space_.publish(std::move(head)); }
  wire::PersonNumber owner() const override { return space_.owner(); }
  unsigned reachable_copies() const override { return space_.reachable_copies(); }
  bool is_gone(const wire::MemberId& member) const override { return space_.is_gone(member); }
  unsigned wanted_copies() const override { return space_.wanted_copies(); }
  std::optional<wire::PersonNumber> person_of(const wire::MemberId& member) const override {
    return space_.person_of(member);
  }
  std::string name_of(const wire::MemberId& member) const override { return space_.name_of(member); }

 private:
  replica::ChunkSpace& space_;
  const PersonTools::OnPut& on_put_;
};

// One run of a command: the client's part of replica/, and the drive upon it.
class Command {
 public:
  Command(PersonTools tools, Files& files, Disk& state)
      : tools_(std::move(tools)),
        client_(tools_.clock, tools_.random, tools_.network, tools_.signatures, tools_.view,
                {tools_.identity.person, tools_.identity.machine, tools_.identity.writer_secret},
                [](const wire::MemberId& id) { return ring::short_name(id); }),
        space_(client_, tools_.on_put),
        environment_{tools_.clock, tools_.workers, tools_.entropy, tools_.signatures, files, state, space_} {}

  Task<Result<std::unique_ptr<drive::Drive>>> open() {
    drive::DriveKeys keys;
    keys.drive_secret = tools_.identity.drive_secret;
    keys.ring_id = tools_.view.ring_id();
    keys.machine = tools_.identity.machine;
    return drive::Drive::open(environment_, std::move(keys));
  }

 private:
  PersonTools tools_;
  replica::ChunkClient client_;
  WatchedSpace space_;
  drive::Environment environment_;
};

std::uint64_t count_of(const KeptTree& tree, FileKind kind) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(tree, [kind](const auto& entry) { return entry.second.kind == kind; }));
}

// A listing as a tree without the contents of files.
KeptTree tree_of_list(const std::vector<drive::ListEntry>& entries, const std::string& remote) {
  KeptTree tree;
  for (const drive::ListEntry& entry : entries) {
    const bool is_below = entry.path.starts_with(remote + "/");
    KeptEntry& kept = tree[is_below ? entry.path.substr(remote.size() + 1) : entry.path];
    kept.kind = entry.facts.kind;
    kept.mode = entry.facts.mode;
    kept.modified_ns = entry.facts.modified_ns;
    if (kept.kind == FileKind::file) kept.size = entry.facts.size;
    if (kept.kind == FileKind::symlink) kept.content = hash_of_content(entry.link_target);
  }
  return tree;
}

std::optional<std::string> flaw_of_list(const KeptTree& was, const KeptTree& listed) {
  KeptTree expected = was;
  expected.erase("");  // the folder itself is not listed
  for (auto& [path, entry] : expected) {
    if (entry.kind == FileKind::file) entry.content = {};
  }
  return difference(expected, listed);
}

Verdict not_now(const std::string& what, const Error& error) {
  return {Outcome::not_now, what + ": " + error.message()};
}

}  // namespace

Person::Person(std::uint64_t seed, const std::string& name)
    : name_(name), folder_(seed, "/home/" + name), random_(seed + 1) {}

Verdict Person::wrong(const std::string& words) const { return {Outcome::wrong, name_ + ": " + words}; }

void Person::remember(SafeSnapshot snapshot) {
  safe_.push_back(std::move(snapshot));
  if (safe_.size() <= kSnapshotsRemembered) return;
  safe_.erase(safe_.begin() + 1);  // the oldest has been through most
}

std::vector<std::string> Person::safe_snapshots() const {
  std::vector<std::string> ids;
  for (const SafeSnapshot& snapshot : safe_) ids.push_back(snapshot.id);
  return ids;
}

// The newest half of the time.
const Person::SafeSnapshot* Person::choose(const std::string& id) {
  if (safe_.empty()) return nullptr;
  if (id.empty()) return random_.below(2) == 0 ? &safe_.back() : &safe_[random_.below(safe_.size())];
  const auto found = std::ranges::find(safe_, id, &SafeSnapshot::id);
  return found == safe_.end() ? nullptr : &*found;
}

Task<Verdict> Person::back_up(PersonTools tools) {
  const auto tree = std::make_shared<const KeptTree>(folder_.describe());
  Command command(tools, folder_.files(), tools.disk);
  const auto drive = co_await command.open();
  if (!drive) co_return not_now("opening the drive", drive.error());
  std::string warnings;
  drive::Observer observer;
  observer.warning = [&warnings](const drive::Warning& warning) {
    warnings += "; " + printable(warning.path) + ": " + warning.error.message();
  };
  std::vector<std::string> paths(1, folder_.path());
  const auto summary = co_await (*drive)->backup({std::move(paths)}, observer);
  if (!summary) co_return not_now("backing up", summary.error());

  const bool is_whole = summary->skipped == 0 && summary->files == count_of(*tree, FileKind::file) &&
                        summary->folders == count_of(*tree, FileKind::folder) &&
                        summary->symlinks == count_of(*tree, FileKind::symlink);
  if (!is_whole) co_return wrong("a backup left something out" + warnings);
  const bool is_shown = std::ranges::any_of(
      (*drive)->snapshots(), [&](const drive::Snapshot& shown) { return shown.id == summary->snapshot; });
  if (!is_shown) co_return wrong("a backup made snapshot " + summary->snapshot + ", but it is not listed");
  if (!summary->safe()) co_return Verdict{Outcome::done, summary->shortfall};
  remember({summary->snapshot, tree});
  co_return Verdict{};
}

Task<Verdict> Person::restore_and_compare(PersonTools tools, From from, std::string snapshot) {
  const SafeSnapshot* const chosen = choose(snapshot);
  if (chosen == nullptr) co_return Verdict{Outcome::done, "nothing is safe yet"};
  const SafeSnapshot safe = *chosen;
  const std::string which = "snapshot " + safe.id.substr(0, 8);
  world::VirtualDisk nothing;
  world::MemoryFiles files;
  Disk& state = from == From::nothing ? nothing : tools.disk;
  Command command(tools, files, state);
  const auto drive = co_await command.open();
  if (!drive) co_return not_now("opening the drive", drive.error());
  const std::string remote = folder_.path().substr(1);

  std::vector<drive::ListEntry> entries;
  const auto take = [&](drive::ListEntry entry) { entries.push_back(std::move(entry)); };
  const auto listed = co_await (*drive)->list(remote, safe.id, true, take);
  if (!listed) co_return not_now("listing " + which, listed.error());
  const auto flaw_listed = flaw_of_list(*safe.tree, tree_of_list(entries, remote));
  if (flaw_listed) co_return wrong(which + " is listed wrong: " + *flaw_listed);

  std::optional<Error> warned;
  drive::Observer observer;
  observer.warning = [&warned](const drive::Warning& warning) {
    if (!warned) warned = warning.error.in(printable(warning.path));
  };
  const std::string target(kTarget);
  const auto restored = co_await (*drive)->restore("", safe.id, target, false, observer);
  if (!restored) co_return not_now("restoring " + which, restored.error());
  if (restored->failed > 0) {
    co_return not_now("restoring " + which, warned.value_or(fail(Errc::io, "it is not said why")));
  }
  const auto flaw = difference(*safe.tree, describe(files, target + folder_.path()));
  if (flaw) co_return wrong(which + " came back wrong: " + *flaw);
  co_return Verdict{};
}

}  // namespace peerstore::simulator
