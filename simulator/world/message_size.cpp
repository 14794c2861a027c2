// Sizes of messages that are never encoded, for the counters of the virtual network.
#include <peerstore/world/virtual_network.hpp>

namespace peerstore::world {

namespace {

// Packed, as they travel.
// Frame, segment table, and the struct that holds the question or answer.
constexpr std::size_t kQuestion = 18;
constexpr std::size_t kAnswer = 16;
constexpr std::size_t kNews = 18;  // its struct, and three lists
constexpr std::size_t kNode = 44;
constexpr std::size_t kId = 38;     // alone
constexpr std::size_t kPoint = 14;  // its leading bytes
constexpr std::size_t kHash = 32;
constexpr std::size_t kSignature = 66;
constexpr std::size_t kLease = 10 + kSignature;

std::size_t size_of(const std::vector<wire::Statement>& statements) {
  std::size_t bytes = 0;
  for (const wire::Statement& statement : statements)
    bytes += 16 + kHash + kSignature + statement.body.size();
  return bytes;
}
std::size_t size_of(const std::vector<wire::Presence>& presences) {
  std::size_t bytes = 0;
  for (const wire::Presence& presence : presences) {
    bytes += 14 + kNode + kSignature;
    for (const std::string& address : presence.addresses) bytes += 8 + address.size();
  }
  return bytes;
}
std::size_t size_of(const std::vector<wire::Absence>& absences) { return absences.size() * (kNode + 3); }
std::size_t size_of(const wire::ChunkDescription& chunk) {
  return wire::kChunkHeaderBytes + kHash * chunk.leaves.size();
}
std::size_t size_of(const wire::Head& head) { return 24 + kHash + kSignature + head.body.size(); }

struct Sizes {
  std::size_t operator()(const wire::Done&) const { return 0; }
  std::size_t operator()(const wire::GetNeighbours&) const { return 0; }
  std::size_t operator()(const wire::Ping&) const { return 0; }
  std::size_t operator()(const wire::Pong&) const { return 28; }
  std::size_t operator()(const wire::Notify&) const { return kNode; }
  std::size_t operator()(const wire::FindSuccessor&) const { return kId; }
  std::size_t operator()(const wire::Neighbours& m) const {
    const std::size_t nodes = 1 + (m.predecessor ? 1 : 0) + m.successors.size();
    return 50 + kNode * nodes;
  }
  std::size_t operator()(const wire::FoundSuccessor& m) const {
    return 8 + kNode * (m.closer.size() + m.successors.size());
  }
  std::size_t operator()(const wire::ExchangeRoster& m) const {
    return kHash * m.known.size() + size_of(m.presences);
  }
  std::size_t operator()(const wire::RosterDifference& m) const {
    return size_of(m.statements) + size_of(m.presences) + kHash * m.wanted.size();
  }
  std::size_t operator()(const wire::PushStatements& m) const {
    return kNews + size_of(m.statements) + size_of(m.presences) + size_of(m.absences) +
           (m.until ? kPoint : 0);
  }
  std::size_t operator()(const wire::ComparePresences& m) const { return kId + 8 + 2 * m.sums.size(); }
  std::size_t operator()(const wire::PresenceDifference& m) const {
    return kId + 2 * m.parts.size() + size_of(m.presences) + size_of(m.absences);
  }
  std::size_t operator()(const wire::GetWhereabouts& m) const {
    return kId - kHash + kHash * m.members.size();
  }
  std::size_t operator()(const wire::Join& m) const { return size_of(m.statements); }
  std::size_t operator()(const wire::PreviewJoin& m) const { return size_of(m.statements); }
  std::size_t operator()(const wire::JoinPreview& m) const { return 2 * kHash * m.shares.size(); }
  std::size_t operator()(const wire::Welcome& m) const {
    return size_of(m.statements) + size_of(m.presences);
  }
  std::size_t operator()(const wire::PutBegin& m) const { return 16 + kLease + size_of(m.chunk); }
  std::size_t operator()(const wire::PutState& m) const { return 8 + 4 * m.missing.size(); }
  std::size_t operator()(const wire::PutSegment& m) const {
    return kHash + 8 + m.data.size() + kHash * m.onward.size();
  }
  std::size_t operator()(const wire::SegmentTaken& m) const { return 8 + m.onward.size(); }
  std::size_t operator()(const wire::Receipt&) const { return kHash + 8 + kNode + kSignature; }
  std::size_t operator()(const wire::DescriptionReply& m) const { return kLease + size_of(m.chunk); }
  std::size_t operator()(const wire::SegmentReply& m) const { return m.data.size(); }
  std::size_t operator()(const wire::HaveChunks& m) const { return kHash * m.addresses.size(); }
  std::size_t operator()(const wire::OfferChunks& m) const { return kHash * m.addresses.size(); }
  std::size_t operator()(const wire::HaveReply& m) const { return m.have.size(); }
  std::size_t operator()(const wire::OfferReply& m) const { return m.have.size(); }
  std::size_t operator()(const wire::PutHead& m) const { return size_of(m.head); }
  std::size_t operator()(const wire::HeadsReply& m) const {
    std::size_t bytes = 0;
    for (const wire::Head& head : m.heads) bytes += size_of(head);
    return bytes;
  }
  std::size_t operator()(const wire::PutUserRecord& m) const { return 2 * kHash + m.record.body.size(); }
  std::size_t operator()(const wire::UserRecordReply& m) const {
    return 2 * kHash + m.record.body.size() + size_of(m.statements);
  }
  std::size_t operator()(const wire::DeleteChunks& m) const {
    return m.deletions.size() * (kHash + kSignature + 64);
  }
  std::size_t operator()(const wire::DeleteReply& m) const { return m.gone.size(); }
  std::size_t operator()(const wire::PledgeChunks& m) const { return 16 + (8 + kHash) * m.addresses.size(); }
  std::size_t operator()(const wire::PledgeReply& m) const { return kHash * m.proofs.size(); }
  std::size_t operator()(const wire::CompareChunks& m) const { return 24 + 8 * m.digests.size(); }
  std::size_t operator()(const wire::ChunkDifference& m) const { return 8 + m.differs.size(); }
  std::size_t operator()(const wire::CompareRecords&) const { return kHash; }
  std::size_t operator()(const wire::RecordDifference& m) const { return kHash + 24 * m.marks.size(); }
  // The rest are a few fixed fields.
  template <class Small>
  std::size_t operator()(const Small&) const {
    return 2 * kHash;
  }
};

}  // namespace

std::size_t approximate_size(const wire::Request& request) {
  return kQuestion + std::visit(Sizes{}, request);
}
std::size_t approximate_size(const wire::Response& response) {
  return kAnswer + std::visit(Sizes{}, response);
}

}  // namespace peerstore::world
