#include <gtest/gtest.h>

#include "cli/qr_code.hpp"

#include <sstream>

namespace peerstore::cli {
namespace {

std::size_t letters(const std::string& line) {
  std::size_t count = 0;
  for (const char byte : line) count += (static_cast<unsigned char>(byte) & 0xc0) != 0x80 ? 1 : 0;
  return count;
}

TEST(QrCode, IsASquareWithALightBorder) {
  // 25 letters are version 2: 25 modules, and a border of 2 on each side.
  const auto code = qr_code("peerstore:join?ring=abcde");
  ASSERT_TRUE(code);
  std::istringstream in(*code);
  std::string line;
  std::string first;
  std::size_t lines = 0;
  while (std::getline(in, line)) {
    if (lines++ == 0) first = line;
    EXPECT_EQ(letters(line), 29u);
  }
  EXPECT_EQ(lines, 15u);
  std::string border;
  for (int i = 0; i < 29; ++i) border += "\u2588";
  EXPECT_EQ(first, border);
}

TEST(QrCode, HasRoomForALinkWithThreeDoorsAndNotForEverything) {
  EXPECT_TRUE(qr_code(std::string(500, 'x')));
  EXPECT_FALSE(qr_code(std::string(5000, 'x')));
}

}  // namespace
}  // namespace peerstore::cli
