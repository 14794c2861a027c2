#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/encoding.hpp>

#include <limits>

namespace peerstore {

namespace {

template <class Integer>
void put(Bytes& out, Integer value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

template <class Integer>
Integer get(ByteView bytes) {
  Integer value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    value = static_cast<Integer>(value | static_cast<Integer>(bytes[i]) << (8 * i));
  }
  return value;
}

}  // namespace

ByteWriter& ByteWriter::u8(std::uint8_t value) {
  out_.push_back(value);
  return *this;
}
ByteWriter& ByteWriter::u16(std::uint16_t value) {
  put(out_, value);
  return *this;
}
ByteWriter& ByteWriter::u32(std::uint32_t value) {
  put(out_, value);
  return *this;
}
ByteWriter& ByteWriter::u64(std::uint64_t value) {
  put(out_, value);
  return *this;
}
ByteWriter& ByteWriter::i64(std::int64_t value) { return u64(static_cast<std::uint64_t>(value)); }

ByteWriter& ByteWriter::raw(ByteView bytes) {
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  return *this;
}

ByteWriter& ByteWriter::bytes(ByteView bytes) {
  CHECK(bytes.size() <= std::numeric_limits<std::uint32_t>::max());
  u32(static_cast<std::uint32_t>(bytes.size()));
  return raw(bytes);
}

ByteWriter& ByteWriter::text(std::string_view text) { return bytes(as_bytes(text)); }

ByteView ByteReader::raw(std::size_t size) {
  if (!ok_ || size > in_.size()) {
    fail();
    return {};
  }
  const ByteView taken = in_.first(size);
  in_ = in_.subspan(size);
  return taken;
}

std::uint8_t ByteReader::u8() { return get<std::uint8_t>(raw(1)); }
std::uint16_t ByteReader::u16() { return get<std::uint16_t>(raw(2)); }
std::uint32_t ByteReader::u32() { return get<std::uint32_t>(raw(4)); }
std::uint64_t ByteReader::u64() { return get<std::uint64_t>(raw(8)); }
std::int64_t ByteReader::i64() { return static_cast<std::int64_t>(u64()); }

ByteView ByteReader::bytes(std::size_t limit) {
  const std::uint32_t size = u32();
  if (size > limit) fail();
  return raw(size);
}

std::string ByteReader::text(std::size_t limit) { return std::string(as_text(bytes(limit))); }

std::uint32_t ByteReader::count(std::size_t item_size) {
  const std::uint32_t items = u32();
  if (!ok_ || items > in_.size() / item_size) {
    fail();
    return 0;
  }
  return items;
}

}  // namespace peerstore
