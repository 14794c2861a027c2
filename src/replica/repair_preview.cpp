// What would move if a machine went, or came: told to people beforehand.
#include <peerstore/replica/repair.hpp>

#include <algorithm>
#include <utility>

namespace peerstore::replica {

// ---- before a machine is emptied ----

Task<Repair::Preview> Repair::preview_without_self() {
  const Map now = view_.map();
  const std::size_t copies = now->policy().copies;
  std::vector<placement::Machine> others = now->machines();
  std::erase_if(others, [this](const placement::Machine& machine) { return machine.id == self_; });
  const placement::Map after(now->policy(), std::move(others));
  Preview preview;
  const std::vector<Held> held = held_chunks();
  for (std::size_t i = 0; i < held.size(); ++i) {
    if ((i + 1) % options_.chunks_per_turn == 0) co_await clock_.sleep(Duration(0));
    const auto facts = chunks_.find(held[i].address);
    if (!facts) continue;
    ++preview.chunks;
    const auto before = now->preference_list(held[i].place, copies);
    const auto then = after.preference_list(held[i].place, copies);
    if (then.size() < copies) ++preview.without_a_place;
    for (const wire::MemberId& member : then) {
      if (std::ranges::find(before, member) != before.end()) continue;
      preview.bytes[member] += store::stored_bytes(facts->header);
    }
  }
  co_return preview;
}

// ---- before a machine comes ----

// Each chunk that the newcomer should hold is brought by one machine: by the one whose place it takes, if it
// is live, or else by the first live one that should hold it.
Task<Repair::Share> Repair::preview_with(placement::Machine newcomer) {
  const Map now = view_.map();
  std::vector<placement::Machine> all = now->machines();
  all.push_back(newcomer);
  const placement::Map after(now->policy(), std::move(all));
  const auto counts = [&](const wire::MemberId& member) {
    const Standing standing = view_.standing(member);
    return member == newcomer.id || (standing != Standing::gone && standing != Standing::long_away);
  };
  const auto is_live = [this](const wire::MemberId& member) {
    return member == self_ || view_.standing(member) == Standing::live;
  };
  Share share;
  const std::vector<Held> held = held_chunks();
  for (std::size_t i = 0; i < held.size(); ++i) {
    if ((i + 1) % options_.chunks_per_turn == 0) co_await clock_.sleep(Duration(0));
    const auto then = first_of(after, held[i].place, counts);
    if (std::ranges::find(then, newcomer.id) == then.end()) continue;
    const auto facts = chunks_.find(held[i].address);
    if (!facts) continue;
    const auto before = first_of(*now, held[i].place, counts);
    const auto is_displaced = [&](const wire::MemberId& member) {
      return std::ranges::find(then, member) == then.end();
    };
    const auto displaced = std::ranges::find_if(before, is_displaced);
    const auto first_live = std::ranges::find_if(before, is_live);
    const auto giver = displaced != before.end() && is_live(*displaced) ? displaced : first_live;
    const std::uint64_t bytes = store::stored_bytes(facts->header);
    if (displaced != before.end() && *displaced == self_) share.bytes_freed += bytes;
    if (giver == before.end() || *giver != self_) continue;
    ++share.chunks;
    share.bytes += bytes;
  }
  co_return share;
}

}  // namespace peerstore::replica
