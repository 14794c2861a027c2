// The part of RingDrive that tells how safe files are.
#include "ring_drive.hpp"
#include "standing_run.hpp"

namespace peerstore::drive {

Task<Result<DriveStanding>> RingDrive::standing(std::function<void(const FileStanding&)> each) {
  std::vector<SnapshotRecord> newest;
  if (const auto known = current("")) {
    for (const KnownSnapshot& snapshot : *known) newest.push_back(snapshot.record);
  }
  StandingRun run(environment_.space, vault_, std::move(each));
  const auto asked = co_await run.ask_all();
  if (!asked) co_return asked.error();
  for (SnapshotRecord& snapshot : newest) co_await run.add_all(std::move(snapshot));
  DriveStanding standing = run.take();
  if (!snapshots_.empty()) standing.newest = as_snapshot(snapshots_.back().id, snapshots_.back().record);
  co_return standing;
}

Task<Result<std::vector<DriveStanding>>> RingDrive::standing_of(std::vector<std::string> paths,
                                                                EachFile each) {
  std::size_t number = 0;
  const auto tell = [&](const FileStanding& file) {
    if (each) each(number, file);
  };
  StandingRun run(environment_.space, vault_, tell);
  const auto asked = co_await run.ask_all();
  if (!asked) co_return asked.error();
  std::vector<DriveStanding> all;
  for (; number < paths.size(); ++number) {
    std::string at;
    for (const std::string& name : path_parts(paths[number])) at = join(at, name);
    auto parts = co_await parts_at(std::move(at), "");
    if (!parts) co_return parts.error();
    for (Part& part : parts->all) {
      co_await run.add({part.snapshot.record.tree, part.path, std::move(part.elsewhere)});
    }
    all.push_back(run.take());
  }
  co_return all;
}

}  // namespace peerstore::drive
