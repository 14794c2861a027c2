#include "codec_parts.hpp"

#include <algorithm>
#include <utility>

namespace peerstore::wire {

namespace {

template <class Builder>
void put(Builder& out, const RosterMarks& marks) {
  out.setStatementsMark(marks.statements);
  out.setPresencesMark(marks.presences);
}
template <class Reader>
RosterMarks marks_of(Reader in) {
  return {in.getStatementsMark(), in.getPresencesMark()};
}

struct ResponseWriter {
  schema::Response::Builder out;
  SharedBytes& attachment;

  void operator()(const Done&) { out.setDone(); }
  void operator()(const Neighbours& reply) {
    auto neighbours = out.initNeighbours();
    neighbours.setPhase(static_cast<std::uint8_t>(reply.phase));
    put(neighbours.initSelf(), reply.self);
    if (reply.predecessor) put(neighbours.initPredecessor(), *reply.predecessor);
    put_list(neighbours.initSuccessors(count_of(reply.successors)), reply.successors);
    put(neighbours, reply.roster);
    neighbours.setView(reply.view);
    neighbours.setSessionSeconds(reply.session_seconds);
  }
  void operator()(const Pong& reply) {
    auto pong = out.initPong();
    pong.setView(reply.view);
    put(pong, reply.roster);
  }
  void operator()(const FoundSuccessor& reply) {
    auto found = out.initFoundSuccessor();
    found.setIsSuccessor(reply.is_successor);
    put_list(found.initCloser(count_of(reply.closer)), reply.closer);
    put_list(found.initSuccessors(count_of(reply.successors)), reply.successors);
  }
  void operator()(const RosterDifference& reply) {
    auto difference = out.initRosterDifference();
    put(difference.initNews(), reply.statements, reply.presences);
    difference.setWanted(joined(reply.wanted));
  }
  void operator()(const Welcome& reply) { put(out.initWelcome(), reply.statements, reply.presences); }
  void operator()(const Reserved& reply) { out.setReserved(reply.reservation); }
  void operator()(const PutState& reply) {
    auto state = out.initPutState();
    auto missing = state.initMissing(count_of(reply.missing));
    for (unsigned i = 0; i < missing.size(); ++i) missing.set(i, reply.missing[i]);
    state.setLeaseWanted(reply.lease_wanted);
  }
  void operator()(const Receipt& reply) { put(out.initReceipt(), reply); }
  void operator()(const DescriptionReply& reply) {
    auto description = out.initDescription();
    put(description.initChunk(), reply.chunk);
    put(description.initLease(), reply.lease);
  }
  void operator()(const SegmentReply& reply) {
    out.setSegment();
    attachment = reply.data;
  }
  void operator()(const HaveReply& reply) { out.setHave(data_of(reply.have)); }
  void operator()(const DeleteReply& reply) { out.setGone(data_of(reply.gone)); }
  void operator()(const PledgeReply& reply) { out.setPledges(joined(reply.proofs)); }
  void operator()(const ChunkDifference& reply) { out.setChunkDifference(data_of(reply.differs)); }
  void operator()(const OfferReply& reply) { out.setOffer(data_of(reply.have)); }
  void operator()(const HeadsReply& reply) { put_list(out.initHeads(count_of(reply.heads)), reply.heads); }
  void operator()(const PresenceDifference& reply) {
    auto difference = out.initPresenceDifference();
    difference.setRoster(data_of(reply.roster.view()));
    auto parts = difference.initParts(count_of(reply.parts));
    for (unsigned i = 0; i < parts.size(); ++i) parts.set(i, reply.parts[i]);
    auto news = difference.initNews();
    put(news, {}, reply.presences);
    put_list(news.initAbsences(count_of(reply.absences)), reply.absences);
  }
  void operator()(const SegmentTaken& reply) { out.setSegmentTaken(data_of(reply.onward)); }
  void operator()(const UserRecordReply& reply) {
    auto record = out.initUserRecord();
    put(record.initRecord(), reply.record);
    record.setRootKey(data_of(reply.root_key.view()));
    put_list(record.initStatements(count_of(reply.statements)), reply.statements);
  }
  void operator()(const JoinPreview& reply) {
    auto shares = out.initJoinPreview(count_of(reply.shares));
    for (unsigned i = 0; i < shares.size(); ++i) {
      const JoinShare& share = reply.shares[i];
      shares[i].setMachine(share.machine);
      shares[i].setChunks(share.chunks);
      shares[i].setBytes(share.bytes);
      shares[i].setBytesFreed(share.bytes_freed);
      shares[i].setAnswered(share.answered);
    }
  }
  void operator()(const RecordDifference& reply) {
    auto difference = out.initRecordDifference();
    difference.setDigest(data_of(reply.digest.view()));
    auto marks = difference.initMarks(count_of(reply.marks));
    for (unsigned i = 0; i < marks.size(); ++i) {
      marks[i].setPerson(reply.marks[i].person);
      marks[i].setVersion(reply.marks[i].version);
      marks[i].setTag(reply.marks[i].tag);
    }
  }
};

// An error's context comes from a peer and is shown to people, on terminals too: it is cut, and
// nothing but printable ASCII stays.
std::string plain_context(std::string_view context) {
  std::string plain(context.substr(0, kErrorContextBytesMax));
  for (char& letter : plain) {
    if (letter < ' ' || letter > '~') letter = '?';
  }
  return plain;
}

void put_error(schema::Failure::Builder out, const Error& error) {
  out.setCode(static_cast<std::uint8_t>(error.code));
  out.setContext(plain_context(error.context).c_str());
}

Error get_error(schema::Failure::Reader in) {
  const std::uint8_t code = in.getCode();
  const bool known = code >= static_cast<std::uint8_t>(Errc::timed_out) &&
                     code <= static_cast<std::uint8_t>(Errc::over_quota);
  const capnp::Text::Reader context = in.getContext();
  return fail(known ? static_cast<Errc>(code) : Errc::invalid,
              plain_context({context.begin(), context.size()}));
}

Response get_neighbours(schema::Neighbours::Reader in) {
  Neighbours reply;
  const std::uint8_t phase = in.getPhase();
  require(phase <= static_cast<std::uint8_t>(Phase::member), "a phase that is not one");
  reply.phase = static_cast<Phase>(phase);
  get(in.getSelf(), reply.self);
  if (in.hasPredecessor()) get(in.getPredecessor(), reply.predecessor.emplace());
  reply.successors = get_list<NodeRef>(in.getSuccessors(), kSuccessorsMax);
  reply.roster = marks_of(in);
  reply.session_seconds = in.getSessionSeconds();
  reply.view = in.getView();
  return reply;
}

Response get_pong(schema::Pong::Reader in) { return Pong{in.getView(), marks_of(in)}; }

Response get_found(schema::FoundSuccessor::Reader in) {
  FoundSuccessor reply;
  reply.is_successor = in.getIsSuccessor();
  reply.closer = get_list<NodeRef>(in.getCloser(), kSuccessorsMax);
  reply.successors = get_list<NodeRef>(in.getSuccessors(), kSuccessorsMax);
  return reply;
}

Response get_difference(schema::RosterDifference::Reader in) {
  RosterDifference reply;
  get(in.getNews(), reply.statements, reply.presences);
  reply.wanted = get_joined<StatementId>(in.getWanted(), kStatementsMax);
  return reply;
}

Response get_presence_difference(schema::PresenceDifference::Reader in) {
  PresenceDifference reply;
  reply.roster = get_fixed<crypto::Hash>(in.getRoster());
  // Each list is asked for once: asking counts as reading all of it, and codec.cpp bounds what is read.
  const auto parts = in.getParts();
  require(parts.size() <= kPresenceSumsMax, "a list that is too long");
  for (const std::uint32_t part : parts) reply.parts.push_back(part);
  const auto news = in.getNews();
  reply.presences = get_list<Presence>(news.getPresences(), kPresencesMax);
  reply.absences = get_list<Absence>(news.getAbsences(), kPresencesMax);
  return reply;
}

Response get_put_state(schema::PutState::Reader in) {
  const auto missing = in.getMissing();
  require(missing.size() <= kSegmentsMax, "a list that is too long");
  PutState reply;
  for (const std::uint32_t index : missing) reply.missing.push_back(get_segment_index(index));
  reply.lease_wanted = in.getLeaseWanted();
  return reply;
}

Response get_record_difference(schema::RecordDifference::Reader in) {
  RecordDifference reply{get_fixed<crypto::Hash>(in.getDigest()), {}};
  const auto marks = in.getMarks();
  require(marks.size() <= kRecordMarksMax, "a list that is too long");
  for (const auto mark : marks) reply.marks.push_back({mark.getPerson(), mark.getVersion(), mark.getTag()});
  return reply;
}

Response get_join_preview(capnp::List<schema::JoinShare>::Reader in) {
  require(in.size() <= kJoinSharesMax, "a list that is too long");
  JoinPreview reply;
  reply.shares.reserve(in.size());
  for (const auto share : in) {
    const auto machine = share.getMachine();
    require(machine.size() <= kMachineNameBytesMax, "a name that is too long");
    reply.shares.push_back({std::string(machine.begin(), machine.size()), share.getChunks(), share.getBytes(),
                            share.getBytesFreed(), share.getAnswered()});
  }
  return reply;
}

std::vector<std::uint8_t> get_have(capnp::Data::Reader in, std::size_t count_max = kAddressesPerMessageMax) {
  require(in.size() <= count_max, "a list that is too long");
  require(std::ranges::all_of(in, [](std::uint8_t value) { return value <= 1; }), "neither yes nor no");
  return {in.begin(), in.end()};
}

}  // namespace

void put(schema::Response::Builder out, const Result<Response>& response, SharedBytes& attachment) {
  if (response) {
    std::visit(ResponseWriter{out, attachment}, *response);
  } else {
    put_error(out.initError(), response.error());
  }
}

Result<Response> get(schema::Response::Reader in, SharedBytes& attachment) {
  switch (in.which()) {
    case schema::Response::DONE: return Done{};
    case schema::Response::ERROR: return get_error(in.getError());
    case schema::Response::PONG: return get_pong(in.getPong());
    case schema::Response::NEIGHBOURS: return get_neighbours(in.getNeighbours());
    case schema::Response::FOUND_SUCCESSOR: return get_found(in.getFoundSuccessor());
    case schema::Response::ROSTER_DIFFERENCE: return get_difference(in.getRosterDifference());
    case schema::Response::WELCOME: {
      Welcome reply;
      get(in.getWelcome(), reply.statements, reply.presences);
      return Response(std::move(reply));
    }
    case schema::Response::RESERVED: return Reserved{in.getReserved()};
    case schema::Response::PUT_STATE: return get_put_state(in.getPutState());
    case schema::Response::RECEIPT: {
      Receipt reply;
      get(in.getReceipt(), reply);
      return Response(reply);
    }
    case schema::Response::DESCRIPTION: {
      const auto description = in.getDescription();
      DescriptionReply reply;
      get(description.getChunk(), reply.chunk);
      get(description.getLease(), reply.lease);
      return Response(std::move(reply));
    }
    case schema::Response::SEGMENT: return SegmentReply{get_segment(std::exchange(attachment, {}))};
    case schema::Response::HAVE: return HaveReply{get_have(in.getHave())};
    case schema::Response::OFFER: return OfferReply{get_have(in.getOffer())};
    case schema::Response::GONE: return DeleteReply{get_have(in.getGone())};
    case schema::Response::SEGMENT_TAKEN: return SegmentTaken{get_have(in.getSegmentTaken(), kOnwardMax)};
    case schema::Response::CHUNK_DIFFERENCE:
      return ChunkDifference{get_have(in.getChunkDifference(), kChunkDigestsMax)};
    case schema::Response::PLEDGES:
      return PledgeReply{get_joined<crypto::Hash>(in.getPledges(), kPledgesMax)};
    case schema::Response::RECORD_DIFFERENCE: return get_record_difference(in.getRecordDifference());
    case schema::Response::JOIN_PREVIEW: return get_join_preview(in.getJoinPreview());
    case schema::Response::HEADS: return HeadsReply{get_list<Head>(in.getHeads(), kHeadsMax)};
    case schema::Response::PRESENCE_DIFFERENCE: return get_presence_difference(in.getPresenceDifference());
    case schema::Response::USER_RECORD: {
      UserRecordReply reply;
      get(in.getUserRecord().getRecord(), reply.record);
      reply.root_key = get_fixed<crypto::SigningPublicKey>(in.getUserRecord().getRootKey());
      reply.statements = get_list<Statement>(in.getUserRecord().getStatements(), kStatementsMax);
      return Response(std::move(reply));
    }
  }
  throw UnknownKind{};
}

}  // namespace peerstore::wire
