// CapacityLedger: who has a claim on the space given, in bytes.
//
// Why it exists: a machine must never fill its owner's disk. Everything that takes room is
// written down here before it takes it: chunks held, chunks being written, room promised by
// reservations, damaged chunks, the trash, files kept in quarantine, and files that could not be removed.
//
// Invariant: the ledger never grants what would bring the sum over the capacity. (The sum may be
// over it already when the owner has lowered the capacity, or other files have filled the disk: then nothing
// is granted.)
// Room for one chunk is kept for what is to take the place of one that is here, damaged or held by an older
// lease: both lie on the disk for a moment, and a machine that is full has to heal, too.
// Pure: the time is given in, nothing is touched.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/result.hpp>
#include <peerstore/wire/types.hpp>

#include <algorithm>
#include <cstdint>
#include <map>

namespace peerstore::store {

class CapacityLedger {
 public:
  // More promises than this at a time are refused (busy): each costs memory.
  static constexpr std::size_t kReservationsMax = 4096;
  // Kept for replacements: a chunk of the largest size, of a capacity that can spare it.
  static constexpr std::uint64_t kSpareBytes = 4096 + wire::kSegmentsMax * std::uint64_t{wire::kSegmentBytes};
  static constexpr std::uint64_t kSparesMany = 64;
  enum class Purpose : std::uint8_t { addition, replacement };

  CapacityLedger(std::uint64_t capacity, Duration reservation_life)
      : given_(capacity), reservation_life_(reservation_life) {}

  // Promises room until `now` + reservation_life. Errc::full, busy, invalid (no bytes).
  Result<std::uint64_t> reserve(std::uint64_t bytes, TimePoint now);

  // Room for a chunk about to be written: first from what is left of the reservation, the rest
  // from free room. A reservation that is unknown or expired counts as none. Errc::full.
  Result<void> start_write(std::uint64_t reservation, std::uint64_t bytes, TimePoint now,
                           Purpose purpose = Purpose::addition);
  void write_kept(std::uint64_t bytes);     // the chunk is held now
  void write_dropped(std::uint64_t bytes);  // its room is free again
  void write_stuck(std::uint64_t bytes);    // its file could not be removed

  // Found on disk, whatever the capacity says.
  void found_held(std::uint64_t files, std::uint64_t bytes);
  void found_quarantined(std::uint64_t files, std::uint64_t bytes);
  void quarantine_dropped(std::uint64_t bytes);  // one file

  void damaged_added(std::uint64_t bytes);  // one chunk
  void damaged_dropped(std::uint64_t bytes);

  void trash_added(std::uint64_t bytes);
  void trash_dropped(std::uint64_t bytes);

  void held_dropped(std::uint64_t bytes);  // one chunk is no longer held, nor is its file there

  void set_capacity(std::uint64_t bytes) { given_ = bytes; }
  // The disk has so much room for chunks in all, those that are there included. No limit until it is said.
  void set_disk_limit(std::uint64_t bytes) { disk_limit_ = bytes; }
  std::uint64_t given() const { return given_; }
  std::uint64_t capacity() const { return std::min(given_, disk_limit_); }
  std::uint64_t on_disk() const { return held_ + damaged_ + quarantined_ + trash_ + stuck_; }
  std::uint64_t held() const { return held_; }
  std::uint64_t writing() const { return writing_; }
  std::uint64_t damaged() const { return damaged_; }
  std::uint64_t damaged_chunks() const { return damaged_chunks_; }
  std::uint64_t quarantined() const { return quarantined_; }
  std::uint64_t trash() const { return trash_; }
  std::uint64_t chunks() const { return chunks_; }
  std::uint64_t quarantined_files() const { return quarantined_files_; }
  std::uint64_t reserved(TimePoint now) const;
  std::uint64_t room(TimePoint now, Purpose purpose = Purpose::addition) const;

 private:
  struct Reservation {
    std::uint64_t bytes = 0;
    TimePoint expires;
  };
  void expire(TimePoint now);
  void leave_held(std::uint64_t bytes);
  void leave_writing(std::uint64_t bytes);

  std::uint64_t given_;
  std::uint64_t disk_limit_ = ~std::uint64_t{0};
  Duration reservation_life_;
  std::uint64_t held_ = 0;
  std::uint64_t writing_ = 0;
  std::uint64_t damaged_ = 0;
  std::uint64_t damaged_chunks_ = 0;
  std::uint64_t quarantined_ = 0;
  std::uint64_t stuck_ = 0;
  std::uint64_t trash_ = 0;
  std::uint64_t chunks_ = 0;
  std::uint64_t quarantined_files_ = 0;
  std::uint64_t last_reservation_ = 0;
  // All live equally long, so the order of numbers is the order of expiry.
  std::map<std::uint64_t, Reservation> reservations_;
};

}  // namespace peerstore::store
