#include "hello.hpp"

#include <peerstore/runtime/encoding.hpp>
#include <peerstore/wire/codec.hpp>

#include "limits.hpp"

namespace peerstore::link {

Bytes encode(const Hello& hello) {
  ByteWriter out;
  out.u16(kProtocolVersion).u8(static_cast<std::uint8_t>(hello.role)).fixed(hello.ring);
  out.bytes(wire::encode(hello.proof));
  return out.take();
}

Result<Hello> decode_hello(ByteView bytes) {
  ByteReader in(bytes);
  const std::uint16_t version = in.u16();
  if (in.ok() && version != kProtocolVersion) {
    return fail(Errc::unsupported, "protocol version " + std::to_string(version) + " (this program speaks " +
                                       std::to_string(kProtocolVersion) + ")");
  }
  Hello hello;
  const std::uint8_t role = in.u8();
  hello.ring = in.fixed<wire::RingId>();
  const ByteView proof = in.bytes(kHelloBytesMax);
  const bool role_known =
      role >= static_cast<std::uint8_t>(Role::node) && role <= static_cast<std::uint8_t>(Role::joiner);
  if (!in.finished() || !role_known) return fail(Errc::invalid, "a Hello that cannot be read");
  hello.role = static_cast<Role>(role);
  Result<std::vector<wire::Statement>> statements = wire::decode_statements(proof, kProofStatementsMax);
  if (!statements) return statements.error_in("the proof in a Hello");
  hello.proof = std::move(*statements);
  return hello;
}

// The reason travels as the answer to a question does, so that code and text are cut and cleaned alike.
Bytes encode_goodbye(const Error& reason) { return wire::encode(Result<wire::Response>(reason)).message; }

Error decode_goodbye(ByteView bytes) {
  const Result<wire::Response> reason = wire::decode_response(bytes, {});
  if (reason) return fail(Errc::invalid, "a Goodbye without a reason");
  return reason.error();
}

}  // namespace peerstore::link
