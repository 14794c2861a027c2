#include <peerstore/membership/identity.hpp>
#include <peerstore/membership/statement.hpp>
#include <peerstore/runtime/encoding.hpp>

#include "sealed_file.hpp"

namespace peerstore::membership {

namespace {
constexpr std::string_view kMagic = "PSIDENT3";
constexpr std::size_t kProofMax = 128;  // the chain of roots, and a handful
constexpr std::string_view kRemedy =
    "; put back a copy of the file, or begin again in a new home: peerstore --home FOLDER recovery use";
}  // namespace

// root key 32, person u32, machine u32, member 32, name, node secret 32, statements.
Bytes encode(const Identity& identity) {
  ByteWriter out;
  out.fixed(identity.root_key).u32(identity.person).u32(identity.machine).fixed(identity.member);
  out.text(identity.person_name).fixed(identity.node_secret);
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
  identity.person = in.u32();
  identity.machine = in.u32();
  identity.member = in.fixed<wire::MemberId>();
  identity.person_name = in.text(kNameBytesMax);
  identity.node_secret = in.fixed<crypto::SigningSecretKey>();
  identity.proof = read_statements(in);
  const bool is_valid = in.finished() && identity.person <= kPersonNumberMax &&
                        identity.machine < kMachineNumbers && is_name(identity.person_name) &&
                        identity.proof.size() <= kProofMax;
  if (!is_valid) {
    return fail(Errc::corrupt, "the identity file: it holds what no PeerStore writes" + std::string(kRemedy));
  }
  return identity;
}

}  // namespace peerstore::membership
