// ByteWriter and ByteReader: the byte layout of everything that is kept, hashed or signed.
//
// Little-endian integers, and byte strings after a u32 length: one value has one encoding, which
// is what hashing and signing need (messages between peers are Cap'n Proto, see wire/). The
// reader never reads past its input and never allocates more than is there: after the first
// failure every further read gives zero, and ok() is false.
#pragma once

#include <peerstore/runtime/bytes.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace peerstore {

class ByteWriter {
 public:
  ByteWriter& u8(std::uint8_t value);
  ByteWriter& u16(std::uint16_t value);
  ByteWriter& u32(std::uint32_t value);
  ByteWriter& u64(std::uint64_t value);
  ByteWriter& i64(std::int64_t value);
  ByteWriter& raw(ByteView bytes);    // without its length
  ByteWriter& bytes(ByteView bytes);  // u32 length, then the bytes
  ByteWriter& text(std::string_view text);
  template <class Tag, std::size_t N>
  ByteWriter& fixed(const FixedBytes<Tag, N>& value) {
    return raw(value.view());
  }

  const Bytes& view() const { return out_; }
  Bytes take() { return std::move(out_); }
  std::size_t size() const { return out_.size(); }

 private:
  Bytes out_;
};

class ByteReader {
 public:
  explicit ByteReader(ByteView in) : in_(in) {}

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  std::int64_t i64();
  ByteView raw(std::size_t size);
  // A u32 length, at most `limit`, then as many bytes.
  ByteView bytes(std::size_t limit);
  std::string text(std::size_t limit);
  template <class Fixed>
  Fixed fixed() {
    const ByteView view = raw(Fixed::kSize);
    return ok_ ? *Fixed::from(view) : Fixed{};
  }
  // A u32 count of items that take at least `item_size` bytes each: fails if they cannot be there.
  std::uint32_t count(std::size_t item_size);

  bool ok() const { return ok_; }
  std::size_t left() const { return in_.size(); }
  // Everything was read, and nothing failed.
  bool finished() const { return ok_ && in_.empty(); }
  void fail() {
    ok_ = false;
    in_ = {};
  }

 private:
  ByteView in_;
  bool ok_ = true;
};

}  // namespace peerstore
