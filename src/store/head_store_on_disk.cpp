#include "store/head_store_on_disk.hpp"

#include <peerstore/wire/messages.hpp>

#include <algorithm>

namespace peerstore::store {

namespace {

using Heads = std::map<HeadName, wire::Head>;

std::string path_of(std::string_view name) { return std::string(kHeadsFolder) + '/' + std::string(name); }

bool is_same(const wire::Head& a, const wire::Head& b) {
  return a.version == b.version && a.previous == b.previous && a.signature == b.signature && a.body == b.body;
}

// Keeps a file that is no head for a person to look at, under a name that is free.
Result<void> set_aside(Disk& disk, const std::string& name) {
  const std::string wanted = std::string(kHeadsAsideFolder) + '/' + name;
  std::string free = wanted;
  for (unsigned attempt = 1;; ++attempt) {
    const auto taken = disk.size(free);
    if (!taken && taken.error().code == Errc::not_found) break;
    if (!taken) return taken.error();
    free = wanted + '.' + std::to_string(attempt);
  }
  return disk.rename(path_of(name), free);
}

// A disk may fail once and read well the next time: only what fails twice is set aside.
Result<wire::Head> read_head_file(Disk& disk, const std::string& file, const HeadName& name) {
  auto bytes = disk.read_all(path_of(file), kHeadFileBytesMax);
  if (!bytes && bytes.error().code == Errc::io) bytes = disk.read_all(path_of(file), kHeadFileBytesMax);
  if (!bytes) return bytes.error();
  return decode_head_file(*bytes, name);
}

// Files whose names are not ours are left alone, but for what Disk::replace() left behind.
Result<Heads> read_heads(Disk& disk) {
  if (auto done = disk.make_folder(kHeadsAsideFolder); !done) return done.error();
  const auto entries = disk.list(kHeadsFolder);
  if (!entries) return entries.error();
  Heads heads;
  for (const Disk::Entry& entry : *entries) {
    if (entry.is_folder) continue;
    if (entry.name.ends_with(".tmp") && parse_head_file_name(entry.name.substr(0, entry.name.size() - 4))) {
      if (auto done = disk.remove(path_of(entry.name)); !done) return done.error();
      continue;
    }
    const auto name = parse_head_file_name(entry.name);
    if (!name) continue;
    auto head = read_head_file(disk, entry.name, *name);
    if (head) {
      heads.emplace(*name, std::move(*head));
    } else if (auto done = set_aside(disk, entry.name); !done) {
      return done.error();
    }
  }
  // Names that a kill left undurable are about to be told as kept.
  if (auto done = disk.sync_folder(kHeadsFolder); !done) return done.error();
  if (auto done = disk.sync_folder(""); !done) return done.error();
  return heads;
}

// Marks a head as being written, also when the task that writes it is dropped.
class WriteMark {
 public:
  WriteMark(std::set<HeadName>& marks, HeadName name) : marks_(marks), name_(name) { marks_.insert(name_); }
  WriteMark(const WriteMark&) = delete;
  WriteMark& operator=(const WriteMark&) = delete;
  ~WriteMark() { marks_.erase(name_); }

 private:
  std::set<HeadName>& marks_;
  HeadName name_;
};

}  // namespace

Task<Result<std::unique_ptr<HeadStore>>> HeadStore::open(Disk& disk, Workers& workers) {
  auto store = std::make_unique<HeadStoreOnDisk>(disk, workers);
  const auto recovered = co_await store->recover();
  if (!recovered) co_return recovered.error_in("opening the store of heads");
  co_return std::unique_ptr<HeadStore>(std::move(store));
}

Task<Result<void>> HeadStoreOnDisk::recover() {
  auto heads = co_await workers_.run([this] { return read_heads(disk_); });
  if (!heads) co_return heads.error();
  heads_ = std::move(*heads);
  co_return Result<void>();
}

std::optional<Result<void>> HeadStoreOnDisk::settled(const HeadName& name, const wire::Head& head) const {
  if (head.body.size() > wire::kHeadBodyBytesMax) {
    return Result<void>(fail(Errc::invalid, "a head of more than 64 KiB"));
  }
  if (being_written_.contains(name)) {
    return Result<void>(fail(Errc::busy, "a head of this machine is being written"));
  }
  const auto held = heads_.find(name);
  if (held == heads_.end()) {
    const auto is_theirs = [&name](const HeadName& other) { return other.person == name.person; };
    const auto coming = std::ranges::count_if(being_written_, is_theirs);
    if (of_person(name.person).size() + static_cast<std::size_t>(coming) < wire::kHeadsMax)
      return std::nullopt;
    return Result<void>(fail(Errc::full, "heads of too many machines of one person"));
  }
  if (is_same(held->second, head)) return Result<void>();
  if (head.version > held->second.version) return std::nullopt;
  if (head.version < held->second.version) return Result<void>(fail(Errc::refused, "a newer head is held"));
  return Result<void>(fail(Errc::refused, "another head of this version is held: a copied machine?"));
}

Task<Result<void>> HeadStoreOnDisk::put(wire::Head head) {
  const HeadName name{head.person, head.machine};
  if (const auto answer = settled(name, head)) co_return *answer;
  const WriteMark mark(being_written_, name);
  const auto replaced = co_await workers_.run(
      [this, &head, &name] { return disk_.replace(path_of(head_file_name(name)), encode_head_file(head)); });
  if (!replaced) co_return replaced.error_in("keeping a head");
  heads_.insert_or_assign(name, std::move(head));
  co_return Result<void>();
}

std::vector<wire::Head> HeadStoreOnDisk::of_person(wire::PersonNumber person) const {
  std::vector<wire::Head> found;
  for (auto head = heads_.lower_bound({person, 0}); head != heads_.end() && head->first.person == person;
       ++head) {
    found.push_back(head->second);
  }
  return found;
}

std::vector<wire::Head> HeadStoreOnDisk::all() const {
  std::vector<wire::Head> found;
  for (const auto& [name, head] : heads_) found.push_back(head);
  return found;
}

}  // namespace peerstore::store
