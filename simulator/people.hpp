// People: a person who keeps a folder in the ring with the production client: backs it up, changes it,
// lists and restores it, and remembers what the client reported safe.
//
// A person outlives the processes of its machine. What it does is a task of one process, with the
// tools of that process; dropped at any moment, it leaves the ring and the machine's disk as a killed
// command would. What was reported safe before is remembered here, where everything is seen.
#pragma once

#include <peerstore/drive/drive.hpp>
#include <peerstore/membership/identity.hpp>
#include <peerstore/replica/ring_view.hpp>
#include <peerstore/runtime/task.hpp>
#include <peerstore/wire/network.hpp>

#include "people_folder.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace peerstore::simulator {

// What a command of the owner has to work with on one machine. All of it outlives the task.
struct PersonTools {
  Clock& clock;
  Random& random;
  Entropy& entropy;
  crypto::Signatures& signatures;
  wire::Network& network;  // as a client
  const replica::RingView& view;
  Disk& disk;  // where the client keeps its own state
  Workers& workers;
  const membership::Identity& identity;
  // Told of every chunk that is put, so that the laws about chunks hold for these, too.
  using OnPut = std::function<void(const wire::ChunkDescription&, const replica::PutOutcome&)>;
  OnPut on_put = [](const wire::ChunkDescription&, const replica::PutOutcome&) {};
};

enum class Outcome : std::uint8_t {
  done,
  not_now,  // friends who are needed sleep, or a disk fails: no law is broken unless it stays so
  wrong,    // a law is broken: other bytes, or something missing, and nobody said so
};
struct Verdict {
  Outcome outcome = Outcome::done;
  std::string words;  // why not, or what is wrong
};

class Person {
 public:
  Person(std::uint64_t seed, const std::string& name);

  void change() { folder_.change(); }

  // Backs the folder up. Done, but with words: it was not reported safe. Nothing may change the folder
  // meanwhile.
  Task<Verdict> back_up(PersonTools tools);

  enum class From : std::uint8_t {
    this_home,  // with what the machine's disk remembers
    nothing,    // as from a new machine, with the secrets alone
  };
  // Lists and restores a snapshot that was reported safe, chosen at random if `snapshot` is empty, into
  // an empty place, and compares everything with what was backed up. Done if nothing is safe yet.
  Task<Verdict> restore_and_compare(PersonTools tools, From from, std::string snapshot = "");

  // The snapshots that must come back, the oldest first.
  std::vector<std::string> safe_snapshots() const;

 private:
  struct SafeSnapshot {
    std::string id;
    std::shared_ptr<const KeptTree> tree;
  };

  Verdict wrong(const std::string& words) const;
  void remember(SafeSnapshot snapshot);
  const SafeSnapshot* choose(const std::string& id);

  std::string name_;
  PersonsFolder folder_;
  SeededRandom random_;
  std::vector<SafeSnapshot> safe_;
};

}  // namespace peerstore::simulator
