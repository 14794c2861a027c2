// The parts that several messages share, between structs and Cap'n Proto.
//
// put() writes into a builder, get() reads from a reader. A reader's bytes are hostile: get()
// throws Malformed, which the boundary (codec.cpp) turns into an Error together with Cap'n Proto's
// own exceptions. Each pointer is read once: Cap'n Proto counts what is read against a limit.
#pragma once

#include <messages.capnp.h>
#include <peerstore/wire/codec.hpp>

namespace peerstore::wire {

struct Malformed {
  const char* what;
};
// A kind of message that this program does not know.
struct UnknownKind {};

inline void require(bool condition, const char* what) {
  if (!condition) throw Malformed{what};
}

inline capnp::Data::Reader data_of(ByteView bytes) { return {bytes.data(), bytes.size()}; }
inline ByteView view_of(capnp::Data::Reader data) { return {data.begin(), data.size()}; }

template <class Fixed>
Fixed get_fixed(capnp::Data::Reader data) {
  const auto value = Fixed::from(view_of(data));
  require(value.has_value(), "a value of the wrong length");
  return *value;
}

// Values of fixed size, one after another in one Data.
template <class Fixed>
capnp::Data::Reader joined(const std::vector<Fixed>& values) {
  static_assert(sizeof(Fixed) == Fixed::kSize);
  return {reinterpret_cast<const capnp::byte*>(values.data()), values.size() * Fixed::kSize};
}
template <class Fixed>
std::vector<Fixed> get_joined(capnp::Data::Reader data, std::size_t count_max) {
  require(data.size() % Fixed::kSize == 0, "a list of values of the wrong length");
  const std::size_t count = data.size() / Fixed::kSize;
  require(count <= count_max, "a list that is too long");
  std::vector<Fixed> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::copy_n(data.begin() + i * Fixed::kSize, Fixed::kSize, values[i].bytes.begin());
  }
  return values;
}

// Lists of structs, by the put() and get() of their elements.
template <class Builders, class Values>
void put_list(Builders builders, const Values& values) {
  for (unsigned i = 0; i < builders.size(); ++i) put(builders[i], values[i]);
}
template <class Value, class Readers>
std::vector<Value> get_list(Readers readers, std::size_t count_max) {
  require(readers.size() <= count_max, "a list that is too long");
  std::vector<Value> values(readers.size());
  for (unsigned i = 0; i < readers.size(); ++i) get(readers[i], values[i]);
  return values;
}
template <class Value>
unsigned count_of(const std::vector<Value>& values) {
  return static_cast<unsigned>(values.size());
}

void put(schema::NodeRef::Builder out, const NodeRef& node);
void get(schema::NodeRef::Reader in, NodeRef& node);
void put(schema::Statement::Builder out, const Statement& statement);
void get(schema::Statement::Reader in, Statement& statement);
void put(schema::Presence::Builder out, const Presence& presence);
void get(schema::Presence::Reader in, Presence& presence);
void put(schema::Absence::Builder out, const Absence& absence);
void get(schema::Absence::Reader in, Absence& absence);
void put(schema::Head::Builder out, const Head& head);
void get(schema::Head::Reader in, Head& head);
void put(schema::UserRecord::Builder out, const UserRecord& record);
void get(schema::UserRecord::Reader in, UserRecord& record);
void put(schema::ChunkDescription::Builder out, const ChunkDescription& chunk);
void get(schema::ChunkDescription::Reader in, ChunkDescription& chunk);
void put(schema::Lease::Builder out, const Lease& lease);
void get(schema::Lease::Reader in, Lease& lease);
void put(schema::Deletion::Builder out, const Deletion& deletion);
void get(schema::Deletion::Reader in, Deletion& deletion);
void put(schema::Receipt::Builder out, const Receipt& receipt);
void get(schema::Receipt::Reader in, Receipt& receipt);
void put(schema::News::Builder out, const std::vector<Statement>& statements,
         const std::vector<Presence>& presences);
void get(schema::News::Reader in, std::vector<Statement>& statements, std::vector<Presence>& presences);

std::uint32_t get_segment_index(std::uint32_t index);
// The 64 KiB that follow a message which carries a segment.
SharedBytes get_segment(SharedBytes attachment);

// codec_request.cpp and codec_response.cpp. What is left in `attachment` was not asked for.
void put(schema::Request::Builder out, const Request& request, SharedBytes& attachment);
Request get(schema::Request::Reader in, SharedBytes& attachment);
void put(schema::Response::Builder out, const Result<Response>& response, SharedBytes& attachment);
Result<Response> get(schema::Response::Reader in, SharedBytes& attachment);

}  // namespace peerstore::wire
