#include "store/chunk_facts.hpp"

#include <peerstore/runtime/encoding.hpp>

namespace peerstore::store {

namespace {
constexpr std::string_view kByAddress = "chunk/a";
constexpr std::string_view kByPlacement = "chunk/p";
constexpr std::string_view kDamaged = "chunk/b";
static_assert(kDamaged.size() == kByAddress.size());
constexpr unsigned kFirstBytes = 256;

std::string address_key(const wire::ChunkAddress& address) {
  return std::string(kByAddress).append(as_text(address.view()));
}

std::string damaged_key(const wire::ChunkAddress& address) {
  return std::string(kDamaged).append(as_text(address.view()));
}

std::optional<wire::ChunkAddress> address_in(std::string_view key) {
  return wire::ChunkAddress::from(as_bytes(key.substr(kByAddress.size())));
}

std::string placement_key(const ring::Id& placement, const wire::ChunkAddress& address) {
  return std::string(kByPlacement).append(as_text(placement.view())).append(as_text(address.view()));
}

std::string with_byte(std::string_view prefix, unsigned byte) {
  return std::string(prefix) + static_cast<char>(static_cast<unsigned char>(byte));
}

std::string encode_row(const ChunkFacts& facts) {
  ByteWriter out;
  out.u64(facts.lease).raw(wire::encode(facts.header));
  return std::string(as_text(out.view()));
}

std::optional<ChunkFacts> decode_row(const wire::ChunkAddress& address, std::string_view value) {
  ByteReader in(as_bytes(value));
  ChunkFacts facts;
  facts.address = address;
  facts.lease = in.u64();
  const auto header = wire::decode_chunk_header(in.raw(wire::kChunkHeaderBytes));
  if (!header || !in.finished()) return std::nullopt;
  facts.header = *header;
  return facts;
}

struct PlacementPlace {
  ring::Id placement;
  wire::ChunkAddress address;
};

std::optional<PlacementPlace> decode_placement_key(std::string_view key) {
  ByteReader in(as_bytes(key.substr(kByPlacement.size())));
  PlacementPlace place;
  place.placement = in.fixed<ring::Id>();
  place.address = in.fixed<wire::ChunkAddress>();
  if (!in.finished()) return std::nullopt;
  return place;
}

// Of a set of (placement key, address): equal for equal sets, and different for sets that lost
// something, since addresses are hashes and placement keys random.
struct SetSummary {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  void add(const ring::Id& placement, const wire::ChunkAddress& address) {
    ++count;
    sum += FixedBytesHash{}(placement) * 3 + FixedBytesHash{}(address);
  }
  bool operator==(const SetSummary&) const = default;
};
}  // namespace

Result<std::optional<ChunkFacts>> ChunkFactsRows::get(const wire::ChunkAddress& address) {
  const auto value = rows_.get(address_key(address));
  if (!value) return value.error();
  if (!*value) return std::optional<ChunkFacts>();
  return decode_row(address, **value);
}

Result<void> ChunkFactsRows::change(const std::vector<ChunkFacts>& drops, const std::vector<ChunkFacts>& puts,
                                    const std::vector<ChunkFacts>& damaged) {
  std::vector<KeyValue::Change> changes;
  changes.reserve(3 * (drops.size() + puts.size() + damaged.size()));
  const auto take_away = [&changes](const ChunkFacts& facts) {
    changes.push_back({address_key(facts.address), std::nullopt});
    changes.push_back({placement_key(facts.header.placement_key, facts.address), std::nullopt});
  };
  for (const ChunkFacts& facts : drops) {
    take_away(facts);
    changes.push_back({damaged_key(facts.address), std::nullopt});
  }
  for (const ChunkFacts& facts : puts) {
    const std::string row = encode_row(facts);
    changes.push_back({address_key(facts.address), row});
    changes.push_back({placement_key(facts.header.placement_key, facts.address), row});
    changes.push_back({damaged_key(facts.address), std::nullopt});
  }
  for (const ChunkFacts& facts : damaged) {
    take_away(facts);
    changes.push_back({damaged_key(facts.address), encode_row(facts)});
  }
  if (changes.empty()) return {};
  return rows_.write(changes, /*sync=*/false);
}

Result<std::vector<ChunkFacts>> ChunkFactsRows::in_folder(unsigned first_byte) {
  return in_order_of_address(with_byte(kByAddress, first_byte));
}

Result<std::vector<ChunkFacts>> ChunkFactsRows::damaged_in_folder(unsigned first_byte) {
  return in_order_of_address(with_byte(kDamaged, first_byte));
}

Result<std::vector<ChunkFacts>> ChunkFactsRows::in_order_of_address(std::string prefix) {
  std::vector<ChunkFacts> found;
  const auto collect = [&found](std::string_view key, std::string_view value) {
    const auto address = address_in(key);
    auto facts = address ? decode_row(*address, value) : std::nullopt;
    if (facts) found.push_back(std::move(*facts));
    return true;
  };
  if (auto done = rows_.scan(prefix, collect); !done) return done.error();
  return found;
}

Result<void> ChunkFactsRows::for_each(const std::function<bool(const ChunkFacts&)>& visit) {
  const auto pass_on = [&visit](std::string_view key, std::string_view value) {
    const auto place = decode_placement_key(key);
    if (!place) return true;
    const auto facts = decode_row(place->address, value);
    return !facts || visit(*facts);
  };
  return rows_.scan(kByPlacement, pass_on);
}

Result<bool> ChunkFactsRows::orders_agree() {
  SetSummary by_address;
  SetSummary by_placement;
  const auto add_address = [&by_address](std::string_view key, std::string_view value) {
    const auto address = address_in(key);
    const auto facts = address ? decode_row(*address, value) : std::nullopt;
    if (facts) by_address.add(facts->header.placement_key, *address);
    return true;
  };
  if (auto done = rows_.scan(kByAddress, add_address); !done) return done.error();
  const auto add_placement = [&by_placement](std::string_view key, std::string_view value) {
    const auto place = decode_placement_key(key);
    if (place && decode_row(place->address, value)) by_placement.add(place->placement, place->address);
    return true;
  };
  if (auto done = rows_.scan(kByPlacement, add_placement); !done) return done.error();
  return by_address == by_placement;
}

Result<void> ChunkFactsRows::mend_placement_order() {
  const auto agree = orders_agree();
  if (!agree) return agree.error();
  if (*agree) return {};
  // One part of the circle at a time, so that memory stays small.
  for (unsigned byte = 0; byte < kFirstBytes; ++byte) {
    std::vector<KeyValue::Change> removals;
    const auto collect = [&removals](std::string_view key, std::string_view) {
      removals.push_back({std::string(key), std::nullopt});
      return true;
    };
    if (auto done = rows_.scan(with_byte(kByPlacement, byte), collect); !done) return done;
    if (auto done = rows_.write(removals, /*sync=*/false); !done) return done;
  }
  for (unsigned byte = 0; byte < kFirstBytes; ++byte) {
    const auto found = in_folder(byte);
    if (!found) return found.error();
    if (auto done = change({}, *found); !done) return done;
  }
  return {};
}

}  // namespace peerstore::store
