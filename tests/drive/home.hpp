// A home of one machine in memory: its files, its own disk, and a ring of friends, for tests of
// the drive; and how to make and compare trees of files.
#pragma once

#include <gtest/gtest.h>
#include <drive/ring_drive.hpp>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/world/memory_files.hpp>
#include <peerstore/world/virtual_clock.hpp>
#include <peerstore/world/virtual_disk.hpp>
#include <vault/memory_space.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace peerstore::drive {

inline std::string random_text(Random& random, std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t at = 0; at < size;) {
    const std::uint64_t word = random.next();
    const std::size_t some = std::min<std::size_t>(8, size - at);
    std::memcpy(text.data() + at, &word, some);
    at += some;
  }
  return text;
}

// The ring and what all of the person's machines share.
struct Circle {
  world::VirtualClock clock;
  world::InlineWorkers workers{clock};
  SeededEntropy entropy{1};
  crypto::SimulatedSignatures signatures;
  vault::MemorySpace space{clock};
  crypto::SecretKey drive_secret = entropy.make<crypto::SecretKey>();
  wire::RingId ring_id = entropy.make<wire::RingId>();
  crypto::LockedVector<crypto::SecretKey> older_secrets;

  // The person begins a new epoch of keys.
  void rekey() {
    older_secrets.push_back(drive_secret);
    drive_secret = entropy.make<crypto::SecretKey>();
  }
};

class Home {
 public:
  explicit Home(Circle& circle, std::uint32_t machine = 0) : circle_(circle), machine_(machine) {}

  world::MemoryFiles files;
  world::VirtualDisk disk;
  std::uint64_t checkpoint_bytes = kCheckpointBytes;
  Files* files_seen = &files;  // by the drive
  KeyValue* cache = nullptr;
  bool only_looks = false;
  std::vector<Warning> warnings;
  std::vector<Progress> progress;
  std::unique_ptr<RingDrive> drive;
  std::size_t machines = 1;  // of the person, as the ring knows them

  Environment environment() {
    return {circle_.clock, circle_.workers, circle_.entropy, circle_.signatures, *files_seen,
            disk,          circle_.space,   cache,           only_looks};
  }
  DriveKeys keys() const {
    return {circle_.drive_secret, circle_.ring_id, machine_, circle_.older_secrets, machines};
  }
  Result<void> open() {
    drive = std::make_unique<RingDrive>(environment(), keys(), checkpoint_bytes);
    return circle_.clock.run(drive->start());
  }
  Observer observer() {
    Observer observer;
    observer.progress = [this](const Progress& now) { progress.push_back(now); };
    observer.warning = [this](const Warning& warning) { warnings.push_back(warning); };
    return observer;
  }
  Result<BackupSummary> backup(std::vector<std::string> paths) {
    if (!drive) {
      if (auto opened = open(); !opened) return opened.error();
    }
    return circle_.clock.run(drive->backup({std::move(paths)}, observer()));
  }
  Result<RestoreSummary> restore(std::string path, std::string target, bool overwrite = false,
                                 std::string snapshot = "") {
    if (!drive) {
      if (auto opened = open(); !opened) return opened.error();
    }
    return circle_.clock.run(
        drive->restore(std::move(path), std::move(snapshot), std::move(target), overwrite, observer()));
  }
  Result<std::vector<ListEntry>> list(std::string path, bool recursive, std::string snapshot = "") {
    std::vector<ListEntry> entries;
    const auto take = [&](ListEntry entry) { entries.push_back(std::move(entry)); };
    const auto listed = circle_.clock.run(drive->list(std::move(path), std::move(snapshot), recursive, take));
    if (!listed) return listed.error();
    return entries;
  }
  std::vector<ListEntry> find(std::string pattern) {
    std::vector<ListEntry> entries;
    const auto take = [&](ListEntry entry) { entries.push_back(std::move(entry)); };
    EXPECT_TRUE(circle_.clock.run(drive->find(std::move(pattern), "", take)));
    return entries;
  }
  std::vector<Difference> diff(std::string from, std::string to) {
    std::vector<Difference> differences;
    const auto take = [&](Difference difference) { differences.push_back(std::move(difference)); };
    EXPECT_TRUE(circle_.clock.run(drive->diff(std::move(from), std::move(to), take)));
    return differences;
  }
  Result<std::string> read(std::string path) {
    std::string content;
    const auto sink = [&](ByteView part) {
      content += as_text(part);
      return Result<void>();
    };
    const auto facts = circle_.clock.run(drive->read_file(std::move(path), "", sink));
    if (!facts) return facts.error();
    return content;
  }
  DriveStanding standing() {
    auto standing = circle_.clock.run(drive->standing());
    EXPECT_TRUE(standing);
    return standing ? *standing : DriveStanding{};
  }

