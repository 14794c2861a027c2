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
void add_members(std::vector<wire::MemberId>& holders, const std::vector<wire::MemberId>& more) {
  for (const wire::MemberId& member : more) {
    if (std::find(holders.begin(), holders.end(), member) == holders.end()) holders.push_back(member);
  }
}
}  // namespace

// Receipts tell what was; friends may have made further copies since, or be gone.
Task<Result<void>> Vault::read_standing(std::vector<std::uint32_t> packs) {
  std::vector<replica::ChunkRef> chunks;
  for (const std::uint32_t pack : packs) {
    for (std::uint8_t i = 0; i < wire::kClasses; ++i) {
      chunks.push_back(chunk_ref(index_.pack(pack), i, environment_.space.owner()));
    }
  }
  const auto standings = co_await environment_.space.standing(std::move(chunks));
  if (!standings) co_return standings.error();
  if (standings->size() != packs.size() * wire::kClasses) co_return fail(Errc::invalid, "standing: count");
  for (std::size_t i = 0; i < packs.size(); ++i) {
    auto holders = index_.pack(packs[i]).holders;
    for (std::size_t j = 0; j < wire::kClasses; ++j) {
      const replica::ChunkStanding& standing = (*standings)[i * wire::kClasses + j];
      holders[j] = standing.confirmed;
      add_members(holders[j], standing.away);
    }
    index_.set_holders(packs[i], holders);
    unlogged_.push_back(packs[i]);
  }
  co_return Result<void>();
}

Task<bool> Vault::mend(std::uint32_t number) {
  const PackRow& pack = index_.pack(number);
  auto holders = pack.holders;
  for (std::uint8_t i = 0; i < wire::kClasses; ++i) {
    if (holders[i].size() >= environment_.space.reachable_copies()) continue;
    auto segments = co_await reader_->chunk(pack, i);
    if (!segments) co_return false;
    wire::ChunkDescription description;
    description.header = chunk_header(pack, i);
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
  index_.set_holders(number, holders);
  unlogged_.push_back(number);
  co_return true;
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
  if (!weak.empty()) {
    const auto known = co_await read_standing(weak);
    for (const std::uint32_t pack : weak) {
      if (known && index_.pack(pack).copies() < reachable) co_await mend(pack);
    }
  }
  figures_.copies_least = ~0u;
  for (const std::uint32_t pack : own) {
    const unsigned copies = index_.pack(pack).copies();
    figures_.note_copies(copies, figures_.shortfall);
  }
}

}  // namespace peerstore::vault
