#include <peerstore/crypto/hash.hpp>
#include <peerstore/membership/statement.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/encoding.hpp>
#include <peerstore/wire/messages.hpp>

#include <algorithm>
#include <functional>

namespace peerstore::membership {

namespace {

constexpr std::uint32_t kTokensMax = 32'768;
constexpr Duration kGraceMax = std::chrono::hours(24 * 365);
constexpr std::string_view kKeyProofKind = "node key";
constexpr std::size_t kCountersignatureBytes = crypto::SigningPublicKey::kSize + crypto::Signature::kSize;

// The word under which a kind is signed. Empty: not a kind.
std::string_view word_for(std::uint8_t kind) {
  switch (static_cast<StatementKind>(kind)) {
    case StatementKind::root: return "root";
    case StatementKind::policy: return "policy";
    case StatementKind::invitation: return "invitation";
    case StatementKind::person: return "person";
    case StatementKind::machine: return "machine";
    case StatementKind::departure: return "departure";
    case StatementKind::revocation: return "revocation";
  }
  return {};
}

// ---- encoding: docs/formats.md, in the order of the fields ----

template <class Item, class Write>
void write_list(ByteWriter& out, const std::vector<Item>& items, Write write_item) {
  out.u32(static_cast<std::uint32_t>(items.size()));
  for (const Item& item : items) write_item(item);
}

// Last in the body, because what is signed is all before it.
void write_also(ByteWriter& out, const std::vector<Countersignature>& also) {
  write_list(out, also, [&](const Countersignature& one) { out.fixed(one.key).fixed(one.signature); });
}

StatementKind write(ByteWriter& out, const RootStatement& root) {
  out.u32(root.version).u32(root.attempt).u8(root.threshold);
  write_list(out, root.admins, [&](const crypto::SigningPublicKey& key) { out.fixed(key); });
  write_list(out, root.kept, [&](const wire::StatementId& id) { out.fixed(id); });
  write_also(out, root.also);
  return StatementKind::root;
}

StatementKind write(ByteWriter& out, const PolicyStatement& policy) {
  out.u32(policy.version).text(policy.ring_name);
  out.u8(policy.policy.copies).u8(policy.policy.colours);
  out.u64(policy.policy.bytes_per_token).u32(policy.policy.tokens_max).i64(policy.policy.grace.count());
  write_also(out, policy.also);
  return StatementKind::policy;
}

StatementKind write(ByteWriter& out, const InvitationStatement& invitation) {
  out.u32(invitation.person).u8(invitation.colour);
  out.fixed(invitation.position_seed).fixed(invitation.token_key);
  out.u64(invitation.bytes_quota).i64(invitation.expires_at).text(invitation.for_whom);
  return StatementKind::invitation;
}

StatementKind write(ByteWriter& out, const PersonStatement& person) {
  out.u32(person.person).text(person.name).fixed(person.signing_key);
  out.fixed(person.box_key).fixed(person.purge_key);
  return StatementKind::person;
}

StatementKind write(ByteWriter& out, const MachineStatement& machine) {
  out.u32(machine.person).u32(machine.machine).u32(machine.version).text(machine.name);
  out.fixed(machine.node_key).fixed(machine.writer_key).u64(machine.bytes_given).fixed(machine.key_proof);
  out.u32(static_cast<std::uint32_t>(machine.former_writers.size()));
  for (const crypto::SigningPublicKey& key : machine.former_writers) out.fixed(key);
  return StatementKind::machine;
}

// Which machine a departure or revocation ends: a count of 0 or 1, then the number.
void write_end(ByteWriter& out, wire::PersonNumber person, const std::optional<std::uint32_t>& machine) {
  out.u32(person).u8(machine ? 1 : 0);
  if (machine) out.u32(*machine);
}

StatementKind write(ByteWriter& out, const DepartureStatement& departure) {
  write_end(out, departure.person, departure.machine);
  return StatementKind::departure;
}

StatementKind write(ByteWriter& out, const RevocationStatement& revocation) {
  write_end(out, revocation.person, revocation.machine);
  return StatementKind::revocation;
}

// ---- decoding: each fails the reader, or says what limit is broken ----

using Complaint = std::optional<std::string_view>;

// Fails the reader if there are more than `most`; false if they do not rise.
template <class Item>
bool read_rising(ByteReader& in, std::vector<Item>& items, std::size_t most) {
  const std::uint32_t count = in.count(Item::kSize);
  if (count > most) in.fail();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) items.push_back(in.fixed<Item>());
  return std::ranges::adjacent_find(items, std::ranges::greater_equal()) == items.end();
}

bool read_also(ByteReader& in, std::vector<Countersignature>& also) {
  const std::uint32_t count = in.count(kCountersignatureBytes);
  if (count >= 2 * kAdminsMax) in.fail();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    Countersignature one;
    one.key = in.fixed<crypto::SigningPublicKey>();
    one.signature = in.fixed<crypto::Signature>();
    also.push_back(one);
  }
  return std::ranges::adjacent_find(also, std::ranges::greater_equal(), &Countersignature::key) == also.end();
}

