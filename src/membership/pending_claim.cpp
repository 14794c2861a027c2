#include <peerstore/membership/pending_claim.hpp>
#include <peerstore/runtime/encoding.hpp>

#include "sealed_file.hpp"

namespace peerstore::membership {

namespace {
constexpr std::string_view kMagic = "PSCLAIM1";
constexpr std::size_t kLinkLettersMax = 2048;
constexpr std::size_t kStatements = 2;
}  // namespace

// link, root key 32, person u32, name, person secret 32, drive secret 32, node secret 32, writer secret 32,
// statements.
Bytes encode(const PendingClaim& claim) {
  const Identity& identity = claim.identity;
  ByteWriter out;
  out.text(claim.link).fixed(identity.root_key).u32(identity.person).text(identity.person_name);
  out.fixed(identity.person_secret).fixed(identity.drive_secret);
  out.fixed(identity.node_secret).fixed(identity.writer_secret);
  write_statements(out, identity.proof);
  return seal_file(kMagic, out.view());
}

Result<PendingClaim> decode_pending_claim(ByteView bytes) {
  const auto content = open_file(kMagic, bytes);
  if (!content) return content.error_in("the claim that was begun before");
  ByteReader in(*content);
  PendingClaim claim;
  Identity& identity = claim.identity;
  claim.link = in.text(kLinkLettersMax);
  identity.root_key = in.fixed<crypto::SigningPublicKey>();
  identity.person = in.u32();
  identity.person_name = in.text(kNameBytesMax);
  identity.person_secret = in.fixed<crypto::SigningSecretKey>();
  identity.drive_secret = in.fixed<crypto::SecretKey>();
  identity.node_secret = in.fixed<crypto::SigningSecretKey>();
  identity.writer_secret = in.fixed<crypto::SigningSecretKey>();
  identity.proof = read_statements(in);
  if (!in.finished() || identity.proof.size() != kStatements || identity.person > kPersonNumberMax) {
    return fail(Errc::corrupt, "the claim that was begun before: it holds what no PeerStore writes");
  }
  return claim;
}

}  // namespace peerstore::membership
