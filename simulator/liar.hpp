// Liar: a member of the ring that lies: it stands before the honest node of its machine and bends
// what others ask of it.
//
// A liar is a member like any other: it holds a key and signs with it, but with nobody else's. Each
// lie that it is told to tell it tells with a chance of one half, so that honest answers are mixed in:
// a peer that always lies would soon be left alone.
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/wire/network.hpp>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace peerstore::simulator {

struct Lies {
  bool wrong_routes = false;        // names others than it should, invents members, owns what it does not
  bool withhold_chunks = false;     // has not what it has, or never answers
  bool corrupt_chunks = false;      // gives chunks with bits turned over
  bool replay_old_records = false;  // tells of addresses and heads as they were long ago
  bool fake_receipts = false;       // signs for chunks that it threw away
};

class Liar final : public wire::Service {
 public:
  using Self = std::function<wire::NodeRef()>;  // with the incarnation of today

  // References must outlive this.
  Liar(wire::Service& honest, Clock& clock, Random& random, crypto::Signatures& signatures,
       wire::RingId ring_id, crypto::SigningSecretKey node_secret, Self self, Lies lies);

  Task<Result<wire::Response>> serve(wire::Caller caller, wire::Request request) override;
  // It says that it has this chunk, which it threw away.
  bool claims(const wire::ChunkAddress& address) const { return thrown_away_.contains(address); }
  void set_lies(const Lies& lies) { lies_ = lies; }

 private:
  bool lies_now() { return random_.below(2) == 0; }
  wire::NodeRef someone();
  wire::MemberId invented();

  // The answer in place of an honest one.
  std::optional<Result<wire::Response>> faked(const wire::Request& request);
  // An honest answer, as it leaves.
  void bend(const wire::Caller& caller, const wire::Request& request, wire::Response& answer);
  void misroute(const wire::Caller& caller, wire::Neighbours& answer);
  void misroute(const wire::FindSuccessor& question, wire::FoundSuccessor& answer);
  void claim(const std::vector<wire::ChunkAddress>& addresses, std::vector<std::uint8_t>& have) const;

  void remember(const wire::Request& request);
  void remember(const wire::Response& answer);
  void remember(const wire::NodeRef& member);
  void remember(const std::vector<wire::Presence>& presences);
  void remember(const wire::Head& head);

  wire::Service& honest_;
  Clock& clock_;
  Random& random_;
  crypto::Signatures& signatures_;
  wire::RingId ring_id_;
  crypto::SigningSecretKey node_secret_;
  Self self_;
  Lies lies_;
  std::map<wire::MemberId, wire::NodeRef> members_;                           // whom it heard of
  std::map<wire::MemberId, wire::Presence> presences_;                        // the oldest of each
  std::map<std::pair<wire::PersonNumber, std::uint32_t>, wire::Head> heads_;  // the oldest of each machine
  std::set<wire::ChunkAddress> thrown_away_;                                  // for which it signs
};

}  // namespace peerstore::simulator
