// Node: one machine of the ring, put together: chord, membership, replica and the stores over one
// environment. It touches the world only through the environment, so the daemon and the
// simulator run the same object.
#pragma once

#include <peerstore/chord/chord_node.hpp>
#include <peerstore/membership/identity.hpp>
#include <peerstore/membership/membership.hpp>
#include <peerstore/replica/ring_view.hpp>
#include <peerstore/runtime/key_value.hpp>
#include <peerstore/store/chunk_store.hpp>
#include <peerstore/store/head_store.hpp>
#include <peerstore/store/scrub.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace peerstore::node {

// The world, as a node sees it.
struct Environment {
  Clock& clock;
  Random& random;
  Entropy& entropy;
  crypto::Signatures& signatures;
  wire::Network& network;
  Disk& disk;
  KeyValue& facts;
  Workers& workers;
};

struct MemberStatus {
  wire::MemberId id;
  std::string name;
  std::string person;
  bool self = false;
  bool live = false;
  bool gone = false;
  std::int64_t seconds_since_heard = -1;  // -1: not since this node started
  std::uint64_t bytes_given = 0;
  std::uint64_t bytes_free = 0;
  std::vector<std::string> addresses;  // none: nobody here knows where it is
};
struct NodeStatus {
  std::string ring_name;
  wire::RingId ring_id;
  placement::Policy policy;
  wire::Phase phase = wire::Phase::out;
  wire::NodeRef self;
  std::vector<std::string> addresses;
  unsigned reachable_copies = 0;  // for files of this machine's person
  store::ChunkStore::Usage usage;
  std::vector<MemberStatus> members;
  std::uint64_t repairs_pending = 0;
  std::uint64_t repairs_to_fetch = 0;         // of them: chunks that this machine lacks
  std::uint64_t repairs_to_hand_out = 0;      // copies of its chunks that friends on line lack
  std::uint64_t repair_bytes_per_second = 0;  // that came in lately, while something is fetched; 0: not known
  std::uint64_t repair_comparisons = 0;       // by digests, that this machine asked for since it started
  std::uint64_t repair_offers = 0;            // of a chunk to a member, since then
};
// How far this machine is on its way out: it gives no space any more, and others take what it holds.
struct DrainStatus {
  enum class Reason : std::uint8_t { away, full, taking };
  struct Awaited {
    std::string name;
    Reason reason = Reason::away;
  };
  bool draining = false;
  std::uint64_t chunks = 0;  // still held, damaged ones among them
  std::uint64_t bytes = 0;
  std::uint64_t without_a_place = 0;  // of the chunks: too few others in the ring may hold them
  std::uint64_t damaged = 0;          // of them: nobody has given this machine yet what is bad in them
  std::vector<Awaited> waiting_for;   // machines that should take some
};
struct DrainPreview {
  struct Friend {
    std::string name;
    std::uint64_t bytes = 0;
    std::uint64_t bytes_free = 0;  // as it said last
    bool live = false;
  };
  std::vector<Friend> friends;  // by name
  std::uint64_t chunks = 0;
  std::uint64_t without_a_place = 0;
  bool ends_quota = false;  // its person could store nothing new then
};

class Node final : public wire::Service {
 public:
  struct Options {
    std::vector<std::string> addresses;  // where others can reach this node
    chord::ChordNode::Options chord;
    membership::Membership::Options membership;
    Duration repair_period = std::chrono::minutes(1);
    // Bytes a second that may go to that member for its repair. None: as fast as it goes.
    std::function<std::uint64_t(const wire::MemberId&)> repair_rate;
    bool repair_rate_is_measured = false;  // which needs a busy line now and then
    store::Scrub::Options scrub;
    // Bytes a second that news of comings and goings may cost. Past it, or with more than 4,000 members, only
    // neighbours and fingers are kept.
    double news_budget = 500;
  };

  // Opens the stores and loads the roster; asks nobody. The environment outlives the node.
  static Task<Result<std::unique_ptr<Node>>> open(Environment environment, membership::Identity identity,
                                                  Options options);
  ~Node() override;

  // Enters the ring and begins to serve, spread and repair.
  void start();
  // Leaves the ring in order (not for ever: the chunks stay).
  Task<void> stop();

  Task<Result<wire::Response>> serve(wire::Caller caller, wire::Request request) override;

  // This machine is reached elsewhere now (it was carried to another network): tells everybody at once.
  void set_addresses(std::vector<std::string> addresses);

  NodeStatus status() const;
  DrainStatus drain_status() const;
  // What each friend would have to take if this machine were emptied now.
  Task<DrainPreview> preview_drain();
  chord::ChordNode& chord();
  membership::Membership& membership();
  store::ChunkStore& chunks();
  store::HeadStore& heads();
  const replica::RingView& view() const;

 private:
  struct Parts;
  explicit Node(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace peerstore::node
