// The part of Vault that brings packs with too few copies up to what the ring allows.
#include <peerstore/crypto/merkle.hpp>
#include <peerstore/runtime/combine.hpp>
#include <peerstore/vault/pack_standing.hpp>
#include <peerstore/vault/vault.hpp>

#include "open_pack.hpp"
#include "pack_reader.hpp"
#include "pack_writer.hpp"

#include <algorithm>

namespace peerstore::vault {

namespace {

void add_members(std::vector<wire::MemberId>& holders, const std::vector<wire::MemberId>& more) {
  for (const wire::MemberId& member : more) {
    if (std::find(holders.begin(), holders.end(), member) == holders.end()) holders.push_back(member);
  }
}

}  // namespace

std::vector<PackRow> Vault::rows_of(std::span<const std::uint32_t> packs) const {
  std::vector<PackRow> rows;
  rows.reserve(packs.size());
  for (const std::uint32_t pack : packs) rows.push_back(index_.pack(pack));
  return rows;
}

// Receipts tell what was; friends may have made further copies since, or be gone.
Task<Result<void>> Vault::read_standing(std::vector<std::uint32_t> packs) {
  for (std::size_t at = 0; at < packs.size(); at += kPacksAsked) {
    const auto some = std::span(packs).subspan(at, std::min(kPacksAsked, packs.size() - at));
    const auto standings = co_await standing_of(environment_.space, rows_of(some));
    if (!standings) co_return standings.error();
    for (std::size_t i = 0; i < some.size(); ++i) {
      Holders holders;
      for (std::size_t c = 0; c < wire::kClasses; ++c) {
        holders[c] = (*standings)[i][c].confirmed;
        add_members(holders[c], (*standings)[i][c].away);
      }
      erase_gone(holders);
      set_holders(some[i], holders);
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
  // Of another machine's pack its own log has to tell: that machine may drop it.
  if (!of_others_.contains(pack)) unlogged_.push_back(pack);
}

void Vault::erase_gone(Holders& holders) const {
  for (auto& members : holders) {
    std::erase_if(members, [&](const wire::MemberId& member) { return environment_.space.is_gone(member); });
  }
}

unsigned Vault::copies_now(const PackRow& pack) const {
  PackRow now;
  now.holders = pack.holders;
  erase_gone(now.holders);
  return now.copies();
}

std::set<wire::ChunkAddress> Vault::counted_on() const {
  std::set<wire::ChunkAddress> packs;
  for (const auto& [pack, copies] : counted_on_) {
    if (of_others_.contains(pack)) packs.insert(index_.pack(pack).addresses[0]);
  }
  return packs;
}

void Vault::give_up(const std::set<wire::ChunkAddress>& packs) {
  std::vector<std::uint32_t> lost;
  for (const wire::ChunkAddress& address : packs) {
    const auto known = index_.find_pack(address);
    if (known && index_.dropped_since(*known) == 0) lost.push_back(*known);
  }
  if (!lost.empty()) {
    index_.drop(lost, std::max<std::int64_t>(environment_.clock.wall_time().nanoseconds, 1));
  }
  for (Page& page : pages_) {
    if (packs.contains(page.pack.addresses[0])) page.pack.holders = {};
  }
}

// Puts each chunk that has too few copies once more.
Task<Vault::Mended> Vault::mend(std::uint32_t number) {
  const PackRow& pack = index_.pack(number);
  const unsigned copies_before = copies_now(pack);
  Holders holders = pack.holders;
  erase_gone(holders);
  for (std::uint8_t i = 0; i < wire::kClasses; ++i) {
    if (holders[i].size() >= environment_.space.reachable_copies()) continue;
    auto segments = co_await reader_->chunk(pack, i);
    if (!segments) co_return Mended::unreadable;
    wire::ChunkDescription description;
    description.header = chunk_header(pack, i, environment_.space.owner());
    for (const SharedBytes& segment : *segments) {
      description.leaves.push_back(crypto::merkle_leaf(segment.view()));
    }
    if (wire::address_of(description) != pack.addresses[i]) co_return Mended::unreadable;
    const auto outcome = co_await environment_.space.put(std::move(description), std::move(*segments));
    if (!outcome) co_return Mended::no_better;
    ++figures_.chunks_sent;
    figures_.shortfall = outcome->shortfall;
    std::vector<wire::MemberId> receipted;
    for (const wire::Receipt& receipt : outcome->receipts) receipted.push_back(receipt.holder.id);
    add_members(holders[i], receipted);
  }
  set_holders(number, holders);
  co_return copies_now(index_.pack(number)) > copies_before ? Mended::better : Mended::no_better;
}

Task<void> Vault::mend() {
  const unsigned reachable = environment_.space.reachable_copies();
  std::vector<std::uint32_t> own = unlogged_;
  for (const Page& page : pages_) own.insert(own.end(), page.packs.begin(), page.packs.end());
  for (const auto& [pack, copies] : counted_on_) own.push_back(pack);
  std::sort(own.begin(), own.end());
  own.erase(std::unique(own.begin(), own.end()), own.end());
  // What was given up is stored again elsewhere.
  std::erase_if(own, [&](std::uint32_t pack) { return index_.dropped_since(pack) != 0; });
  std::vector<std::uint32_t> weak;
  for (const std::uint32_t pack : own) {
    if (copies_now(index_.pack(pack)) < reachable) weak.push_back(pack);
  }
  const auto standing = co_await read_standing(weak);
  std::string unreadable;
  bool going_on = standing.has_value();
  for (std::size_t i = 0; i < weak.size() && going_on; ++i) {
    if (copies_now(index_.pack(weak[i])) >= reachable) continue;
    const Mended mended = co_await mend(weak[i]);
    if (mended == Mended::unreadable) unreadable = index_.pack(weak[i]).name();
    // What cannot be improved for one pack now, since too few friends are awake, cannot for the next.
    going_on = mended != Mended::no_better;
  }
  if (!unreadable.empty()) {
    figures_.shortfall = unreadable + " of an earlier backup cannot be read now: peerstore verify tells more";
  }
  figures_.copies_least = ~0u;
  for (const std::uint32_t pack : own) {
    figures_.note_copies(copies_now(index_.pack(pack)), figures_.shortfall);
  }
}

}  // namespace peerstore::vault
