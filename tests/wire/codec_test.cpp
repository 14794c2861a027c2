#include <gtest/gtest.h>
#include <peerstore/wire/codec.hpp>
#include <wire/packing.hpp>
#include <wire/random_values.hpp>

namespace peerstore::wire {
namespace {

// Random bytes differ from a message in more than a bit; what is decoded at all must be within limits.
void expect_refused_or_valid(const Result<Request>& request) {
  if (!request) {
    EXPECT_TRUE(request.error().code == Errc::invalid || request.error().code == Errc::unsupported);
  }
}

Result<Response> failed_with(Errc code, std::string context) { return fail(code, std::move(context)); }

TEST(Codec, EveryRequestComesBackAsItWas) {
  RandomValues values(1);
  for (std::size_t kind = 0; kind < RandomValues::kRequestKinds; ++kind) {
    for (int round = 0; round < 20; ++round) {
      const Request request = values.request(kind);
      ASSERT_EQ(request.index(), kind);
      const Encoded encoded = encode(request);
      const Result<Request> decoded = decode_request(encoded.message, encoded.attachment);
      ASSERT_TRUE(decoded) << name_of(request) << ": " << decoded.error().message();
      EXPECT_EQ(*decoded, request) << name_of(request);
    }
  }
}

TEST(Codec, EveryResponseComesBackAsItWas) {
  RandomValues values(2);
  for (std::size_t kind = 0; kind < RandomValues::kResponseKinds; ++kind) {
    for (int round = 0; round < 20; ++round) {
      const Response response = values.response(kind);
      ASSERT_EQ(response.index(), kind);
      const Encoded encoded = encode(Result<Response>(response));
      const Result<Response> decoded = decode_response(encoded.message, encoded.attachment);
      ASSERT_TRUE(decoded) << kind << ": " << decoded.error().message();
      EXPECT_EQ(*decoded, response) << kind;
    }
  }
}

TEST(Codec, ASegmentTravelsInItsOwnBuffer) {
  RandomValues values(3);
  PutSegment ask;
  ask.data = values.segment();
  const std::uint8_t* where = ask.data.data();
  const Encoded encoded = encode(Request(ask));
  EXPECT_EQ(encoded.attachment.data(), where);
  EXPECT_LT(encoded.message.size(), 200u);
  const Result<Request> decoded = decode_request(encoded.message, encoded.attachment);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<PutSegment>(*decoded).data.data(), where);
}

TEST(Codec, AChainOfHoldersIsShortAndNamesNobodyTwice) {
  RandomValues values(8);
  PutSegment ask;
  ask.data = values.segment();
  const auto decoded = [&ask] {
    const Encoded encoded = encode(Request(ask));
    return decode_request(encoded.message, encoded.attachment);
  };
  while (ask.onward.size() < kOnwardMax) ask.onward.push_back(values.fixed<MemberId>());
  ASSERT_TRUE(decoded());
  ask.onward[3] = ask.onward[1];
  EXPECT_EQ(decoded().error().code, Errc::invalid);
  ask.onward[3] = values.fixed<MemberId>();
  ask.onward.push_back(values.fixed<MemberId>());
  EXPECT_EQ(decoded().error().code, Errc::invalid);

  const std::vector<std::vector<std::uint8_t>> wrong = {std::vector<std::uint8_t>(kOnwardMax + 1, 1), {1, 2}};
  for (const std::vector<std::uint8_t>& onward : wrong) {
    const Encoded encoded = encode(Result<Response>(SegmentTaken{onward}));
    EXPECT_EQ(decode_response(encoded.message, {}).error().code, Errc::invalid);
  }
}

TEST(Codec, ErrorsTravelWithCodeAndContext) {
  for (int code = static_cast<int>(Errc::timed_out); code <= static_cast<int>(Errc::cancelled); ++code) {
    const Encoded encoded = encode(failed_with(static_cast<Errc>(code), "no such chunk"));
    const Result<Response> decoded = decode_response(encoded.message, {});
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, static_cast<Errc>(code));
    EXPECT_EQ(decoded.error().context, "no such chunk");
  }
}

TEST(Codec, AnErrorWithAnUnknownCodeIsInvalid) {
  const Encoded encoded = encode(failed_with(static_cast<Errc>(200), "from the future"));
  const Result<Response> decoded = decode_response(encoded.message, {});
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::invalid);
  EXPECT_EQ(decoded.error().context, "from the future");
}

