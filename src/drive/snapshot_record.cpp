#include "snapshot_record.hpp"

#include <peerstore/crypto/hash.hpp>

namespace peerstore::drive {

namespace {
constexpr std::uint8_t kSnapshotKind = 1;
constexpr std::uint8_t kSnapshotVersion = 1;
constexpr std::uint8_t kForgottenKind = 2;
constexpr std::uint8_t kForgottenVersion = 1;
constexpr std::uint8_t kFindingKind = 4;
constexpr std::uint8_t kFindingVersion = 1;
constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kRootBytesMax = 64 * 1024;
}  // namespace

// kind u8, version u8, taken i64, machine u32, counts u64 each, roots after their count, the list.
Bytes encode(const SnapshotRecord& record) {
  ByteWriter out;
  out.u8(kSnapshotKind).u8(kSnapshotVersion).i64(record.taken_ns).u32(record.machine);
  out.u64(record.files).u64(record.folders).u64(record.symlinks).u64(record.skipped).u64(record.bytes);
  out.u32(static_cast<std::uint32_t>(record.roots.size()));
  for (const std::string& root : record.roots) out.text(root);
  encode(out, record.tree);
  return out.take();
}

Result<std::optional<SnapshotRecord>> decode_snapshot_record(ByteView bytes) {
  ByteReader in(bytes);
  const std::uint8_t kind = in.u8();
  if (in.ok() && kind != kSnapshotKind) return std::optional<SnapshotRecord>();
  const std::uint8_t version = in.u8();
  if (in.ok() && version != kSnapshotVersion) {
    return fail(Errc::unsupported, "snapshot of version " + std::to_string(version));
  }
  SnapshotRecord record;
  record.taken_ns = in.i64();
  record.machine = in.u32();
  record.files = in.u64();
  record.folders = in.u64();
  record.symlinks = in.u64();
  record.skipped = in.u64();
  record.bytes = in.u64();
  for (std::uint32_t left = in.count(4); left > 0 && in.ok(); --left) {
    record.roots.push_back(in.text(kRootBytesMax));
  }
  record.tree = decode_blob_list(in);
  if (!in.finished()) return fail(Errc::corrupt, "not a snapshot");
  return std::optional<SnapshotRecord>(std::move(record));
}

Snapshot as_snapshot(const std::string& id, const SnapshotRecord& record) {
  return {id, record.taken_ns, record.machine, record.roots, record.files, record.bytes};
}

// kind u8, version u8, list of text.
Bytes encode_forgotten(const std::vector<std::string>& ids) {
  ByteWriter out;
  out.u8(kForgottenKind).u8(kForgottenVersion).u32(static_cast<std::uint32_t>(ids.size()));
  for (const std::string& id : ids) out.text(id);
  return out.take();
}

Result<std::vector<std::string>> decode_forgotten(ByteView bytes) {
  ByteReader in(bytes);
  std::vector<std::string> ids;
  if (in.u8() != kForgottenKind) return ids;
  const std::uint8_t version = in.u8();
  if (in.ok() && version != kForgottenVersion) {
    return fail(Errc::unsupported, "list of forgotten snapshots of version " + std::to_string(version));
  }
  for (std::uint32_t left = in.count(4); left > 0 && in.ok(); --left) ids.push_back(in.text(kIdBytes));
  if (!in.finished()) return fail(Errc::corrupt, "not a list of forgotten snapshots");
  return ids;
}

// kind u8, version u8, found i64, is lost u8, list of address 32.
Bytes encode(const PackFinding& finding) {
  ByteWriter out;
  out.u8(kFindingKind).u8(kFindingVersion).i64(finding.found_ns).u8(finding.is_lost ? 1 : 0);
  out.u32(static_cast<std::uint32_t>(finding.packs.size()));
  for (const wire::ChunkAddress& pack : finding.packs) out.fixed(pack);
  return out.take();
}

Result<std::optional<PackFinding>> decode_finding(ByteView bytes) {
  ByteReader in(bytes);
  if (in.u8() != kFindingKind) return std::optional<PackFinding>();
  const std::uint8_t version = in.u8();
  if (in.ok() && version != kFindingVersion) {
    return fail(Errc::unsupported, "list of lost packs of version " + std::to_string(version));
  }
  PackFinding finding;
  finding.found_ns = in.i64();
  const std::uint8_t is_lost = in.u8();
  finding.is_lost = is_lost == 1;
  for (std::uint32_t left = in.count(wire::ChunkAddress::kSize); left > 0 && in.ok(); --left) {
    finding.packs.push_back(in.fixed<wire::ChunkAddress>());
  }
  if (!in.finished() || is_lost > 1) return fail(Errc::corrupt, "not a list of lost packs");
  return std::optional<PackFinding>(std::move(finding));
}

std::string snapshot_id(ByteView encoded_record) {
  return to_hex(crypto::hash("snapshot", {encoded_record}).view().first(8));
}

}  // namespace peerstore::drive
