#include "codec_parts.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace peerstore::wire {

namespace {

// Without the zeros that follow, but never nothing.
ByteView beginning_of(const MemberId& point) {
  std::size_t size = MemberId::kSize;
  while (size > 1 && point.bytes[size - 1] == 0) --size;
  return point.view().first(size);
}

MemberId point_from(capnp::Data::Reader data) {
  require(data.size() >= 1 && data.size() <= MemberId::kSize, "a point of the wrong length");
  MemberId point;
  std::copy(data.begin(), data.end(), point.bytes.begin());
  return point;
}

struct RequestWriter {
  schema::Request::Builder out;
  SharedBytes& attachment;

  void operator()(const GetNeighbours&) { out.setGetNeighbours(); }
  void operator()(const Notify& ask) { put(out.initNotify(), ask.from); }
  void operator()(const FindSuccessor& ask) { out.setFindSuccessor(data_of(ask.key.view())); }
  void operator()(const ExchangeRoster& ask) {
    auto roster = out.initExchangeRoster();
    roster.setKnown(joined(ask.known));
    put_list(roster.initPresences(count_of(ask.presences)), ask.presences);
  }
  void operator()(const PushStatements& ask) {
    auto news = out.initPushStatements();
    put(news, ask.statements, ask.presences);
    if (!ask.absences.empty()) put_list(news.initAbsences(count_of(ask.absences)), ask.absences);
    if (ask.until) news.setUntil(data_of(beginning_of(*ask.until)));
  }
  void operator()(const Join& ask) { put_list(out.initJoin(count_of(ask.statements)), ask.statements); }
  void operator()(const PreviewJoin& ask) {
    put_list(out.initPreviewJoin(count_of(ask.statements)), ask.statements);
  }
  void operator()(const Reserve& ask) { out.setReserve(ask.bytes); }
  void operator()(const PutBegin& ask) {
    auto begin = out.initPutBegin();
    put(begin.initChunk(), ask.chunk);
    put(begin.initLease(), ask.lease);
    begin.setReservation(ask.reservation);
  }
  void operator()(const PutSegment& ask) {
    auto segment = out.initPutSegment();
    segment.setAddress(data_of(ask.address.view()));
    segment.setIndex(ask.index);
    if (!ask.onward.empty()) segment.setOnward(joined(ask.onward));
    attachment = ask.data;
  }
  void operator()(const PutCommit& ask) {
    auto commit = out.initPutCommit();
    commit.setAddress(data_of(ask.address.view()));
    commit.setOwner(ask.owner);
  }
  void operator()(const GetDescription& ask) {
    auto description = out.initGetDescription();
    description.setAddress(data_of(ask.address.view()));
    description.setToken(data_of(ask.token.view()));
  }
  void operator()(const GetSegment& ask) {
    auto segment = out.initGetSegment();
    segment.setAddress(data_of(ask.address.view()));
    segment.setIndex(ask.index);
    segment.setToken(data_of(ask.token.view()));
  }
  void operator()(const HaveChunks& ask) { out.setHaveChunks(joined(ask.addresses)); }
  void operator()(const OfferChunks& ask) { out.setOfferChunks(joined(ask.addresses)); }
  void operator()(const GetHeads& ask) { out.setGetHeads(ask.person); }
  void operator()(const PutHead& ask) { put(out.initPutHead(), ask.head); }
  void operator()(const ComparePresences& ask) {
    auto compare = out.initComparePresences();
    compare.setRoster(data_of(ask.roster.view()));
    compare.setSalt(ask.salt);
    auto sums = compare.initSums(count_of(ask.sums));
    for (unsigned i = 0; i < sums.size(); ++i) sums.set(i, ask.sums[i]);
  }
  void operator()(const Ping&) { out.setPing(); }
  void operator()(const GetUserRecord& ask) {
    auto record = out.initGetUserRecord();
    record.setPerson(ask.person);
    record.setLookup(data_of(ask.lookup.view()));
  }
  void operator()(const PutUserRecord& ask) { put(out.initPutUserRecord(), ask.record); }
  void operator()(const GetWhereabouts& ask) { out.setGetWhereabouts(joined(ask.members)); }
  void operator()(const DeleteChunks& ask) {
    put_list(out.initDeleteChunks(count_of(ask.deletions)), ask.deletions);
  }
  void operator()(const PledgeChunks& ask) {
    auto pledge = out.initPledgeChunks();
    pledge.setMap(ask.map);
    pledge.setChallenge(ask.challenge);
    pledge.setAddresses(joined(ask.addresses));
    auto leases = pledge.initLeases(count_of(ask.leases));
    for (unsigned i = 0; i < leases.size(); ++i) leases.set(i, ask.leases[i]);
  }
  void operator()(const CompareChunks& ask) {
    auto compare = out.initCompareChunks();
    compare.setMap(ask.map);
    compare.setSalt(data_of(ask.salt.view()));
    auto digests = compare.initDigests(count_of(ask.digests));
    for (unsigned i = 0; i < digests.size(); ++i) digests.set(i, ask.digests[i]);
  }
  void operator()(const CompareRecords& ask) { out.setCompareRecords(data_of(ask.digest.view())); }
};

Request get_exchange(schema::ExchangeRoster::Reader in) {
  ExchangeRoster ask;
  ask.known = get_joined<StatementId>(in.getKnown(), kStatementsMax);
  ask.presences = get_list<Presence>(in.getPresences(), kPresencesMax);
  return ask;
}

Request get_push(schema::News::Reader in) {
  PushStatements ask;
  get(in, ask.statements, ask.presences);
  ask.absences = get_list<Absence>(in.getAbsences(), kPresencesMax);
  if (in.hasUntil()) ask.until = point_from(in.getUntil());
  return ask;
}

Request get_compare(schema::ComparePresences::Reader in) {
  ComparePresences ask;
  ask.roster = get_fixed<crypto::Hash>(in.getRoster());
  const auto sums = in.getSums();
  require(sums.size() <= kPresenceSumsMax && std::has_single_bit(sums.size()), "a wrong number of sums");
  ask.salt = in.getSalt();
  for (const std::uint16_t sum : sums) ask.sums.push_back(sum);
  return ask;
}

Request get_put_begin(schema::PutBegin::Reader in) {
  PutBegin ask;
  get(in.getChunk(), ask.chunk);
  get(in.getLease(), ask.lease);
  ask.reservation = in.getReservation();
  return ask;
}

PutSegment get_put_segment(schema::PutSegment::Reader in) {
  PutSegment ask;
  ask.address = get_fixed<ChunkAddress>(in.getAddress());
  ask.index = get_segment_index(in.getIndex());
  ask.onward = get_joined<MemberId>(in.getOnward(), kOnwardMax);
  for (auto member = ask.onward.begin(); member != ask.onward.end(); ++member) {
    require(std::find(ask.onward.begin(), member, *member) == member, "a member twice in one chain");
  }
  return ask;
}

PledgeChunks get_pledge(schema::PledgeChunks::Reader in) {
  PledgeChunks ask{
      in.getMap(), in.getChallenge(), get_joined<ChunkAddress>(in.getAddresses(), kPledgesMax), {}};
  const auto leases = in.getLeases();
  require(leases.size() == ask.addresses.size(), "not a lease for each address");
  for (const std::uint64_t lease : leases) ask.leases.push_back(lease);
  return ask;
}

CompareChunks get_compare_chunks(schema::CompareChunks::Reader in) {
  const auto digests = in.getDigests();
  require(digests.size() <= kChunkDigestsMax && std::has_single_bit(digests.size()),
          "a wrong number of digests");
  CompareChunks ask{in.getMap(), get_fixed<crypto::ShortHashKey>(in.getSalt()), {}};
  ask.digests.reserve(digests.size());
  for (const std::uint64_t digest : digests) ask.digests.push_back(digest);
  return ask;
}

Request get_get_segment(schema::GetSegment::Reader in) {
  GetSegment ask;
  ask.address = get_fixed<ChunkAddress>(in.getAddress());
  ask.index = get_segment_index(in.getIndex());
  ask.token = get_fixed<ReadToken>(in.getToken());
  return ask;
}

}  // namespace

