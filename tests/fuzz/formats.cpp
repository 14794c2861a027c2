// Every form of bytes that a peer, a disk, a mail or a person may give us, under libFuzzer: nothing but an
// error may come of what is not well formed, and what is read and written again is read as the same. The
// first byte says which form it is.
//   scripts/soak fuzz [MINUTES]
#include <peerstore/account/account_file.hpp>
#include <peerstore/account/user_record.hpp>
#include <peerstore/account/written_code.hpp>
#include <peerstore/membership/identity.hpp>
#include <peerstore/membership/invitation.hpp>
#include <peerstore/membership/pending_claim.hpp>
#include <peerstore/membership/statement.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/encoding.hpp>
#include <peerstore/vault/head_body.hpp>
#include <peerstore/wire/codec.hpp>

#include <array>
#include <cstddef>

#include "drive/folder_memory.hpp"
#include "drive/head_book.hpp"
#include "drive/path_pattern.hpp"
#include "drive/snapshot_record.hpp"
#include "drive/tree.hpp"
#include "link/frame.hpp"
#include "link/hello.hpp"
#include "store/chunk_file.hpp"
#include "store/head_file.hpp"
#include "store/record_file.hpp"
#include "vault/compression.hpp"
#include "vault/index_part.hpp"

namespace peerstore {
namespace {

Bytes all_of(const wire::Encoded& encoded) {
  Bytes all = encoded.message;
  all.insert(all.end(), encoded.attachment.view().begin(), encoded.attachment.view().end());
  return all;
}

// What was read has one written form.
template <class Decode, class Encode>
void comes_back(ByteView bytes, Decode decode, Encode encode) {
  const auto first = decode(bytes);
  if (!first) return;
  const auto written = encode(*first);
  const auto second = decode(written);
  CHECK(second.has_value());
  CHECK(encode(*second) == written);
}

template <class Decode>
void is_survived(ByteView bytes, Decode decode) {
  (void)decode(bytes);
}

void request(ByteView bytes) {
  const Result<wire::Request> read = wire::decode_request(bytes, {});
  if (read) (void)all_of(wire::encode(*read));
}

void response(ByteView bytes) {
  const Result<wire::Response> read = wire::decode_response(bytes, {});
  if (read) (void)all_of(wire::encode(read));
}

void statements(ByteView bytes) {
  const Result<std::vector<wire::Statement>> read = wire::decode_statements(bytes, wire::kStatementsMax);
  if (!read) return;
  for (const wire::Statement& statement : *read) (void)membership::read_statement(statement);
}

void statement(ByteView bytes) {
  if (bytes.empty()) return;
  wire::Statement statement;
  statement.kind = bytes.front();
  statement.body = SharedBytes(Bytes(bytes.begin() + 1, bytes.end()));
  (void)membership::read_statement(statement);
}

void hello(ByteView bytes) { is_survived(bytes, link::decode_hello); }
void goodbye(ByteView bytes) { is_survived(bytes, link::decode_goodbye); }

void frame_header(ByteView bytes) {
  if (bytes.empty() || bytes.size() < link::frame_header_bytes(bytes.front())) return;
  const ByteView header = bytes.first(link::frame_header_bytes(bytes.front()));
  for (const link::Stage stage : {link::Stage::greeting, link::Stage::joiner, link::Stage::members}) {
    (void)link::decode_frame_header(header, stage);
  }
}

void chunk_header(ByteView bytes) {
  const auto read = wire::decode_chunk_header(bytes);
  if (read) CHECK(wire::encode(*read) == Bytes(bytes.begin(), bytes.end()));
}

void chunk_head(ByteView bytes) { (void)store::decode_head_block(bytes, {}); }
void head_file(ByteView bytes) { (void)store::decode_head_file(bytes, {}); }
void record_file(ByteView bytes) { (void)store::decode_record_file(bytes, 0); }
void identity(ByteView bytes) { is_survived(bytes, membership::decode_identity); }
void pending_claim(ByteView bytes) { is_survived(bytes, membership::decode_pending_claim); }
void account_file(ByteView bytes) { is_survived(bytes, account::decode_account_file); }

void record_body(ByteView bytes) {
  comes_back(bytes, account::decode_record_body,
             [](const account::RecordBody& body) { return account::encode(body); });
}

void head_body(ByteView bytes) {
  comes_back(bytes, vault::decode_head_body, [](const vault::HeadBody& body) { return vault::encode(body); });
}

void index_part(ByteView bytes) {
  comes_back(bytes, vault::decode_index_part,
             [](const vault::IndexPart& part) { return vault::encode(part); });
}

void compressed(ByteView bytes) {
  if (bytes.size() < 4) return;
  ByteReader in(bytes);
  const std::size_t length = in.u32() % (vault::kBlobBytesMax + 1);
  (void)vault::decompress(bytes.subspan(4), length);
}

void listing_part(ByteView bytes) { is_survived(bytes, drive::decode_listing_part); }

void list_blob(ByteView bytes) {
  comes_back(bytes, drive::decode_list_blob,
             [](const std::vector<vault::BlobId>& ids) { return drive::encode_list_blob(ids); });
}

void snapshot_record(ByteView bytes) { is_survived(bytes, drive::decode_snapshot_record); }
void forgotten(ByteView bytes) { is_survived(bytes, drive::decode_forgotten); }
void finding(ByteView bytes) { is_survived(bytes, drive::decode_finding); }
void head_book(ByteView bytes) { is_survived(bytes, drive::decode_head_book); }
void remembered_part(ByteView bytes) { is_survived(bytes, drive::decode_remembered_part); }

void invitation_link(ByteView bytes) {
  const auto read = [](ByteView text) { return membership::read_invitation_link(as_text(text)); };
  comes_back(bytes, read, [](const membership::InvitationLink& link) {
    const std::string text = membership::to_text(link);
    return Bytes(text.begin(), text.end());
  });
}

void written_code(ByteView bytes) { (void)account::read_code(as_text(bytes), 16); }

void path_pattern(ByteView bytes) {
  const std::string_view all = as_text(bytes);
  const std::size_t end = std::min(all.find('\n'), all.size());
  const auto pattern = drive::PathPattern::parse(all.substr(0, end));
  if (pattern) (void)pattern->matches(all.substr(end), false);
}

constexpr std::array kForms = {
    request,      response,   statements, statement,       hello,           goodbye,       frame_header,
    chunk_header, chunk_head, head_file,  record_file,     identity,        pending_claim, account_file,
    record_body,  head_body,  index_part, compressed,      listing_part,    list_blob,     snapshot_record,
    forgotten,    finding,    head_book,  remembered_part, invitation_link, written_code,  path_pattern,
};

}  // namespace
}  // namespace peerstore

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const peerstore::ByteView bytes(data, size);
  peerstore::kForms[bytes.front() % peerstore::kForms.size()](bytes.subspan(1));
  return 0;
}
