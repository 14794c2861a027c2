#include <peerstore/world/virtual_network.hpp>

#include <algorithm>
#include <optional>

namespace peerstore::world {

namespace {

// Any fixed mixing will do, as long as near inputs give far outputs (splitmix64's finaliser).
std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

std::pair<std::uint32_t, std::uint32_t> in_order(std::uint32_t a, std::uint32_t b) {
  return {std::min(a, b), std::max(a, b)};
}

}  // namespace

// A machine as the network knows it, from the first time that somebody names it.
struct VirtualNetwork::Machine {
  Machine(Clock& clock, std::uint32_t index) : place(index), serving(clock) {}

  std::uint32_t place;
  unsigned island = 0;
  bool asleep = false;
  wire::PersonNumber person = 0;
  wire::Service* service = nullptr;
  std::unique_ptr<Endpoint> endpoint;
  std::vector<Call*> overslept;  // its own calls that ended while it slept
  TaskScope serving;
};

// One question and its answer. Its timer stands for the next thing to happen to it.
struct VirtualNetwork::Call final : Timer {
  enum class Stage : std::uint8_t { free, asking, serving, answering, overslept };

  explicit Call(VirtualNetwork& network) : hub(network) {}
  void fire() override {
    if (stage == Stage::asking) {
      hub.deliver(*this);
    } else if (stage == Stage::serving) {
      hub.fall_silent(*this);
    } else {
      hub.complete(*this);
    }
  }

  VirtualNetwork& hub;
  Stage stage = Stage::free;
  std::uint8_t kind = 0;
  Machine* from = nullptr;
  Machine* to = nullptr;
  Serving* server = nullptr;  // while it is served
  TimePoint asked;
  TimePoint deadline;
  wire::Caller caller;
  wire::Request request;
  std::optional<Result<wire::Response>> answer;
  std::coroutine_handle<> waiter;  // nothing: nobody waits any more
};

// Ties a call to the coroutine that serves it, whichever of them ends first.
struct VirtualNetwork::Serving {
  explicit Serving(Call* served) : call(served) { call->server = this; }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;
  ~Serving() {
    if (call == nullptr) return;
    call->server = nullptr;
    call->hub.answered(*call, fail(Errc::unreachable, "the link broke"));
  }
  Call* call;
};

class VirtualNetwork::Answer {
 public:
  explicit Answer(Call* call) : call_(call) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() {
    if (call_ != nullptr) call_->hub.abandon(*call_);
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) { call_->waiter = waiter; }
  Result<wire::Response> await_resume() {
    Call& call = *std::exchange(call_, nullptr);
    Result<wire::Response> answer = std::move(*call.answer);
    call.hub.give_back(call);
    return answer;
  }

 private:
  Call* call_;
};

class VirtualNetwork::Endpoint final : public wire::Network {
 public:
  Endpoint(VirtualNetwork& hub, Machine& machine, wire::Caller caller)
      : hub_(hub), machine_(machine), caller_(caller) {}

  Task<Result<wire::Response>> call(wire::MemberId peer, wire::Request request, Duration patience) override {
    wire::Caller caller = caller_;
    if (!caller.is_client && !caller.is_joiner) caller.person = machine_.person;
    Answer answer(hub_.place(machine_, caller, peer, std::move(request), patience));
    co_return co_await answer;
  }

