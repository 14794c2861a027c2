#include "store/head_store_on_disk.hpp"

#include <peerstore/wire/messages.hpp>

#include <algorithm>

namespace peerstore::store {

namespace {

// Heads or user records: where they lie, and what their files are.
struct HeadKind {
  using Name = HeadName;
  using Value = wire::Head;
  static constexpr std::string_view kFolder = kHeadsFolder;
  static constexpr std::string_view kAside = kHeadsAsideFolder;
  static constexpr std::size_t kBytesMax = kHeadFileBytesMax;
  static std::optional<Name> parse(std::string_view name) { return parse_head_file_name(name); }
  static Result<Value> decode(ByteView bytes, const Name& name) { return decode_head_file(bytes, name); }
};
struct RecordKind {
  using Name = wire::PersonNumber;
  using Value = wire::UserRecord;
  static constexpr std::string_view kFolder = kRecordsFolder;
  static constexpr std::string_view kAside = kRecordsAsideFolder;
  static constexpr std::size_t kBytesMax = kRecordFileBytesMax;
  static std::optional<Name> parse(std::string_view name) { return parse_record_file_name(name); }
  static Result<Value> decode(ByteView bytes, const Name& name) { return decode_record_file(bytes, name); }
};

template <class Kind>
std::string path_of(std::string_view name) {
  return std::string(Kind::kFolder) + '/' + std::string(name);
}

bool is_same(const wire::Head& a, const wire::Head& b) {
  return a.version == b.version && a.previous == b.previous && a.signature == b.signature && a.body == b.body;
}

// Keeps a file that is none for a person to look at, under a name that is free.
template <class Kind>
Result<void> set_aside(Disk& disk, const std::string& name) {
  const std::string wanted = std::string(Kind::kAside) + '/' + name;
  std::string free = wanted;
  for (unsigned attempt = 1;; ++attempt) {
    const auto taken = disk.size(free);
    if (!taken && taken.error().code == Errc::not_found) break;
    if (!taken) return taken.error();
    free = wanted + '.' + std::to_string(attempt);
  }
  return disk.rename(path_of<Kind>(name), free);
}

// A disk may fail once and read well the next time: only what fails twice is set aside.
template <class Kind>
Result<typename Kind::Value> read_file(Disk& disk, const std::string& file, const typename Kind::Name& name) {
  auto bytes = disk.read_all(path_of<Kind>(file), Kind::kBytesMax);
  if (!bytes && bytes.error().code == Errc::io) bytes = disk.read_all(path_of<Kind>(file), Kind::kBytesMax);
  if (!bytes) return bytes.error();
  return Kind::decode(*bytes, name);
}

// Files whose names are not ours are left alone, but for what Disk::replace() left behind.
template <class Kind>
Result<std::map<typename Kind::Name, typename Kind::Value>> read_all(Disk& disk) {
  if (auto done = disk.make_folder(Kind::kAside); !done) return done.error();
  const auto entries = disk.list(Kind::kFolder);
  if (!entries) return entries.error();
  std::map<typename Kind::Name, typename Kind::Value> found;
  for (const Disk::Entry& entry : *entries) {
    if (entry.is_folder) continue;
    if (entry.name.ends_with(".tmp") && Kind::parse(entry.name.substr(0, entry.name.size() - 4))) {
      if (auto done = disk.remove(path_of<Kind>(entry.name)); !done) return done.error();
      continue;
    }
    const auto name = Kind::parse(entry.name);
    if (!name) continue;
    auto value = read_file<Kind>(disk, entry.name, *name);
    if (value) {
      found.emplace(*name, std::move(*value));
    } else if (auto done = set_aside<Kind>(disk, entry.name); !done) {
      return done.error();
    }
  }
  // Names that a kill left undurable are about to be told as kept.
  if (auto done = disk.sync_folder(Kind::kFolder); !done) return done.error();
  if (auto done = disk.sync_folder(""); !done) return done.error();
  return found;
}

// Marks something as being written, also when the task that writes it is dropped.
template <class Name>
class WriteMark {
 public:
  WriteMark(std::set<Name>& marks, Name name) : marks_(marks), name_(name) { marks_.insert(name_); }
  WriteMark(const WriteMark&) = delete;
  WriteMark& operator=(const WriteMark&) = delete;
  ~WriteMark() { marks_.erase(name_); }

