#include "pack_writer.hpp"

#include <peerstore/runtime/combine.hpp>

namespace peerstore::vault {

namespace {

constexpr std::array<Duration, 2> kPausesBeforeRetry = {2s, 10s};

bool may_pass(Errc code) {
  return code == Errc::timed_out || code == Errc::unreachable || code == Errc::busy;
}

}  // namespace

Task<Result<std::vector<wire::MemberId>>> PackWriter::put(wire::ChunkDescription chunk,
                                                          std::vector<SharedBytes> segments) {
  for (std::size_t attempt = 0;; ++attempt) {
    const auto outcome = co_await environment_.space.put(chunk, segments);
    if (!outcome) {
      if (attempt == kPausesBeforeRetry.size() || !may_pass(outcome.error().code)) co_return outcome.error();
      co_await environment_.clock.sleep(kPausesBeforeRetry[attempt]);
      continue;
    }
    std::vector<wire::MemberId> holders;
    for (const wire::Receipt& receipt : outcome->receipts) holders.push_back(receipt.holder.id);
    ++figures_.chunks_sent;
    figures_.note_copies(static_cast<unsigned>(holders.size()), outcome->shortfall);
    co_return holders;
  }
}

Task<Result<PackRow>> PackWriter::store(Bytes plain, std::span<const BlobRow> blobs) {
  const auto key = environment_.entropy.make<crypto::SecretKey>();
  const auto placement_key = environment_.entropy.make<ring::Id>();
  const wire::PersonNumber owner = environment_.space.owner();
  const auto seal = [&] {
    SealedPack pack = seal_pack(plain, key, placement_key, owner);
    Bytes().swap(plain);
    return pack;
  };
  SealedPack sealed = co_await environment_.workers.run(seal);
  co_await journal_.begin(sealed.row, blobs);
  std::vector<Task<Result<std::vector<wire::MemberId>>>> puts;
  for (std::size_t i = 0; i < wire::kClasses; ++i) {
    puts.push_back(put(std::move(sealed.descriptions[i]), std::move(sealed.segments[i])));
  }
  const auto holders = co_await when_all(environment_.clock, std::move(puts));
  PackRow row = std::move(sealed.row);
  for (std::size_t i = 0; i < wire::kClasses; ++i) {
    if (!holders[i]) co_return holders[i].error_in(row.name() + ", class " + std::to_string(i));
    row.holders[i] = *holders[i];
  }
  co_await journal_.note_holders(row, blobs);
  co_return row;
}

}  // namespace peerstore::vault
