// RestlessFiles: counts what is opened, and can write to files whenever they are read.
#pragma once

#include <peerstore/world/memory_files.hpp>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace peerstore::drive {

// Files whose content is written to whenever it is read, some number of times.
class RestlessFiles final : public Files {
 public:
  explicit RestlessFiles(world::MemoryFiles& files) : files_(files) {}
  int changes = 0;
  std::size_t growth = 0;           // by so many bytes, instead, at each of these changes
  bool respects_modes = false;      // nothing new in a folder without the right to write
  bool marked_when_synced = false;  // whether a restore's mark was there at the last sync()
  std::function<void(const std::string&, FileFacts&)> alter = [](const std::string&, FileFacts&) {};
  int opened = 0;
  std::set<std::string> cleaned;  // folders that remove_unfinished() was called for

  Result<FileFacts> facts(const std::string& path) override {
    auto facts = files_.facts(path);
    if (facts) alter(path, *facts);
    return facts;
  }
  Result<void> sync(const std::string& folder) override {
    marked_when_synced = files_.facts(folder + "/.peerstore-restore-unfinished").has_value();
    return {};
  }
  Result<std::vector<std::string>> list(const std::string& folder) override { return files_.list(folder); }
  Result<std::unique_ptr<Reader>> open(const std::string& path) override {
    ++opened;
    auto reader = files_.open(path);
    if (!reader) return reader.error();
    return std::unique_ptr<Reader>(std::make_unique<RestlessReader>(*this, path, std::move(*reader)));
  }
  Result<std::string> read_link(const std::string& path) override { return files_.read_link(path); }
  Result<std::unique_ptr<Writer>> create(const std::string& path, bool overwrite) override {
    const auto folder = files_.facts(path.substr(0, std::max<std::size_t>(path.rfind('/'), 1)));
    if (respects_modes && folder && (folder->mode & 0200) == 0) return fail(Errc::refused, path);
    return files_.create(path, overwrite);
  }
  Result<void> make_folder(const std::string& path) override { return files_.make_folder(path); }
  Result<void> make_symlink(const std::string& target, const std::string& path) override {
    return files_.make_symlink(target, path);
  }
  Result<void> make_hard_link(const std::string& existing, const std::string& path) override {
    return files_.make_hard_link(existing, path);
  }
  Result<FileAttributes> attributes(const std::string& path) override { return files_.attributes(path); }
  std::string account_name(Account kind, std::uint32_t number) override {
    return files_.account_name(kind, number);
  }
  std::optional<std::uint32_t> account_number(Account kind, const std::string& name) override {
    return files_.account_number(kind, name);
  }
  Result<std::vector<std::string>> set_facts(const std::string& path, const FileFacts& facts,
                                             const FileAttributes& attributes) override {
    return files_.set_facts(path, facts, attributes);
  }
  Result<void> remove_unfinished(const std::string& folder) override {
    cleaned.insert(folder);
    return files_.remove_unfinished(folder);
  }
  Result<void> remove_file(const std::string& path) override { return files_.remove_file(path); }

 private:
  class RestlessReader final : public Reader {
   public:
    RestlessReader(RestlessFiles& files, std::string path, std::unique_ptr<Reader> reader)
        : files_(files), path_(std::move(path)), reader_(std::move(reader)) {}
    Result<Bytes> read(std::size_t size) override {
      auto bytes = reader_->read(size);
      if (files_.changes > 0) {
        --files_.changes;
        std::string content = files_.files_.read(path_);
        content.back() ^= 1;
        content.append(files_.growth, 'g');
        files_.files_.write(path_, content);
      }
      return bytes;
    }
    Result<std::uint64_t> next_data(std::uint64_t offset) override { return reader_->next_data(offset); }
    void move_to(std::uint64_t offset) override { reader_->move_to(offset); }
    Result<FileFacts> facts() override { return files_.facts(path_); }

   private:
    RestlessFiles& files_;
    std::string path_;
    std::unique_ptr<Reader> reader_;
  };
  world::MemoryFiles& files_;
};

}  // namespace peerstore::drive
