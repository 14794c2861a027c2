#include <peerstore/membership/statement.hpp>

namespace peerstore::membership {

bool is_name(std::string_view text) {
  if (text.size() > kNameBytesMax) return false;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    const std::size_t length = lead < 0x80       ? 1
                               : lead >> 5 == 6  ? 2
                               : lead >> 4 == 14 ? 3
                               : lead >> 3 == 30 ? 4
                                                 : 0;
    if (length == 0 || length > text.size() - i) return false;
    std::uint32_t point = length == 1 ? lead : lead & (0x7fU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<std::uint8_t>(text[i + k]);
      if (next >> 6 != 2) return false;
      point = point << 6 | (next & 0x3fU);
    }
    constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool overlong = point < kLeast[length];
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    const bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
    // Marks that turn the direction of writing, and so what a person believes to read.
    const bool turns = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
    if (overlong || surrogate || control || turns || point > 0x10ffff) return false;
    i += length;
  }
  return true;
}

}  // namespace peerstore::membership