 private:
  VirtualNetwork& hub_;
  Machine& machine_;
  wire::Caller caller_;
};

VirtualNetwork::VirtualNetwork(Clock& clock, std::uint64_t seed, Options options)
    : clock_(clock), options_(options), random_(seed), pair_seed_(mix(seed + 1)) {}

VirtualNetwork::~VirtualNetwork() {
  for (auto& machine : machines_) machine->serving.cancel();
}

VirtualNetwork::Machine& VirtualNetwork::machine(const wire::MemberId& member) {
  Machine*& known = by_member_[member];
  if (known == nullptr) {
    machines_.push_back(std::make_unique<Machine>(clock_, static_cast<std::uint32_t>(machines_.size())));
    known = machines_.back().get();
  }
  return *known;
}

wire::Network& VirtualNetwork::endpoint(const wire::MemberId& member) {
  Machine& home = machine(member);
  if (!home.endpoint) {
    wire::Caller caller;
    caller.member = member;
    home.endpoint = std::make_unique<Endpoint>(*this, home, caller);
  }
  return *home.endpoint;
}

std::unique_ptr<wire::Network> VirtualNetwork::client(const wire::MemberId& member,
                                                      wire::PersonNumber person) {
  wire::Caller caller;
  caller.member = member;
  caller.person = person;
  caller.is_client = true;
  return std::make_unique<Endpoint>(*this, machine(member), caller);
}

std::unique_ptr<wire::Network> VirtualNetwork::joiner() {
  wire::Caller caller;
  caller.is_joiner = true;
  return std::make_unique<Endpoint>(*this, machine(wire::MemberId{}), caller);
}

void VirtualNetwork::attach(const wire::MemberId& member, wire::Service* service, wire::PersonNumber person) {
  CHECK(service != nullptr);
  Machine& home = machine(member);
  CHECK(home.service == nullptr);
  home.service = service;
  home.person = person;
}

void VirtualNetwork::detach(const wire::MemberId& member) {
  Machine& home = machine(member);
  home.service = nullptr;
  home.serving.cancel();
}

bool VirtualNetwork::is_attached(const wire::MemberId& member) const {
  const auto found = by_member_.find(member);
  return found != by_member_.end() && found->second->service != nullptr;
}

void VirtualNetwork::set_asleep(const wire::MemberId& member, bool asleep) {
  Machine& home = machine(member);
  home.asleep = asleep;
  if (asleep) return;
  for (Call* call : std::exchange(home.overslept, {})) {
    call->stage = Call::Stage::answering;
    clock_.arm(*call, clock_.now());
  }
}

void VirtualNetwork::cut(const wire::MemberId& a, const wire::MemberId& b) {
  cuts_.insert(in_order(machine(a).place, machine(b).place));
}
void VirtualNetwork::mend(const wire::MemberId& a, const wire::MemberId& b) {
  cuts_.erase(in_order(machine(a).place, machine(b).place));
}
void VirtualNetwork::set_island(const wire::MemberId& member, unsigned island) {
  machine(member).island = island;
}
void VirtualNetwork::heal() {
  cuts_.clear();
  for (auto& machine : machines_) machine->island = 0;
}

std::uint32_t VirtualNetwork::place_of(const wire::MemberId& member) { return machine(member).place; }

Duration VirtualNetwork::delay(const Machine& from, const Machine& to) {
  const auto [low, high] = in_order(from.place, to.place);
  const std::uint64_t pair = mix(pair_seed_ ^ (std::uint64_t{low} << 32 | high));
  const double share = static_cast<double>(pair >> 11) * 0x1.0p-53;
  const auto fixed = static_cast<Duration::rep>(share * static_cast<double>(options_.latency_spread.count()));
  Duration total = options_.latency_least + Duration(fixed);
  if (options_.jitter > Duration::zero()) {
    total += Duration(
        static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(options_.jitter.count()))));
  }
  return total;
}

bool VirtualNetwork::passes(const Machine& from, const Machine& to) const {
  if (from.asleep || to.asleep || from.island != to.island) return false;
  return cuts_.empty() || !cuts_.contains(in_order(from.place, to.place));
}

bool VirtualNetwork::is_lost() { return options_.loss > 0 && random_.unit() < options_.loss; }

