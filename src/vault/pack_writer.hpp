// PackWriter: brings one pack into the ring: seals it on a worker and puts its five chunks side by
// side, once the journal has it. A chunk that finds no holder at all is offered again a little later, since
// laptops come and go, before the pack is given up.
#pragma once

#include <peerstore/runtime/random.hpp>
#include <peerstore/runtime/workers.hpp>
#include <peerstore/vault/vault.hpp>

#include "pack_journal.hpp"
#include "sealed_pack.hpp"

namespace peerstore::vault {

class PackWriter {
 public:
  PackWriter(const Vault::Environment& environment, RunFigures& figures, PackJournal& journal)
      : environment_(environment), figures_(figures), journal_(journal) {}

  // The row of the new pack, with its holders by receipts. Requires that `plain` is not empty. `blobs` are
  // what is in it, none in an index pack; they outlive the call.
  Task<Result<PackRow>> store(Bytes plain, std::span<const BlobRow> blobs);
  // Stores one chunk, counts its copies, and returns its holders.
  Task<Result<std::vector<wire::MemberId>>> put(wire::ChunkDescription chunk,
                                                std::vector<SharedBytes> segments);

 private:
  const Vault::Environment& environment_;
  RunFigures& figures_;
  PackJournal& journal_;
};

}  // namespace peerstore::vault
