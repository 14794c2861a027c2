// Who can reach whom in the virtual network, and how that is changed.
#include "world/network_machine.hpp"

#include <algorithm>
#include <utility>

namespace peerstore::world {

void VirtualNetwork::cut(const wire::MemberId& a, const wire::MemberId& b) {
  cut_one_way(a, b);
  cut_one_way(b, a);
}
void VirtualNetwork::mend(const wire::MemberId& a, const wire::MemberId& b) {
  mend_one_way(a, b);
  mend_one_way(b, a);
}
void VirtualNetwork::cut_one_way(const wire::MemberId& from, const wire::MemberId& to) {
  const std::uint32_t sender = place_of(from);
  cuts_.emplace(sender, place_of(to));
}
void VirtualNetwork::mend_one_way(const wire::MemberId& from, const wire::MemberId& to) {
  const std::uint32_t sender = place_of(from);
  cuts_.erase({sender, place_of(to)});
}

void VirtualNetwork::set_island(const wire::MemberId& member, unsigned island) {
  machine(member).island = island;
}

void VirtualNetwork::heal() {
  cuts_.clear();
  for (auto& machine : machines_) machine->island = 0;
}

void VirtualNetwork::set_slow(const wire::MemberId& member, Duration extra) {
  machine(member).slowness = extra;
}

void VirtualNetwork::set_bandwidth(const wire::MemberId& member, std::uint64_t up, std::uint64_t down) {
  Machine& home = machine(member);
  home.up.set_rate(up);
  home.down.set_rate(down);
}

void VirtualNetwork::set_behind_nat(const wire::MemberId& member, bool behind_nat) {
  Machine& home = machine(member);
  home.behind_nat = behind_nat;
  if (behind_nat) home.break_links();
}

void VirtualNetwork::set_address(const wire::MemberId& member, std::string address) {
  Machine& home = machine(member);
  home.address = std::move(address);
  home.break_links();
}

bool VirtualNetwork::passes(const Machine& from, const Machine& to) const {
  if (from.asleep || to.asleep || from.island != to.island) return false;
  return cuts_.empty() || !cuts_.contains({from.place, to.place});
}

bool VirtualNetwork::is_let_in(const Machine& caller, const Machine& peer) const {
  if (!peer.is_choosy() || &caller == &peer) return true;
  const auto link = peer.links.find(caller.place);
  if (link != peer.links.end() && link->second == caller.life) return true;
  if (peer.behind_nat) return false;
  if (caller.directory == nullptr) return true;
  const std::vector<std::string> known = caller.directory->addresses(peer.member);
  return std::ranges::find(known, peer.address) != known.end();
}

// A question arrived where a process serves: the two have a link now.
void VirtualNetwork::note_link(Machine& caller, Machine& peer) {
  if (caller.is_choosy()) caller.links[peer.place] = peer.life;
  if (peer.is_choosy()) peer.links[caller.place] = caller.life;
}

void VirtualNetwork::equip(const wire::MemberId& member, Equipment equipment) {
  machine(member).directory = &equipment.directory;
}

}  // namespace peerstore::world
