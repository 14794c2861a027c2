#include "store/capacity_ledger.hpp"

#include <peerstore/runtime/check.hpp>

#include <algorithm>
#include <string>

namespace peerstore::store {

namespace {
Error no_room(std::uint64_t wanted, std::uint64_t room) {
  return fail(Errc::full, "no room for " + std::to_string(wanted) + " bytes, " + std::to_string(room) +
                              " of the space given are free");
}
}  // namespace

Result<std::uint64_t> CapacityLedger::reserve(std::uint64_t bytes, TimePoint now) {
  expire(now);
  if (bytes == 0) return fail(Errc::invalid, "a reservation of no bytes");
  if (bytes > room(now)) return no_room(bytes, room(now));
  if (reservations_.size() >= kReservationsMax) return fail(Errc::busy, "too many reservations at once");
  reservations_.emplace(++last_reservation_, Reservation{bytes, now + reservation_life_});
  return last_reservation_;
}

Result<void> CapacityLedger::start_write(std::uint64_t reservation, std::uint64_t bytes, TimePoint now,
                                         Purpose purpose) {
  expire(now);
  const auto promised = reservations_.find(reservation);
  const std::uint64_t covered = promised == reservations_.end() ? 0 : std::min(promised->second.bytes, bytes);
  const std::uint64_t free = room(now, purpose);
  if (bytes - covered > free) return no_room(bytes - covered, free);
  if (covered > 0) {
    promised->second.bytes -= covered;
    if (promised->second.bytes == 0) reservations_.erase(promised);
  }
  writing_ += bytes;
  return {};
}

void CapacityLedger::write_kept(std::uint64_t bytes) {
  leave_writing(bytes);
  found_held(1, bytes);
}

void CapacityLedger::write_dropped(std::uint64_t bytes) { leave_writing(bytes); }

void CapacityLedger::write_stuck(std::uint64_t bytes) {
  leave_writing(bytes);
  stuck_ += bytes;
}

void CapacityLedger::found_held(std::uint64_t files, std::uint64_t bytes) {
  chunks_ += files;
  held_ += bytes;
}

void CapacityLedger::found_quarantined(std::uint64_t files, std::uint64_t bytes) {
  quarantined_files_ += files;
  quarantined_ += bytes;
}

void CapacityLedger::trash_added(std::uint64_t bytes) { trash_ += bytes; }

void CapacityLedger::trash_dropped(std::uint64_t bytes) {
  CHECK(bytes <= trash_);
  trash_ -= bytes;
}

void CapacityLedger::held_dropped(std::uint64_t bytes) { leave_held(bytes); }

void CapacityLedger::damaged_added(std::uint64_t bytes) {
  ++damaged_chunks_;
  damaged_ += bytes;
}

void CapacityLedger::damaged_dropped(std::uint64_t bytes) {
  CHECK(bytes <= damaged_ && damaged_chunks_ > 0);
  damaged_ -= bytes;
  --damaged_chunks_;
}

void CapacityLedger::quarantine_dropped(std::uint64_t bytes) {
  CHECK(bytes <= quarantined_ && quarantined_files_ > 0);
  quarantined_ -= bytes;
  --quarantined_files_;
}

std::uint64_t CapacityLedger::reserved(TimePoint now) const {
  std::uint64_t sum = 0;
  for (const auto& [number, reservation] : reservations_) {
    if (reservation.expires > now) sum += reservation.bytes;
  }
  return sum;
}

std::uint64_t CapacityLedger::room(TimePoint now, Purpose purpose) const {
  const bool keeps_spare = purpose == Purpose::addition && capacity() / kSparesMany >= kSpareBytes;
  const std::uint64_t used = on_disk() + writing_ + reserved(now) + (keeps_spare ? kSpareBytes : 0);
  return used < capacity() ? capacity() - used : 0;
}

void CapacityLedger::expire(TimePoint now) {
  while (!reservations_.empty() && reservations_.begin()->second.expires <= now) {
    reservations_.erase(reservations_.begin());
  }
}

void CapacityLedger::leave_held(std::uint64_t bytes) {
  CHECK(bytes <= held_ && chunks_ > 0);
  held_ -= bytes;
  --chunks_;
}

void CapacityLedger::leave_writing(std::uint64_t bytes) {
  CHECK(bytes <= writing_);
  writing_ -= bytes;
}

}  // namespace peerstore::store
