// The rows about held chunks in the facts database, under two keys each, written together:
//   "chunk/a" address                  -> number of the lease u64, encoded header     (find one)
//   "chunk/p" placement key, address   -> the same                      (walk in placement order)
// and one about chunks that are damaged, of which there are none of the others:
//   "chunk/b" address                  -> the same
//
// Why rows are written without a sync: the chunk files are the truth. What a crash takes from
// the database, recovery (recovery.hpp) puts back when the store opens next. A row that cannot be
// decoded counts as absent for the same reason.
#pragma once

#include <peerstore/runtime/key_value.hpp>
#include <peerstore/store/chunk_store.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace peerstore::store {

class ChunkFactsRows {
 public:
  explicit ChunkFactsRows(KeyValue& rows) : rows_(rows) {}

  Result<std::optional<ChunkFacts>> get(const wire::ChunkAddress& address);
  Result<void> put(const ChunkFacts& facts) { return change({}, {facts}); }
  Result<void> drop(const ChunkFacts& facts) { return change({facts}, {}); }
  Result<void> put_damaged(const ChunkFacts& facts) { return change({}, {}, {facts}); }
  // All or nothing: first the drops, held or damaged, then the puts.
  Result<void> change(const std::vector<ChunkFacts>& drops, const std::vector<ChunkFacts>& puts,
                      const std::vector<ChunkFacts>& damaged = {});

  // The rows of addresses that begin with this byte, in order of address.
  Result<std::vector<ChunkFacts>> in_folder(unsigned first_byte);
  Result<std::vector<ChunkFacts>> damaged_in_folder(unsigned first_byte);
  // In order of placement key, until `visit` returns false.
  Result<void> for_each(const std::function<bool(const ChunkFacts&)>& visit);

  // A database that lost a part of itself may have one row of a pair without the other. This
  // compares the two sets by count and sum, and writes the second anew if they differ.
  Result<void> mend_placement_order();

 private:
  Result<std::vector<ChunkFacts>> in_order_of_address(std::string prefix);
  Result<bool> orders_agree();

  KeyValue& rows_;
};

}  // namespace peerstore::store
