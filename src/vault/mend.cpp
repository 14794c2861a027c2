// The part of Vault that brings packs with too few copies up to what the ring allows.
#include <peerstore/crypto/merkle.hpp>
#include <peerstore/runtime/combine.hpp>
#include <peerstore/vault/vault.hpp>

#include "open_pack.hpp"
#include "pack_reader.hpp"
#include "pack_writer.hpp"

#include <algorithm>

namespace peerstore::vault {

namespace {

constexpr std::size_t kPacksAtOnce = 64;  // that the ring is asked about

void add_members(std::vector<wire::MemberId>& holders, const std::vector<wire::MemberId>& more) {
  for (const wire::MemberId& member : more) {
    if (std::find(holders.begin(), holders.end(), member) == holders.end()) holders.push_back(member);
  }
}

}  // namespace

// Receipts tell what was; friends may have made further copies since, or be gone.
Task<Result<void>> Vault::read_standing(std::vector<std::uint32_t> packs) {
  for (std::size_t at = 0; at < packs.size(); at += kPacksAtOnce) {
    const std::size_t end = std::min(at + kPacksAtOnce, packs.size());
    std::vector<replica::ChunkRef> chunks;
    for (std::size_t i = at; i < end; ++i) {
      for (std::uint8_t c = 0; c < wire::kClasses; ++c) {
        chunks.push_back(chunk_ref(index_.pack(packs[i]), c, environment_.space.owner()));
      }
    }
    const std::size_t asked = chunks.size();
    const auto standings = co_await environment_.space.standing(std::move(chunks));
    if (!standings) co_return standings.error();
    if (standings->size() != asked) co_return fail(Errc::invalid, "not as many standings as chunks");
    for (std::size_t i = at; i < end; ++i) {
      Holders holders;
      for (std::size_t c = 0; c < wire::kClasses; ++c) {
        const replica::ChunkStanding& standing = (*standings)[(i - at) * wire::kClasses + c];
        holders[c] = standing.confirmed;
        add_members(holders[c], standing.away);
      }
      set_holders(packs[i], holders);
    }
  }
  co_return Result<void>();
}

void Vault::set_holders(std::uint32_t pack, Holders holders) {
  Holders known = index_.pack(pack).holders;
  Holders found = holders;
  for (auto* each : {&known, &found}) {
    for (auto& members : *each) std::sort(members.begin(), members.end());
  }
  if (known == found) return;
  index_.set_holders(pack, holders);
  unlogged_.push_back(pack);
}

// Puts each chunk that has too few copies once more. False if that brought none.
Task<bool> Vault::mend(std::uint32_t number) {
  const PackRow& pack = index_.pack(number);
  const unsigned copies_before = pack.copies();
  Holders holders = pack.holders;
  for (std::uint8_t i = 0; i < wire::kClasses; ++i) {
    if (holders[i].size() >= environment_.space.reachable_copies()) continue;
    auto segments = co_await reader_->chunk(pack, i);
    if (!segments) co_return false;
    wire::ChunkDescription description;
    description.header = chunk_header(pack, i, environment_.space.owner());
    for (const SharedBytes& segment : *segments) {
      description.leaves.push_back(crypto::merkle_leaf(segment.view()));
    }
    if (wire::address_of(description) != pack.addresses[i]) co_return false;
    const auto outcome = co_await environment_.space.put(std::move(description), std::move(*segments));
    if (!outcome) co_return false;
    ++figures_.chunks_sent;
    figures_.shortfall = outcome->shortfall;
    std::vector<wire::MemberId> receipted;
    for (const wire::Receipt& receipt : outcome->receipts) receipted.push_back(receipt.holder.id);
    add_members(holders[i], receipted);
  }
  set_holders(number, holders);
  co_return index_.pack(number).copies() > copies_before;
}

Task<void> Vault::mend() {
  const unsigned reachable = environment_.space.reachable_copies();
  std::vector<std::uint32_t> own = unlogged_;
  for (const Page& page : pages_) own.insert(own.end(), page.packs.begin(), page.packs.end());
  std::sort(own.begin(), own.end());
  own.erase(std::unique(own.begin(), own.end()), own.end());
  std::vector<std::uint32_t> weak;
  for (const std::uint32_t pack : own) {
    if (index_.pack(pack).copies() < reachable) weak.push_back(pack);
  }
  // What cannot be improved for one pack now, since too few friends are awake, cannot for the next.
  const auto standing = co_await read_standing(weak);
  bool going_on = standing.has_value();
  for (std::size_t i = 0; i < weak.size() && going_on; ++i) {
    if (index_.pack(weak[i]).copies() < reachable) going_on = co_await mend(weak[i]);
  }
  figures_.copies_least = ~0u;
  for (const std::uint32_t pack : own) figures_.note_copies(index_.pack(pack).copies(), figures_.shortfall);
}

}  // namespace peerstore::vault
