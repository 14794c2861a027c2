#include <peerstore/placement/placement.hpp>

#include <peerstore/crypto/hash.hpp>

#include <algorithm>
#include <tuple>

namespace peerstore::placement {

std::uint32_t token_count(const Policy& policy, std::uint64_t bytes_given) {
  if (bytes_given == 0) return 0;
  if (policy.bytes_per_token == 0) return 1;
  const std::uint64_t whole = bytes_given / policy.bytes_per_token;
  const std::uint64_t most = std::max<std::uint64_t>(policy.tokens_max, 1);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(whole, 1, most));
}

ring::Id token(const ring::Id& machine, std::uint32_t index) {
  std::array<std::uint8_t, 4> number;  // little-endian, as everything that is hashed
  for (unsigned i = 0; i < number.size(); ++i) number[i] = static_cast<std::uint8_t>(index >> (8 * i));
  return ring::Id{crypto::hash("placement token", {machine.view(), number}).bytes};
}

bool may_hold(const Policy& policy, std::uint8_t colour, std::uint8_t chunk_class) {
  return policy.colours == 0 || colour != chunk_class;
}

Map::Map(Policy policy, std::vector<Machine> machines) : policy_(policy), machines_(std::move(machines)) {
  std::ranges::sort(machines_, [](const Machine& a, const Machine& b) {
    return std::tie(a.id, a.person, a.colour, a.bytes_given) <
           std::tie(b.id, b.person, b.colour, b.bytes_given);
  });
  const auto repeated = std::ranges::unique(machines_, {}, &Machine::id);
  machines_.erase(repeated.begin(), repeated.end());

  std::vector<std::uint32_t> persons;
  std::size_t tokens = 0;
  for (const Machine& machine : machines_) {
    persons.push_back(machine.person);
    tokens += token_count(policy_, machine.bytes_given);
  }
  std::ranges::sort(persons);
  const auto again = std::ranges::unique(persons);
  persons.erase(again.begin(), again.end());
  persons_ = static_cast<std::uint32_t>(persons.size());

  person_rank_.reserve(machines_.size());
  tokens_.reserve(tokens);
  for (std::uint32_t i = 0; i < machines_.size(); ++i) {
    const auto rank = std::ranges::lower_bound(persons, machines_[i].person) - persons.begin();
    person_rank_.push_back(static_cast<std::uint32_t>(rank));
    const std::uint32_t count = token_count(policy_, machines_[i].bytes_given);
    for (std::uint32_t index = 0; index < count; ++index) {
      tokens_.push_back(Token{token(machines_[i].id, index), i});
    }
  }
  std::ranges::sort(tokens_, [](const Token& a, const Token& b) {
    return a.at != b.at ? a.at < b.at : a.machine < b.machine;  // total, so every machine sorts alike
  });
}

const Machine* Map::find(const ring::Id& machine) const {
  const auto place = std::ranges::lower_bound(machines_, machine, {}, &Machine::id);
  return place != machines_.end() && place->id == machine ? &*place : nullptr;
}

std::vector<ring::Id> Map::preference_list(const ChunkPlace& chunk, std::size_t most) const {
  std::vector<ring::Id> list;
  std::vector<bool> decided(persons_, false);  // taken, or never to be
  std::uint32_t undecided = persons_;
  const auto start = std::ranges::lower_bound(tokens_, chunk.placement_key, {}, &Token::at);
  auto next = static_cast<std::size_t>(start - tokens_.begin());
  for (std::size_t walked = 0; walked < tokens_.size(); ++walked, ++next) {
    if (undecided == 0 || list.size() >= most) break;
    if (next == tokens_.size()) next = 0;
    const std::uint32_t index = tokens_[next].machine;
    if (decided[person_rank_[index]]) continue;
    decided[person_rank_[index]] = true;
    --undecided;
    const Machine& machine = machines_[index];
    if (machine.person == chunk.owner) continue;
    if (!may_hold(policy_, machine.colour, chunk.chunk_class)) continue;
    list.push_back(machine.id);
  }
  return list;
}

unsigned Map::reachable_copies(std::uint32_t owner) const {
  std::size_t fewest = policy_.copies;
  const unsigned classes = std::max<unsigned>(policy_.colours, 1);
  for (unsigned chunk_class = 0; chunk_class < classes; ++chunk_class) {
    const ChunkPlace anywhere{ring::Id{}, static_cast<std::uint8_t>(chunk_class), owner};
    fewest = std::min(fewest, preference_list(anywhere, policy_.copies).size());
  }
  return static_cast<unsigned>(fewest);
}

}  // namespace peerstore::placement
