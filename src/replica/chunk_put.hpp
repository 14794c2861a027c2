// ChunkPut: one chunk on its way to its holders. Lives as long as one ChunkSpace::put.
//
// As many lanes as copies are wanted run side by side; each takes the next member of the
// preference list and gives up on it only for the next one, until it has a receipt or the list
// is at its end. So a holder that dies in the middle of a put is replaced, and no two lanes ever
// write to the same person. What is asked and answered goes to each holder alone; only the segments go from
// one to the next (put_chain.hpp).
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/replica/chunk_client.hpp>

#include <map>

#include "replica/friends.hpp"
#include "replica/put_chain.hpp"

namespace peerstore::replica {

class ChunkPut {
 public:
  // The ring as the owner writes to it. References outlive the put.
  struct Ring {
    Clock& clock;
    Random& random;
    crypto::Signatures& signatures;
    const RingView& view;
    Friends& friends;
    const Writer& writer;
    const ChunkClient::Options& options;
  };

  // By this lease, or a higher one if a holder asks for it.
  ChunkPut(Ring ring, wire::ChunkDescription chunk, std::vector<SharedBytes> segments, std::uint64_t lease);

  Task<Result<PutOutcome>> run();

 private:
  struct Failure {
    wire::MemberId member;
    Error error;
  };
  // A holder that waits for the segments that it lacks.
  struct Begun {
    std::vector<std::uint32_t> missing;
    std::uint64_t lease = 0;  // the number by which it will hold the chunk
  };

  std::optional<wire::MemberId> next_candidate();
  Task<void> lane();
  Task<Result<wire::Receipt>> store_on(wire::MemberId member);
  Task<Result<wire::Receipt>> try_once(wire::MemberId member);
  Task<Result<Begun>> begin_on(wire::MemberId member);
  Task<Result<wire::Receipt>> commit_on(wire::MemberId member, std::uint64_t lease);
  Task<void> renew_leases();
  // Errc::refused if nobody can want that.
  Result<void> raise_lease(std::uint64_t wanted);
  Result<wire::Receipt> checked(const wire::MemberId& member, const wire::Receipt& receipt) const;

  std::string shortfall() const;
  Error nothing_stored() const;

  Ring ring_;
  wire::ChunkDescription chunk_;
  wire::ChunkAddress address_;
  wire::Lease lease_;                               // the newest, for all holders
  std::map<wire::MemberId, std::uint64_t> leased_;  // by which number each holds it
  std::vector<SharedBytes> segments_;
  std::size_t wanted_ = 0;
  std::vector<wire::MemberId> list_;
  std::vector<bool> taken_;
  std::vector<wire::Receipt> receipts_;
  std::vector<Failure> failures_;
  PutChain chain_;  // last: it uses some of the above
};

}  // namespace peerstore::replica
