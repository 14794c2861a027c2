// MemorySpace: a ChunkSpace in memory, with some number of friends, each of whom can be switched
// off, and chunks that can be lost, spoiled or refused.
#pragma once

#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/merkle.hpp>
#include <peerstore/replica/chunk_space.hpp>
#include <peerstore/runtime/clock.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace peerstore::vault {

class MemorySpace final : public replica::ChunkSpace {
 public:
  struct Stored {
    wire::ChunkDescription description;
    std::vector<SharedBytes> segments;
    std::set<std::size_t> friends;  // who hold it
  };

  explicit MemorySpace(Clock& clock, std::size_t friends = 5, unsigned copies = 3)
      : clock_(clock), awake_(friends, true), copies_(copies) {}

  // What tests look at and break.
  std::map<wire::ChunkAddress, Stored> chunks;
  unsigned rekeyed = 0;                           // how often: heads of before are by former keys
  std::map<std::uint32_t, wire::Head> published;  // by machine
  std::map<wire::ChunkAddress, Stored> trash;     // deleted: can be read for a while still
  std::uint64_t removed = 0;
  std::uint64_t puts = 0;
  Duration put_takes = std::chrono::milliseconds(10);
  std::uint64_t reads = 0;
  std::size_t puts_at_once_most = 0;
  std::function<std::optional<Error>()> before_put = [] { return std::nullopt; };
  std::function<std::optional<Error>()> before_publish = [] { return std::nullopt; };
  std::set<std::size_t> departed;                     // friends who have left for ever
  std::map<std::size_t, wire::PersonNumber> persons;  // of friends' machines; else each has its own
  bool heads_reachable = true;
  std::optional<unsigned> copies_by_rule;  // instead of as many as are awake

