// ChunkClient: the owner's side of keeping chunks, the ChunkSpace over a real ring.
//
// A put walks the chunk's preference list and writes to the first members that are live and have
// room, in parallel, until as many distinct persons as the policy asks have signed a receipt. A
// holder that fails, is full or refuses is passed over for the next on the list. A get asks one
// holder after another, and a second one in parallel when the first takes long; every segment is
// checked against the chunk's address, so a bad holder costs time and never wrong bytes.
//
// Members that failed lately are asked again only when the others do not suffice, and at most
// once a minute, whatever the view says: a sleeping friend must not slow down every chunk.
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/replica/chunk_space.hpp>
#include <peerstore/replica/lease.hpp>
#include <peerstore/replica/ring_view.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/wire/network.hpp>

#include <functional>
#include <memory>
#include <string>

namespace peerstore::replica {

class ChunkClient final : public ChunkSpace {
 public:
  struct Options {
    std::size_t segments_in_flight = 4;  // of one chunk
    Duration retry_pause = std::chrono::milliseconds(250);
    Duration hedge_after = std::chrono::milliseconds(1500);  // then a second holder is asked too
    std::size_t descriptions_kept = 4096;                    // of chunks read lately
    std::size_t addresses_per_question = 1024;               // of one HaveChunks
  };
  using NameOf = std::function<std::string(const wire::MemberId&)>;

  // References must outlive this.
  ChunkClient(Clock& clock, Random& random, wire::Network& network, crypto::Signatures& signatures,
              const RingView& view, Writer writer, NameOf name_of);
  ChunkClient(Clock& clock, Random& random, wire::Network& network, crypto::Signatures& signatures,
              const RingView& view, Writer writer, NameOf name_of, Options options);
  ~ChunkClient() override;

  Task<Result<PutOutcome>> put(wire::ChunkDescription chunk, std::vector<SharedBytes> segments) override;
  Task<Result<SharedBytes>> get_segment(ChunkRef chunk, std::uint32_t index) override;
  Task<Result<std::vector<bool>>> remove(std::vector<ChunkRef> chunks) override;
  Task<Result<std::vector<ChunkStanding>>> standing(std::vector<ChunkRef> chunks) override;
  void sign(wire::Head& head) const override;
  HeadRank rank_of(const wire::Head& head) const override;
  Task<Result<std::vector<wire::Head>>> heads() override;
  bool heads_are_surely_newest() const override;
  Task<Result<unsigned>> publish(wire::Head head) override;

  wire::PersonNumber owner() const override;
  unsigned reachable_copies() const override;
  unsigned wanted_copies() const override;
  bool is_gone(const wire::MemberId& member) const override;
  std::optional<wire::PersonNumber> person_of(const wire::MemberId& member) const override;
  std::string name_of(const wire::MemberId& member) const override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace peerstore::replica
