// KeyValue over LevelDB, tuned to be small: a node of 30 MB has two of them.
//
// A module of its own because the real and the simulated world both stand on it: the one gives it the
// operating system's files, the other an Env over its virtual disk.
#pragma once

#include <peerstore/runtime/key_value.hpp>

#include <memory>
#include <string>

namespace leveldb {
class Env;
}

namespace peerstore::database {

struct Opened {
  std::unique_ptr<KeyValue> rows;
  std::string damage;  // what was found and mended; for the log. Empty: nothing
};

// The database in the folder `path`, which is made if it is not there. `environment` must outlive it;
// nullptr is the operating system's. Errc::corrupt if it can be neither opened nor mended; busy if another
// process has it; full, io. A log that ends in what was never durable is read up to there. After a read that
// gave Errc::corrupt the next opening keeps what can be read: rows may be missing, or old, afterwards.
// When a write fails, it and those that follow change nothing; later ones open the database again.
Result<Opened> open(const std::string& path, leveldb::Env* environment = nullptr);

// For rows that can be made again: sets the database aside (as "<path>.damaged-1" and so on, for somebody
// to look at), and opens an empty one in its place. Nobody may have it open.
Result<Opened> begin_anew(const std::string& path, leveldb::Env* environment = nullptr);
// open(), or begin_anew() if it is beyond repair.
Result<Opened> open_or_begin_anew(const std::string& path, leveldb::Env* environment = nullptr);

}  // namespace peerstore::database
