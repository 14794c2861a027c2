// Settings and opening of LevelDB databases, and the mending of damaged ones.
#pragma once

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>
#include <peerstore/runtime/result.hpp>

#include <memory>
#include <string>

namespace peerstore::database {

inline constexpr std::size_t kWriteBufferBytes = 1024 * 1024;

// LevelDB tells its failures apart by words only.
Errc code_for(const leveldb::Status& status);

struct Settings {
  // The machine's own files if there is no environment.
  explicit Settings(leveldb::Env* environment);

  leveldb::Env& files() const { return *options.env; }
  // Whoever reads damage leaves this file, so that the next opening mends it.
  std::string damage_mark(const std::string& path) const { return path + "/DAMAGED"; }

  leveldb::Options options;
  leveldb::ReadOptions reading;
  leveldb::ReadOptions scanning;
  // Databases use these two until they are closed.
  std::unique_ptr<leveldb::Cache> cache;
  std::unique_ptr<const leveldb::FilterPolicy> filter;
};

using Database = std::unique_ptr<leveldb::DB>;

// Says in `damage` what was found and mended.
leveldb::Status open_mended(const Settings& settings, const std::string& path, Database& database,
                            std::string& damage);

// Where nothing is yet, beside `path`.
std::string name_aside(leveldb::Env& files, const std::string& path);

}  // namespace peerstore::database
