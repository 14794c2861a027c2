#include "replica/test_ring.hpp"

#include <gtest/gtest.h>

#include <peerstore/runtime/combine.hpp>

#include <algorithm>

namespace peerstore::replica::test {
namespace {

class ChunkReading : public testing::Test {
 protected:
  ChunkReading() : ring(6), chunk(make_chunk(0, 2, 1, 4)), list(ring.preference(chunk)) {
    const Result<PutOutcome> outcome = ring.put(chunk);
    CHECK(outcome.has_value() && outcome->safe());
  }
  Result<SharedBytes> get(std::uint32_t index) {
    return ring.clock.run(ring.client().get_segment(chunk.ref, index));
  }
  void expect_all_segments() {
    for (std::uint32_t index = 0; index < chunk.segments.size(); ++index) {
      const Result<SharedBytes> segment = get(index);
      ASSERT_TRUE(segment) << segment.error().message();
      EXPECT_EQ(*segment, chunk.segments[index]);
    }
  }
  Holder& at(std::size_t place) { return ring.holder(list[place]); }

  TestRing ring;
  TestChunk chunk;
  std::vector<wire::MemberId> list;
};

void corrupt_segments(const wire::Request& asked, Result<wire::Response>& answer) {
  if (!std::holds_alternative<wire::GetSegment>(asked) || !answer) return;
  Bytes bytes(wire::kSegmentBytes, 0x5a);
  answer = wire::Response(wire::SegmentReply{SharedBytes(std::move(bytes))});
}

TEST_F(ChunkReading, GivesBackEverySegment) { expect_all_segments(); }

TEST_F(ChunkReading, FindsTheHoldersWithoutHints) {
  chunk.ref.holders.clear();
  ring.sleep(list[0]);
  ring.sleep(list[1]);
  expect_all_segments();
}

TEST_F(ChunkReading, FindsAStandInFarDownTheList) {
  const TestChunk other = make_chunk(0, 2, 2, 2);
  const auto walk = ring.preference(other);
  ring.sleep(walk[0]);
  ring.sleep(walk[1]);
  ASSERT_TRUE(ring.put(other));
  ring.wake(walk[0]);
  ring.wake(walk[1]);
  for (const std::size_t asleep : {2u}) ring.sleep(walk[asleep]);
  const Result<SharedBytes> segment = ring.clock.run(ring.client().get_segment(other.ref, 1));
  ASSERT_TRUE(segment) << segment.error().message();
  EXPECT_EQ(*segment, other.segments[1]);
}

TEST_F(ChunkReading, AsksForTheDescriptionOnce) {
  std::vector<Task<Result<SharedBytes>>> reads;
  for (std::uint32_t index = 0; index < 4; ++index)
    reads.push_back(ring.client().get_segment(chunk.ref, index));
  const auto segments = ring.clock.run(when_all(ring.clock, std::move(reads)));
  for (const auto& segment : segments) EXPECT_TRUE(segment);
  EXPECT_EQ(ring.served(kind_of<wire::GetDescription>()), 1u);
}

TEST_F(ChunkReading, SpreadsTheSegmentsOverTheHolders) {
  expect_all_segments();
  for (std::size_t place = 0; place < 3; ++place) {
    EXPECT_GE(at(place).served[kind_of<wire::GetSegment>()], 1u) << place;
  }
}

TEST_F(ChunkReading, PassesOverACorruptHolderSegmentBySegment) {
  at(0).tamper = corrupt_segments;
  at(2).tamper = corrupt_segments;
  expect_all_segments();
}

TEST_F(ChunkReading, PassesOverASegmentOfTheWrongLength) {
  at(0).tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
    if (std::holds_alternative<wire::GetSegment>(asked)) {
      answer = wire::Response(wire::SegmentReply{SharedBytes(Bytes(17))});
    }
  };
  expect_all_segments();
}

TEST_F(ChunkReading, PassesOverALyingDescription) {
  at(0).tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
    if (!std::holds_alternative<wire::GetDescription>(asked) || !answer) return;
    wire::ChunkDescription& lie = std::get<wire::DescriptionReply>(*answer).chunk;
    lie.leaves.assign(lie.leaves.size() + 3, crypto::Hash{});  // neither its own count nor its address
  };
  at(1).tamper = [](const wire::Request& asked, Result<wire::Response>& answer) {
    if (!std::holds_alternative<wire::GetDescription>(asked) || !answer) return;
    wire::ChunkDescription& lie = std::get<wire::DescriptionReply>(*answer).chunk;
    lie.leaves.clear();
    lie.header.segments = 0;
  };
  expect_all_segments();
}

