#include <peerstore/account/written_code.hpp>

#include <cstdint>
#include <optional>

namespace peerstore::account {

namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kGroupData = 4;  // characters of five bits each
constexpr std::size_t kGroupSize = kGroupData + 1;
constexpr std::size_t kGroupBits = 5 * kGroupData;

// GF(32) by x^5 + x^2 + 1, in which x generates all 31 values: times x.
std::uint8_t times_x(std::uint8_t value) {
  const unsigned shifted = unsigned{value} << 1;
  return static_cast<std::uint8_t>((shifted & 0x20) != 0 ? shifted ^ 0x25 : shifted);
}

// Each character, and the place, has another power of x as its weight.
std::uint8_t check_of(std::size_t place, const std::uint8_t (&data)[kGroupData]) {
  auto sum = static_cast<std::uint8_t>((place + 1) & 31);
  for (const std::uint8_t value : data) sum = static_cast<std::uint8_t>(times_x(sum) ^ value);
  return times_x(sum);
}

std::optional<std::uint8_t> value_of(char character) {
  if (character >= 'a' && character <= 'z') character = static_cast<char>(character - 'a' + 'A');
  if (character == 'O') character = '0';
  if (character == 'I' || character == 'L') character = '1';
  const std::size_t at = kAlphabet.find(character);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint8_t>(at);
}

bool is_separator(char c) { return c == ' ' || c == '-' || c == '\t' || c == '\n' || c == '\r'; }

// Five bits from bit `at` on; zero beyond the end.
std::uint8_t bits_at(ByteView bytes, std::size_t at) {
  std::uint8_t value = 0;
  for (std::size_t i = at; i < at + 5; ++i) {
    const bool bit = i < 8 * bytes.size() && (bytes[i / 8] >> (7 - i % 8) & 1) != 0;
    value = static_cast<std::uint8_t>(value << 1 | (bit ? 1 : 0));
  }
  return value;
}

// False if bits beyond the end are not zero.
bool set_bits(std::span<std::uint8_t> bytes, std::size_t at, std::uint8_t value) {
  for (std::size_t i = at; i < at + 5; ++i) {
    const bool bit = (value >> (4 - (i - at)) & 1) != 0;
    if (!bit) continue;
    if (i >= 8 * bytes.size()) return false;
    bytes[i / 8] = static_cast<std::uint8_t>(bytes[i / 8] | 1 << (7 - i % 8));
  }
  return true;
}

}  // namespace

std::string write_code(ByteView secret) {
  std::string text;
  const std::size_t groups = (8 * secret.size() + kGroupBits - 1) / kGroupBits;
  for (std::size_t group = 0; group < groups; ++group) {
    std::uint8_t data[kGroupData];
    for (std::size_t i = 0; i < kGroupData; ++i) data[i] = bits_at(secret, group * kGroupBits + 5 * i);
    if (group > 0) text += '-';
    for (const std::uint8_t value : data) text += kAlphabet[value];
    text += kAlphabet[check_of(group, data)];
  }
  return text;
}

Result<crypto::SecretBytes> read_code(std::string_view typed, std::size_t size) {
  const std::size_t groups = (8 * size + kGroupBits - 1) / kGroupBits;
  crypto::SecretBytes secret(size);
  std::uint8_t group_values[kGroupSize];
  std::size_t count = 0;
  for (const char character : typed) {
    if (is_separator(character)) continue;
    const std::string group =
        "group " + std::to_string(count / kGroupSize + 1) + " of " + std::to_string(groups);
    if (count == groups * kGroupSize) {
      return fail(Errc::invalid,
                  "the code is too long: it has " + std::to_string(groups) + " groups of five");
    }
    const auto value = value_of(character);
    if (!value)
      return fail(Errc::invalid, group + " has a character that codes do not have: look at it again");
    group_values[count % kGroupSize] = *value;
    ++count;
    if (count % kGroupSize != 0) continue;
    const std::size_t place = count / kGroupSize - 1;
    const std::uint8_t data[kGroupData] = {group_values[0], group_values[1], group_values[2],
                                           group_values[3]};
    bool good = check_of(place, data) == group_values[kGroupData];
    for (std::size_t i = 0; i < kGroupData && good; ++i) {
      good = set_bits(secret.bytes(), place * kGroupBits + 5 * i, data[i]);
    }
    if (!good) return fail(Errc::invalid, group + " is mistyped, or not in its place: look at it again");
  }
  if (count < groups * kGroupSize) {
    return fail(Errc::invalid, "the code is too short: it has " + std::to_string(groups) +
                                   " groups of five, here are " + std::to_string(count / kGroupSize));
  }
  return secret;
}

}  // namespace peerstore::account
