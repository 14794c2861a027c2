// StreamNetwork: the network between simulated machines as byte streams in virtual time, under the
// production link::LinkNetwork. Greetings, frames, codecs, limits, patience and back-pressure are the
// real ones; beside it VirtualNetwork hands structs over, for scale. Names and meanings are the same
// where both have them.
//
// A machine is attached like this, each time that its process starts:
//   network.equip(member, {its clock, a directory over its roster, its node key, "host:port"});
//   ... open the node with network.endpoint(member) as its network ...
//   network.attach(member, &node, person);
// The directory may be empty until the node is open, as in the daemon. Others find the machine by
// what their own directories say: the address must be one that it announces.
//
// A stream is what TCP under TLS is, seen from above:
//   - bytes arrive in order after the latency, cut into random pieces; what is lost only comes later;
//   - while no message passes (sleep, cut, island) nothing arrives and nothing is refused, and after that
//     it goes on, unless the sender was without acknowledgement for so long that its kernel gave up;
//   - a process that ends closes its streams; a machine that moves or gets behind a router leaves its own to
//     be given up by both sides;
//   - dialling where no process runs is refused after a round trip; where nothing passes, or inwards
//     through a router, nobody answers.
// There is no TLS: each end is given the key that the other side proves. A flipped bit is what TLS
// would notice, so it breaks the link, or reaches the framing if that is what is to be tried.
//
// The hub outlives its endpoints, and the tasks that wait in them.
#pragma once

#include <peerstore/link/link_network.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/world/latency.hpp>
#include <peerstore/world/machine_network.hpp>

#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace peerstore::world {

class StreamNetwork final : public MachineNetwork {
 public:
  struct Options {
    Duration latency_least = std::chrono::milliseconds(5);    // one way, of the closest pair
    Duration latency_spread = std::chrono::milliseconds(45);  // added to it, fixed for each pair
    std::shared_ptr<const LatencyModel> latency;              // in place of these two
    Duration jitter = std::chrono::milliseconds(2);           // added to it, for each piece
    double loss = 0;                                          // share of pieces that have to be sent again
    Duration given_up_after = std::chrono::seconds(20);  // without acknowledgement, by the sender's kernel
    std::size_t buffer_bytes = 256 * 1024;               // unacknowledged ones that the kernel takes
  };
  // What becomes of a piece with a flipped bit.
  enum class Corruption : std::uint8_t { breaks_the_link, reaches_the_framing };

  StreamNetwork(Clock& clock, std::uint64_t seed, Options options);
  StreamNetwork(Clock& clock, std::uint64_t seed) : StreamNetwork(clock, seed, Options{}) {}
  ~StreamNetwork() override;
  StreamNetwork(const StreamNetwork&) = delete;
  StreamNetwork& operator=(const StreamNetwork&) = delete;

  // Requires that no process of it runs. Before its endpoint or a client of it first asks anything.
  void equip(const wire::MemberId& member, Equipment equipment) override;

  wire::Network& endpoint(const wire::MemberId& member) override;
  // Who that is, its directory says as others do; `person` is not needed.
  std::unique_ptr<wire::Network> client(const wire::MemberId& member, wire::PersonNumber person) override;
  // Asks Join alone, of a machine whose address and key stand in the invitation.
  std::unique_ptr<wire::Network> joiner() override;

  void attach(const wire::MemberId& member, wire::Service* service, wire::PersonNumber person) override;
  void detach(const wire::MemberId& member) override;
  bool is_attached(const wire::MemberId& member) const;
  // For what the daemon does with its network besides asking: connect() to addresses that it kept, and
  // drop_strangers() after each change of the roster. Good until detach().
  link::LinkNetwork& links(const wire::MemberId& member) { return links_of(machine(member)); }

  link::LinkNetwork* links_of_process(const wire::MemberId& member) override { return &links(member); }

  void set_asleep(const wire::MemberId& member, bool asleep) override;
  void cut(const wire::MemberId& a, const wire::MemberId& b) override;
  void mend(const wire::MemberId& a, const wire::MemberId& b) override;
  void cut_one_way(const wire::MemberId& from, const wire::MemberId& to) override;
  void mend_one_way(const wire::MemberId& from, const wire::MemberId& to) override;
  void set_island(const wire::MemberId& member, unsigned island) override;
  void heal() override;

  // Duplicates are nothing to a stream. What is reordered holds up what comes behind it.
  void set_weather(const Weather& weather) override { weather_ = weather; }
  const Weather& weather() const override { return weather_; }
  void set_loss(double loss) { weather_.loss = loss; }
  // The share of pieces in which a bit is flipped on the way.
  void set_corruption(double share, Corruption what = Corruption::breaks_the_link);
  void set_slow(const wire::MemberId& member, Duration extra) override;
  void set_bandwidth(const wire::MemberId& member, std::uint64_t up, std::uint64_t down) override;
  void set_behind_nat(const wire::MemberId& member, bool behind_nat) override;
  void set_address(const wire::MemberId& member, std::string address) override;

  void observe(Observer* observer) override { observer_ = observer; }
  const Counters& counters() const override { return counters_; }
  const Counters& counters(const wire::MemberId& member) const;
  std::uint32_t place_of(const wire::MemberId& member) override;

 private:
  struct Machine;
  struct Process;
  class Dialler;
  class Knock;
  class Connection;
  class Handle;
  class Endpoint;
  class NodeEndpoint;
  class ClientEndpoint;
  class JoinerEndpoint;
  class Served;

  Machine& machine(const wire::MemberId& member);
  link::LinkNetwork& links_of(Machine& machine);
  Machine* who_answers_at(const std::string& address) const;
  std::shared_ptr<Connection> connect(Machine& dialler, const crypto::SigningPublicKey& key,
                                      Machine& listener);

  bool passes(const Machine& from, const Machine& to) const;
  Duration delay(const Machine& from, const Machine& to);
  TimePoint arrival(Machine& from, Machine& to, std::size_t bytes);
  std::size_t piece_size(std::size_t most);
  bool is_corrupted();
  void sever_connections(const Machine& machine);
  void resume_connections();

  Clock& clock_;
  Options options_;
  SeededRandom random_;
  Weather weather_;
  double corruption_ = 0;
  Corruption what_corruption_does_ = Corruption::breaks_the_link;
  Observer* observer_ = nullptr;
  Counters counters_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> cuts_;  // from, to
  std::vector<std::unique_ptr<Machine>> machines_;
  std::unordered_map<wire::MemberId, Machine*, FixedBytesHash> by_member_;
  std::map<std::string, Machine*> by_address_;
  std::uint64_t connections_so_far_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;  // that are not over
  std::map<std::uint64_t, std::unique_ptr<Knock>> knocks_;
};

}  // namespace peerstore::world
