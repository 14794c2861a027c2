#include <peerstore/account/user_record.hpp>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/encoding.hpp>

#include <algorithm>
#include <tuple>

namespace peerstore::account {

namespace {

// The last letter is the version: the least that says what the record holds, so one value has one encoding.
constexpr std::string_view kMagic = "PSUSER";
constexpr char kFirst = '1';  // had no ended writers; only read
constexpr char kPlain = '2';
constexpr char kWithMachines = '3';

enum class Kind : std::uint8_t { passphrase = 1, recovery = 2, machine = 3 };

void write(ByteWriter& out, const PassphraseSlot& slot) {
  out.u8(static_cast<std::uint8_t>(Kind::passphrase)).u8(slot.is_generated ? 1 : 0);
  out.u32(slot.cost.passes).u64(slot.cost.bytes).fixed(slot.salt).fixed(slot.lookup_hash).fixed(slot.keys);
}
void write(ByteWriter& out, const RecoverySlot& slot) {
  out.u8(static_cast<std::uint8_t>(Kind::recovery)).fixed(slot.lookup_hash).fixed(slot.keys);
}

void write(ByteWriter& out, const MachineSlot& slot) {
  out.u8(static_cast<std::uint8_t>(Kind::machine)).u32(slot.machine).fixed(slot.user_key);
}

std::optional<Slot> read_passphrase_slot(ByteReader& in) {
  PassphraseSlot slot;
  const std::uint8_t generated = in.u8();
  slot.is_generated = generated == 1;
  slot.cost.passes = in.u32();
  slot.cost.bytes = in.u64();
  slot.salt = in.fixed<crypto::PassphraseSalt>();
  slot.lookup_hash = in.fixed<crypto::Hash>();
  slot.keys = in.fixed<SealedKeys>();
  const bool is_bounded = slot.cost.passes >= 1 && slot.cost.passes <= kPassesMax &&
                          slot.cost.bytes >= kCostBytesMin && slot.cost.bytes <= kCostBytesMax;
  if (generated > 1 || !is_bounded) return std::nullopt;
  return slot;
}

std::optional<Slot> read_slot(ByteReader& in) {
  switch (static_cast<Kind>(in.u8())) {
    case Kind::passphrase: return read_passphrase_slot(in);
    case Kind::recovery: {
      RecoverySlot slot;
      slot.lookup_hash = in.fixed<crypto::Hash>();
      slot.keys = in.fixed<SealedKeys>();
      return slot;
    }
    case Kind::machine: {
      MachineSlot slot;
      slot.machine = in.u32();
      slot.user_key = in.fixed<SealedUserKey>();
      return slot;
    }
  }
  return std::nullopt;
}

std::size_t machine_slots(const std::vector<Slot>& slots) {
  const auto is_machines = [](const Slot& slot) { return std::holds_alternative<MachineSlot>(slot); };
  return static_cast<std::size_t>(std::ranges::count_if(slots, is_machines));
}

std::pair<std::size_t, std::uint32_t> rank(const Slot& slot) {
  const auto* machine = std::get_if<MachineSlot>(&slot);
  return {slot.index(), machine == nullptr ? 0 : machine->machine};
}

// Kinds in order, and machines, each at most once: one value has one encoding.
bool in_order(const std::vector<Slot>& slots) {
  for (std::size_t i = 1; i < slots.size(); ++i) {
    if (rank(slots[i - 1]) >= rank(slots[i])) return false;
  }
  return machine_slots(slots) <= kMachineSlotsMax;
}

template <class Wanted>
const Wanted* find_slot(const RecordBody& body) {
  for (const Slot& slot : body.slots) {
    if (const auto* found = std::get_if<Wanted>(&slot)) return found;
  }
  return nullptr;
}

}  // namespace

// magic 6, version u8 (a digit), epoch u32, count u8, slots, authority, count u8, epochs, count u8,
// ended writers.
Bytes encode(const RecordBody& body) {
  ByteWriter out;
  out.raw(as_bytes(kMagic))
      .u8(static_cast<std::uint8_t>(machine_slots(body.slots) > 0 ? kWithMachines : kPlain));
  out.u32(body.epoch).u8(static_cast<std::uint8_t>(body.slots.size()));
  for (const Slot& slot : body.slots) std::visit([&](const auto& kind) { write(out, kind); }, slot);
  out.fixed(body.authority).u8(static_cast<std::uint8_t>(body.epochs.size()));
  for (const SealedEpoch& epoch : body.epochs) out.fixed(epoch);
  out.u8(static_cast<std::uint8_t>(body.ended_writers.size()));
  for (const crypto::SigningPublicKey& writer : body.ended_writers) out.fixed(writer);
  return out.take();
}

Result<RecordBody> decode_record_body(ByteView bytes) {
  const Error wrong = fail(Errc::invalid, "a user record that no PeerStore writes");
  if (bytes.size() > wire::kUserRecordBodyBytesMax)
    return fail(Errc::invalid, "a user record of over 16 KiB");
  ByteReader in(bytes);
  const std::string_view magic = as_text(in.raw(kMagic.size()));
  const char version = static_cast<char>(in.u8());
  if (!in.ok() || magic != kMagic) return wrong;
  if (version < kFirst || version > kWithMachines)
    return fail(Errc::unsupported, "a user record of a newer PeerStore");
  RecordBody body;
  body.epoch = in.u32();
  const std::uint8_t slots = in.u8();
  if (slots > kSlotsMax) return wrong;
  for (std::uint8_t i = 0; i < slots; ++i) {
    auto slot = read_slot(in);
    if (!slot || !in.ok()) return wrong;
    body.slots.push_back(std::move(*slot));
  }
  body.authority = in.fixed<SealedAuthority>();
  const std::uint8_t epochs = in.u8();
  if (epochs > kEpochsMax || epochs != std::uint64_t{body.epoch} + 1) return wrong;
  for (std::uint8_t i = 0; i < epochs && in.ok(); ++i) body.epochs.push_back(in.fixed<SealedEpoch>());
  const std::uint8_t ended = version == kFirst ? 0 : in.u8();
  if (ended > kEndedWritersMax) return wrong;
  for (std::uint8_t i = 0; i < ended && in.ok(); ++i) {
    body.ended_writers.push_back(in.fixed<crypto::SigningPublicKey>());
  }
  if (!in.finished() || !in_order(body.slots)) return wrong;
  if ((machine_slots(body.slots) > 0) != (version == kWithMachines)) return wrong;
  return body;
}

bool keeps_epochs_of(const RecordBody& held, const RecordBody& next) {
  return next.epochs.size() >= held.epochs.size() &&
         std::equal(held.epochs.begin(), held.epochs.end(), next.epochs.begin());
}

bool outranks(const wire::UserRecord& next, const RecordBody& next_body, const wire::UserRecord& held) {
  const auto held_body = decode_record_body(held.body.view());
  if (held_body && !keeps_epochs_of(*held_body, next_body)) return false;
  if (held_body && next_body.epochs.size() > held_body->epochs.size()) return true;
  if (next.version != held.version) return next.version > held.version;
  return wire::id_of(next) < wire::id_of(held);
}

bool is_fork(const wire::UserRecord& one, const wire::UserRecord& other) {
  if (one == other) return false;
  if (one.version == other.version) return true;
  const auto& [older, newer] = one.version < other.version ? std::tie(one, other) : std::tie(other, one);
  // Of versions that lie between nobody here knows.
  return newer.version == older.version + 1 && newer.previous != wire::id_of(older);
}

const PassphraseSlot* passphrase_slot(const RecordBody& body) { return find_slot<PassphraseSlot>(body); }
const RecoverySlot* recovery_slot(const RecordBody& body) { return find_slot<RecoverySlot>(body); }

const MachineSlot* machine_slot(const RecordBody& body, std::uint32_t machine) {
  for (const Slot& slot : body.slots) {
    const auto* found = std::get_if<MachineSlot>(&slot);
    if (found != nullptr && found->machine == machine) return found;
  }
  return nullptr;
}

crypto::Hash lookup_hash(const wire::LookupKey& key) { return crypto::hash("record lookup", {key.view()}); }

bool answers_to(const RecordBody& body, const wire::LookupKey& key) {
  const crypto::Hash shown = lookup_hash(key);
  const auto fits = [&](const auto* slot) {
    return slot != nullptr && crypto::equal_in_constant_time(slot->lookup_hash.view(), shown.view());
  };
  return fits(passphrase_slot(body)) || fits(recovery_slot(body));
}

}  // namespace peerstore::account
