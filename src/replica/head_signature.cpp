#include <peerstore/replica/head_signature.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/wire/messages.hpp>

#include <algorithm>

namespace peerstore::replica {

namespace {
constexpr std::string_view kHeadKind = "head";
}  // namespace

void sign_head(crypto::Signatures& signatures, const wire::RingId& ring, const Writer& writer,
               wire::Head& head) {
  CHECK(head.person == writer.person && head.machine == writer.machine);
  head.signature = signatures.sign(writer.secret, kHeadKind, ring, wire::head_bytes(head));
}

HeadSigner signer_of(crypto::Signatures& signatures, const RingView& view, const wire::Head& head) {
  if (head.body.size() > wire::kHeadBodyBytesMax) return HeadSigner::nobody;
  const Bytes bytes = wire::head_bytes(head);
  const auto signed_by = [&](const crypto::SigningPublicKey& key) {
    return signatures.verify(key, kHeadKind, view.ring_id(), bytes, head.signature);
  };
  const auto writer = view.writer_key(head.person, head.machine);
  if (writer && signed_by(*writer)) return HeadSigner::writer;
  const bool was_signed = std::ranges::any_of(view.former_writer_keys(head.person, head.machine), signed_by);
  return was_signed ? HeadSigner::former_writer : HeadSigner::nobody;
}

}  // namespace peerstore::replica
