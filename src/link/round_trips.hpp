// RoundTrips: how long to wait for one peer's answer to a small question.
//
// Jacobson and Karels (SIGCOMM 1988) as in RFC 6298: smoothed mean plus four times the mean deviation,
// doubled after each question that was given up (Karn), back to normal with the next answer.
// Meant for questions that are answered at once, from memory; those that wait for a disk or carry a
// segment have the caller's patience alone.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/wire/messages.hpp>

namespace peerstore::link {

class RoundTrips {
 public:
  void answered_after(Duration duration);
  void gave_up();
  // At most `patience`; exactly that until there are enough measurements.
  Duration patience_within(Duration patience) const;

  // Whether such a question is small and answered at once.
  static bool measures(const wire::Request& request);

 private:
  Duration mean_{};
  Duration deviation_{};
  int samples_ = 0;
  int doublings_ = 0;
};

}  // namespace peerstore::link