 private:
  std::set<Name>& marks_;
  Name name_;
};

}  // namespace

Task<Result<std::unique_ptr<HeadStore>>> HeadStore::open(Disk& disk, Workers& workers) {
  auto store = std::make_unique<HeadStoreOnDisk>(disk, workers);
  const auto recovered = co_await store->recover();
  if (!recovered) co_return recovered.error_in("opening the store of heads");
  co_return std::unique_ptr<HeadStore>(std::move(store));
}

Task<Result<void>> HeadStoreOnDisk::recover() {
  auto heads = co_await workers_.run([this] { return read_all<HeadKind>(disk_); });
  if (!heads) co_return heads.error();
  heads_ = std::move(*heads);
  auto records = co_await workers_.run([this] { return read_all<RecordKind>(disk_); });
  if (!records) co_return records.error();
  records_ = std::move(*records);
  co_return Result<void>();
}

std::optional<Result<void>> HeadStoreOnDisk::settled(const HeadName& name, const wire::Head& head,
                                                     bool outranks) const {
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
  if (outranks || head.version > held->second.version) return std::nullopt;
  if (head.version < held->second.version) return Result<void>(fail(Errc::refused, "a newer head is held"));
  return Result<void>(fail(Errc::refused, "another head of this version is held: a copied machine?"));
}

Task<Result<void>> HeadStoreOnDisk::put(wire::Head head, bool outranks) {
  const HeadName name{head.person, head.machine};
  if (const auto answer = settled(name, head, outranks)) co_return *answer;
  const WriteMark mark(being_written_, name);
  const auto replaced = co_await workers_.run([this, &head, &name] {
    return disk_.replace(path_of<HeadKind>(head_file_name(name)), encode_head_file(head));
  });
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

// ---- user records ----

std::optional<Result<void>> HeadStoreOnDisk::settled(const wire::UserRecord& record, bool outranks) const {
  if (record.body.size() > wire::kUserRecordBodyBytesMax) {
    return Result<void>(fail(Errc::invalid, "a user record of more than 16 KiB"));
  }
  if (records_being_written_.contains(record.person)) {
    return Result<void>(fail(Errc::busy, "a record of this person is being written"));
  }
  const auto held = records_.find(record.person);
  if (held == records_.end()) return std::nullopt;
  if (held->second == record) return Result<void>();
  if (outranks || record.version > held->second.version) return std::nullopt;
  if (record.version < held->second.version) {
    return Result<void>(fail(Errc::refused, "a newer user record is held"));
  }
  return Result<void>(fail(
      Errc::refused, "another user record of this version is held: did two machines change it at once?"));
}

Task<Result<void>> HeadStoreOnDisk::put(wire::UserRecord record, bool outranks) {
  if (const auto answer = settled(record, outranks)) co_return *answer;
  const WriteMark mark(records_being_written_, record.person);
  const auto replaced = co_await workers_.run([this, &record] {
    return disk_.replace(path_of<RecordKind>(record_file_name(record.person)), encode_record_file(record));
  });
  if (!replaced) co_return replaced.error_in("keeping a user record");
  records_.insert_or_assign(record.person, std::move(record));
  co_return Result<void>();
}

std::optional<wire::UserRecord> HeadStoreOnDisk::record_of(wire::PersonNumber person) const {
  const auto found = records_.find(person);
  if (found == records_.end()) return std::nullopt;
  return found->second;
}

std::vector<wire::UserRecord> HeadStoreOnDisk::records() const {
  std::vector<wire::UserRecord> found;
  for (const auto& [person, record] : records_) found.push_back(record);
  return found;
}

}  // namespace peerstore::store
