#include <peerstore/wire/messages.hpp>

namespace peerstore::wire {

namespace {
struct NameOf {
  std::string_view operator()(const GetNeighbours&) const { return "GetNeighbours"; }
  std::string_view operator()(const Notify&) const { return "Notify"; }
  std::string_view operator()(const FindSuccessor&) const { return "FindSuccessor"; }
  std::string_view operator()(const ExchangeRoster&) const { return "ExchangeRoster"; }
  std::string_view operator()(const PushStatements&) const { return "PushStatements"; }
  std::string_view operator()(const Join&) const { return "Join"; }
  std::string_view operator()(const Reserve&) const { return "Reserve"; }
  std::string_view operator()(const PutBegin&) const { return "PutBegin"; }
  std::string_view operator()(const PutSegment&) const { return "PutSegment"; }
  std::string_view operator()(const PutCommit&) const { return "PutCommit"; }
  std::string_view operator()(const GetDescription&) const { return "GetDescription"; }
  std::string_view operator()(const GetSegment&) const { return "GetSegment"; }
  std::string_view operator()(const HaveChunks&) const { return "HaveChunks"; }
  std::string_view operator()(const OfferChunks&) const { return "OfferChunks"; }
  std::string_view operator()(const GetHeads&) const { return "GetHeads"; }
  std::string_view operator()(const PutHead&) const { return "PutHead"; }
  std::string_view operator()(const ComparePresences&) const { return "ComparePresences"; }
  std::string_view operator()(const Ping&) const { return "Ping"; }
  std::string_view operator()(const GetWhereabouts&) const { return "GetWhereabouts"; }
  std::string_view operator()(const GetUserRecord&) const { return "GetUserRecord"; }
  std::string_view operator()(const PutUserRecord&) const { return "PutUserRecord"; }
  std::string_view operator()(const DeleteChunks&) const { return "DeleteChunks"; }
  std::string_view operator()(const PledgeChunks&) const { return "PledgeChunks"; }
  std::string_view operator()(const CompareChunks&) const { return "CompareChunks"; }
  std::string_view operator()(const CompareRecords&) const { return "CompareRecords"; }
  std::string_view operator()(const PreviewJoin&) const { return "PreviewJoin"; }
};
}  // namespace

std::uint64_t mark_of(const crypto::Hash& digest) {
  std::uint64_t mark = 0;
  for (std::size_t i = 0; i < sizeof mark; ++i) mark |= std::uint64_t{digest.bytes[i]} << (8 * i);
  return mark == 0 ? 1 : mark;
}

std::string_view name_of(const Request& request) { return std::visit(NameOf{}, request); }

}  // namespace peerstore::wire
