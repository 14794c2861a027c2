#include "sealed_file.hpp"

#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/wire/messages.hpp>

#include <algorithm>

namespace peerstore::membership {

namespace {
constexpr std::size_t kMagicBytes = 8;
constexpr std::size_t kStatementBytesMin =
    1 + crypto::SigningPublicKey::kSize + crypto::Signature::kSize + sizeof(std::uint32_t);

crypto::Hash checksum(ByteView bytes) { return crypto::hash("membership file checksum", {bytes}); }
}  // namespace

Bytes seal_file(std::string_view magic, ByteView content) {
  CHECK(magic.size() == kMagicBytes);
  ByteWriter out;
  out.raw(as_bytes(magic)).raw(content);
  const crypto::Hash sum = checksum(out.view());
  out.fixed(sum);
  return out.take();
}

Result<ByteView> open_file(std::string_view magic, ByteView file) {
  CHECK(magic.size() == kMagicBytes);
  if (file.size() < kMagicBytes + crypto::Hash::kSize) return fail(Errc::corrupt, "it is cut short");
  const std::string_view found = as_text(file.first(kMagicBytes));
  if (found.substr(0, kMagicBytes - 1) != magic.substr(0, kMagicBytes - 1)) {
    return fail(Errc::corrupt, "it is another kind of file, or its beginning is damaged");
  }
  const ByteView sealed = file.first(file.size() - crypto::Hash::kSize);
  const crypto::Hash sum = checksum(sealed);
  if (!std::ranges::equal(sum.view(), file.last(crypto::Hash::kSize))) {
    return fail(Errc::corrupt, "its checksum does not fit: it is damaged");
  }
  if (found != magic) return fail(Errc::unsupported, "it was written by a newer PeerStore");
  return sealed.subspan(kMagicBytes);
}

void write_statements(ByteWriter& out, const std::vector<wire::Statement>& statements) {
  out.u32(static_cast<std::uint32_t>(statements.size()));
  for (const wire::Statement& statement : statements) {
    out.u8(statement.kind).fixed(statement.signer).fixed(statement.signature).bytes(statement.body.view());
  }
}

std::vector<wire::Statement> read_statements(ByteReader& in) {
  const std::uint32_t count = in.count(kStatementBytesMin);
  std::vector<wire::Statement> statements;
  statements.reserve(count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    wire::Statement statement;
    statement.kind = in.u8();
    statement.signer = in.fixed<crypto::SigningPublicKey>();
    statement.signature = in.fixed<crypto::Signature>();
    const ByteView body = in.bytes(wire::kStatementBytesMax);
    statement.body = SharedBytes(Bytes(body.begin(), body.end()));
    statements.push_back(std::move(statement));
  }
  return statements;
}

}  // namespace peerstore::membership