 private:
  Circle& circle_;
  std::uint32_t machine_;
};

inline void set_mode_and_time(world::MemoryFiles& files, const std::string& path, std::uint32_t mode,
                              std::int64_t modified_ns) {
  FileFacts facts = *files.facts(path);
  facts.mode = mode;
  facts.modified_ns = modified_ns;
  EXPECT_TRUE(files.set_facts(path, facts));
}

inline std::string read_whole(Files& files, const std::string& path) {
  std::string content;
  auto reader = files.open(path);
  EXPECT_TRUE(reader) << path;
  while (reader) {
    const auto part = (*reader)->read(1'000'000);
    EXPECT_TRUE(part);
    if (!part || part->empty()) break;
    content += as_text(*part);
  }
  return content;
}

// Everything below `path`, in words: equal for equal trees. Names of one file are grouped.
inline std::map<std::string, std::string> describe(Files& files, const std::string& path) {
  std::map<std::string, std::string> all;
  std::map<std::uint64_t, std::string> first_name;
  std::vector<std::string> left = {path};
  while (!left.empty()) {
    const std::string at = left.back();
    left.pop_back();
    const FileFacts facts = *files.facts(at);
    const std::string name = at.substr(path.size());
    std::string& words = all[name];
    words = std::to_string(static_cast<int>(facts.kind)) + " mode " + std::to_string(facts.mode) + " time " +
            std::to_string(facts.modified_ns);
    if (facts.kind == FileKind::symlink) words += " to " + *files.read_link(at);
    if (facts.kind == FileKind::file) {
      const std::string content = read_whole(files, at);
      words += " size " + std::to_string(content.size()) + " hash " +
               to_hex(crypto::hash("test", {as_bytes(content)}).view());
    }
    if (facts.kind != FileKind::folder) continue;
    const auto names = *files.list(at);
    for (auto child = names.rbegin(); child != names.rend(); ++child) left.push_back(at + "/" + *child);
  }
  for (auto& [name, words] : all) {
    const FileFacts facts = *files.facts(path + name);
    if (facts.kind != FileKind::file || facts.links < 2) continue;
    const auto [first, is_first] = first_name.emplace(facts.inode, name);
    words += " same as " + first->second;
  }
  return all;
}

// A tree with everything that is awkward.
inline void make_random_tree(world::MemoryFiles& files, Random& random, const std::string& top,
                             std::size_t entries) {
  std::vector<std::string> folders = {top};
  std::vector<std::string> plain_files;
  files.write(top + "/first", "one");
  const std::vector<std::string> odd_names = {"new\nline", "\xff\xfe not UTF-8", std::string(255, 'n'),
                                              "-rf",       "tab\there",          "back\\slash",
                                              "CON",       "ends with dot.",     " ",
                                              "\x01"};
  for (std::size_t i = 0; i < entries; ++i) {
    const std::string folder = folders[random.below(folders.size())];
    const std::uint64_t odd = random.below(5);
    const std::string name =
        odd == 0 ? odd_names[random.below(odd_names.size())] : "entry-" + std::to_string(i);
    const std::string path = folder + "/" + name;
    if (files.facts(path)) continue;
    const std::uint64_t kind = random.below(10);
    if (kind < 2) {
      EXPECT_TRUE(files.make_folder(path));
      folders.push_back(path);
    } else if (kind == 2) {
      EXPECT_TRUE(files.make_symlink("../somewhere\n" + std::to_string(i), path));
    } else if (kind == 3 && !plain_files.empty()) {
      EXPECT_TRUE(files.make_hard_link(plain_files[random.below(plain_files.size())], path));
    } else {
      const std::uint64_t size = random.below(20) == 0 ? random.below(3'000'000) : random.below(3000);
      files.write(path, random_text(random, random.below(8) == 0 ? 0 : size));
      plain_files.push_back(path);
    }
    const std::uint64_t mode = random.below(010000);
    const std::uint64_t time = random.below(2'000'000'000'000'000'000u);
    set_mode_and_time(files, path, static_cast<std::uint32_t>(mode), static_cast<std::int64_t>(time));
  }
  for (const std::string& folder : folders) {
    const std::uint64_t time = random.below(2'000'000'000'000'000'000u);
    set_mode_and_time(files, folder, 0751, static_cast<std::int64_t>(time));
  }
}

}  // namespace peerstore::drive
