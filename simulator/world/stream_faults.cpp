// Who can reach whom over streams, and how that is changed.
#include "world/stream_connection.hpp"
#include "world/stream_machine.hpp"

namespace peerstore::world {

bool StreamNetwork::passes(const Machine& from, const Machine& to) const {
  if (from.asleep || to.asleep || from.island != to.island) return false;
  return cuts_.empty() || !cuts_.contains({from.place, to.place});
}

void StreamNetwork::resume_connections() {
  for (const auto& [id, connection] : connections_) connection->resume();
}

void StreamNetwork::sever_connections(const Machine& machine) {
  for (const auto& [id, connection] : connections_) {
    if (connection->concerns(machine)) connection->sever();
  }
}

void StreamNetwork::set_asleep(const wire::MemberId& member, bool asleep) {
  machine(member).asleep = asleep;
  if (!asleep) resume_connections();
}

void StreamNetwork::cut(const wire::MemberId& a, const wire::MemberId& b) {
  cut_one_way(a, b);
  cut_one_way(b, a);
}
void StreamNetwork::mend(const wire::MemberId& a, const wire::MemberId& b) {
  mend_one_way(a, b);
  mend_one_way(b, a);
}
void StreamNetwork::cut_one_way(const wire::MemberId& from, const wire::MemberId& to) {
  const std::uint32_t sender = place_of(from);
  cuts_.emplace(sender, place_of(to));
}
void StreamNetwork::mend_one_way(const wire::MemberId& from, const wire::MemberId& to) {
  const std::uint32_t sender = place_of(from);
  cuts_.erase({sender, place_of(to)});
  resume_connections();
}

void StreamNetwork::set_island(const wire::MemberId& member, unsigned island) {
  machine(member).island = island;
  resume_connections();
}

void StreamNetwork::heal() {
  cuts_.clear();
  for (auto& machine : machines_) machine->island = 0;
  resume_connections();
}

void StreamNetwork::set_slow(const wire::MemberId& member, Duration extra) {
  machine(member).slowness = extra;
}

void StreamNetwork::set_bandwidth(const wire::MemberId& member, std::uint64_t up, std::uint64_t down) {
  Machine& home = machine(member);
  home.up.set_rate(up);
  home.down.set_rate(down);
}

void StreamNetwork::set_behind_nat(const wire::MemberId& member, bool behind_nat) {
  Machine& home = machine(member);
  home.behind_nat = behind_nat;
  if (behind_nat) sever_connections(home);
}

void StreamNetwork::set_address(const wire::MemberId& member, std::string address) {
  Machine& home = machine(member);
  if (who_answers_at(address) == &home) return;
  std::erase_if(by_address_, [&](const auto& entry) { return entry.second == &home; });
  home.equipment->address = address;
  by_address_[std::move(address)] = &home;
  sever_connections(home);
}

}  // namespace peerstore::world
