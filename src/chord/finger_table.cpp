#include <peerstore/chord/finger_table.hpp>

#include <algorithm>
#include <bit>

namespace peerstore::chord {

namespace {

constexpr unsigned kCellsInAnOctave = 4;

// a + d on the circle.
ring::Id plus(const ring::Id& a, const ring::Id& d) {
  return ring::distance(ring::distance(a, ring::Id{}), d);
}

bool bit_of(const ring::Id& id, unsigned power) {
  return (id.bytes[ring::Id::kSize - 1 - power / 8] >> (power % 8) & 1U) != 0;
}

// Of a distance that is not zero: the power of two that it reaches.
unsigned octave_of(const ring::Id& distance) {
  for (unsigned i = 0; i < ring::Id::kSize; ++i) {
    if (distance.bytes[i] == 0) continue;
    return 8 * static_cast<unsigned>(ring::Id::kSize - 1 - i) +
           static_cast<unsigned>(std::bit_width(distance.bytes[i])) - 1;
  }
  return 0;
}

unsigned cell_of(const ring::Id& distance) {
  const unsigned octave = octave_of(distance);
  unsigned place = 0;
  for (unsigned i = 1; i <= 2; ++i) place = 2 * place + (octave >= i && bit_of(distance, octave - i) ? 1 : 0);
  return kCellsInAnOctave * octave + place;
}

// The point of `octave` that has the lower bits of `draw`.
ring::Id point_in(unsigned octave, const ring::Id& draw) {
  ring::Id point = draw;
  for (unsigned power = 8 * ring::Id::kSize; power-- > octave;) {
    const auto mask = static_cast<std::uint8_t>(1U << (power % 8));
    std::uint8_t& byte = point.bytes[ring::Id::kSize - 1 - power / 8];
    byte = static_cast<std::uint8_t>(power == octave ? byte | mask : byte & ~mask);
  }
  return point;
}

}  // namespace

void FingerTable::add(const wire::MemberId& member, TimePoint when) {
  if (member == self_) return;
  const ring::Id distance = ring::distance(self_, member);
  const auto [place, is_new] = fingers_.try_emplace(distance, when);
  if (!is_new) {
    place->second = std::max(place->second, when);
    return;
  }
  const unsigned cell = cell_of(distance);
  auto first = place;
  while (first != fingers_.begin() && cell_of(std::prev(first)->first) == cell) --first;
  std::size_t count = 0;
  auto oldest = first;
  for (auto at = first; at != fingers_.end() && cell_of(at->first) == cell; ++at) {
    ++count;
    if (at->second < oldest->second) oldest = at;
  }
  if (count > kInACell) fingers_.erase(oldest);
}

void FingerTable::remove(const wire::MemberId& member) { fingers_.erase(ring::distance(self_, member)); }

std::vector<wire::MemberId> FingerTable::closest_preceding(const ring::Id& key, std::size_t most,
                                                           TimePoint since) const {
  std::vector<wire::MemberId> fresh;
  std::vector<wire::MemberId> stale;
  const ring::Id limit = ring::distance(self_, key);
  // Of self's own place every finger is before it.
  auto at = limit.is_zero() ? fingers_.end() : fingers_.lower_bound(limit);
  while (at != fingers_.begin() && fresh.size() < most) {
    --at;
    std::vector<wire::MemberId>& kind = at->second < since ? stale : fresh;
    if (kind.size() < most) kind.push_back(plus(self_, at->first));
  }
  for (std::size_t i = 0; i < stale.size() && fresh.size() < most; ++i) fresh.push_back(stale[i]);
  return fresh;
}

std::vector<wire::MemberId> FingerTable::members() const {
  std::vector<wire::MemberId> found;
  for (const auto& [distance, when] : fingers_) found.push_back(plus(self_, distance));
  return found;
}

std::optional<FingerTable::Refresh> FingerTable::next_to_refresh(const wire::MemberId& near, TimePoint since,
                                                                 const ring::Id& draw) const {
  constexpr unsigned kOctaves = 8 * ring::Id::kSize;
  struct Freshest {
    std::optional<TimePoint> when;
    ring::Id distance;
  };
  std::vector<Freshest> octaves(kOctaves);
  for (const auto& [distance, when] : fingers_) {
    Freshest& freshest = octaves[octave_of(distance)];
    if (freshest.when && *freshest.when >= when) continue;
    freshest = {when, distance};
  }
  std::optional<unsigned> worst;
  for (unsigned octave = octave_of(ring::distance(self_, near)) + 1; octave < kOctaves; ++octave) {
    if (octaves[octave].when && *octaves[octave].when >= since) continue;
    if (!worst || octaves[octave].when < octaves[*worst].when) worst = octave;  // nothing is less than any
  }
  if (!worst) return std::nullopt;
  Refresh refresh{plus(self_, point_in(*worst, draw)), std::nullopt};
  if (octaves[*worst].when) refresh.member = plus(self_, octaves[*worst].distance);
  return refresh;
}

}  // namespace peerstore::chord
