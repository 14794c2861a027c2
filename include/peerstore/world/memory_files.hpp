// MemoryFiles: a person's files in memory, for tests of what reads and writes them: folders,
// symbolic and hard links, modes, times. Absolute paths; symbolic links are never followed. The
// change time is a counter that ticks at every change, so that no two changes look alike.
#pragma once

#include <peerstore/runtime/files.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace peerstore::world {

class MemoryFiles final : public Files {
 public:
  MemoryFiles();
  ~MemoryFiles() override;

  Result<FileFacts> facts(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<std::unique_ptr<Reader>> open(const std::string& path) override;
  Result<std::string> read_link(const std::string& path) override;
  Result<std::unique_ptr<Writer>> create(const std::string& path, bool overwrite) override;
  Result<void> make_folder(const std::string& path) override;
  Result<void> make_symlink(const std::string& target, const std::string& path) override;
  Result<void> make_hard_link(const std::string& existing, const std::string& path) override;
  Result<FileAttributes> attributes(const std::string& path) override;
  std::string account_name(Account kind, std::uint32_t number) override;
  std::optional<std::uint32_t> account_number(Account kind, const std::string& name) override;
  Result<std::vector<std::string>> set_facts(const std::string& path, const FileFacts& facts,
                                             const FileAttributes& attributes = {}) override;
  Result<void> remove_file(const std::string& path) override;
  Result<void> sync(const std::string&) override { return {}; }
  Result<void> remove_unfinished(const std::string&) override { return {}; }

  // For tests: what the person does to the files. Folders above are made; failing is a CHECK.
  void write(const std::string& path, std::string_view content, std::uint32_t mode = 0644);
  std::string read(const std::string& path);
  void remove(const std::string& path);  // a folder with everything in it
  // Makes every read of this file fail, or every listing of this folder.
  void make_unreadable(const std::string& path);
  void set_attribute(const std::string& path, const std::string& name, std::string_view value);
  // Attributes whose names begin so are refused.
  void refuse_attributes(const std::string& prefix) { refused_prefix_ = prefix; }
  void add_account(Account kind, std::uint32_t number, const std::string& name);
  // Something that is neither file, folder nor link: a pipe or a device.
  void make_other(const std::string& path);

 private:
  struct Node;
  using NodePtr = std::shared_ptr<Node>;
  struct Place;
  class FileReader;
  class FileWriter;

  NodePtr make_node(FileKind kind, std::uint32_t mode);
  Result<NodePtr> find(const std::string& path) const;
  Result<Place> place_of(const std::string& path) const;
  Result<Place> free_place(const std::string& path) const;
  void enter(const Place& place, const NodePtr& node);
  void touch(Node& node, bool contents);
  std::vector<std::string> set(Node& node, const FileAttributes& attributes);

  std::int64_t ticks_ = 0;
  std::uint64_t inodes_ = 0;
  NodePtr root_;
  std::string refused_prefix_;
  std::map<std::pair<Account, std::uint32_t>, std::string> accounts_;
};

}  // namespace peerstore::world
