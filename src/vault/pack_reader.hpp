// PackReader: what lies at a place of a pack. Fetches the rows that it covers, five segments each,
// all side by side, opens them on workers, and keeps the latest rows, since small blobs that are
// wanted together mostly lie together.
#pragma once

#include <peerstore/runtime/sync.hpp>
#include <peerstore/runtime/workers.hpp>
#include <peerstore/vault/vault.hpp>

#include "sealed_pack.hpp"

#include <map>
#include <utility>

namespace peerstore::vault {

class PackReader {
 public:
  PackReader(const Vault::Environment& environment, std::size_t rows_kept)
      : environment_(environment),
        rows_kept_(rows_kept),
        arrived_(environment.clock),
        under_way_(environment.clock, kRowsAtOnce) {}
  PackReader(const PackReader&) = delete;
  PackReader& operator=(const PackReader&) = delete;

  // `pack` outlives the call. Errc::corrupt if the place is not in the pack.
  Task<Result<Bytes>> read(const PackRow& pack, std::size_t offset, std::size_t length);
  // All segments of one chunk, as the ring keeps them.
  Task<Result<std::vector<SharedBytes>>> chunk(const PackRow& pack, std::uint8_t chunk_class);

 private:
  static constexpr std::size_t kRowsAtOnce = 12;  // under way from the ring
  using RowKey = std::pair<wire::ChunkAddress, std::uint32_t>;
  struct Kept {
    SharedBytes plain;  // empty while somebody fetches it
    std::uint64_t used = 0;
  };
  class Fetching;

  Task<Result<SharedBytes>> row(const PackRow& pack, std::uint32_t number);
  Task<Result<SharedBytes>> fetch(const PackRow& pack, std::uint32_t number);
  void drop_oldest();

  const Vault::Environment& environment_;
  std::size_t rows_kept_;
  std::map<RowKey, Kept> kept_;
  std::uint64_t uses_ = 0;
  Event arrived_;
  Semaphore under_way_;
};

}  // namespace peerstore::vault
