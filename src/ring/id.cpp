#include <peerstore/ring/id.hpp>
#include <peerstore/runtime/check.hpp>

namespace peerstore::ring {

bool in_open(const Id& a, const Id& x, const Id& b) {
  if (a < b) return a < x && x < b;
  if (b < a) return a < x || x < b;
  return x != a;
}

bool in_half_open(const Id& a, const Id& x, const Id& b) { return x == b || in_open(a, x, b); }

Id distance(const Id& a, const Id& b) {
  Id result;
  int borrow = 0;
  for (std::size_t i = Id::kSize; i-- > 0;) {
    const int difference = b.bytes[i] - a.bytes[i] - borrow;
    borrow = difference < 0 ? 1 : 0;
    result.bytes[i] = static_cast<std::uint8_t>(difference);
  }
  return result;
}

Id plus_power_of_two(const Id& a, unsigned power) {
  CHECK(power < 256);
  Id result = a;
  unsigned carry = 1U << (power % 8);
  for (std::size_t i = Id::kSize - 1 - power / 8; carry != 0; --i) {
    const unsigned sum = result.bytes[i] + carry;
    result.bytes[i] = static_cast<std::uint8_t>(sum);
    carry = sum >> 8;
    if (i == 0) break;
  }
  return result;
}

std::string short_name(const Id& id) { return to_hex(id.view().first(4)); }

}  // namespace peerstore::ring
