// What waiting costs: the floor under every simulated message.
#include <benchmark/benchmark.h>

#include <peerstore/runtime/scope.hpp>
#include <peerstore/world/virtual_clock.hpp>

namespace peerstore {
namespace {

Task<int> leaf(int value) { co_return value; }

Task<void> call_many(int times, std::int64_t& sum) {
  for (int i = 0; i < times; ++i) sum += co_await leaf(i);
}

void CallAndReturn(benchmark::State& state) {
  world::VirtualClock clock;
  std::int64_t sum = 0;
  for (auto _ : state) clock.run(call_many(1000, sum));
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(CallAndReturn);

Task<void> sleep_many(Clock& clock, int times) {
  for (int i = 0; i < times; ++i) co_await clock.sleep(1ms);
}

void SleepOfAThousandTasks(benchmark::State& state) {
  for (auto _ : state) {
    world::VirtualClock clock;
    TaskScope scope(clock);
    for (int i = 0; i < 1000; ++i) scope.spawn(sleep_many(clock, 10));
    clock.run_for(1s);
  }
  state.SetItemsProcessed(state.iterations() * 10'000);
}
BENCHMARK(SleepOfAThousandTasks);

}  // namespace
}  // namespace peerstore
