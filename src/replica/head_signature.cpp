#include <peerstore/replica/head_signature.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/store/head_store.hpp>
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

HeadRank rank_of(crypto::Signatures& signatures, const RingView& view, const wire::Head& head) {
  if (head.body.size() > wire::kHeadBodyBytesMax) return kNobodys;
  const Bytes bytes = wire::head_bytes(head);
  const auto signed_by = [&](const crypto::SigningPublicKey& key) {
    return signatures.verify(key, kHeadKind, view.ring_id(), bytes, head.signature);
  };
  const auto writer = view.writer_key(head.person, head.machine);
  if (writer && signed_by(*writer)) return kOfToday;
  const auto former = view.former_writer_keys(head.person, head.machine);
  for (HeadRank rank = former.size(); rank > 0; --rank) {
    if (signed_by(former[rank - 1])) return rank;
  }
  return kNobodys;
}

HeadRank rank_of_held(crypto::Signatures& signatures, const RingView& view, const store::HeadStore& heads,
                      const wire::Head& head) {
  const std::vector<wire::Head> held = heads.of_person(head.person);
  const auto same = std::ranges::find(held, head.machine, &wire::Head::machine);
  return same == held.end() ? kNobodys : rank_of(signatures, view, *same);
}

bool may_bring_back(const RingView& view, const wire::MemberId& bringer, const wire::Head& head) {
  if (view.person_of(bringer) != head.person) return false;
  const auto machine = view.machine_of(bringer);
  return machine && *machine != head.machine && view.writer_key(head.person, *machine).has_value();
}

}  // namespace peerstore::replica
