// NewFile: a file that appears under its name all at once.
//
// It is written beside its place under a name of its own, ".<name>.peerstore-<random>", so that
// the last step is a rename within one folder. Destroyed before finish() has succeeded, it is
// removed. Blocks of zeros are not written: they become holes.
#pragma once

#include <peerstore/runtime/files.hpp>

#include "descriptor.hpp"
#include "write_behind.hpp"

namespace peerstore::os {

class NewFile final : public Files::Writer {
 public:
  static Result<std::unique_ptr<Files::Writer>> create(const std::string& path, bool overwrite,
                                                       WriteBehind& write_behind);
  ~NewFile() override;
  // Whether a file of that name may be what a process that was killed has left.
  static bool is_unfinished(std::string_view name);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  Result<void> append(ByteView bytes) override;
  Result<std::vector<std::string>> finish(const FileFacts& facts, const FileAttributes& attributes,
                                          Durable durable) override;

 private:
  NewFile(Descriptor file, std::string path, std::string temporary, bool overwrite,
          WriteBehind& write_behind);
  void write_behind();
  Result<void> move_to_its_name();

  Descriptor file_;
  std::string path_;
  std::string temporary_;
  bool overwrite_;
  WriteBehind& write_behind_;
  bool finished_ = false;
  std::uint64_t size_ = 0;
  std::uint64_t written_to_ = 0;  // the file's size on the disk
  std::uint64_t sent_to_ = 0;     // what lies before is on its way to the disk
};

}  // namespace peerstore::os
