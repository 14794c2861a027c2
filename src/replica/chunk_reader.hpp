// ChunkReader: verified segments of chunks, from whichever holder gives them.
//
// The first read of a chunk fetches its description, which its address proves; each segment is
// then checked against its leaf. What was learned of a chunk (its description, and who turned out
// not to have it or to have it corrupt) is remembered for the chunks read last.
#pragma once

#include <peerstore/replica/chunk_client.hpp>

#include "replica/friends.hpp"
#include "replica/hedged.hpp"

#include <list>
#include <map>
#include <set>

namespace peerstore::replica {

class ChunkReader {
 public:
  ChunkReader(Clock& clock, crypto::Signatures& signatures, const RingView& view, Friends& friends,
              const ChunkClient::Options& options)
      : clock_(clock), signatures_(signatures), view_(view), friends_(friends), options_(options) {}

  Task<Result<SharedBytes>> segment(ChunkRef chunk, std::uint32_t index);
  // By which lease any who answers holds a chunk, or has it in the trash. 0 if it was not read lately.
  Task<std::uint64_t> highest_lease(wire::ChunkAddress address);

  // Everybody who might have it, the likeliest first.
  std::vector<wire::MemberId> possible_holders(const ChunkRef& chunk) const;
  // Where its copies are by receipts, should be by the map, and would be while some are away.
  std::vector<wire::MemberId> likely_holders(const ChunkRef& chunk) const;
  // Of those who have not answered, whom to wait for before it counts as lost: the likely holders; anybody
  // who might have it when half of them or more are silent, since copies move on while many are away.
  std::vector<wire::MemberId> to_wait_for(const ChunkRef& chunk,
                                          const std::vector<wire::MemberId>& answered) const;

 private:
  struct Known {
    Known(Clock& clock, ChunkRef a_chunk) : chunk(std::move(a_chunk)), fetched(clock) {}
    ChunkRef chunk;
    std::optional<wire::ChunkDescription> description;
    bool fetching = false;
    Event fetched;
    std::set<wire::MemberId> useless;  // said it is not there, or gave bad bytes
  };
  using Recent = std::list<std::pair<wire::ChunkAddress, std::shared_ptr<Known>>>;

  std::shared_ptr<Known> known(const ChunkRef& chunk);
  Task<Result<void>> describe(ChunkRef chunk, std::shared_ptr<Known> known);
  Task<Result<wire::ChunkDescription>> ask_description(wire::MemberId member, const ChunkRef& chunk);
  Task<std::uint64_t> ask_lease(wire::MemberId member, ChunkRef chunk);
  Task<Result<SharedBytes>> ask_segment(wire::MemberId member, const ChunkRef& chunk, std::uint32_t index,
                                        const crypto::Hash& leaf);
  template <class T, class Ask>
  Task<Result<T>> from_any_holder(const ChunkRef& chunk, std::uint32_t turn, Known& known, Ask& ask);

  std::vector<wire::MemberId> order_to_ask(const std::vector<wire::MemberId>& possible, const ChunkRef& chunk,
                                           std::uint32_t turn, const Known& known) const;
  Error explain(const ChunkRef& chunk, const std::vector<wire::MemberId>& possible,
                const std::vector<AskedInVain>& in_vain) const;

  Clock& clock_;
  crypto::Signatures& signatures_;
  const RingView& view_;
  Friends& friends_;
  const ChunkClient::Options& options_;
  Recent recent_;  // the last used first
  std::map<wire::ChunkAddress, Recent::iterator> by_address_;
};

}  // namespace peerstore::replica
