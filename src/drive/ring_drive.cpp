#include "ring_drive.hpp"

#include <algorithm>
#include <tuple>

namespace peerstore::drive {

namespace {

std::string machine_name(std::uint32_t machine) { return "machine " + std::to_string(machine); }

std::optional<vault::LocalCache> open_cache(const Environment& environment, const DriveKeys& keys) {
  if (environment.cache == nullptr) return std::nullopt;
  return vault::LocalCache(*environment.cache, keys.drive_secret, keys.ring_id);
}

}  // namespace

Task<Result<std::unique_ptr<Drive>>> Drive::open(Environment environment, DriveKeys keys,
                                                 std::optional<std::int64_t> seen_at_ns) {
  auto drive = std::make_unique<RingDrive>(environment, std::move(keys));
  const auto started = co_await drive->start(seen_at_ns);
  if (!started) co_return started.error();
  co_return std::unique_ptr<Drive>(std::move(drive));
}

RingDrive::RingDrive(Environment environment, DriveKeys keys, std::uint64_t checkpoint_bytes)
    : environment_(environment),
      keys_(std::move(keys)),
      heads_(environment_, keys_),
      cache_(open_cache(environment_, keys_)),
      vault_({environment_.clock, environment_.workers, environment_.entropy, environment_.space, cache()},
             keys_.drive_secret, {.older_secrets = keys_.older_secrets}),
      checkpoint_bytes_(checkpoint_bytes) {}

Task<Result<void>> RingDrive::start(std::optional<std::int64_t> seen_at_ns) {
  const auto claim = [&] {
    if (cache_) cache_->claim();
    return true;
  };
  co_await environment_.workers.run(claim);
  const auto known = co_await heads_.load();
  if (!known) co_return known.error();
  auto from_ring = co_await environment_.space.heads();
  if (!from_ring) co_return from_ring.error_in("the heads of your drive");
  const auto compared = co_await heads_.compare(std::move(*from_ring));
  if (!compared) co_return compared.error();
  for (const wire::Head& head : heads_.behind()) {
    // Of this machine's own head that is what a backup leaves that could not publish it.
    if (head.machine != keys_.machine) {
      remarks_.push_back(
          {"", fail(Errc::corrupt, "the ring shows an older head of " + machine_name(head.machine) +
                                       " than this home has seen; the newer one is used")});
    }
    if (!environment_.only_looks) (void)co_await environment_.space.publish(head);
  }
  looks_back_ = seen_at_ns.has_value();
  if (looks_back_) {
    const auto back = heads_.go_back(*seen_at_ns);
    if (!back) co_return back.error();
  }
  // The own index first: where two machines have stored the same, the own place counts.
  if (heads_.heads().contains(keys_.machine)) {
    const auto loaded = co_await load_machine(keys_.machine);
    if (!loaded) co_return loaded.error();
  }
  std::vector<std::uint32_t> others;
  for (const auto& [machine, head] : heads_.heads()) {
    if (machine != keys_.machine) others.push_back(machine);
  }
  for (const std::uint32_t machine : others) {
    const auto loaded = co_await load_machine(machine);
    if (loaded) continue;
    missing_ = loaded.error_in("what " + machine_name(machine) + " has stored");
    remarks_.push_back({"", *missing_});
  }
  give_up_lost();
  // A drive that looks empty because nothing of it can be read is none.
  if (missing_ && snapshots_.empty()) co_return *missing_;
  if (!missing_ && !looks_back_) co_await vault_.tidy_cache();
  co_return Result<void>();
}

Task<Result<void>> RingDrive::load_machine(std::uint32_t machine) {
  auto body = vault::open_head_body(vault_.keys(), keys_.ring_id, heads_.heads().at(machine));
  if (!body) co_return body.error();
  note_stale_heads(body->seen, machine);
  if (!body->index) co_return Result<void>();
  const auto whose = machine == keys_.machine ? vault::Vault::Whose::own : vault::Vault::Whose::others;
  std::vector<vault::PackRow> log;
  const auto records = co_await vault_.load(std::move(*body->index), whose, &log);
  if (!records) co_return records.error();
  if (machine != keys_.machine) other_logs_[machine] = std::move(log);
  co_return take_records(*records);
}

// A home that begins anew has no book to compare with, but its siblings' heads say what they saw.
void RingDrive::note_stale_heads(const std::vector<vault::SeenHead>& seen, std::uint32_t by) {
  if (looks_back_) return;
  for (const vault::SeenHead& head : seen) {
    const auto known = heads_.heads().find(head.machine);
    const std::uint64_t version = known == heads_.heads().end() ? 0 : known->second.version;
    if (version >= head.version) continue;
    shows_old_heads_ = true;
    remarks_.push_back(
        {"", fail(Errc::corrupt, "the ring shows head " + std::to_string(version) + " of " +
                                     machine_name(head.machine) + ", but " + machine_name(by) + " has seen " +
                                     std::to_string(head.version) + ": some snapshots may be missing")});
  }
}

// Some may be known already, from an earlier state of the same log.
Result<void> RingDrive::take_records(const std::vector<Bytes>& records) {
  std::set<std::string> known;
  for (const KnownSnapshot& snapshot : snapshots_) known.insert(snapshot.id);
  for (const Bytes& bytes : records) {
    const auto forgotten = decode_forgotten(bytes);
    if (!forgotten) return forgotten.error();
    forgotten_.insert(forgotten->begin(), forgotten->end());
    const auto finding = decode_finding(bytes);
    if (!finding) return finding.error();
    for (const wire::ChunkAddress& pack : *finding ? (*finding)->packs : std::vector<wire::ChunkAddress>()) {
      const auto [newest, is_new] = findings_.try_emplace(pack);
      if (!is_new && newest->second.found_ns >= (*finding)->found_ns) continue;
      newest->second = {(*finding)->found_ns, (*finding)->is_lost};
    }
    auto record = decode_snapshot_record(bytes);
    if (!record) return record.error();
    std::string id = *record ? snapshot_id(bytes) : std::string();
    if (*record && known.insert(id).second) snapshots_.push_back({std::move(id), std::move(**record)});
  }
  std::erase_if(snapshots_, [&](const KnownSnapshot& snapshot) {
    const bool is_forgotten = forgotten_.contains(snapshot.id);
    if (is_forgotten && snapshot.record.machine != keys_.machine) forgotten_of_others_.insert(snapshot.id);
    return is_forgotten;
  });
  std::sort(snapshots_.begin(), snapshots_.end(), [](const KnownSnapshot& a, const KnownSnapshot& b) {
    return std::tie(a.record.taken_ns, a.id) < std::tie(b.record.taken_ns, b.id);
  });
  return {};
}

bool RingDrive::is_known_lost(const wire::ChunkAddress& pack) const {
  const auto known = findings_.find(pack);
  return known != findings_.end() && known->second.is_lost;
}

// When all logs are read: another machine's may say that a pack is whole after all.
void RingDrive::give_up_lost() {
  std::set<wire::ChunkAddress> lost;
  for (const auto& [pack, finding] : findings_) {
    if (finding.is_lost) lost.insert(pack);
  }
  vault_.give_up(lost);
}

void RingDrive::say_remarks(const Observer& observer) {
  for (const Warning& remark : std::exchange(remarks_, {})) observer.warning(remark);
}

std::vector<Snapshot> RingDrive::snapshots() const {
  std::vector<Snapshot> all;
  for (const KnownSnapshot& known : snapshots_) all.push_back(as_snapshot(known.id, known.record));
  return all;
}

Result<const RingDrive::KnownSnapshot*> RingDrive::find_snapshot(const std::string& id) const {
  if (snapshots_.empty()) return fail(Errc::not_found, "there is no snapshot yet");
  if (id.empty()) return &snapshots_.back();
  const KnownSnapshot* found = nullptr;
  for (const KnownSnapshot& known : snapshots_) {
    if (!known.id.starts_with(id)) continue;
    if (found != nullptr && found->id != known.id) {
      return fail(Errc::invalid, "snapshot " + id + " could mean several: give more digits");
    }
    found = &known;
  }
  if (found == nullptr) return fail(Errc::not_found, "snapshot " + id);
  return found;
}

}  // namespace peerstore::drive
