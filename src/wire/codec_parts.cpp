#include "codec_parts.hpp"

#include <algorithm>

namespace peerstore::wire {

namespace {

// Addresses are shown to people: nothing but printable ASCII may be among them.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char letter) { return letter > ' ' && letter <= '~'; });
}

SharedBytes get_body(capnp::Data::Reader data, std::size_t size_max) {
  require(data.size() <= size_max, "a body that is too long");
  return SharedBytes(Bytes(data.begin(), data.end()));
}

}  // namespace

void put(schema::NodeRef::Builder out, const NodeRef& node) {
  out.setId(data_of(node.id.view()));
  out.setIncarnation(node.incarnation);
}

void get(schema::NodeRef::Reader in, NodeRef& node) {
  node.id = get_fixed<MemberId>(in.getId());
  node.incarnation = in.getIncarnation();
}

void put(schema::Statement::Builder out, const Statement& statement) {
  out.setKind(statement.kind);
  out.setBody(data_of(statement.body.view()));
  out.setSigner(data_of(statement.signer.view()));
  out.setSignature(data_of(statement.signature.view()));
}

void get(schema::Statement::Reader in, Statement& statement) {
  statement.kind = in.getKind();
  statement.body = get_body(in.getBody(), kStatementBytesMax);
  statement.signer = get_fixed<crypto::SigningPublicKey>(in.getSigner());
  statement.signature = get_fixed<crypto::Signature>(in.getSignature());
}

void put(schema::Presence::Builder out, const Presence& presence) {
  put(out.initNode(), presence.node);
  out.setSequence(presence.sequence);
  auto addresses = out.initAddresses(count_of(presence.addresses));
  for (unsigned i = 0; i < addresses.size(); ++i) {
    addresses.set(i, kj::StringPtr(presence.addresses[i].c_str(), presence.addresses[i].size()));
  }
  out.setFreeBytes(presence.free_bytes);
  out.setSignature(data_of(presence.signature.view()));
}

void get(schema::Presence::Reader in, Presence& presence) {
  get(in.getNode(), presence.node);
  presence.sequence = in.getSequence();
  const auto addresses = in.getAddresses();
  require(addresses.size() <= kAddressHintsMax, "a presence with too many addresses");
  for (const capnp::Text::Reader address : addresses) {
    require(address.size() <= kHostPortBytesMax, "an address that is too long");
    presence.addresses.emplace_back(address.begin(), address.size());
    require(is_plain(presence.addresses.back()), "an address with odd letters");
  }
  presence.free_bytes = in.getFreeBytes();
  presence.signature = get_fixed<crypto::Signature>(in.getSignature());
}

void put(schema::Absence::Builder out, const Absence& absence) {
  out.setId(data_of(absence.node.id.view()));
  out.setIncarnation(absence.node.incarnation);
  out.setSequence(absence.sequence);
}

void get(schema::Absence::Reader in, Absence& absence) {
  absence.node.id = get_fixed<MemberId>(in.getId());
  absence.node.incarnation = in.getIncarnation();
  absence.sequence = in.getSequence();
}

void put(schema::Head::Builder out, const Head& head) {
  out.setPerson(head.person);
  out.setMachine(head.machine);
  out.setVersion(head.version);
  out.setPrevious(data_of(head.previous.view()));
  out.setBody(data_of(head.body.view()));
  out.setSignature(data_of(head.signature.view()));
}

void get(schema::Head::Reader in, Head& head) {
  head.person = in.getPerson();
  head.machine = in.getMachine();
  head.version = in.getVersion();
  head.previous = get_fixed<crypto::Hash>(in.getPrevious());
  head.body = get_body(in.getBody(), kHeadBodyBytesMax);
  head.signature = get_fixed<crypto::Signature>(in.getSignature());
}

void put(schema::UserRecord::Builder out, const UserRecord& record) {
  out.setPerson(record.person);
  out.setVersion(record.version);
  out.setPrevious(data_of(record.previous.view()));
  out.setBody(data_of(record.body.view()));
  out.setSignature(data_of(record.signature.view()));
}

void get(schema::UserRecord::Reader in, UserRecord& record) {
  record.person = in.getPerson();
  record.version = in.getVersion();
  record.previous = get_fixed<crypto::Hash>(in.getPrevious());
  record.body = get_body(in.getBody(), kUserRecordBodyBytesMax);
  record.signature = get_fixed<crypto::Signature>(in.getSignature());
}

void put(schema::ChunkDescription::Builder out, const ChunkDescription& chunk) {
  out.setHeader(data_of(encode(chunk.header)));
  out.setLeaves(joined(chunk.leaves));
}

void get(schema::ChunkDescription::Reader in, ChunkDescription& chunk) {
  const auto header = decode_chunk_header(view_of(in.getHeader()));
  require(header.has_value(), "a chunk header that is not one");
  chunk.header = *header;
  chunk.leaves = get_joined<crypto::Hash>(in.getLeaves(), kSegmentsMax);
  require(chunk.leaves.size() == chunk.header.segments, "a chunk with the wrong number of leaf hashes");
}

void put(schema::Lease::Builder out, const Lease& lease) {
  out.setMachine(lease.machine);
  out.setNumber(lease.number);
  out.setSignature(data_of(lease.signature.view()));
}

void get(schema::Lease::Reader in, Lease& lease) {
  lease.machine = in.getMachine();
  lease.number = in.getNumber();
  lease.signature = get_fixed<crypto::Signature>(in.getSignature());
}

void put(schema::Deletion::Builder out, const Deletion& deletion) {
  out.setOwner(deletion.owner);
  out.setAddress(data_of(deletion.address.view()));
  out.setMachine(deletion.machine);
  out.setNumber(deletion.number);
  out.setSignature(data_of(deletion.signature.view()));
}

void get(schema::Deletion::Reader in, Deletion& deletion) {
  deletion.owner = in.getOwner();
  deletion.address = get_fixed<ChunkAddress>(in.getAddress());
  deletion.machine = in.getMachine();
  deletion.number = in.getNumber();
  deletion.signature = get_fixed<crypto::Signature>(in.getSignature());
}

void put(schema::Receipt::Builder out, const Receipt& receipt) {
  out.setAddress(data_of(receipt.address.view()));
  out.setOwner(receipt.owner);
  put(out.initHolder(), receipt.holder);
  out.setSignature(data_of(receipt.signature.view()));
}

void get(schema::Receipt::Reader in, Receipt& receipt) {
  receipt.address = get_fixed<ChunkAddress>(in.getAddress());
  receipt.owner = in.getOwner();
  get(in.getHolder(), receipt.holder);
  receipt.signature = get_fixed<crypto::Signature>(in.getSignature());
}

void put(schema::News::Builder out, const std::vector<Statement>& statements,
         const std::vector<Presence>& presences) {
  put_list(out.initStatements(count_of(statements)), statements);
  put_list(out.initPresences(count_of(presences)), presences);
}

void get(schema::News::Reader in, std::vector<Statement>& statements, std::vector<Presence>& presences) {
  statements = get_list<Statement>(in.getStatements(), kStatementsMax);
  presences = get_list<Presence>(in.getPresences(), kPresencesMax);
}

std::uint32_t get_segment_index(std::uint32_t index) {
  require(index < kSegmentsMax, "a segment number that no chunk has");
  return index;
}

SharedBytes get_segment(SharedBytes attachment) {
  require(attachment.size() == kSegmentBytes, "a segment of the wrong length");
  return attachment;
}

}  // namespace peerstore::wire
