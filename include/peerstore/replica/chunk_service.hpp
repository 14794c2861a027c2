// ChunkService: the answering side of chunks and heads: what this machine accepts, and whom it serves.
//
// The rules it holds against everybody, owners and members alike:
//   - never a chunk whose class is the colour of this machine's person (the anti-colocation rule);
//   - never a chunk of this machine's own person: a copy on the owner's laptop is no backup;
//   - a chunk is taken from its owner alone, or pulled by repair (repair.hpp);
//   - of each owner no more than its share of the quota that an admin signed;
//   - it is deleted at the word of a live writer of its owner alone;
//   - it is read by whoever shows its read token, or by a member's node that may hold it itself;
//   - a receipt is signed only when the store has made the chunk durable;
//   - a segment is passed on only when it was found good, and only to those who may hold its chunk.
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/replica/repair_pace.hpp>
#include <peerstore/replica/ring_view.hpp>
#include <peerstore/store/chunk_store.hpp>
#include <peerstore/store/head_store.hpp>
#include <peerstore/wire/network.hpp>

#include <functional>
#include <map>
#include <memory>

namespace peerstore::replica {

// The room that a chunk takes on its holder, its description included: what to reserve for it.
std::uint64_t room_for_chunk(std::uint32_t segments);

crypto::Hash read_token_hash(const wire::ReadToken& token);

class PassingOn;

class ChunkService {
 public:
  struct Self {
    wire::PersonNumber person = 0;
    crypto::SigningSecretKey node_secret;
    std::function<wire::NodeRef()> node;  // with the incarnation of today
  };
  // A member offered these chunks, which are not here.
  using OnOffer = std::function<void(wire::MemberId from, std::vector<wire::ChunkAddress> lacking)>;

  // References must outlive this.
  ChunkService(Clock& clock, crypto::Signatures& signatures, wire::Network& network, const RingView& view,
               store::ChunkStore& chunks, store::HeadStore& heads, Self self, OnOffer on_offer);
  ~ChunkService();

  // Of segments that go to those who repair. None: as fast as it goes.
  void limit_repair(RepairPace::Rate rate, bool samples) { repair_pace_.limit(std::move(rate), samples); }

  // `caller` is a member, by its link.
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::Reserve request);
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::PutBegin request);
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::PutSegment request);
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::PutCommit request);
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::GetDescription request);
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::GetSegment request);
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::HaveChunks request);
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::OfferChunks request);
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::DeleteChunks request);
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::GetHeads request);
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::PutHead request);

 private:
  Result<void> may_put(const wire::Caller& caller, wire::PersonNumber owner) const;
  Result<void> may_read(const wire::Caller& caller, const wire::ChunkAddress& address,
                        const wire::ReadToken& token);
  std::uint64_t share_of(wire::PersonNumber owner);
  Task<bool> deleted(wire::Deletion deletion);
  std::vector<std::uint8_t> held(const std::vector<wire::ChunkAddress>& addresses);

  crypto::Signatures& signatures_;
  const RingView& view_;
  store::ChunkStore& chunks_;
  store::HeadStore& heads_;
  Self self_;
  OnOffer on_offer_;
  std::unique_ptr<PassingOn> passing_on_;
  RepairPace repair_pace_;
  // Of quotas, as long as the map is this one: reckoning it takes a walk around the circle.
  struct Share {
    std::uint64_t quota = 0;
    std::uint64_t share = 0;
  };
  std::shared_ptr<const placement::Map> map_of_shares_;
  std::map<wire::PersonNumber, Share> shares_;
};

// May this machine's person hold such a chunk at all? Errc::refused with the reason.
Result<void> may_keep(const RingView& view, const wire::MemberId& self, wire::PersonNumber self_person,
                      std::uint8_t chunk_class, wire::PersonNumber owner);

}  // namespace peerstore::replica
