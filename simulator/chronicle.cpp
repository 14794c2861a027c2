#include "chronicle.hpp"

#include <peerstore/runtime/result.hpp>
#include <peerstore/wire/messages.hpp>

#include "life.hpp"
#include "scenario.hpp"

#include <array>
#include <cstdio>

namespace peerstore::simulator {

namespace {

template <std::size_t... Kind>
std::string_view question_name(std::size_t kind, std::index_sequence<Kind...>) {
  static const std::array<std::string_view, sizeof...(Kind)> kNames = {
      wire::name_of(wire::Request(std::in_place_index<Kind>))...};
  return kind < kNames.size() ? kNames[kind] : "?";
}

std::string outcome_in_words(std::uint8_t outcome) {
  return outcome == 0 ? "" : ": " + std::string(to_string(static_cast<Errc>(outcome)));
}

}  // namespace

std::string question_name(std::size_t kind) {
  return std::string(question_name(kind, std::make_index_sequence<std::variant_size_v<wire::Request>>()));
}

std::string in_words(TimePoint at) {
  const auto total = std::chrono::duration_cast<std::chrono::milliseconds>(at.since_start).count();
  const auto seconds = total / 1000;
  char text[64];
  std::snprintf(text, sizeof text, "day %lld %02lld:%02lld:%02lld.%03lld",
                static_cast<long long>(seconds / 86400), static_cast<long long>(seconds / 3600 % 24),
                static_cast<long long>(seconds / 60 % 60), static_cast<long long>(seconds % 60),
                static_cast<long long>(total % 1000));
  return text;
}

void Chronicle::note(std::uint32_t machine, EventKind kind, std::uint8_t detail, std::uint8_t outcome,
                     std::uint32_t other, std::uint64_t what) {
  const Event event{world_.now(), machine, kind, detail, outcome, other, what};
  hash_.add(static_cast<std::uint64_t>(event.at.since_start.count()));
  hash_.add(std::uint64_t{machine} << 32 | other);
  hash_.add((std::uint64_t{static_cast<std::uint8_t>(kind)} << 16 | std::uint64_t{detail} << 8 | outcome) ^
            what << 24 ^ what >> 40);
  if (machine >= memories_.size()) memories_.resize(machine + 1);
  Memory& memory = memories_[machine];
  if (memory.events.size() < kLastEvents) {
    memory.events.push_back(event);
  } else {
    memory.events[memory.next] = event;
    memory.next = (memory.next + 1) % kLastEvents;
  }
  if (reader_) reader_(event);
}

std::vector<Event> Chronicle::last_events(std::uint32_t machine) const {
  if (machine >= memories_.size()) return {};
  const Memory& memory = memories_[machine];
  const auto middle = memory.events.begin() + static_cast<std::ptrdiff_t>(memory.next);
  std::vector<Event> events(middle, memory.events.end());
  events.insert(events.end(), memory.events.begin(), middle);
  return events;
}

std::string Chronicle::in_words(const Event& event, const Name& name) {
  const std::string other = name(event.other);
  const auto happening = [&]() -> std::string {
    switch (event.kind) {
      case EventKind::question: return "is asked " + question_name(event.detail) + " by " + other;
      case EventKind::answer:
        return "is answered " + question_name(event.detail) + " by " + other +
               outcome_in_words(event.outcome);
      case EventKind::ring_step: return "changes its neighbours or its phase";
      case EventKind::joined: return "has a place in the ring";
      case EventKind::life: return std::string(name_of(static_cast<LifeKind>(event.detail)));
      case EventKind::back: return "is back";
      case EventKind::fault_begins:
        return "fault begins: " + std::string(name_of(static_cast<FaultKind>(event.detail)));
      case EventKind::fault_ends:
        return "fault ends: " + std::string(name_of(static_cast<FaultKind>(event.detail)));
      case EventKind::chunk_safe: return "has all receipts for a chunk";
      case EventKind::chunk_on_disk: return "has a chunk on disk";
      case EventKind::read: return "reads a chunk" + outcome_in_words(event.outcome);
      case EventKind::lookup: return "looks up a key" + outcome_in_words(event.outcome);
      case EventKind::backup: return "backs up" + outcome_in_words(event.outcome);
      case EventKind::restore: return "restores" + outcome_in_words(event.outcome);
    }
    return "?";
  };
  return simulator::in_words(event.at) + "  " + name(event.machine) + " " + happening();
}

}  // namespace peerstore::simulator
