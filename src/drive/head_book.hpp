// HeadBook: the newest head of each of the person's machines that this home has ever seen, kept in
// its own folder, so that no ring can make it believe in an older one.
//
// A head is kept as it was signed. Where the ring shows an older one, the one in the book holds,
// and is given back to the ring. Where it shows one that does not follow from it, two homes are
// using one machine's name, and that is an error. docs/formats.md, "Head".
#pragma once

#include "earlier_heads.hpp"

#include <peerstore/drive/drive.hpp>
#include <peerstore/vault/head_body.hpp>

#include <map>
#include <optional>
#include <vector>

namespace peerstore::drive {

class HeadBook {
 public:
  HeadBook(Environment environment, const DriveKeys& keys);

  // Reads the book from disk. None is an empty one; Errc::corrupt if it is damaged.
  Task<Result<void>> load();
  // Takes in what the ring shows, and writes the book if it changed. Heads that are not the
  // owner's are passed over. Afterwards behind() has those of which the ring showed an older one.
  Task<Result<void>> compare(std::vector<wire::Head> from_ring);
  // Makes this machine's next head, and keeps it durably before it returns.
  Task<Result<wire::Head>> write_next(const vault::VaultKeys& vault_keys,
                                      std::optional<vault::PackRow> newest_index, std::int64_t now_ns);

  // From now on shows what this home took for the newest heads at that time, to look at, and no machine that
  // it saw first after that; it cannot be written on then. Errc::invalid if the book was begun later.
  Result<void> go_back(std::int64_t time_ns);

  const std::map<std::uint32_t, wire::Head>& heads() const { return heads_; }
  const std::vector<wire::Head>& behind() const { return behind_; }

 private:
  Task<Result<void>> save();
  void replace(wire::Head head);
  replica::HeadRank rank_of(const wire::Head& head) const;

  Environment environment_;
  wire::RingId ring_id_;
  std::uint32_t machine_ = 0;                  // this one
  std::map<std::uint32_t, wire::Head> heads_;  // by machine
  EarlierHeads earlier_;
  std::int64_t since_ns_ = 0;  // earlier heads are noted since then
  bool is_begun_ = false;      // and that is on disk
  bool is_back_ = false;
  std::vector<wire::Head> behind_;
};

// The form of the book's file, for its tests.
struct HeadBookContent {
  std::map<std::uint32_t, wire::Head> heads;
  EarlierHeads earlier;
  std::optional<std::int64_t> since_ns;  // of version 3 on
};
Bytes encode_head_book(const std::map<std::uint32_t, wire::Head>& heads, const EarlierHeads& earlier,
                       std::int64_t since_ns);
Result<HeadBookContent> decode_head_book(ByteView bytes);

}  // namespace peerstore::drive