  void set_awake(std::size_t person, bool awake) { awake_[person] = awake; }
  void lose_everything_of(std::size_t person) {
    for (auto& [address, stored] : chunks) stored.friends.erase(person);
  }
  void spoil(const wire::ChunkAddress& address, std::size_t segment, std::size_t byte) {
    Bytes bad(chunks.at(address).segments.at(segment).view().begin(),
              chunks.at(address).segments.at(segment).view().end());
    bad[byte] ^= 0x40;
    chunks.at(address).segments[segment] = SharedBytes(std::move(bad));
  }
  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [address, stored] : chunks) sum += stored.segments.size() * wire::kSegmentBytes;
    return sum;
  }
  static wire::MemberId member(std::size_t person) {
    wire::MemberId id;
    id.bytes[0] = static_cast<std::uint8_t>(person + 1);
    return id;
  }

  Task<Result<replica::PutOutcome>> put(wire::ChunkDescription chunk,
                                        std::vector<SharedBytes> segments) override {
    ++puts;
    puts_at_once_most = std::max(puts_at_once_most, ++puts_now_);
    co_await clock_.sleep(put_takes);
    --puts_now_;
    if (auto error = before_put()) co_return *error;
    if (segments.size() != chunk.header.segments || chunk.leaves.size() != segments.size()) {
      co_return fail(Errc::invalid, "segments do not fit the description");
    }
    for (std::size_t i = 0; i < segments.size(); ++i) {
      if (segments[i].size() != wire::kSegmentBytes ||
          crypto::merkle_leaf(segments[i].view()) != chunk.leaves[i]) {
        co_return fail(Errc::invalid, "a segment does not fit its leaf");
      }
    }
    const wire::ChunkAddress address = wire::address_of(chunk);
    replica::PutOutcome outcome;
    outcome.wanted = copies_;
    Stored& stored = chunks[address];
    for (std::size_t i = 0; i < awake_.size() && outcome.receipts.size() < copies_; ++i) {
      if (!awake_[i]) continue;
      stored.friends.insert(i);
      outcome.receipts.push_back({address, owner(), {member(i), 1}, {}});
    }
    if (outcome.receipts.empty()) {
      chunks.erase(address);
      co_return fail(Errc::unreachable, "no friend is awake");
    }
    stored.description = std::move(chunk);
    stored.segments = std::move(segments);
    if (!outcome.safe()) outcome.shortfall = "too few friends are awake";
    co_return outcome;
  }

  Task<Result<SharedBytes>> get_segment(replica::ChunkRef chunk, std::uint32_t index) override {
    ++reads;
    co_await clock_.sleep(std::chrono::milliseconds(1));
    auto found = chunks.find(chunk.address);
    if (found == chunks.end()) found = trash.find(chunk.address);
    if (found == chunks.end() || found == trash.end())
      co_return fail(Errc::not_found, "nobody has this chunk");
    const Stored& stored = found->second;
    const wire::ChunkHeader& header = stored.description.header;
    if (crypto::hash("read token", {chunk.token.view()}) != header.read_token_hash ||
        chunk.chunk_class != header.chunk_class || chunk.placement_key != header.placement_key ||
        chunk.owner != owner() || index >= header.segments) {
      co_return fail(Errc::refused, "not what the holder knows");
    }
    std::string away;
    bool reachable = false;
    for (const std::size_t person : stored.friends) {
      if (awake_[person])
        reachable = true;
      else
        away += " " + name_of(member(person));
    }
    if (stored.friends.empty()) co_return fail(Errc::not_found, "no copy is left");
    if (!reachable) co_return fail(Errc::unreachable, "waiting for" + away);
    if (crypto::merkle_leaf(stored.segments[index].view()) != stored.description.leaves[index]) {
      co_return fail(Errc::corrupt, "every copy of this segment is spoilt");
    }
    co_return stored.segments[index];
  }

  Task<Result<std::vector<bool>>> remove(std::vector<replica::ChunkRef> asked) override {
    co_await clock_.sleep(std::chrono::milliseconds(1));
    std::vector<bool> gone;
    for (const replica::ChunkRef& chunk : asked) {
      const auto found = chunks.find(chunk.address);
      bool all_awake = true;
      for (std::size_t i = 0; found != chunks.end() && i < awake_.size(); ++i) {
        all_awake = all_awake && (awake_[i] || !found->second.friends.contains(i));
      }
      if (found != chunks.end() && all_awake) {
        trash.insert(chunks.extract(found));
        ++removed;
      }
      gone.push_back(all_awake);
    }
    co_return gone;
  }
  Task<Result<std::vector<replica::ChunkStanding>>> standing(std::vector<replica::ChunkRef> asked) override {
    co_await clock_.sleep(std::chrono::milliseconds(1));
    std::vector<replica::ChunkStanding> standings;
    for (const replica::ChunkRef& chunk : asked) {
      replica::ChunkStanding standing;
      const auto found = chunks.find(chunk.address);
      for (std::size_t i = 0; found != chunks.end() && i < awake_.size(); ++i) {
        if (!found->second.friends.contains(i)) continue;
        const bool by_receipt = std::ranges::find(chunk.holders, member(i)) != chunk.holders.end();
        (awake_[i] ? standing.confirmed : by_receipt ? standing.away : standing.silent).push_back(member(i));
      }
      if (!standing.confirmed.empty()) standing.silent.clear();
      standings.push_back(std::move(standing));
    }
    co_return standings;
  }

  // In place of a signature.
  void sign(wire::Head& head) const override { head.signature = signature_of(head, rekeyed); }
  replica::HeadRank rank_of(const wire::Head& head) const override {
    if (head.person != owner()) return replica::kNobodys;
    if (head.signature == signature_of(head, rekeyed)) return replica::kOfToday;
    for (unsigned key = rekeyed; key > 0; --key) {
      if (head.signature == signature_of(head, key - 1)) return key;
    }
    return replica::kNobodys;
  }
  Task<Result<std::vector<wire::Head>>> heads() override {
    co_await clock_.sleep(std::chrono::milliseconds(1));
    if (!heads_reachable) co_return fail(Errc::unreachable, "no member answers");
    std::vector<wire::Head> all;
    for (const auto& [machine, head] : published) all.push_back(head);
    co_return all;
  }
  bool heads_are_surely_newest() const override {
    return heads_reachable && std::count(awake_.begin(), awake_.end(), false) + 1 < std::max(copies_, 2u);
  }
  Task<Result<unsigned>> publish(wire::Head head) override {
    co_await clock_.sleep(std::chrono::milliseconds(1));
    if (auto error = before_publish()) co_return *error;
    published.insert_or_assign(head.machine, head);
    co_return static_cast<unsigned>(std::count(awake_.begin(), awake_.end(), true));
  }

  wire::PersonNumber owner() const override { return 7; }
  unsigned reachable_copies() const override {
    if (copies_by_rule) return *copies_by_rule;
    return std::min(copies_, static_cast<unsigned>(std::count(awake_.begin(), awake_.end(), true)));
  }
  unsigned wanted_copies() const override { return copies_; }
  bool is_gone(const wire::MemberId& id) const override {
    return departed.contains(static_cast<std::size_t>(id.bytes[0]) - 1);
  }
  std::optional<wire::PersonNumber> person_of(const wire::MemberId& id) const override {
    const auto shared = persons.find(static_cast<std::size_t>(id.bytes[0]) - 1);
    return shared == persons.end() ? id.bytes[0] : shared->second;
  }
  std::string name_of(const wire::MemberId& member) const override {
    return "friend-" + std::to_string(member.bytes[0]);
  }

 private:
  static crypto::Signature signature_of(const wire::Head& head, unsigned key) {
    const std::array<std::uint8_t, 1> key_byte = {static_cast<std::uint8_t>(key)};
    const crypto::Hash hash = crypto::hash("test signature", {wire::head_bytes(head), key_byte});
    crypto::Signature signature;
    std::ranges::copy(hash.bytes, signature.bytes.begin());
    return signature;
  }

  Clock& clock_;
  std::vector<bool> awake_;
  unsigned copies_;
  std::size_t puts_now_ = 0;
};

}  // namespace peerstore::vault
