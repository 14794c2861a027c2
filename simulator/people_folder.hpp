// A person's folder: a few dozen small files that change from time to time, and how it is remembered what
// must come back of it.
#pragma once

#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/world/memory_files.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace peerstore::simulator {

// What there is at one path, as far as it must come back.
struct KeptEntry {
  FileKind kind = FileKind::file;
  std::uint32_t mode = 0;
  std::int64_t modified_ns = 0;
  std::uint64_t size = 0;  // of a file
  crypto::Hash content;    // of a file's bytes or a link's target; zero of a folder
};
using KeptTree = std::map<std::string, KeptEntry>;  // by path below the folder; "" is the folder itself

crypto::Hash hash_of_content(std::string_view content);
// Empty if there is nothing at `folder`.
KeptTree describe(Files& files, const std::string& folder);
// The first difference, in words ("'notes/a' has other bytes"); nothing if all is as it was.
std::optional<std::string> difference(const KeptTree& was, const KeptTree& is);
// The same for one path of both.
std::optional<std::string> difference(const std::string& path, const KeptEntry& was, const KeptEntry& is);
// A path with odd bytes made visible.
std::string printable(const std::string& path);

class PersonsFolder {
 public:
  PersonsFolder(std::uint64_t seed, std::string path);

  Files& files() { return files_; }
  const std::string& path() const { return path_; }  // absolute
  KeptTree describe() { return simulator::describe(files_, path_); }

  // A few edits, new files, deletions, renames, other modes and times.
  void change();

 private:
  void add_file();
  void add_link();
  void edit();
  void rename();
  void remove();
  void touch();
  std::string content();
  std::string new_path();

  world::MemoryFiles files_;
  std::string path_;
  SeededRandom random_;
  std::vector<std::string> folders_;
  std::vector<std::string> paths_;  // of files
  std::vector<std::string> links_;
  std::uint64_t names_ = 0;
};

}  // namespace peerstore::simulator