Complaint read(ByteReader& in, RootStatement& root) {
  root.version = in.u32();
  root.attempt = in.u32();
  root.threshold = in.u8();
  const bool admins_rise = read_rising(in, root.admins, kAdminsMax);
  const bool kept_rise = read_rising(in, root.kept, kKeptMax);
  const bool also_rise = read_also(in, root.also);
  if (root.version < 2) return "the version";
  if (root.admins.empty()) return "the number of admins";
  if (root.threshold == 0 || root.threshold > root.admins.size()) return "the threshold";
  if (!admins_rise || !kept_rise || !also_rise) return "the order of a list";
  return {};
}

Complaint read(ByteReader& in, PolicyStatement& policy) {
  policy.version = in.u32();
  policy.ring_name = in.text(kNameBytesMax);
  policy.policy.copies = in.u8();
  policy.policy.colours = in.u8();
  policy.policy.bytes_per_token = in.u64();
  policy.policy.tokens_max = in.u32();
  policy.policy.grace = Duration(in.i64());
  if (!read_also(in, policy.also)) return "the order of the countersignatures";
  if (policy.ring_name.empty() || !is_name(policy.ring_name)) return "the ring's name";
  if (policy.policy.copies == 0 || policy.policy.copies > kCopiesMax) return "the number of copies";
  if (policy.policy.colours != 0 && policy.policy.colours != wire::kClasses) return "the number of colours";
  if (policy.policy.bytes_per_token == 0) return "the space for a token";
  if (policy.policy.tokens_max == 0 || policy.policy.tokens_max > kTokensMax) return "the number of tokens";
  if (policy.policy.grace < Duration::zero() || policy.policy.grace > kGraceMax) return "the grace";
  return {};
}

Complaint read(ByteReader& in, InvitationStatement& invitation) {
  invitation.person = in.u32();
  invitation.colour = in.u8();
  invitation.position_seed = in.fixed<crypto::Hash>();
  invitation.token_key = in.fixed<crypto::SigningPublicKey>();
  invitation.bytes_quota = in.u64();
  invitation.expires_at = in.i64();
  invitation.for_whom = in.text(kNameBytesMax);
  if (invitation.person > kPersonNumberMax) return "the person's number";
  if (invitation.colour >= wire::kClasses) return "the colour";
  if (!is_name(invitation.for_whom)) return "whom it is for";
  return {};
}

Complaint read(ByteReader& in, PersonStatement& person) {
  person.person = in.u32();
  person.name = in.text(kNameBytesMax);
  person.signing_key = in.fixed<crypto::SigningPublicKey>();
  person.box_key = in.fixed<crypto::BoxPublicKey>();
  person.purge_key = in.fixed<crypto::SigningPublicKey>();
  if (person.person > kPersonNumberMax) return "the person's number";
  if (person.name.empty() || !is_name(person.name)) return "the person's name";
  return {};
}

Complaint read(ByteReader& in, MachineStatement& machine) {
  machine.person = in.u32();
  machine.machine = in.u32();
  machine.version = in.u32();
  machine.name = in.text(kNameBytesMax);
  machine.node_key = in.fixed<crypto::SigningPublicKey>();
  machine.writer_key = in.fixed<crypto::SigningPublicKey>();
  machine.bytes_given = in.u64();
  machine.key_proof = in.fixed<crypto::Signature>();
  const std::uint32_t former = in.count(crypto::SigningPublicKey::kSize);
  if (former > kFormerWritersMax) return "the number of former writers";
  for (std::uint32_t i = 0; i < former; ++i) {
    machine.former_writers.push_back(in.fixed<crypto::SigningPublicKey>());
  }
  if (machine.person > kPersonNumberMax) return "the person's number";
  if (machine.machine >= kMachineNumbers) return "the machine's number";
  if (machine.name.empty() || !is_name(machine.name)) return "the machine's name";
  if (std::ranges::count(machine.former_writers, machine.writer_key) > 0) return "the writer key";
  return {};
}

Complaint read_end(ByteReader& in, wire::PersonNumber& person, std::optional<std::uint32_t>& machine) {
  person = in.u32();
  const std::uint8_t count = in.u8();
  if (count == 1) machine = in.u32();
  if (count > 1) return "the count of machines";
  if (person > kPersonNumberMax) return "the person's number";
  if (machine && *machine >= kMachineNumbers) return "the machine's number";
  return {};
}

Complaint read(ByteReader& in, DepartureStatement& departure) {
  return read_end(in, departure.person, departure.machine);
}

Complaint read(ByteReader& in, RevocationStatement& revocation) {
  return read_end(in, revocation.person, revocation.machine);
}

template <class Kind>
Result<Fact> read_as(std::uint8_t kind, ByteView body) {
  ByteReader in(body);
  Kind fact;
  const Complaint complaint = read(in, fact);
  const std::string what = "a statement of kind " + std::string(word_for(kind));
  if (!in.finished()) return fail(Errc::invalid, what + " that is cut short or too long");
  if (complaint) return fail(Errc::invalid, what + ": " + std::string(*complaint) + " is out of range");
  return Fact(std::move(fact));
}