void put(schema::Request::Builder out, const Request& request, SharedBytes& attachment) {
  std::visit(RequestWriter{out, attachment}, request);
}

Request get(schema::Request::Reader in, SharedBytes& attachment) {
  switch (in.which()) {
    case schema::Request::GET_NEIGHBOURS: return GetNeighbours{};
    case schema::Request::NOTIFY: {
      Notify ask;
      get(in.getNotify(), ask.from);
      return ask;
    }
    case schema::Request::FIND_SUCCESSOR: return FindSuccessor{get_fixed<ring::Id>(in.getFindSuccessor())};
    case schema::Request::EXCHANGE_ROSTER: return get_exchange(in.getExchangeRoster());
    case schema::Request::PUSH_STATEMENTS: return get_push(in.getPushStatements());
    case schema::Request::PREVIEW_JOIN:
      return PreviewJoin{get_list<Statement>(in.getPreviewJoin(), kStatementsMax)};
    case schema::Request::JOIN: return Join{get_list<Statement>(in.getJoin(), kStatementsMax)};
    case schema::Request::RESERVE: return Reserve{in.getReserve()};
    case schema::Request::PUT_BEGIN: return get_put_begin(in.getPutBegin());
    case schema::Request::PUT_SEGMENT: {
      PutSegment ask = get_put_segment(in.getPutSegment());
      ask.data = get_segment(std::exchange(attachment, {}));
      return ask;
    }
    case schema::Request::PUT_COMMIT: {
      const auto commit = in.getPutCommit();
      return PutCommit{get_fixed<ChunkAddress>(commit.getAddress()), commit.getOwner()};
    }
    case schema::Request::GET_DESCRIPTION: {
      const auto description = in.getGetDescription();
      GetDescription ask;
      ask.address = get_fixed<ChunkAddress>(description.getAddress());
      ask.token = get_fixed<ReadToken>(description.getToken());
      return ask;
    }
    case schema::Request::GET_SEGMENT: return get_get_segment(in.getGetSegment());
    case schema::Request::HAVE_CHUNKS:
      return HaveChunks{get_joined<ChunkAddress>(in.getHaveChunks(), kAddressesPerMessageMax)};
    case schema::Request::OFFER_CHUNKS:
      return OfferChunks{get_joined<ChunkAddress>(in.getOfferChunks(), kAddressesPerMessageMax)};
    case schema::Request::GET_HEADS: return GetHeads{in.getGetHeads()};
    case schema::Request::PUT_HEAD: {
      PutHead ask;
      get(in.getPutHead(), ask.head);
      return ask;
    }
    case schema::Request::COMPARE_PRESENCES: return get_compare(in.getComparePresences());
    case schema::Request::PING: return Ping{};
    case schema::Request::GET_USER_RECORD: {
      const auto record = in.getGetUserRecord();
      return GetUserRecord{record.getPerson(), get_fixed<LookupKey>(record.getLookup())};
    }
    case schema::Request::DELETE_CHUNKS:
      return DeleteChunks{get_list<Deletion>(in.getDeleteChunks(), kDeletionsMax)};
    case schema::Request::PLEDGE_CHUNKS: return get_pledge(in.getPledgeChunks());
    case schema::Request::COMPARE_CHUNKS: return get_compare_chunks(in.getCompareChunks());
    case schema::Request::COMPARE_RECORDS:
      return CompareRecords{get_fixed<crypto::Hash>(in.getCompareRecords())};
    case schema::Request::PUT_USER_RECORD: {
      PutUserRecord ask;
      get(in.getPutUserRecord(), ask.record);
      return ask;
    }
    case schema::Request::GET_WHEREABOUTS:
      return GetWhereabouts{get_joined<MemberId>(in.getGetWhereabouts(), kWhereaboutsMax)};
  }
  throw UnknownKind{};
}

}  // namespace peerstore::wire
