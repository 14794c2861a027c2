#include "scenario_run.hpp"

#include <peerstore/runtime/check.hpp>

#include <algorithm>
#include <chrono>

namespace peerstore::simulator {

namespace {

constexpr int kLooks = 100;             // at all chunks, during the life; and as many times progress is told
constexpr Duration kSamplesApart = 1s;  // of the ring's health, at least
constexpr std::size_t kSmallRing = 64;

}  // namespace

ScenarioRun::ScenarioRun(const Scenario& scenario, const LifePlan& plan, const RunOptions& options)
    : scenario_(scenario),
      options_(options),
      plan_(plan),
      ring_(scenario_, plan_, options.seed),
      owners_(ring_, scenario_, report_),
      folders_(ring_, scenario_, report_,
               [this](Machine& machine, ChunkLedger::Place place) { has_chunk(machine, place); }),
      lookups_(ring_, scenario_, report_),
      life_(
          ring_, scenario_, report_, [this](Machine& machine) { watch(machine); },
          [this](Machine& machine) { begin(machine); }),
      faults_(ring_, life_, scenario_, report_, options.seed),
      asked_first_(scenario_.ring.successor_list) {
  ring_.network().observe(this);
  ring_.violations().on_first([this](const Violation& violation) { tell_story(violation); });
  if (options_.on_event) {
    ring_.chronicle().on_event([this](const Event& event) {
      options_.on_event(Chronicle::in_words(event, [this](std::uint32_t at) { return ring_.name_of(at); }));
    });
  }
}

ScenarioRun::~ScenarioRun() { ring_.network().observe(nullptr); }

Report ScenarioRun::run() {
  const auto began = std::chrono::steady_clock::now();
  choose_liars();
  life_.start();
  grow_and_live();
  if (!is_over()) heal();
  finish_report();
  report_.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return report_;
}

// ---- growing and living ----

void ScenarioRun::choose_liars() {
  for (const auto& machine : ring_.machines()) {
    const bool lies = ring_.random().unit() < scenario_.liars.share;
    if (lies && machine->index() > 0) machine->set_lies(scenario_.liars.lies);
  }
}

void ScenarioRun::begin(Machine& machine) {
  const std::uint64_t up = scenario_.links.bytes_up;
  const std::uint64_t down = scenario_.links.bytes_down;
  if (up > 0 || down > 0) ring_.network().set_bandwidth(machine.member(), up, down);
  owners_.begin(machine);
  folders_.begin(machine);
  lookups_.begin(machine);
}

// Events one by one, since the first broken law ends the run on the spot. False: it is over.
bool ScenarioRun::pass_time(Duration until) {
  class Bell final : public Timer {
    void fire() override {}
  } bell;
  world::VirtualClock& world = ring_.world();
  world.arm(bell, TimePoint{until});
  while (bell.armed() && !is_over()) world.step();
  return !is_over();
}

void ScenarioRun::grow_and_live() {
  if (!pass_time(scenario_.grow)) return;
  start_counting();
  faults_.start();
  const Duration step = scenario_.live / kLooks;
  const bool is_small = ring_.machines().size() <= kSmallRing;
  const Duration apart = std::max(kSamplesApart, step / 10);
  for (int look = 1; look <= kLooks; ++look) {
    const Duration until = look == kLooks ? plan_.end : scenario_.grow + look * step;
    while (is_small && ring_.world().now().since_start + apart < until) {
      if (!pass_time(ring_.world().now().since_start + apart)) return;
      sample_ring();
    }
    if (!pass_time(until)) return;
    sample_ring();
    check_chunks();
    tell_progress();
  }
}

void ScenarioRun::start_counting() {
  bytes_ = {};
  for (const auto& machine : ring_.machines()) awake_before_ += machine->awake_time();
  proof_holds_ = scenario_.laws.zave;
}

void ScenarioRun::sample_ring() {
  const RingHealth health = health_of_ring(ring_.live_members());
  ++samples_;
  report_.share_without_live_successor += health.without_live_successor ? 1 : 0;
  report_.share_on_several_rings += health.on_several_rings ? 1 : 0;
  report_.share_with_too_few_principals += health.principals < scenario_.ring.successor_list + 1 ? 1 : 0;
}

void ScenarioRun::tell_progress() {
  if (!options_.on_progress) return;
  options_.on_progress({ring_.world().now().since_start, plan_.end, ring_.live_count()});
}

// ---- healing: faults end, everybody who is left comes back, and the laws ask for rest ----

void ScenarioRun::heal() {
  Duration awake{};
  for (const auto& machine : ring_.machines()) awake += machine->awake_time();
  const double seconds = std::chrono::duration<double>(awake - awake_before_).count();
  report_.node_hours = seconds / 3600;
  for (std::size_t kind = 0; seconds > 0 && kind < bytes_.size(); ++kind) {
    if (bytes_[kind] == 0) continue;
    const double share = static_cast<double>(bytes_[kind]) / seconds;
    report_.bytes_by_question[question_name(kind)] = share;
    report_.bytes_per_node_second += share;
  }

  proof_holds_ = false;
  faults_.end_all();
  for (const auto& machine : ring_.machines()) {
    if (machine->is_honest()) continue;
    // One that lied about routes for ever would be its neighbours' trouble for ever.
    Lies lies = scenario_.liars.lies;
    lies.wrong_routes = false;
    machine->set_lies(lies);
  }
  life_.bring_everybody_back();
  if (!is_over()) rest();
}

void ScenarioRun::rest() {
  const auto seconds_of = [](Duration time) { return std::chrono::duration<double>(time).count(); };
  const LawOptions& laws = scenario_.laws;
  const Duration in =
      wait_for("whoever_sets_out_gets_in", laws.ideal_within, 1s, &ScenarioRun::flaw_of_joins);
  if (is_over()) return;
  const Duration ideal =
      in + wait_for("ring_becomes_ideal", laws.ideal_within, 1s, &ScenarioRun::flaw_of_ring);
  report_.seconds_to_ideal = seconds_of(ideal);
  if (!is_over()) lookups_.look_up_from_everywhere();
  if (is_over()) return;
  const Duration known =
      wait_for("everybody_is_believed_live", laws.known_within, 1s, &ScenarioRun::flaw_of_beliefs);
  report_.seconds_to_known = seconds_of(ideal + known);
  if (is_over()) return;
  const Duration repaired = wait_for("every_safe_chunk_gets_its_copies_back", laws.repaired_within, 1min,
                                     &ScenarioRun::flaw_of_copies);
  report_.seconds_to_repaired = seconds_of(repaired);
  check_chunks();
  if (!is_over()) owners_.read_everything_back();
  if (!is_over()) folders_.restore_everything();
}

// Looks at the whole ring now and then until there is no flaw, for `within` at most. Returns how long it
// took.
Duration ScenarioRun::wait_for(std::string_view law, Duration within, Duration look, Flaw flaw_now) {
  const TimePoint began = ring_.world().now();
  const TimePoint limit = began + within;
  std::optional<std::string> flaw = (this->*flaw_now)();
  while (flaw && ring_.world().now() < limit) {
    if (!pass_time(std::min(limit, ring_.world().now() + look).since_start)) return {};
    flaw = (this->*flaw_now)();
  }
  ring_.violations().judge(law, flaw, {});
  return ring_.world().now() - began;
}

std::vector<MemberSnapshot> ScenarioRun::all_live() const {
  std::vector<MemberSnapshot> live;
  for (const auto& machine : ring_.machines()) {
    if (machine->is_live()) live.push_back(machine->snapshot());
  }
  return live;
}

std::optional<std::string> ScenarioRun::flaw_of_joins() { return life_.flaw_of_joins(); }

std::optional<std::string> ScenarioRun::flaw_of_ring() {
  return ring_becomes_ideal(all_live(), scenario_.ring.successor_list);
}

// In a ring that is too large for it nobody knows all others.
std::optional<std::string> ScenarioRun::flaw_of_beliefs() {
  for (const auto& machine : ring_.machines()) {
    if (machine->is_live() && machine->node().chord().fingers_only()) return std::nullopt;
  }
  return everybody_is_believed_live(all_live());
}

// As many copies as the policy asks and the colours allow, of every safe chunk. If nobody has the time to
// read through what he holds, a copy that a fault took or may have changed in secret is one that nobody
// could know to be missing; nor one which the holder that should have it, a liar, says it has: nothing asks
// it to prove that (see protocol.md, downsides).
std::optional<std::string> ScenarioRun::flaw_of_copies() {
  Machine* const witness = ring_.any_live_member();
  if (witness == nullptr) return std::nullopt;
  const std::shared_ptr<const placement::Map> map = witness->node().view().map();
  const bool is_scrubbed = scenario_.disk.scrub > 0s;
  const HasCopy counted = is_scrubbed ? ring_.good_copy() : ring_.any_copy();
  const auto excused = [&](const StoredChunk& chunk) {
    return static_cast<std::size_t>(std::ranges::count_if(chunk.ever_on_disks, [&](std::uint32_t index) {
      const Machine& holder = ring_.machine(index);
      return !is_scrubbed && holder.is_damaged() && holder.is_live() && !holder.has_copy(chunk.address);
    }));
  };
  for (std::uint32_t number = 0; number < ring_.ledger().pack_count(); ++number) {
    const StoredPack& pack = ring_.ledger().pack(number);
    for (const StoredChunk& chunk : pack.chunks) {
      if (!chunk.acknowledged) continue;
      const wire::ChunkHeader& header = chunk.description.header;
      const placement::ChunkPlace place{header.placement_key, header.chunk_class, pack.owner};
      const std::vector<wire::MemberId> preferred = map->preference_list(place, map->policy().copies);
      const auto claimed =
          static_cast<std::size_t>(std::ranges::count_if(preferred, [&](const wire::MemberId& id) {
            const Machine& holder = *ring_.by_member().at(id);
            return holder.claims_falsely(chunk.address) && !holder.has_copy(chunk.address);
          }));
      const std::size_t wanted = preferred.size();
      const std::size_t copies = copies_of(chunk, counted);
      if (copies + excused(chunk) + claimed >= wanted) continue;
      std::string lacking;
      for (const wire::MemberId& id : preferred) {
        const Machine& holder = *ring_.by_member().at(id);
        if (!holder.has_copy(chunk.address)) lacking += (lacking.empty() ? "" : ", ") + holder.name();
      }
      return "class " + std::to_string(header.chunk_class) + " of pack " + std::to_string(number) + " has " +
             std::to_string(copies) + " copies of " + std::to_string(wanted) + "; it is not with " + lacking;
    }
  }
  return std::nullopt;
}

void ScenarioRun::finish_report() {
  report_.scenario = scenario_.name;
  report_.commit = options_.commit;
  report_.nodes = scenario_.nodes;
  report_.days = std::chrono::duration<double>(scenario_.live).count() / 86400;
  report_.seed = options_.seed;
  report_.events = ring_.world().events();
  report_.messages = ring_.network().counters().messages;
  report_.bytes = ring_.network().counters().bytes;
  report_.members_at_end = ring_.live_count();
  report_.copies_by_repair -= std::min(report_.copies_by_repair, report_.copies_by_owners);
  if (samples_ > 0) {
    const auto samples = static_cast<double>(samples_);
    report_.share_without_live_successor /= samples;
    report_.share_on_several_rings /= samples;
    report_.share_with_too_few_principals /= samples;
  }
  report_.trace_hash = ring_.chronicle().hash();
}

}  // namespace peerstore::simulator
