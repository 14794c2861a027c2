#include <gtest/gtest.h>

#include "cli/qr_code.hpp"

#include <peerstore/membership/invitation.hpp>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

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

// ---- reading it back (ISO/IEC 18004), for version 8, level L, bytes ----

using Modules = std::vector<std::vector<bool>>;  // dark
constexpr int kWidth = 49;
constexpr std::size_t kBlocks = 2;
constexpr std::size_t kBlockBytes = 97;  // of data

Modules modules_of(const std::string& drawn) {
  Modules dark;
  std::istringstream in(drawn);
  for (std::string line; std::getline(in, line);) {
    std::vector<bool> upper, lower;
    for (std::size_t at = 0; at < line.size();) {
      const std::string letter = line.substr(at, line[at] == ' ' ? 1 : 3);
      at += letter.size();
      upper.push_back(letter != "\u2588" && letter != "\u2580");
      lower.push_back(letter != "\u2588" && letter != "\u2584");
    }
    dark.push_back(upper);
    dark.push_back(lower);
  }
  // Without the border.
  Modules inner;
  for (int y = 0; y < kWidth; ++y) {
    const auto& row = dark.at(static_cast<std::size_t>(y) + 2);
    inner.emplace_back(row.begin() + 2, row.begin() + 2 + kWidth);
  }
  return inner;
}

bool is_data(int y, int x) {
  const bool is_finder = (y < 9 && x < 9) || (y < 9 && x >= kWidth - 8) || (y >= kWidth - 8 && x < 9);
  const bool is_version = (y < 6 && x >= kWidth - 11) || (x < 6 && y >= kWidth - 11);
  if (is_finder || is_version || y == 6 || x == 6) return false;
  for (const int v : {6, 24, 42}) {
    for (const int h : {6, 24, 42}) {
      const bool is_corner = (v == 6 && h != 24) || (h == 6 && v == 42);
      if (!is_corner && std::abs(y - v) <= 2 && std::abs(x - h) <= 2) return false;
    }
  }
  return true;
}

bool is_inverted(unsigned mask, int y, int x) {
  switch (mask) {
    case 0: return (y + x) % 2 == 0;
    case 1: return y % 2 == 0;
    case 2: return x % 3 == 0;
    case 3: return (y + x) % 3 == 0;
    case 4: return (y / 2 + x / 3) % 2 == 0;
    case 5: return y * x % 2 + y * x % 3 == 0;
    case 6: return (y * x % 2 + y * x % 3) % 2 == 0;
    default: return ((y + x) % 2 + y * x % 3) % 2 == 0;
  }
}

// Parts of bytes, letters and digits, each after its mode and its length; a mode of 0 ends them.
std::string text_of(const std::vector<unsigned>& data) {
  std::size_t at = 0;
  const auto take = [&](unsigned count) {
    unsigned value = 0;
    for (; count > 0; --count, ++at) value = value << 1 | (data.at(at / 8) >> (7 - at % 8) & 1);
    return value;
  };
  constexpr std::string_view kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  std::string text;
  for (unsigned mode = take(4); mode != 0; mode = take(4)) {
    unsigned left = take(mode == 4 ? 8 : mode == 2 ? 9 : 10);
    const unsigned group = mode == 4 ? 1 : mode == 2 ? 2 : 3;
    while (left > 0) {
      const unsigned size = std::min(left, group);
      left -= size;
      if (mode == 4) {
        text += static_cast<char>(take(8));
      } else if (mode == 2) {
        const unsigned value = take(size == 2 ? 11 : 6);
        if (size == 2) text += kLetters.at(value / 45);
        text += kLetters.at(value % 45);
      } else {
        std::string digits = std::to_string(take(size * 3 + 1));
        text += std::string(size - digits.size(), '0') + digits;
      }
    }
  }
  return text;
}

std::string read_qr_code(const Modules& dark) {
  const auto at = [&](int y, int x) {
    return dark[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)];
  };
  unsigned format = 0;
  for (const int x : {0, 1, 2, 3, 4, 5, 7, 8}) format = format << 1 | (at(8, x) ? 1 : 0);
  for (const int y : {7, 5, 4, 3, 2, 1, 0}) format = format << 1 | (at(y, 8) ? 1 : 0);
  format ^= 0x5412;
  EXPECT_EQ(format >> 13, 1u) << "level L";
  // Two columns at a time from the right, upwards first.
  std::vector<unsigned> bytes;
  unsigned byte = 0, bits = 0;
  bool up = true;
  for (int right = kWidth - 1; right > 0; right -= 2, up = !up) {
    if (right == 6) --right;
    for (int step = 0; step < kWidth; ++step) {
      const int y = up ? kWidth - 1 - step : step;
      for (const int x : {right, right - 1}) {
        if (!is_data(y, x)) continue;
        byte = byte << 1 | (at(y, x) != is_inverted(format >> 10 & 7, y, x) ? 1 : 0);
        if (++bits % 8 == 0) bytes.push_back(std::exchange(byte, 0));
      }
    }
  }
  // The blocks take turns.
  std::vector<unsigned> data;
  for (std::size_t block = 0; block < kBlocks; ++block) {
    for (std::size_t i = 0; i < kBlockBytes; ++i) data.push_back(bytes.at(i * kBlocks + block));
  }
  return text_of(data);
}

TEST(QrCode, IsReadAsTheLinkThatWasDrawn) {
  membership::InvitationLink link;
  link.root_key.bytes.fill(0xa7);
  crypto::SigningPublicKey node;
  node.bytes.fill(0x5c);
  link.doors = {{"198.51.100.7:4747", node}};
  link.token.bytes.fill(0x39);
  link.person = 346995;
  const std::string text = membership::to_text(link);
  const auto code = qr_code(text);
  ASSERT_TRUE(code);
  ASSERT_EQ(std::count(code->begin(), code->end(), '\n'), (kWidth + 4 + 1) / 2) << "not version 8: " << text;
  const std::string read = read_qr_code(modules_of(*code));
  EXPECT_EQ(read, text);
  EXPECT_TRUE(membership::read_invitation_link(read));
}

TEST(QrCode, HasRoomForALinkWithThreeDoorsAndNotForEverything) {
  EXPECT_TRUE(qr_code(std::string(500, 'x')));
  EXPECT_FALSE(qr_code(std::string(5000, 'x')));
}

}  // namespace
}  // namespace peerstore::cli
