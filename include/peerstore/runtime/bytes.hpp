// Bytes, views of them, and fixed-size values that cannot be mistaken for one another.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A fixed number of bytes with a meaning. `Tag` keeps an address from being passed as a key.
template <class Tag, std::size_t N>
struct FixedBytes {
  static constexpr std::size_t kSize = N;
  std::array<std::uint8_t, N> bytes{};

  constexpr bool operator==(const FixedBytes&) const = default;
  // Ordered maps of members are walked all the time, and nearly all identifiers differ in their first word.
  constexpr std::strong_ordering operator<=>(const FixedBytes& other) const {
    if constexpr (N >= sizeof(std::uint64_t)) {
      const std::uint64_t own = first_word();
      const std::uint64_t theirs = other.first_word();
      if (own != theirs) return own <=> theirs;
    }
    return bytes <=> other.bytes;
  }
  ByteView view() const { return {bytes.data(), N}; }
  bool is_zero() const { return *this == FixedBytes{}; }

  // The value if `view` has exactly N bytes, nothing otherwise.
  static std::optional<FixedBytes> from(ByteView view) {
    if (view.size() != N) return std::nullopt;
    FixedBytes value;
    std::memcpy(value.bytes.data(), view.data(), N);
    return value;
  }

 private:
  constexpr std::uint64_t first_word() const {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < sizeof word; ++i) word = word << 8 | bytes[i];
    return word;
  }
};

// For unordered containers: the values hashed here are themselves uniform, or few.
struct FixedBytesHash {
  template <class Tag, std::size_t N>
  std::size_t operator()(const FixedBytes<Tag, N>& value) const {
    static_assert(N >= sizeof(std::size_t));
    std::size_t word;
    std::memcpy(&word, value.bytes.data(), sizeof word);
    return word;
  }
};

// A read-only slice of a shared buffer: how bulk data travels from socket to disk and from one
// simulated machine to another without being copied. Cheap to copy; keeps its buffer alive.
class SharedBytes {
 public:
  SharedBytes() = default;
  explicit SharedBytes(Bytes bytes)
      : owner_(std::make_shared<const Bytes>(std::move(bytes))), view_(*owner_) {}

  ByteView view() const { return view_; }
  const std::uint8_t* data() const { return view_.data(); }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }

  // Requires offset + size <= this->size().
  SharedBytes slice(std::size_t offset, std::size_t size) const;

  bool operator==(const SharedBytes& other) const;

 private:
  std::shared_ptr<const Bytes> owner_;
  ByteView view_;
};

std::string to_hex(ByteView bytes);
// Nothing unless `text` is an even number of hexadecimal digits.
std::optional<Bytes> from_hex(std::string_view text);

// RFC 4648 section 5 (URL-safe alphabet), without padding.
std::string to_base64url(ByteView bytes);
std::optional<Bytes> from_base64url(std::string_view text);

}  // namespace peerstore