const std::vector<Countersignature>* countersignatures(const Fact& fact) {
  if (const auto* root = std::get_if<RootStatement>(&fact)) return &root->also;
  if (const auto* policy = std::get_if<PolicyStatement>(&fact)) return &policy->also;
  return nullptr;
}

// What all signatures of a statement are over.
ByteView signed_part(const wire::Statement& statement, const Fact& fact) {
  const ByteView body = statement.body.view();
  const auto* also = countersignatures(fact);
  if (also == nullptr) return body;
  return body.first(body.size() - sizeof(std::uint32_t) - also->size() * kCountersignatureBytes);
}

Bytes key_proof_bytes(const MachineStatement& machine) {
  ByteWriter out;
  out.u32(machine.person).u32(machine.machine);
  return out.take();
}

}  // namespace

wire::RingId ring_id_of(const crypto::SigningPublicKey& root) {
  return crypto::hash("ring id", {root.view()});
}

wire::MemberId member_id_of(const wire::RingId& ring, const crypto::Hash& position_seed,
                            wire::PersonNumber person, std::uint32_t machine) {
  ByteWriter out;
  out.fixed(ring).fixed(position_seed).u32(person).u32(machine);
  return wire::MemberId{crypto::hash("member id", {out.view()}).bytes};
}

void prove_node_key(crypto::Signatures& signatures, const wire::RingId& ring, MachineStatement& machine,
                    const crypto::SigningSecretKey& node_secret) {
  machine.key_proof = signatures.sign(node_secret, kKeyProofKind, ring, key_proof_bytes(machine));
}

wire::Statement sign_statement(crypto::Signatures& signatures, const wire::RingId& ring, const Fact& fact,
                               const crypto::SigningKeyPair& signer) {
  ByteWriter out;
  const StatementKind kind = std::visit([&out](const auto& one) { return write(out, one); }, fact);
  wire::Statement statement;
  statement.kind = static_cast<std::uint8_t>(kind);
  statement.body = SharedBytes(out.take());
  statement.signer = signer.public_key;
  statement.signature =
      signatures.sign(signer.secret_key, word_for(statement.kind), ring, signed_part(statement, fact));
  return statement;
}

wire::Statement countersign(crypto::Signatures& signatures, const wire::RingId& ring,
                            const wire::Statement& statement, const crypto::SigningKeyPair& signer) {
  Fact fact = read_statement(statement).value();
  const ByteView signed_bytes = signed_part(statement, fact);
  auto& also = std::holds_alternative<RootStatement>(fact) ? std::get<RootStatement>(fact).also
                                                           : std::get<PolicyStatement>(fact).also;
  const auto place = std::ranges::lower_bound(also, signer.public_key, {}, &Countersignature::key);
  CHECK(statement.signer != signer.public_key && (place == also.end() || place->key != signer.public_key));
  also.insert(place, {signer.public_key,
                      signatures.sign(signer.secret_key, word_for(statement.kind), ring, signed_bytes)});
  ByteWriter out;
  std::visit([&out](const auto& one) { write(out, one); }, fact);
  wire::Statement signed_by_more = statement;
  signed_by_more.body = SharedBytes(out.take());
  return signed_by_more;
}

Result<Fact> read_statement(const wire::Statement& statement) {
  const ByteView body = statement.body.view();
  if (body.size() > wire::kStatementBytesMax) return fail(Errc::invalid, "a statement that is too long");
  switch (static_cast<StatementKind>(statement.kind)) {
    case StatementKind::root: return read_as<RootStatement>(statement.kind, body);
    case StatementKind::policy: return read_as<PolicyStatement>(statement.kind, body);
    case StatementKind::invitation: return read_as<InvitationStatement>(statement.kind, body);
    case StatementKind::person: return read_as<PersonStatement>(statement.kind, body);
    case StatementKind::machine: return read_as<MachineStatement>(statement.kind, body);
    case StatementKind::departure: return read_as<DepartureStatement>(statement.kind, body);
    case StatementKind::revocation: return read_as<RevocationStatement>(statement.kind, body);
  }
  return fail(Errc::unsupported,
              "a statement of kind " + std::to_string(statement.kind) + ", which this program does not know");
}

bool is_signed(crypto::Signatures& signatures, const wire::RingId& ring, const wire::Statement& statement,
               const Fact& fact) {
  const std::string_view word = word_for(statement.kind);
  const ByteView bytes = signed_part(statement, fact);
  if (!signatures.verify(statement.signer, word, ring, bytes, statement.signature)) return false;
  if (const auto* also = countersignatures(fact)) {
    return std::ranges::all_of(*also, [&](const Countersignature& one) {
      return one.key != statement.signer && signatures.verify(one.key, word, ring, bytes, one.signature);
    });
  }
  const auto* machine = std::get_if<MachineStatement>(&fact);
  return machine == nullptr || signatures.verify(machine->node_key, kKeyProofKind, ring,
                                                 key_proof_bytes(*machine), machine->key_proof);
}

}  // namespace peerstore::membership
