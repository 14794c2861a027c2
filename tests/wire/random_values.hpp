// Values of every kind of message, filled at random: what the codec's tests feed on.
#pragma once

#include <peerstore/runtime/random.hpp>
#include <peerstore/wire/messages.hpp>

namespace peerstore::wire {

class RandomValues {
 public:
  explicit RandomValues(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  std::uint64_t number() { return random_.next() >> random_.below(64); }
  std::uint32_t small_number() { return static_cast<std::uint32_t>(number()); }
  bool coin() { return random_.below(2) == 1; }

  Bytes bytes(std::size_t size) {
    Bytes out(size);
    for (auto& byte : out) byte = static_cast<std::uint8_t>(random_.next());
    return out;
  }
  template <class Fixed>
  Fixed fixed() {
    return *Fixed::from(bytes(Fixed::kSize));
  }
  template <class Fixed>
  std::vector<Fixed> fixed_list(std::size_t count_max) {
    std::vector<Fixed> list(random_.below(count_max + 1));
    for (auto& value : list) value = fixed<Fixed>();
    return list;
  }

  NodeRef node() {
    NodeRef value;
    value.id = fixed<MemberId>();
    value.incarnation = number();
    return value;
  }
  std::vector<NodeRef> nodes(std::size_t count_max = kSuccessorsMax) {
    std::vector<NodeRef> list(random_.below(count_max + 1));
    for (auto& value : list) value = node();
    return list;
  }
  Statement statement() {
    Statement value;
    value.kind = static_cast<std::uint8_t>(random_.next());
    value.body = SharedBytes(bytes(random_.below(300)));
    value.signer = fixed<crypto::SigningPublicKey>();
    value.signature = fixed<crypto::Signature>();
    return value;
  }
  std::vector<Statement> statements() {
    std::vector<Statement> list(random_.below(6));
    for (auto& value : list) value = statement();
    return list;
  }
  Presence presence() {
    Presence value;
    value.node = node();
    value.sequence = number();
    const std::uint64_t hints = random_.below(kAddressHintsMax + 1);
    for (std::uint64_t i = 0; i < hints; ++i) {
      value.addresses.push_back("host-" + std::to_string(random_.below(1000)) + ":7420");
    }
    value.free_bytes = number();
    value.signature = fixed<crypto::Signature>();
    return value;
  }
  std::vector<Presence> presences() {
    std::vector<Presence> list(random_.below(6));
    for (auto& value : list) value = presence();
    return list;
  }
  UserRecord user_record() {
    UserRecord value;
    value.person = small_number();
    value.version = number();
    value.previous = fixed<crypto::Hash>();
    value.body = SharedBytes(bytes(below(300)));
    value.signature = fixed<crypto::Signature>();
    return value;
  }
  Head head() {
    Head value;
    value.person = small_number();
    value.machine = small_number();
    value.version = number();
    value.previous = fixed<crypto::Hash>();
    value.body = SharedBytes(bytes(random_.below(2000)));
    value.signature = fixed<crypto::Signature>();
    return value;
  }
  ChunkDescription chunk() {
    ChunkDescription value;
    value.header.chunk_class = static_cast<std::uint8_t>(random_.below(kClasses));
    value.header.segments = static_cast<std::uint32_t>(1 + random_.below(kSegmentsMax));
    value.header.owner = small_number();
    value.header.placement_key = fixed<ring::Id>();
    value.header.key_commitment = fixed<crypto::Hash>();
    value.header.read_token_hash = fixed<crypto::Hash>();
    value.leaves.resize(value.header.segments);
    for (auto& leaf : value.leaves) leaf = fixed<crypto::Hash>();
    return value;
  }
  Lease lease() {
    Lease value;
    value.machine = small_number();
    value.number = number();
    value.signature = fixed<crypto::Signature>();
    return value;
  }
  Receipt receipt() {
    Receipt value;
    value.address = fixed<ChunkAddress>();
    value.owner = small_number();
    value.holder = node();
    value.signature = fixed<crypto::Signature>();
    return value;
  }
  std::vector<Absence> absences() {
    std::vector<Absence> list(below(5));
    for (auto& value : list) value = {node(), number()};
    return list;
  }
  SharedBytes segment() {
    return SharedBytes(Bytes(kSegmentBytes, static_cast<std::uint8_t>(random_.next())));
  }
  std::uint32_t segment_index() { return static_cast<std::uint32_t>(random_.below(kSegmentsMax)); }
  std::vector<std::uint8_t> yes_and_no(std::size_t count_max = 99) {
    std::vector<std::uint8_t> list(random_.below(count_max + 1));
    for (auto& value : list) value = coin() ? 1 : 0;
    return list;
  }

  static constexpr std::size_t kRequestKinds = std::variant_size_v<Request>;
  static constexpr std::size_t kResponseKinds = std::variant_size_v<Response>;
  // The alternative number `kind` of the variant, with random contents.
  Request request(std::size_t kind);
  Response response(std::size_t kind);

 private:
  SeededRandom random_;
};

// Brace initialisation draws from left to right, so a seed gives the same value everywhere.
inline Request RandomValues::request(std::size_t kind) {
  switch (kind) {
    case 0: return GetNeighbours{};
    case 1: return Notify{node()};
    case 2: return FindSuccessor{fixed<ring::Id>()};
    case 3: return ExchangeRoster{fixed_list<StatementId>(20), presences()};
    case 4: {
      PushStatements ask{statements(), presences(), absences()};
      if (coin()) ask.until = fixed<MemberId>();
      return ask;
    }
    case 5: return Join{statements()};
    case 6: return Reserve{number()};
    case 7: return PutBegin{chunk(), lease(), number()};
    case 8:
      return PutSegment{fixed<ChunkAddress>(), segment_index(), segment(), fixed_list<MemberId>(kOnwardMax)};
    case 9: return PutCommit{fixed<ChunkAddress>(), small_number()};
    case 10: return GetDescription{fixed<ChunkAddress>(), fixed<ReadToken>()};
    case 11: return GetSegment{fixed<ChunkAddress>(), segment_index(), fixed<ReadToken>()};
    case 12: return HaveChunks{fixed_list<ChunkAddress>(20)};
    case 13: return OfferChunks{fixed_list<ChunkAddress>(20)};
    case 14: return GetHeads{small_number()};
    case 15: return PutHead{head()};
    case 16: {
      ComparePresences ask{fixed<crypto::Hash>(), small_number(), {}};
      ask.sums.resize(std::size_t{1} << below(8));
      for (auto& sum : ask.sums) sum = static_cast<std::uint16_t>(small_number());
      return ask;
    }
    case 17: return Ping{};
    case 18: return GetUserRecord{small_number(), fixed<LookupKey>()};
    case 19: return PutUserRecord{user_record()};
    case 20: return GetWhereabouts{fixed_list<MemberId>(20)};
    case 22: {
      PledgeChunks ask{number(), number(), fixed_list<ChunkAddress>(20), {}};
      ask.leases.resize(ask.addresses.size());
      for (auto& lease : ask.leases) lease = number();
      return ask;
    }
    case 23: return CompareRecords{fixed<crypto::Hash>()};
    case 24: return PreviewJoin{statements()};
    case 25: {
      CompareChunks ask{number(), fixed<crypto::ShortHashKey>(), {}};
      ask.digests.resize(std::size_t{1} << below(8));
      for (auto& digest : ask.digests) digest = number();
      return ask;
    }
    default: {
      DeleteChunks ask;
      ask.deletions.resize(below(6));
      for (auto& value : ask.deletions) {
        value.owner = small_number();
        value.address = fixed<ChunkAddress>();
        value.machine = small_number();
        value.number = number();
        value.signature = fixed<crypto::Signature>();
      }
      return ask;
    }
  }
}

inline Response RandomValues::response(std::size_t kind) {
  switch (kind) {
    case 0: return Done{};
    case 1: {
      Neighbours reply;
      reply.phase = static_cast<Phase>(below(3));
      reply.self = node();
      if (coin()) reply.predecessor = node();
      reply.successors = nodes();
      reply.roster = {number(), number()};
      reply.view = number();
      reply.session_seconds = small_number();
      return reply;
    }
    case 2: return FoundSuccessor{coin(), nodes(), nodes()};
    case 3: return RosterDifference{statements(), presences(), fixed_list<StatementId>(20)};
    case 4: return Welcome{statements(), presences()};
    case 5: return Reserved{number()};
    case 6: {
      PutState reply;
      reply.missing.resize(below(kSegmentsMax + 1));
      for (auto& index : reply.missing) index = segment_index();
      reply.lease_wanted = number();
      return reply;
    }
    case 7: return receipt();
    case 8: return DescriptionReply{chunk(), lease()};
    case 9: return SegmentReply{segment()};
    case 10: return HaveReply{yes_and_no()};
    case 11: return OfferReply{yes_and_no()};
    case 12: {
      HeadsReply reply;
      reply.heads.resize(below(5));
      for (auto& value : reply.heads) value = head();
      return reply;
    }
    case 13: {
      PresenceDifference reply{fixed<crypto::Hash>(), {}, presences(), absences()};
      reply.parts.resize(below(9));
      for (auto& part : reply.parts) part = small_number();
      return reply;
    }
    case 14: return Pong{number(), {number(), number()}};
    case 15: return UserRecordReply{user_record(), fixed<crypto::SigningPublicKey>(), statements()};
    case 16: return DeleteReply{yes_and_no()};
    case 17: return PledgeReply{fixed_list<crypto::Hash>(20)};
    case 19: return SegmentTaken{yes_and_no(kOnwardMax)};
    case 20: {
      JoinPreview reply;
      reply.shares.resize(below(5));
      for (auto& share : reply.shares) {
        share.machine = std::string(below(kMachineNameBytesMax + 1), 'm');
        share.chunks = number();
        share.bytes = number();
        share.bytes_freed = number();
        share.answered = coin();
      }
      return reply;
    }
    case 21: return ChunkDifference{yes_and_no()};
    default: {
      RecordDifference reply{fixed<crypto::Hash>(), {}};
      reply.marks.resize(below(20));
      for (auto& mark : reply.marks) {
        const std::uint32_t person = small_number();
        const std::uint64_t version = number();
        mark = {person, version, number()};
      }
      return reply;
    }
  }
}

}  // namespace peerstore::wire
