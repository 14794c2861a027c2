#include <peerstore/replica/lease.hpp>

#include <algorithm>

namespace peerstore::replica {

namespace {
constexpr std::string_view kLeaseKind = "lease";
constexpr std::string_view kDeletionKind = "delete";
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

wire::Deletion sign_deletion(crypto::Signatures& signatures, const wire::RingId& ring, const Writer& writer,
                             const wire::ChunkAddress& address, std::uint64_t number) {
  wire::Deletion deletion{writer.person, address, writer.machine, number, {}};
  const Bytes bytes = wire::deletion_bytes(deletion);
  deletion.signature = signatures.sign(writer.secret, kDeletionKind, ring, bytes);
  return deletion;
}

Result<void> check_deletion(crypto::Signatures& signatures, const RingView& view,
                            const wire::Deletion& deletion) {
  if (deletion.number > wire::kLeaseNumberMax)
    return fail(Errc::invalid, "a deletion with an impossible number");
  const auto writer = view.writer_key(deletion.owner, deletion.machine);
  if (!writer) return fail(Errc::refused, "a deletion by a machine that does not belong to the ring");
  const Bytes bytes = wire::deletion_bytes(deletion);
  if (!signatures.verify(*writer, kDeletionKind, view.ring_id(), bytes, deletion.signature)) {
    return fail(Errc::refused, "a deletion that the chunk's owner did not sign");
  }
  return {};
}

std::uint64_t share_of_quota(const placement::Map& map, wire::PersonNumber owner, std::uint64_t quota) {
  const std::uint64_t copies = std::max(map.reachable_copies(owner), 1U);
  const std::uint64_t of_one_copy = quota / copies;
  if (map.policy().colours == 0) return of_one_copy;
  return of_one_copy / wire::kClasses * (wire::kClasses - 1);
}

Result<void> check_lease(crypto::Signatures& signatures, const RingView& view, wire::PersonNumber owner,
                         const wire::ChunkAddress& address, const wire::Lease& lease, LeaseUse use) {
  if (lease.number == 0 || lease.number > wire::kLeaseNumberMax) {
    return fail(Errc::invalid, "a lease with an impossible number");
  }
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