TEST_F(ChunkReading, PassesOverAHolderThatLostTheChunk) {
  ASSERT_TRUE(ring.clock.run(at(0).chunks->remove(chunk.ref.address)));
  expect_all_segments();
  EXPECT_LE(at(0).served[kind_of<wire::GetSegment>()], 1u);  // and does not ask it again and again
}

TEST_F(ChunkReading, AsksASecondHolderWhenTheFirstIsSlow) {
  ASSERT_TRUE(get(0));
  ring.hub.set_asleep(list[0], true);  // nobody knows
  const TimePoint before = ring.clock.now();
  expect_all_segments();
  EXPECT_LT(ring.clock.now() - before, 3s);
}

TEST_F(ChunkReading, NamesTheFriendsToWaitFor) {
  for (std::size_t place = 0; place < 3; ++place) chunk.ref.holders.push_back(list[place]);
  for (std::size_t place = 0; place < 3; ++place) ring.sleep(list[place]);
  const Result<SharedBytes> segment = get(0);
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, Errc::unreachable);
  for (std::size_t place = 0; place < 3; ++place) {
    EXPECT_NE(segment.error().context.find(ring.names[list[place]]), std::string::npos)
        << segment.error().context;
  }
  EXPECT_EQ(segment.error().context.find(ring.names[list[3]]), std::string::npos) << segment.error().context;
}

TEST_F(ChunkReading, SaysCorruptWhenOnlyBadCopiesAreThere) {
  for (std::size_t place = 0; place < 3; ++place) {
    at(place).tamper = corrupt_segments;
    chunk.ref.holders.push_back(list[place]);
  }
  const Result<SharedBytes> segment = get(1);
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, Errc::corrupt);
  EXPECT_NE(segment.error().context.find(ring.names[list[0]]), std::string::npos) << segment.error().context;
}

TEST_F(ChunkReading, SaysNotFoundWhenEverybodyAnswersAndNobodyHasIt) {
  chunk = make_chunk(0, 2, 77);
  const Result<SharedBytes> segment = get(0);
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, Errc::not_found);
}

TEST_F(ChunkReading, IsRefusedWithoutTheToken) {
  chunk.ref.token.bytes[0] ^= 1;
  const Result<SharedBytes> segment = get(0);
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, Errc::refused);
}

TEST_F(ChunkReading, RefusesASegmentBeyondTheEnd) {
  const Result<SharedBytes> segment = get(4);
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, Errc::invalid);
}

TEST_F(ChunkReading, GoesOnWhenTheReaderOfTheDescriptionIsCancelled) {
  {
    TaskScope scope(ring.clock);
    Task<Result<SharedBytes>> first = ring.client().get_segment(chunk.ref, 0);
    std::vector<Task<Result<SharedBytes>>> one;
    one.push_back(std::move(first));
    Task<std::vector<Result<SharedBytes>>> all = when_all(ring.clock, std::move(one));
    std::optional<std::vector<Result<SharedBytes>>> never;
    scope.spawn(detail::store_result(std::move(all), never));
  }  // dropped while it waits for the description
  expect_all_segments();
}

}  // namespace
}  // namespace peerstore::replica::test
