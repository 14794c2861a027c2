#include "head_book.hpp"

#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/check.hpp>

#include <limits>
#include <utility>

namespace peerstore::drive {

namespace {

constexpr std::string_view kFile = "heads.seen";
constexpr std::uint8_t kBookVersion = 3;
constexpr std::size_t kBookBytesMax = 16 * 1024 * 1024;
constexpr std::size_t kHeadBytesMin = 4 + 4 + 8 + 32 + 4 + 64;

// "3 days", "20 minutes".
std::string in_words(std::int64_t duration_ns) {
  const std::int64_t minutes = duration_ns / 60'000'000'000;
  if (minutes >= 2 * 24 * 60) return std::to_string(minutes / (24 * 60)) + " days";
  if (minutes >= 2 * 60) return std::to_string(minutes / 60) + " hours";
  return std::to_string(minutes) + " minutes";
}

std::string machine_name(std::uint32_t machine) { return "machine " + std::to_string(machine); }

// False if the two cannot both be heads of one machine that writes one after the other. (Of heads
// further apart nothing can be said.)
bool one_history(const wire::Head& a, const wire::Head& b) {
  if (a.version == b.version) return vault::head_hash(a) == vault::head_hash(b);
  const wire::Head& older = a.version < b.version ? a : b;
  const wire::Head& newer = a.version < b.version ? b : a;
  return newer.version != older.version + 1 || newer.previous == vault::head_hash(older);
}

wire::Head decode_head(ByteReader& in) {
  wire::Head head;
  head.person = in.u32();
  head.machine = in.u32();
  head.version = in.u64();
  head.previous = in.fixed<crypto::Hash>();
  const ByteView body = in.bytes(wire::kHeadBodyBytesMax);
  head.body = SharedBytes(Bytes(body.begin(), body.end()));
  head.signature = in.fixed<crypto::Signature>();
  return head;
}

}  // namespace

// version u8; heads after their count, each its signed bytes and its signature; from version 2 on the earlier
// ones after their count, each until when i64 and the same; from version 3 on since when i64; then a hash
// over all of that, against a disk that forgets.
Bytes encode_head_book(const std::map<std::uint32_t, wire::Head>& heads, const EarlierHeads& earlier,
                       std::int64_t since_ns) {
  ByteWriter out;
  out.u8(kBookVersion).u32(static_cast<std::uint32_t>(heads.size()));
  for (const auto& [machine, head] : heads) out.raw(wire::head_bytes(head)).fixed(head.signature);
  std::size_t count = 0;
  for (const auto& [machine, several] : earlier.by_machine()) count += several.size();
  out.u32(static_cast<std::uint32_t>(count));
  for (const auto& [machine, several] : earlier.by_machine()) {
    for (const EarlierHeads::Earlier& one : several) {
      out.u64(static_cast<std::uint64_t>(one.until_ns)).raw(wire::head_bytes(one.head));
      out.fixed(one.head.signature);
    }
  }
  out.u64(static_cast<std::uint64_t>(since_ns));
  const crypto::Hash check = crypto::hash("heads seen", {out.view()});
  out.fixed(check);
  return out.take();
}

Result<HeadBookContent> decode_head_book(ByteView bytes) {
  const Error damaged = fail(Errc::corrupt, "is damaged");
  if (bytes.size() < crypto::Hash::kSize) return damaged;
  const ByteView content = bytes.first(bytes.size() - crypto::Hash::kSize);
  const crypto::Hash check = crypto::hash("heads seen", {content});
  if (!crypto::equal_in_constant_time(check.view(), bytes.last(crypto::Hash::kSize))) return damaged;
  ByteReader in(content);
  const std::uint8_t version = in.u8();
  if (in.ok() && (version == 0 || version > kBookVersion))
    return fail(Errc::unsupported, "is of a later version");
  HeadBookContent book;
  for (std::uint32_t left = in.count(kHeadBytesMin); left > 0 && in.ok(); --left) {
    wire::Head head = decode_head(in);
    const std::uint32_t machine = head.machine;
    book.heads.insert_or_assign(machine, std::move(head));
  }
  const std::uint32_t earlier = version == 1 ? 0 : in.count(8 + kHeadBytesMin);
  for (std::uint32_t left = earlier; left > 0 && in.ok(); --left) {
    const auto until = static_cast<std::int64_t>(in.u64());
    book.earlier.replaced(decode_head(in), until);
  }
  if (version >= 3) book.since_ns = static_cast<std::int64_t>(in.u64());
  if (!in.finished()) return damaged;
  return book;
}

HeadBook::HeadBook(Environment environment, const DriveKeys& keys)
    : environment_(environment), ring_id_(keys.ring_id), machine_(keys.machine) {}

replica::HeadRank HeadBook::rank_of(const wire::Head& head) const {
  return head.version > 0 ? environment_.space.rank_of(head) : replica::kNobodys;
}

Task<Result<void>> HeadBook::load() {
  since_ns_ = environment_.clock.wall_time().nanoseconds;
  const auto read = [&] { return environment_.state.read_all(kFile, kBookBytesMax); };
  const auto bytes = co_await environment_.workers.run(read);
  if (!bytes) {
    if (bytes.error().code == Errc::not_found) co_return Result<void>();
    co_return bytes.error_in(kFile);
  }
  auto book = decode_head_book(*bytes);
  if (!book) {
    co_return book.error_in(std::string(kFile) + " in this home (move it away to trust the ring's heads)");
  }
  earlier_ = std::move(book->earlier);
  is_begun_ = book->since_ns.has_value();
  if (is_begun_) since_ns_ = *book->since_ns;
  for (auto& [machine, head] : book->heads) {
    if (rank_of(head) != replica::kNobodys) heads_.emplace(machine, std::move(head));
  }
  co_return Result<void>();
}

void HeadBook::replace(wire::Head head) {
  const std::int64_t now_ns = environment_.clock.wall_time().nanoseconds;
  const std::uint32_t machine = head.machine;
  const auto known = heads_.find(machine);
  if (known != heads_.end()) {
    earlier_.replaced(std::exchange(known->second, std::move(head)), now_ns);
    return;
  }
  // Until now it had none.
  if (!earlier_.by_machine().contains(machine)) {
    wire::Head none;
    none.person = head.person;
    none.machine = machine;
    earlier_.replaced(std::move(none), now_ns);
  }
  heads_.emplace(machine, std::move(head));
}

Result<void> HeadBook::go_back(std::int64_t time_ns) {
  if (time_ns < since_ns_) {
    const std::int64_t noted_for = environment_.clock.wall_time().nanoseconds - since_ns_;
    return fail(Errc::invalid, "this machine has noted how it found your drive only for the last " +
                                   in_words(noted_for) + ": it cannot show an earlier time");
  }
  for (auto& [machine, head] : earlier_.at(time_ns)) {
    if (head.version == 0) {
      heads_.erase(machine);
    } else if (rank_of(head) != replica::kNobodys) {
      heads_.insert_or_assign(machine, head);
    }
  }
  is_back_ = true;
  return {};
}

Task<Result<void>> HeadBook::compare(std::vector<wire::Head> from_ring) {
  bool changed = !is_begun_;
  std::map<std::uint32_t, std::uint64_t> shown;
  for (wire::Head& head : from_ring) {
    const auto known = heads_.find(head.machine);
    const bool is_known = known != heads_.end();
    const replica::HeadRank rank = rank_of(head);
    const replica::HeadRank rank_known = is_known ? rank_of(known->second) : replica::kNobodys;
    if (rank == replica::kNobodys || rank < rank_known) continue;
    // This machine knows what it published itself: the rest is by whoever has a key of before.
    if (is_known && head.machine == machine_ && rank != replica::kOfToday) continue;
    std::uint64_t& version = shown[head.machine];
    version = std::max(version, head.version);
    if (is_known && rank == rank_known && !one_history(known->second, head)) {
      co_return fail(Errc::corrupt, machine_name(head.machine) +
                                        " has two different histories: two copies of one home are in use; "
                                        "join with a new machine instead");
    }
    if (rank == rank_known && known->second.version >= head.version) continue;
    replace(std::move(head));
    changed = true;
  }
  behind_.clear();
  for (const auto& [machine, head] : heads_) {
    if (shown[machine] >= head.version) continue;
    behind_.push_back(head);
    // The key that signed it may have ended since; others' heads only they can sign anew.
    if (machine == machine_) environment_.space.sign(behind_.back());
  }
  if (!changed) co_return Result<void>();
  co_return co_await save();
}

Task<Result<wire::Head>> HeadBook::write_next(const vault::VaultKeys& vault_keys,
                                              std::optional<vault::PackRow> newest_index,
                                              std::int64_t now_ns) {
  CHECK(!environment_.only_looks);
  wire::Head head;
  head.person = environment_.space.owner();
  head.machine = machine_;
  head.version = 1;
  if (const auto last = heads_.find(machine_); last != heads_.end()) {
    if (last->second.version == std::numeric_limits<std::uint64_t>::max()) {
      co_return fail(Errc::corrupt, machine_name(machine_) + " has no further version of its head");
    }
    head.version = last->second.version + 1;
    head.previous = vault::head_hash(last->second);
  }
  vault::HeadBody body;
  body.written_ns = now_ns;
  body.index = std::move(newest_index);
  for (const auto& [machine, seen] : heads_) {
    if (machine == machine_ || body.seen.size() == vault::kSeenHeadsMax) continue;
    body.seen.push_back({machine, seen.version, vault::head_hash(seen)});
  }
  const crypto::RecordNonce nonce(environment_.entropy);
  head.body = SharedBytes(vault::seal_head_body(vault_keys, ring_id_, head, body, nonce));
  environment_.space.sign(head);
  replace(head);
  const auto saved = co_await save();
  if (!saved) co_return saved.error();
  co_return head;
}

Task<Result<void>> HeadBook::save() {
  CHECK(!is_back_);
  if (environment_.only_looks) co_return Result<void>();
  const Bytes content = encode_head_book(heads_, earlier_, since_ns_);
  const auto write = [&] { return environment_.state.replace(kFile, content); };
  const auto written = co_await environment_.workers.run(write);
  if (!written) co_return written.error_in(kFile);
  is_begun_ = true;
  co_return Result<void>();
}

}  // namespace peerstore::drive
