// Chronicle: everything that happens in a run, in its order: a rolling hash of (time, machine, event)
// that two equal runs share, and of each machine its last events, for telling how a law came
// to be broken.
#pragma once

#include <peerstore/runtime/clock.hpp>

#include "trace_hash.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace peerstore::simulator {

enum class EventKind : std::uint8_t {
  question,   // of `other`, delivered; detail: its kind
  answer,     // of `other`, delivered; detail: the question's kind, outcome: an Errc, or 0
  ring_step,  // its neighbours, or its phase, changed
  joined,
  life,          // detail: a LifeKind
  back,          // awake or up again
  fault_begins,  // detail: a FaultKind
  fault_ends,
  chunk_safe,  // with its full number of receipts
  chunk_on_disk,
  read,  // outcome: an Errc, or 0
  lookup,
  backup,  // of a person's folder; outcome as above
  restore,
};

struct Event {
  TimePoint at;
  std::uint32_t machine = 0;
  EventKind kind = EventKind::question;
  std::uint8_t detail = 0;
  std::uint8_t outcome = 0;
  std::uint32_t other = 0;  // a machine
  std::uint64_t what = 0;   // of an identifier, its first bytes
};

class Chronicle {
 public:
  static constexpr std::size_t kLastEvents = 50;
  using Name = std::function<std::string(std::uint32_t machine)>;

  explicit Chronicle(const Clock& world) : world_(world) {}

  void note(std::uint32_t machine, EventKind kind, std::uint8_t detail = 0, std::uint8_t outcome = 0,
            std::uint32_t other = 0, std::uint64_t what = 0);
  // Told of each event as it happens, for a replay.
  void on_event(std::function<void(const Event&)> reader) { reader_ = std::move(reader); }

  std::string hash() const { return hash_.hex(); }
  // Of this machine, oldest first, at most kLastEvents.
  std::vector<Event> last_events(std::uint32_t machine) const;
  // "day 0 01:02:03.004  ann-laptop  answers Notify of bob-laptop"
  static std::string in_words(const Event& event, const Name& name);

 private:
  struct Memory {
    std::vector<Event> events;  // a ring
    std::size_t next = 0;
  };
  const Clock& world_;
  TraceHash hash_;
  std::vector<Memory> memories_;  // by machine
  std::function<void(const Event&)> reader_;
};

// Of the question that stands at `kind` in wire::Request.
std::string question_name(std::size_t kind);

// "day 3 04:05:06.789"
std::string in_words(TimePoint at);

}  // namespace peerstore::simulator
