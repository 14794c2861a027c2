#include <peerstore/replica/lease.hpp>

#include <algorithm>

namespace peerstore::replica {

namespace {
constexpr std::string_view kLeaseKind = "lease";
}  // namespace

wire::Lease sign_lease(crypto::Signatures& signatures, const wire::RingId& ring, const Writer& writer,
                       const wire::ChunkAddress& address, std::uint64_t number) {
  wire::Lease lease;
  lease.machine = writer.machine;
  lease.number = number;
  const Bytes bytes = wire::lease_bytes(address, lease);
  lease.signature = signatures.sign(writer.secret, kLeaseKind, ring, bytes);
  return lease;
}

Result<void> check_lease(crypto::Signatures& signatures, const RingView& view, wire::PersonNumber owner,
                         const wire::ChunkAddress& address, const wire::Lease& lease, LeaseUse use) {
  if (lease.number == 0) return fail(Errc::invalid, "a lease without a number");
  const Bytes bytes = wire::lease_bytes(address, lease);
  const auto signed_by = [&](const crypto::SigningPublicKey& key) {
    return signatures.verify(key, kLeaseKind, view.ring_id(), bytes, lease.signature);
  };
  const auto writer = view.writer_key(owner, lease.machine);
  if (writer && signed_by(*writer)) return {};
  const bool was_signed = std::ranges::any_of(view.former_writer_keys(owner, lease.machine), signed_by);
  if (was_signed && use == LeaseUse::repair) return {};
  if (was_signed) return fail(Errc::refused, "a lease by a writer key that counts no more");
  return fail(Errc::refused, "a lease that no machine of the chunk's owner signed");
}

}  // namespace peerstore::replica
