// The implementations that the conformance suite holds to the contracts of runtime/ and wire/: each
// interface has a maker for the real world and one for the simulated.
#pragma once

#include <peerstore/net/loop.hpp>
#include <peerstore/os/real.hpp>
#include <peerstore/world/disk_database.hpp>
#include <peerstore/world/memory_files.hpp>
#include <peerstore/world/virtual_clock.hpp>
#include <peerstore/world/virtual_disk.hpp>
#include <peerstore/world/virtual_key_value.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace peerstore::conformance {

// A folder of the real file system that goes away with this.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "peerstore-XXXXXX").string();
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Something under test, made anew for each test; the parameter of a suite.
template <class Subject>
struct Maker {
  const char* world;
  std::function<std::unique_ptr<Subject>()> make;
};
template <class Subject>
std::string name_of(const ::testing::TestParamInfo<Maker<Subject>>& info) {
  return info.param.world;
}

// ---- Clock and Workers ----

class TimeSubject {
 public:
  virtual ~TimeSubject() = default;
  virtual Clock& clock() = 0;
  virtual Workers& workers() = 0;
  // Runs `main` to its end.
  virtual void run(Task<void> main) = 0;
};

class VirtualTime final : public TimeSubject {
 public:
  Clock& clock() override { return clock_; }
  Workers& workers() override { return workers_; }
  void run(Task<void> main) override { clock_.run(std::move(main)); }

 private:
  world::VirtualClock clock_;
  world::InlineWorkers workers_{clock_};
};

class RealTime final : public TimeSubject {
 public:
  Clock& clock() override { return loop_; }
  Workers& workers() override { return loop_; }
  void run(Task<void> main) override { ASSERT_TRUE(loop_.run(std::move(main))); }

 private:
  net::Loop loop_{2};
};

// ---- Disk and KeyValue ----

class DiskSubject {
 public:
  virtual ~DiskSubject() = default;
  virtual Disk& disk() = 0;
  virtual void reopen() = 0;
};

class VirtualDiskSubject final : public DiskSubject {
 public:
  Disk& disk() override { return disk_; }
  void reopen() override { disk_.crash(); }

 private:
  world::VirtualDisk disk_;
};

class RealDiskSubject final : public DiskSubject {
 public:
  RealDiskSubject() { open(); }
  Disk& disk() override { return *disk_; }
  void reopen() override { open(); }

 private:
  void open() {
    auto opened = os::open_disk(folder_.path() + "/home");
    CHECK(opened.has_value());
    disk_ = std::move(*opened);
  }
  TemporaryFolder folder_;
  std::unique_ptr<Disk> disk_;
};

class KeyValueSubject {
 public:
  virtual ~KeyValueSubject() = default;
  virtual KeyValue& database() = 0;
  virtual void reopen() = 0;
};

class VirtualKeyValueSubject final : public KeyValueSubject {
 public:
  KeyValue& database() override { return database_; }
  void reopen() override { database_.crash(); }

 private:
  world::VirtualKeyValue database_;
};

// The production database over a simulated disk, whose power fails each time.
class DiskDatabaseSubject final : public KeyValueSubject {
 public:
  DiskDatabaseSubject() { open(); }
  KeyValue& database() override { return *database_; }
  void reopen() override {
    database_.reset();
    disk_.crash();
    open();
  }

 private:
  void open() {
    auto opened = world::DiskDatabase::open(disk_, "facts");
    CHECK(opened.has_value());
    database_ = std::move(*opened);
  }
  world::VirtualDisk disk_;
  std::unique_ptr<world::DiskDatabase> database_;
};

class RealKeyValueSubject final : public KeyValueSubject {
 public:
  RealKeyValueSubject() { open(); }
  KeyValue& database() override { return *database_; }
  void reopen() override {
    database_.reset();
    open();
  }

 private:
  void open() {
    auto opened = os::open_key_value(folder_.path() + "/facts");
    CHECK(opened.has_value());
    database_ = std::move(*opened);
  }
  TemporaryFolder folder_;
  std::unique_ptr<KeyValue> database_;
};

// ---- Files ----

class FilesSubject {
 public:
  virtual ~FilesSubject() = default;
  virtual Files& files() = 0;
  // A folder that is there, without a slash at its end.
  virtual std::string root() const = 0;
};

class MemoryFilesSubject final : public FilesSubject {
 public:
  MemoryFilesSubject() { CHECK(files_.make_folder("/root").has_value()); }
  Files& files() override { return files_; }
  std::string root() const override { return "/root"; }

 private:
  world::MemoryFiles files_;
};

class RealFilesSubject final : public FilesSubject {
 public:
  Files& files() override { return *files_; }
  std::string root() const override { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Files> files_ = os::open_files();
};

template <class Subject, class Virtual, class Real, class... More>
auto both_worlds() {
  return ::testing::Values(Maker<Subject>{"Virtual", [] { return std::make_unique<Virtual>(); }},
                           Maker<Subject>{"Real", [] { return std::make_unique<Real>(); }},
                           Maker<Subject>{"Another", [] { return std::make_unique<More>(); }}...);
}

}  // namespace peerstore::conformance