VirtualNetwork::Call* VirtualNetwork::place(Machine& from, const wire::Caller& caller,
                                            const wire::MemberId& peer, wire::Request request,
                                            Duration patience) {
  if (free_calls_.empty()) {
    calls_.push_back(std::make_unique<Call>(*this));
    free_calls_.push_back(calls_.back().get());
  }
  Call* call = free_calls_.back();
  free_calls_.pop_back();
  ++counters_.calls;
  call->stage = Call::Stage::asking;
  call->from = &from;
  call->to = &machine(peer);
  call->caller = caller;
  call->request = std::move(request);
  call->kind = static_cast<std::uint8_t>(call->request.index());
  call->asked = clock_.now();
  call->deadline = call->asked + patience;
  clock_.arm(*call, clock_.now() + delay(from, *call->to));
  return call;
}

void VirtualNetwork::deliver(Call& call) {
  if (!passes(*call.from, *call.to) || is_lost()) {
    fall_silent(call);
    return;
  }
  ++counters_.messages;
  counters_.bytes += approximate_size(call.request);
  if (observer_ != nullptr) observer_->delivered({call.from->place, call.to->place, call.kind, false, 0});
  if (call.to->service == nullptr) {
    answered(call, fail(Errc::unreachable, "no node runs there"));
    return;
  }
  call.stage = Call::Stage::serving;
  call.to->serving.spawn(serve(&call));
  // What was not answered at once may take as long as the caller's patience.
  if (call.server != nullptr) clock_.arm(call, call.deadline);
}

Task<void> VirtualNetwork::serve(Call* call) {
  Serving serving(call);
  const wire::Caller caller = call->caller;
  Result<wire::Response> answer = co_await call->to->service->serve(caller, std::move(call->request));
  if (serving.call == nullptr) co_return;
  serving.call->server = nullptr;
  Call& answering = *std::exchange(serving.call, nullptr);
  answering.hub.answered(answering, std::move(answer));
}

void VirtualNetwork::answered(Call& call, Result<wire::Response> answer) {
  if (!call.waiter) {
    give_back(call);
    return;
  }
  if (!passes(*call.to, *call.from) || is_lost()) {
    fall_silent(call);
    return;
  }
  const TimePoint arrival = clock_.now() + delay(*call.to, *call.from);
  if (arrival > call.deadline) {
    call.answer.emplace(fail(Errc::timed_out, "no answer in time"));
    call.stage = Call::Stage::answering;
    clock_.arm(call, call.deadline);
    return;
  }
  ++counters_.messages;
  if (answer) counters_.bytes += approximate_size(*answer);
  call.answer.emplace(std::move(answer));
  call.stage = Call::Stage::answering;
  clock_.arm(call, arrival);
}

// No answer will come: the caller learns it when it gives up.
void VirtualNetwork::fall_silent(Call& call) {
  if (call.server != nullptr) std::exchange(call.server, nullptr)->call = nullptr;
  if (!call.waiter) {
    give_back(call);
    return;
  }
  call.answer.emplace(fail(Errc::timed_out, "no answer"));
  call.stage = Call::Stage::answering;
  clock_.arm(call, std::min(call.deadline, call.asked + options_.silence));
}

void VirtualNetwork::complete(Call& call) {
  if (call.from->asleep) {
    call.answer.emplace(fail(Errc::timed_out, "this machine slept"));
    call.stage = Call::Stage::overslept;
    call.from->overslept.push_back(&call);
    return;
  }
  if (observer_ != nullptr) {
    const auto error =
        call.answer->has_error() ? static_cast<std::uint8_t>(call.answer->error().code) : std::uint8_t{0};
    observer_->delivered({call.to->place, call.from->place, call.kind, true, error});
  }
  call.waiter.resume();
}

// Whoever asked waits no longer. A question on its way still arrives.
void VirtualNetwork::abandon(Call& call) {
  call.waiter = {};
  if (call.stage == Call::Stage::asking || call.server != nullptr) return;
  if (call.stage == Call::Stage::overslept) std::erase(call.from->overslept, &call);
  give_back(call);
}

void VirtualNetwork::give_back(Call& call) {
  call.disarm();
  call.stage = Call::Stage::free;
  call.server = nullptr;
  call.waiter = {};
  call.answer.reset();
  call.request = wire::Request();
  free_calls_.push_back(&call);
}

}  // namespace peerstore::world
