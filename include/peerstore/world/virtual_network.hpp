// VirtualNetwork: the network between simulated machines.
//
// Questions and answers are handed over as structs, nothing is encoded, and each message costs
// one event. A call lives in a pool of the hub, so that a question on its way arrives even if
// whoever asked has stopped waiting; its answer is then dropped, as on a real link. Every choice
// comes from the seed: the same calls give the same delays and losses.
//
// What a caller sees of a peer that does not serve:
//   no process (detached)      Errc::unreachable after one round trip: connection refused
//   asleep, cut off, or lost   Errc::timed_out after Options::silence, or its patience if shorter
//   too slow                   Errc::timed_out when its patience is over
//
// The hub outlives its endpoints, and the tasks that wait in them.
#pragma once

#include <peerstore/runtime/random.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/wire/network.hpp>
#include <peerstore/world/latency.hpp>
#include <peerstore/world/machine_network.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace peerstore::world {

class VirtualNetwork final : public MachineNetwork {
 public:
  struct Options {
    Duration latency_least = std::chrono::milliseconds(5);    // one way, of the closest pair
    Duration latency_spread = std::chrono::milliseconds(45);  // added to it, fixed for each pair
    std::shared_ptr<const LatencyModel> latency;              // in place of these two
    Duration jitter = std::chrono::milliseconds(2);           // added to it, for each message
    double loss = 0;                                          // share of messages that never arrive
    Duration silence = std::chrono::seconds(2);               // until a caller gives up on a silent peer
  };
  VirtualNetwork(Clock& clock, std::uint64_t seed, Options options);
  VirtualNetwork(Clock& clock, std::uint64_t seed) : VirtualNetwork(clock, seed, Options{}) {}
  ~VirtualNetwork() override;
  VirtualNetwork(const VirtualNetwork&) = delete;
  VirtualNetwork& operator=(const VirtualNetwork&) = delete;

  // Of the equipment it uses the directory: others' addresses as this machine knows them.
  void equip(const wire::MemberId& member, Equipment equipment) override;
  link::LinkNetwork* links_of_process(const wire::MemberId& /*member*/) override { return nullptr; }

  // The network as this machine's node sees it. Lives as long as the hub.
  wire::Network& endpoint(const wire::MemberId& member) override;
  // The network as a command of the owner of this machine sees it.
  std::unique_ptr<wire::Network> client(const wire::MemberId& member, wire::PersonNumber person) override;
  // The network as a stranger sees it who has only an invitation.
  std::unique_ptr<wire::Network> joiner() override;

  void attach(const wire::MemberId& member, wire::Service* service, wire::PersonNumber person) override;
  void detach(const wire::MemberId& member) override;
  bool is_attached(const wire::MemberId& member) const;

  void set_asleep(const wire::MemberId& member, bool asleep) override;
  void cut(const wire::MemberId& a, const wire::MemberId& b) override;
  void mend(const wire::MemberId& a, const wire::MemberId& b) override;
  void cut_one_way(const wire::MemberId& from, const wire::MemberId& to) override;
  void mend_one_way(const wire::MemberId& from, const wire::MemberId& to) override;
  void set_island(const wire::MemberId& member, unsigned island) override;
  void heal() override;

  void set_weather(const Weather& weather) override { weather_ = weather; }
  const Weather& weather() const override { return weather_; }
  void set_loss(double loss) { weather_.loss = loss; }
  void set_slow(const wire::MemberId& member, Duration extra) override;
  void set_bandwidth(const wire::MemberId& member, std::uint64_t up, std::uint64_t down) override;
  void set_behind_nat(const wire::MemberId& member, bool behind_nat) override;
  void set_address(const wire::MemberId& member, std::string address) override;

  void observe(Observer* observer) override { observer_ = observer; }
  const Counters& counters() const override { return counters_; }
  // What this machine sent: questions that it asked and answers that it gave, lost ones too.
  const Counters& counters(const wire::MemberId& member) const;
  std::uint32_t place_of(const wire::MemberId& member) override;

 private:
  struct Machine;
  struct Call;
  struct Serving;
  class Answer;
  class Endpoint;
  friend class Endpoint;

  Machine& machine(const wire::MemberId& member);
  Duration delay(const Machine& from, const Machine& to);
  Duration lateness();
  TimePoint arrival(Machine& from, Machine& to, std::size_t bytes);
  bool passes(const Machine& from, const Machine& to) const;
  bool is_let_in(const Machine& caller, const Machine& peer) const;
  static void note_link(Machine& caller, Machine& peer);
  bool is_lost();

  Call& free_call();
  Call* place(Machine& from, const wire::Caller& caller, const wire::MemberId& peer, wire::Request request,
              Duration patience);
  void send_alone(const Call& call, TimePoint arrives);
  void deliver(Call& call);
  static Task<void> serve(Call* call);
  void answered(Call& call, Result<wire::Response> answer);
  void fall_silent(Call& call);
  void complete(Call& call);
  void abandon(Call& call);
  void give_back(Call& call);

  Clock& clock_;
  Options options_;
  SeededRandom random_;
  Weather weather_;
  Observer* observer_ = nullptr;
  Counters counters_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> cuts_;  // from, to
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<Call*> free_calls_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::unordered_map<wire::MemberId, Machine*, FixedBytesHash> by_member_;
};

// About how many bytes a message takes on the wire: fixed parts by rule of thumb, the rest counted.
std::size_t approximate_size(const wire::Request& request);
std::size_t approximate_size(const wire::Response& response);

}  // namespace peerstore::world
