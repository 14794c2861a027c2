// How long it takes to reckon who should hold a chunk, and to draw the circle anew.
#include <benchmark/benchmark.h>

#include <peerstore/placement/placement.hpp>
#include <peerstore/runtime/random.hpp>

namespace peerstore::placement {
namespace {

std::vector<Machine> machines(std::size_t count) {
  SeededEntropy entropy(1);
  std::vector<Machine> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    all.push_back({entropy.make<ring::Id>(), i, static_cast<std::uint8_t>(i % 5), std::uint64_t{100} << 30});
  }
  return all;
}

void DrawTheCircle(benchmark::State& state) {
  const auto all = machines(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(Map(Policy{}, all));
}
BENCHMARK(DrawTheCircle)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond);

void PreferenceListOfThree(benchmark::State& state) {
  const Map map(Policy{}, machines(static_cast<std::size_t>(state.range(0))));
  SeededEntropy entropy(2);
  for (auto _ : state) {
    const ChunkPlace chunk{entropy.make<ring::Id>(), 1, 0};
    benchmark::DoNotOptimize(map.preference_list(chunk, 3));
  }
}
BENCHMARK(PreferenceListOfThree)->Arg(10)->Arg(1000);

}  // namespace
}  // namespace peerstore::placement
