#include <peerstore/membership/identity.hpp>
#include <peerstore/membership/statement.hpp>
#include <peerstore/runtime/encoding.hpp>

#include "sealed_file.hpp"

namespace peerstore::membership {

namespace {
constexpr std::string_view kMagic = "PSIDENT2";
constexpr std::size_t kProofMax = 128;  // the chain of roots, and a handful
constexpr std::string_view kRemedy =
    "; put back a copy of the file (the recovery kit or another machine of yours may have one)";
}  // namespace

// root key 32, has root secret u8, root secret 32 if it has, person u32, machine u32, member 32,
// name, person secret 32, drive secret 32, node secret 32, writer secret 32, statements.
Bytes encode(const Identity& identity) {
  ByteWriter out;
  out.fixed(identity.root_key).u8(identity.root_secret ? 1 : 0);
  if (identity.root_secret) out.fixed(*identity.root_secret);
  out.u32(identity.person).u32(identity.machine).fixed(identity.member).text(identity.person_name);
  out.fixed(identity.person_secret).fixed(identity.drive_secret).fixed(identity.node_secret);
  out.fixed(identity.writer_secret);
  write_statements(out, identity.proof);
  return seal_file(kMagic, out.view());
}

Result<Identity> decode_identity(ByteView bytes) {
  const auto content = open_file(kMagic, bytes);
  if (!content) {
    const Error error = content.error_in("the identity file");
    if (error.code == Errc::corrupt) return fail(error.code, error.context + std::string(kRemedy));
    return error;
  }
  ByteReader in(*content);
  Identity identity;
  identity.root_key = in.fixed<crypto::SigningPublicKey>();
  const std::uint8_t has_root = in.u8();
  if (has_root == 1) identity.root_secret = in.fixed<crypto::SigningSecretKey>();
  identity.person = in.u32();
  identity.machine = in.u32();
  identity.member = in.fixed<wire::MemberId>();
  identity.person_name = in.text(kNameBytesMax);
  identity.person_secret = in.fixed<crypto::SigningSecretKey>();
  identity.drive_secret = in.fixed<crypto::SecretKey>();
  identity.node_secret = in.fixed<crypto::SigningSecretKey>();
  identity.writer_secret = in.fixed<crypto::SigningSecretKey>();
  identity.proof = read_statements(in);
  const bool is_valid = in.finished() && has_root <= 1 && identity.person <= kPersonNumberMax &&
                        identity.machine < kMachineNumbers && is_name(identity.person_name) &&
                        identity.proof.size() <= kProofMax;
  if (!is_valid) {
    return fail(Errc::corrupt, "the identity file: it holds what no PeerStore writes" + std::string(kRemedy));
  }
  return identity;
}

}  // namespace peerstore::membership
