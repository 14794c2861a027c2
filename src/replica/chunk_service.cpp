#include <peerstore/crypto/hash.hpp>
#include <peerstore/replica/chunk_service.hpp>
#include <peerstore/replica/head_signature.hpp>
#include <peerstore/replica/lease.hpp>

#include "replica/passing_on.hpp"

#include <algorithm>

namespace peerstore::replica {

namespace {

Result<void> well_formed(const wire::ChunkDescription& chunk) {
  const std::uint32_t segments = chunk.header.segments;
  if (segments < 1 || segments > wire::kSegmentsMax || chunk.leaves.size() != segments) {
    return fail(Errc::invalid, "a chunk with " + std::to_string(segments) + " segments and " +
                                   std::to_string(chunk.leaves.size()) + " leaves");
  }
  if (chunk.header.chunk_class >= wire::kClasses) return fail(Errc::invalid, "a chunk of no known class");
  return {};
}

}  // namespace

std::uint64_t room_for_chunk(std::uint32_t segments) {
  constexpr std::uint64_t kDescriptionBytes = 4096;
  return kDescriptionBytes + segments * std::uint64_t{wire::kSegmentBytes};
}

crypto::Hash read_token_hash(const wire::ReadToken& token) {
  return crypto::hash("read token", {token.view()});
}

Result<void> may_keep(const RingView& view, const wire::MemberId& self, wire::PersonNumber self_person,
                      std::uint8_t chunk_class, wire::PersonNumber owner) {
  const auto map = view.map();
  const placement::Machine* machine = map->find(self);
  if (machine == nullptr) return fail(Errc::refused, "this machine no longer belongs to the ring");
  if (machine->bytes_given == 0) return fail(Errc::refused, "this machine gives no space (any more)");
  if (owner == self_person) return fail(Errc::refused, "a copy on the owner's own machine is no backup");
  if (!placement::may_hold(map->policy(), machine->colour, chunk_class)) {
    return fail(Errc::refused, "this machine must never hold chunks of class " + std::to_string(chunk_class));
  }
  return {};
}

ChunkService::ChunkService(Clock& clock, crypto::Signatures& signatures, wire::Network& network,
                           const RingView& view, store::ChunkStore& chunks, store::HeadStore& heads,
                           Self self, OnOffer on_offer)
    : signatures_(signatures),
      view_(view),
      chunks_(chunks),
      heads_(heads),
      self_(std::move(self)),
      on_offer_(std::move(on_offer)),
      passing_on_(std::make_unique<PassingOn>(clock, network, view, chunks)),
      repair_pace_(clock) {}

ChunkService::~ChunkService() = default;

// ---- writing ----

Result<void> ChunkService::may_put(const wire::Caller& caller, wire::PersonNumber owner) const {
  if (caller.person != owner) return fail(Errc::refused, "chunks are taken from their owner alone");
  if (owner == self_.person) return fail(Errc::refused, "a copy on the owner's own machine is no backup");
  return {};
}

std::uint64_t ChunkService::share_of(wire::PersonNumber owner) {
  const auto quota = view_.bytes_quota(owner);
  if (!quota) return 0;
  const auto map = view_.map();
  if (map != map_of_shares_) shares_.clear();
  map_of_shares_ = map;
  const auto [entry, is_new] = shares_.try_emplace(owner);
  if (is_new || entry->second.quota != *quota) {
    entry->second = {*quota, share_of_quota(*map, owner, *quota)};
  }
  return entry->second.share;
}

Task<Result<wire::Response>> ChunkService::serve(wire::Caller caller, wire::Reserve request) {
  if (const Result<void> may = may_put(caller, caller.person); !may) co_return may.error();
  if (request.bytes > room_for_chunk(wire::kSegmentsMax)) {
    co_return fail(Errc::invalid, "more room than a chunk takes");
  }
  const std::uint64_t kept = chunks_.bytes_of(caller.person);
  const std::uint64_t share = share_of(caller.person);
  if (kept + request.bytes > share) co_return store::over_quota(kept, share);
  const Result<std::uint64_t> reservation = chunks_.reserve(request.bytes);
  if (!reservation) co_return reservation.error();
  co_return wire::Response(wire::Reserved{*reservation});
}

Task<Result<wire::Response>> ChunkService::serve(wire::Caller caller, wire::PutBegin request) {
  if (const Result<void> sound = well_formed(request.chunk); !sound) co_return sound.error();
  const wire::ChunkHeader& header = request.chunk.header;
  if (const Result<void> may = may_put(caller, header.owner); !may) co_return may.error();
  const Result<void> keep = may_keep(view_, self_.node().id, self_.person, header.chunk_class, header.owner);
  if (!keep) co_return keep.error();
  const wire::ChunkAddress address = wire::address_of(request.chunk);
  const Result<void> leased =
      check_lease(signatures_, view_, header.owner, address, request.lease, LeaseUse::put);
  if (!leased) co_return leased.error();
  if (const auto deletion = chunks_.deletion_of(address);
      deletion && deletion->number >= request.lease.number) {
    co_return wire::Response(wire::PutState{{}, deletion->number + 1});
  }
  const store::ChunkStore::Terms terms{request.reservation, share_of(header.owner)};
  store::HeldChunk chunk{std::move(request.chunk), request.lease};
  Result<std::vector<std::uint32_t>> missing = co_await chunks_.begin(std::move(chunk), terms);
  if (!missing) co_return missing.error();
  co_return wire::Response(wire::PutState{std::move(*missing), 0});
}

// Who sends a segment does not matter: it counts only if it is what the owner's description says.
Task<Result<wire::Response>> ChunkService::serve(wire::Caller caller, wire::PutSegment request) {
  if (request.data.size() != wire::kSegmentBytes) co_return fail(Errc::invalid, "not a whole segment");
  for (const wire::MemberId& member : request.onward) {
    if (member == caller.member || member == self_.node().id) {
      co_return fail(Errc::invalid, "a chain of holders that comes back to where it was");
    }
  }
  const Result<void> put = co_await chunks_.put_segment(request.address, request.index, request.data);
  if (!put) co_return put.error();
  wire::SegmentTaken taken;
  taken.onward = co_await passing_on_->pass_on(std::move(request));
  co_return wire::Response(std::move(taken));
}

Task<Result<wire::Response>> ChunkService::serve(wire::Caller caller, wire::PutCommit request) {
  if (const Result<void> may = may_put(caller, request.owner); !may) co_return may.error();
  // It may have begun before this machine was to be emptied: a receipt of one that goes is worth nothing.
  const placement::Machine* self = view_.map()->find(self_.node().id);
  if (self == nullptr || self->bytes_given == 0) {
    co_return fail(Errc::refused, "this machine gives no space (any more)");
  }
  const Result<void> committed = co_await chunks_.commit(request.address);
  if (!committed) co_return committed.error();
  const auto facts = chunks_.find(request.address);
  if (!facts || facts->header.owner != request.owner) co_return fail(Errc::refused, "held for another owner");
  wire::Receipt receipt{request.address, request.owner, self_.node(), {}};
  const Bytes signed_bytes = wire::receipt_bytes(receipt);
  receipt.signature = signatures_.sign(self_.node_secret, "receipt", view_.ring_id(), signed_bytes);
  co_return wire::Response(receipt);
}

// ---- reading ----

Result<void> ChunkService::may_read(const wire::Caller& caller, const wire::ChunkAddress& address,
                                    const wire::ReadToken& token) {
  auto facts = chunks_.find(address);
  // What is good of a damaged copy may be what all others lack.
  if (!facts) facts = chunks_.find_damaged(address);
  // What its owner deleted is kept for a while, for whoever knows the token.
  if (!facts && !token.is_zero()) facts = chunks_.find_trashed(address);
  if (!facts) return fail(Errc::not_found, "not held here");
  if (!token.is_zero()) {
    const crypto::Hash shown = read_token_hash(token);
    if (!crypto::equal_in_constant_time(shown.view(), facts->header.read_token_hash.view())) {
      return fail(Errc::refused, "not the token of this chunk");
    }
    return {};
  }
  // No token: repair. Only for a node that the rule allows to hold this very chunk.
  const auto map = view_.map();
  const placement::Machine* reader = map->find(caller.member);
  if (caller.is_client || reader == nullptr) return fail(Errc::refused, "reading needs the chunk's token");
  if (reader->person == facts->header.owner ||
      !placement::may_hold(map->policy(), reader->colour, facts->header.chunk_class)) {
    return fail(Errc::refused, "that machine must never hold this chunk");
  }
  return {};
}

Task<Result<wire::Response>> ChunkService::serve(wire::Caller caller, wire::GetDescription request) {
  if (const Result<void> may = may_read(caller, request.address, request.token); !may) co_return may.error();
  Result<store::HeldChunk> chunk = co_await chunks_.describe(request.address);
  if (!chunk) co_return chunk.error();
  co_return wire::Response(wire::DescriptionReply{std::move(chunk->description), chunk->lease});
}

Task<Result<wire::Response>> ChunkService::serve(wire::Caller caller, wire::GetSegment request) {
  if (const Result<void> may = may_read(caller, request.address, request.token); !may) co_return may.error();
  if (request.token.is_zero()) {
    const Result<void> turn =
        co_await repair_pace_.wait_for(caller.person, caller.member, wire::kSegmentBytes);
    if (!turn) co_return turn.error();
  }
  Result<SharedBytes> data = co_await chunks_.read_segment(request.address, request.index);
  if (!data) co_return data.error();
  co_return wire::Response(wire::SegmentReply{std::move(*data)});
}

// ---- deleting ----

// True if it is not held here (any more). Signatures are looked at only where there is something to delete.
Task<bool> ChunkService::deleted(wire::Deletion deletion) {
  if (!chunks_.find(deletion.address) && !chunks_.find_damaged(deletion.address)) {
    const auto known = chunks_.deletion_of(deletion.address);
    if (!chunks_.find_trashed(deletion.address) || (known && known->number >= deletion.number))
      co_return true;
  }
  if (!check_deletion(signatures_, view_, deletion)) co_return false;
  const Result<void> discarded = co_await chunks_.discard(deletion);
  co_return discarded.has_value();
}

Task<Result<wire::Response>> ChunkService::serve(wire::Caller, wire::DeleteChunks request) {
  if (request.deletions.size() > wire::kDeletionsMax) co_return fail(Errc::invalid, "too many deletions");
  wire::DeleteReply reply;
  for (const wire::Deletion& deletion : request.deletions) {
    const bool is_gone = co_await deleted(deletion);
    reply.gone.push_back(is_gone ? 1 : 0);
  }
  co_return wire::Response(std::move(reply));
}

// ---- who has what ----

std::vector<std::uint8_t> ChunkService::held(const std::vector<wire::ChunkAddress>& addresses) {
  std::vector<std::uint8_t> have;
  have.reserve(addresses.size());
  for (const wire::ChunkAddress& address : addresses) have.push_back(chunks_.find(address) ? 1 : 0);
  return have;
}

Task<Result<wire::Response>> ChunkService::serve(wire::Caller, wire::HaveChunks request) {
  if (request.addresses.size() > wire::kAddressesPerMessageMax) {
    co_return fail(Errc::invalid, "too many addresses");
  }
  co_return wire::Response(wire::HaveReply{held(request.addresses)});
}

Task<Result<wire::Response>> ChunkService::serve(wire::Caller caller, wire::OfferChunks request) {
  if (request.addresses.size() > wire::kAddressesPerMessageMax) {
    co_return fail(Errc::invalid, "too many addresses");
  }
  if (caller.is_client) co_return fail(Errc::refused, "only machines that hold chunks offer them");
  wire::OfferReply reply{held(request.addresses)};
  std::vector<wire::ChunkAddress> lacking;
  for (std::size_t i = 0; i < reply.have.size(); ++i) {
    if (reply.have[i] == 0) lacking.push_back(request.addresses[i]);
  }
  if (!lacking.empty()) on_offer_(caller.member, std::move(lacking));
  co_return wire::Response(std::move(reply));
}

// ---- heads ----

Task<Result<wire::Response>> ChunkService::serve(wire::Caller, wire::GetHeads request) {
  std::vector<wire::Head> heads = heads_.of_person(request.person);
  if (heads.size() > wire::kHeadsMax) heads.resize(wire::kHeadsMax);
  co_return wire::Response(wire::HeadsReply{std::move(heads)});
}

// Whoever brings it, if today's key signed it.
Task<Result<wire::Response>> ChunkService::serve(wire::Caller caller, wire::PutHead request) {
  if (request.head.body.size() > wire::kHeadBodyBytesMax) co_return fail(Errc::invalid, "too large a head");
  const HeadRank rank = rank_of(signatures_, view_, request.head);
  const HeadRank rank_here = rank_of_held(signatures_, view_, heads_, request.head);
  if (rank == kNobodys) co_return fail(Errc::refused, "a head that its machine did not sign");
  const bool is_brought_back = rank_here == kNobodys && may_bring_back(view_, caller.member, request.head);
  if (rank != kOfToday && !is_brought_back) {
    co_return fail(Errc::refused, "a head by a writer key that counts no more");
  }
  const Result<void> put = co_await heads_.put(std::move(request.head), rank > rank_here);
  if (!put) co_return put.error();
  co_return wire::Response(wire::Done{});
}

}  // namespace peerstore::replica
