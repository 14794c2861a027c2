#include "store/chunk_file.hpp"

#include <store/test_machine.hpp>
#include "store/layout.hpp"

namespace peerstore::store {
namespace {

Bytes file_of(const TestChunk& chunk) {
  Bytes bytes = encode_head_block(chunk.held());
  for (const SharedBytes& segment : chunk.segments) {
    bytes.insert(bytes.end(), segment.view().begin(), segment.view().end());
  }
  return bytes;
}

class ChunkFile : public testing::Test {
 protected:
  ChunkFile() { disk.plant(path, file_of(chunk)); }
  Errc code_of_reading() {
    const auto data = read_segment_of(disk, path, chunk.address, 0);
    return data ? Errc{} : data.error().code;
  }

  FaultPlan plan;
  RecordingDisk disk{plan};
  TestChunk chunk = make_chunk(1, 1);
  std::string path = "a";
};

TEST_F(ChunkFile, GivesBackWhatWasWritten) {
  const auto head = read_head(disk, path, chunk.address);
  ASSERT_TRUE(head);
  EXPECT_EQ(*head, chunk.held());
  const auto data = read_segment_of(disk, path, chunk.address, 0);
  ASSERT_TRUE(data);
  EXPECT_TRUE(*data == chunk.segments[0]);
  EXPECT_EQ(read_segment_of(disk, path, chunk.address, 1).error().code, Errc::invalid);
}

TEST_F(ChunkFile, HasSegmentsAtFixedOffsets) {
  EXPECT_EQ(encode_head_block(make_chunk(2, 1).held()).size(), kHeadBlockBytes);
  EXPECT_EQ(encode_head_block(make_chunk(3, 16).held()).size(), kHeadBlockBytes);
  EXPECT_EQ(segment_offset(3), 4096U + 3 * 65536U);
  EXPECT_EQ(chunk_file_bytes(16), 4096U + (1U << 20));
}

TEST_F(ChunkFile, DetectsAChangeOfAnyByte) {
  Bytes& bytes = disk.content(path);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
    ASSERT_EQ(code_of_reading(), Errc::corrupt) << "byte " << i;
    bytes[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
  }
  EXPECT_EQ(code_of_reading(), Errc{});
}

TEST_F(ChunkFile, DetectsAnyOtherLength) {
  const Bytes whole = disk.content(path);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096},
                                 std::size_t{4097}, whole.size() - 1, whole.size() + 1, 2 * whole.size()}) {
    Bytes bytes = whole;
    bytes.resize(size);
    disk.plant(path, bytes);
    EXPECT_EQ(code_of_reading(), Errc::corrupt) << size;
    EXPECT_EQ(read_head(disk, path, chunk.address).error().code, Errc::corrupt) << size;
  }
}

TEST_F(ChunkFile, DetectsAnotherChunkUnderItsName) {
  disk.plant(path, file_of(make_chunk(2, 1)));
  EXPECT_EQ(code_of_reading(), Errc::corrupt);
}

TEST_F(ChunkFile, SaysThatANewerProgramWroteItRatherThanThatItIsDamaged) {
  Bytes bytes = file_of(chunk);
  bytes[8] = 2;
  const crypto::Hash checksum = crypto::hash("chunk file head", {ByteView(bytes).first(4064)});
  std::ranges::copy(checksum.bytes, bytes.begin() + 4064);
  disk.plant(path, bytes);
  EXPECT_EQ(code_of_reading(), Errc::unsupported);
}

TEST(ChunkLayout, KnowsItsOwnNamesAndNoOthers) {
  const TestChunk chunk = make_chunk(1, 1);
  const std::string name = to_hex(chunk.address.view());
  EXPECT_EQ(chunk_path(chunk.address), "chunks/" + name.substr(0, 2) + "/" + name);
  EXPECT_EQ(address_of_file(name), chunk.address);
  std::string upper = name;
  std::ranges::transform(upper, upper.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  for (const std::string& foreign : {upper, name + "0", name.substr(1), name + ".tmp", std::string()}) {
    EXPECT_FALSE(address_of_file(foreign)) << foreign;
  }
  EXPECT_EQ(chunk_folder_number("ff"), 255U);
  for (const char* foreign : {"FF", "f", "fff", "incoming", "", "g0"})
    EXPECT_FALSE(chunk_folder_number(foreign));
}

}  // namespace
}  // namespace peerstore::store