TEST(Codec, AnErrorsContextIsCutAndCannotSteerATerminal) {
  const Encoded encoded = encode(failed_with(Errc::busy, "\x1b[2J" + std::string(2000, 'x')));
  const Result<Response> decoded = decode_response(encoded.message, {});
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().context, "?[2J" + std::string(kErrorContextBytesMax - 4, 'x'));
}

TEST(Codec, AMessageCutAnywhereIsInvalid) {
  RandomValues values(4);
  for (std::size_t kind = 0; kind < RandomValues::kRequestKinds; ++kind) {
    const Encoded encoded = encode(values.request(kind));
    const ByteView whole(encoded.message);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Result<Request> decoded = decode_request(whole.first(size), encoded.attachment);
      ASSERT_FALSE(decoded) << "kind " << kind << " cut to " << size;
      EXPECT_EQ(decoded.error().code, Errc::invalid);
    }
  }
}

TEST(Codec, BytesAfterTheEndAreInvalid) {
  RandomValues values(5);
  Encoded encoded = encode(values.request(1));
  encoded.message.resize(encoded.message.size() + 2);  // a word of zeros
  EXPECT_EQ(decode_request(encoded.message, {}).error().code, Errc::invalid);
}

TEST(Codec, FlippedBitsNeverDoMoreThanGiveAnError) {
  RandomValues values(6);
  for (int round = 0; round < 20000; ++round) {
    const bool is_request = values.coin();
    const std::size_t kind =
        values.below(is_request ? RandomValues::kRequestKinds : RandomValues::kResponseKinds);
    Encoded encoded =
        is_request ? encode(values.request(kind)) : encode(Result<Response>(values.response(kind)));
    // In what is sent, or in what it means.
    const bool unpacks = values.coin();
    if (unpacks) encoded.message = *unpack(encoded.message, kMessageBytesMax);
    const std::uint64_t flips = 1 + values.below(4);
    for (std::uint64_t i = 0; i < flips; ++i) {
      const std::uint64_t bit = values.below(encoded.message.size() * 8);
      encoded.message[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    }
    if (unpacks) encoded.message = pack(encoded.message);
    expect_refused_or_valid(decode_request(encoded.message, encoded.attachment));
    const Result<Response> response = decode_response(encoded.message, encoded.attachment);
    if (!response) EXPECT_LE(response.error().context.size(), kErrorContextBytesMax);
  }
}

TEST(Codec, GarbageIsNeverAMessage) {
  RandomValues values(7);
  for (int round = 0; round < 5000; ++round) {
    const std::uint64_t words = values.below(100);
    Bytes garbage = values.bytes(words * 8);
    // A plausible segment table lets the garbage reach the objects.
    if (words > 1 && values.coin()) {
      const ByteView size{reinterpret_cast<const std::uint8_t*>(&words), 8};
      std::fill_n(garbage.begin(), 4, std::uint8_t{0});
      std::copy_n(size.begin(), 4, garbage.begin() + 4);
      garbage[4] = static_cast<std::uint8_t>(words - 1);
    }
    if (values.coin()) garbage = pack(garbage);
    expect_refused_or_valid(decode_request(garbage, {}));
    (void)decode_response(garbage, {});
    (void)decode_statements(garbage, 8);
  }
}

// The example of Cap'n Proto's own documentation.
TEST(Packing, IsCapnProtos) {
  const Bytes words{8, 0, 0, 0, 3, 0, 2, 0, 0x19, 0, 0, 0, 0xaa, 1, 0, 0};
  const Bytes packed{0x51, 8, 3, 2, 0x31, 0x19, 0xaa, 1};
  EXPECT_EQ(pack(words), packed);
  EXPECT_EQ(unpack(packed, 16), words);
}

TEST(Packing, AnyWordsComeBackAndRunsOfThemCostNothing) {
  RandomValues values(8);
  for (int round = 0; round < 300; ++round) {
    Bytes words;
    // Runs of any length, of zeros, of what has none, and of what is mixed.
    for (std::uint64_t runs = values.below(4); runs > 0; --runs) {
      const std::size_t size = 8 * values.below(600);
      Bytes run = values.coin() ? Bytes(size) : values.bytes(size);
      if (values.coin())
        for (auto& byte : run) byte = static_cast<std::uint8_t>(byte | 1U);
      words.insert(words.end(), run.begin(), run.end());
    }
    EXPECT_EQ(unpack(pack(words), words.size()), words);
  }
  EXPECT_EQ(pack(Bytes(8 * 256)).size(), 2);
  EXPECT_EQ(pack(Bytes(8 * 256, 1)).size(), 2 + 8 * 256);
}

TEST(Packing, WhatWouldBecomeTooLargeIsRefusedBeforeMemoryIsTaken) {
  Bytes bomb(20'000);
  for (std::size_t i = 1; i < bomb.size(); i += 2) bomb[i] = 255;  // each time 256 words of zeros
  EXPECT_FALSE(unpack(bomb, kMessageBytesMax));
  EXPECT_EQ(decode_request(bomb, {}).error().code, Errc::invalid);
}

TEST(Codec, AnUnknownKindOfRequestIsUnsupported) {
  Encoded encoded = encode(Request(GetHeads{0}));
  // After the segment table and the root pointer only the kind is not zero: 14.
  const auto kind = std::find(encoded.message.begin() + 5, encoded.message.end(), 14);
  ASSERT_NE(kind, encoded.message.end());
  *kind = 99;
  EXPECT_EQ(decode_request(encoded.message, {}).error().code, Errc::unsupported);
}

TEST(Codec, ListsBeyondTheirLimitsAreRefused) {
  RandomValues values(9);
  const auto refused = [](const Request& request) {
    const Encoded encoded = encode(request);
    const Result<Request> decoded = decode_request(encoded.message, encoded.attachment);
    return !decoded && decoded.error().code == Errc::invalid;
  };
  const auto reply_refused = [](const Response& response) {
    const Encoded encoded = encode(Result<Response>(response));
    const Result<Response> decoded = decode_response(encoded.message, encoded.attachment);
    return !decoded && decoded.error().code == Errc::invalid;
  };
  EXPECT_TRUE(refused(ExchangeRoster{std::vector<StatementId>(kStatementsMax + 1), {}}));
  EXPECT_TRUE(refused(ExchangeRoster{{}, std::vector<Presence>(kPresencesMax + 1)}));
  EXPECT_TRUE(refused(PushStatements{std::vector<Statement>(kStatementsMax + 1), {}}));
  EXPECT_TRUE(refused(PushStatements{{}, {}, std::vector<Absence>(kPresencesMax + 1)}));
  EXPECT_TRUE(refused(ComparePresences{{}, 0, std::vector<std::uint16_t>(2 * kPresenceSumsMax)}));
  EXPECT_TRUE(refused(ComparePresences{{}, 0, std::vector<std::uint16_t>(3)}));
  EXPECT_TRUE(refused(ComparePresences{{}, 0, {}}));
  EXPECT_TRUE(refused(GetWhereabouts{std::vector<MemberId>(kWhereaboutsMax + 1)}));
  EXPECT_TRUE(refused(Join{std::vector<Statement>(kStatementsMax + 1)}));
  EXPECT_TRUE(refused(PreviewJoin{std::vector<Statement>(kStatementsMax + 1)}));
  EXPECT_TRUE(refused(HaveChunks{std::vector<ChunkAddress>(kAddressesPerMessageMax + 1)}));
  EXPECT_TRUE(refused(OfferChunks{std::vector<ChunkAddress>(kAddressesPerMessageMax + 1)}));
  EXPECT_TRUE(refused(PledgeChunks{1, 2, std::vector<ChunkAddress>(kPledgesMax + 1),
                                   std::vector<std::uint64_t>(kPledgesMax + 1)}));
  EXPECT_TRUE(refused(PledgeChunks{1, 2, std::vector<ChunkAddress>(2), {1}}));
  EXPECT_TRUE(refused(CompareChunks{1, {}, std::vector<std::uint64_t>(2 * kChunkDigestsMax)}));
  EXPECT_TRUE(refused(CompareChunks{1, {}, std::vector<std::uint64_t>(3)}));
  EXPECT_TRUE(refused(CompareChunks{1, {}, {}}));

  Statement fat = values.statement();
  fat.body = SharedBytes(Bytes(kStatementBytesMax + 1));
  EXPECT_TRUE(refused(Join{{fat}}));
  Presence talkative = values.presence();
  talkative.addresses.assign(kAddressHintsMax + 1, "a:1");
  EXPECT_TRUE(refused(PushStatements{{}, {talkative}}));
  talkative.addresses.assign(1, std::string(kHostPortBytesMax + 1, 'h'));
  EXPECT_TRUE(refused(PushStatements{{}, {talkative}}));
  talkative.addresses.assign(1, "evil\x1b[2J:1");
  EXPECT_TRUE(refused(PushStatements{{}, {talkative}}));
  Head heavy = values.head();
  heavy.body = SharedBytes(Bytes(kHeadBodyBytesMax + 1));
  EXPECT_TRUE(refused(PutHead{heavy}));
  PutBegin begin{values.chunk(), values.lease(), 2};
  begin.chunk.leaves.pop_back();
  EXPECT_TRUE(refused(begin));
  begin.chunk.header.segments = kSegmentsMax + 1;
  begin.chunk.leaves.resize(kSegmentsMax + 1);
  EXPECT_TRUE(refused(begin));

  EXPECT_TRUE(reply_refused(FoundSuccessor{false, std::vector<NodeRef>(kSuccessorsMax + 1), {}}));
  EXPECT_TRUE(reply_refused(HaveReply{std::vector<std::uint8_t>(kAddressesPerMessageMax + 1)}));
  EXPECT_TRUE(reply_refused(HaveReply{{2}}));
  EXPECT_TRUE(reply_refused(JoinPreview{std::vector<JoinShare>(kJoinSharesMax + 1)}));
  EXPECT_TRUE(reply_refused(JoinPreview{{JoinShare{.machine = std::string(kMachineNameBytesMax + 1, 'm')}}}));
  EXPECT_TRUE(reply_refused(PledgeReply{std::vector<crypto::Hash>(kPledgesMax + 1)}));
  EXPECT_TRUE(reply_refused(ChunkDifference{std::vector<std::uint8_t>(kChunkDigestsMax + 1)}));
  EXPECT_TRUE(reply_refused(ChunkDifference{{2}}));
  EXPECT_TRUE(reply_refused(PutState{std::vector<std::uint32_t>(kSegmentsMax + 1)}));
  EXPECT_TRUE(reply_refused(PutState{{kSegmentsMax}}));
  EXPECT_TRUE(reply_refused(RecordDifference{{}, std::vector<RecordMark>(kRecordMarksMax + 1)}));
  EXPECT_TRUE(reply_refused(HeadsReply{std::vector<Head>(kHeadsMax + 1)}));
}

TEST(Codec, ASegmentMustBeWholeAndBelongToAMessageThatCarriesOne) {
  RandomValues values(10);
  const Encoded segment = encode(values.request(8));
  EXPECT_FALSE(decode_request(segment.message, {}));
  EXPECT_FALSE(decode_request(segment.message, segment.attachment.slice(0, kSegmentBytes - 1)));
  const Encoded reply = encode(Result<Response>(values.response(9)));
  EXPECT_FALSE(decode_response(reply.message, {}));
  const Encoded question = encode(values.request(0));
  EXPECT_FALSE(decode_request(question.message, segment.attachment));
}

TEST(Codec, AFullRosterAndAPersonsHeadsFitIntoOneMessage) {
  RandomValues values(11);
  HeadsReply heads;
  heads.heads.assign(kHeadsMax, values.head());
  for (Head& head : heads.heads) head.body = SharedBytes(Bytes(kHeadBodyBytesMax));
  EXPECT_LE(encode(Result<Response>(Response(heads))).message.size(), kMessageBytesMax);
}

// What is read is bounded by the length of the message: no list may be counted twice.
TEST(Codec, TheLongestComparisonOfPresencesComesBack) {
  RandomValues values(13);
  PresenceDifference reply{values.fixed<crypto::Hash>(), {}, {}, {}};
  for (std::uint32_t part = 0; part < kPresenceSumsMax; ++part) reply.parts.push_back(part);
  reply.presences.assign(20, values.presence());
  const Encoded encoded = encode(Result<Response>(Response(reply)));
  const Result<Response> decoded = decode_response(encoded.message, encoded.attachment);
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(std::get<PresenceDifference>(*decoded), reply);
}

TEST(Codec, StatementsOfAHelloComeBackUpToTheirNumber) {
  RandomValues values(12);
  const std::vector<Statement> proof = {values.statement(), values.statement()};
  const Bytes encoded = encode(proof);
  const auto decoded = decode_statements(encoded, 2);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, proof);
  EXPECT_EQ(decode_statements(encoded, 1).error().code, Errc::invalid);
}

}  // namespace
}  // namespace peerstore::wire
