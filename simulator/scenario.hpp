// Scenario: what is to happen in a run, as data: how many machines, the life they lead, the faults
// they meet, what their owners do, and by when everything must be well again. Written in TOML
// (simulator/scenarios/), so that a new question needs no new code.
//
// A run has three phases. While it *grows*, machines join and nothing else happens to them. Then they
// *live*, with faults; figures are of this phase. Then everything *heals*: faults end, whoever is left
// comes back, and the laws ask for rest within a stated time (a safety phase and then a
// liveness phase, as TigerBeetle's simulator has them).
#pragma once

#include <peerstore/runtime/result.hpp>
#include <peerstore/simulator/simulator.hpp>

#include "liar.hpp"
#include "life.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore::simulator {

enum class FaultKind : std::uint8_t {
  partition,        // the ring falls into islands
  one_way_cut,      // what one machine says does not reach another
  flapping_link,    // two machines lose and find one another again and again
  bad_weather,      // more loss, duplicates, reordering and delay for everybody
  slow_node,        // one machine takes its time to answer
  inbound_blocked,  // a router lets nobody in to one machine unless it called first (NAT)
  disk_full,        // no room on one machine's disk
  disk_errors,      // some calls to it fail with EIO
  slow_disk,
  bit_rot,            // one bit of one file on one disk turns over
  misdirected_write,  // the next write to one disk lands in the wrong place
  wiped_disk,         // one machine comes back with an empty disk
  swapped_disks,      // two machines are started with one another's disks
  clock_jump,         // the wall clock of one machine is off by up to ten years
  clock_drift,        // one machine's clock runs fast or slow by up to `strength` parts in a million
  vanished_file,      // one file is no longer there
};
inline constexpr std::size_t kFaultKinds = 16;
std::string_view name_of(FaultKind kind);

struct FaultOptions {
  double chance = 1;  // share of the seeds that have this fault at all (swarm testing)
  Duration every{};   // mean time between two of them in the whole ring; zero: never
  Duration least{};   // how long each lasts
  Duration most{};
  double strength = 0;  // of those that have degrees; each kind says of what (fault_driver.cpp)
};

struct RingTuning {
  std::size_t successor_list = 8;
  Duration stabilize_period = 2s;
  Duration quiet_period = 30s;
  Duration suspended_after = 1min;
  bool fingers_only = false;  // lookups know no more than a finger table would
  bool acquainted =
      false;  // all persons' first machines were let in before the run, and know one another's statements
};

enum class Latency : std::uint8_t { none, uniform, regions, euclid };

struct LinkOptions {
  bool streams = false;  // bytes through the real framing and codecs, not structs handed over
  Latency latency = Latency::uniform;
  double loss = 0;
  Duration silence = 2s;       // until a caller gives up on one who does not answer
  std::uint64_t bytes_up = 0;  // a second and machine; zero: as much as it likes
  std::uint64_t bytes_down = 0;
};

struct DiskOptions {
  bool leveldb = false;  // the facts in LevelDB over the disk, and not in its quick twin beside it
  // How long a machine takes to read through all that it holds. Zero: as long as the product, and the laws
  // forgive losses that nobody could have noticed.
  Duration scrub{};
};

struct LiarOptions {
  double share = 0;  // of the machines; never the founder
  Lies lies;
};

struct WorkloadOptions {
  Duration pack_every{};    // mean, of each person; zero: never. Each is followed by reading one back
  Duration lookup_every{};  // mean, of each machine
  unsigned people = 0;      // who back up, change and restore folders with the real client
  Duration backup_every = 1h;
};

struct LawOptions {
  Duration ideal_within =
      5min;  // ten stabilise periods of a quiet ring, from the moment when everything is healed (T2)
  Duration known_within = 2min;   // from then on: all believe all others live
  Duration repaired_within = 6h;  // from the ideal ring (P9)
  Duration readable_within = 10min;
  // Machines fail only where the proof of the protocol allows it, news of a failure is
  // instant, and the inductive invariant must hold after every step (T1).
  bool zave = false;
};

// What `--small` makes of it: the same story in a small ring and a short life, for tests.
struct SmallOptions {
  unsigned nodes = 0;  // zero: unchanged
  Duration live{};
};

struct Scenario {
  std::string name;
  std::string summary;
  unsigned nodes = 12;
  unsigned copies = 3;
  bool colours = true;
  bool varied = false;  // each seed leaves out some kinds of events and changes the rates of others
  Duration grow{};
  Duration live = 10min;
  LifeOptions life;
  RingTuning ring;
  LinkOptions links;
  DiskOptions disk;
  std::array<FaultOptions, kFaultKinds> faults;
  LiarOptions liars;
  WorkloadOptions workload;
  LawOptions laws;
  SmallOptions small;

  const FaultOptions& fault(FaultKind kind) const { return faults[static_cast<std::size_t>(kind)]; }
};

// Reads the TOML text of a scenario. Errc::invalid names line, column and key, and what is allowed: an
// unknown key is an error, since a mistyped fault that never happens would prove nothing.
Result<Scenario> parse_scenario(const std::string& name, std::string_view text);

// The text of each scenario that is built in (made of simulator/scenarios/ by the build), by name.
struct ScenarioText {
  std::string_view name;
  std::string_view text;
};
const std::vector<ScenarioText>& built_in_scenarios();

}  // namespace peerstore::simulator
