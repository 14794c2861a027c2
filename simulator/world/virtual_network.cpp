#include "world/network_machine.hpp"

#include <algorithm>
#include <optional>

namespace peerstore::world {

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
  std::uint32_t bytes = 0;  // of the question
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
    : clock_(clock), options_(std::move(options)), random_(seed) {
  if (!options_.latency) {
    options_.latency = uniform_latency(seed, options_.latency_least, options_.latency_spread);
  }
  weather_.loss = options_.loss;
  weather_.jitter = options_.jitter;
}

VirtualNetwork::~VirtualNetwork() {
  for (auto& machine : machines_) machine->serving.cancel();
}

VirtualNetwork::Machine& VirtualNetwork::machine(const wire::MemberId& member) {
  Machine*& known = by_member_[member];
  if (known == nullptr) {
    const auto place = static_cast<std::uint32_t>(machines_.size());
    machines_.push_back(std::make_unique<Machine>(clock_, member, place));
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
  home.break_links();
}

void VirtualNetwork::detach(const wire::MemberId& member) {
  Machine& home = machine(member);
  home.service = nullptr;
  home.break_links();
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

std::uint32_t VirtualNetwork::place_of(const wire::MemberId& member) { return machine(member).place; }

const VirtualNetwork::Counters& VirtualNetwork::counters(const wire::MemberId& member) const {
  static constexpr Counters kNothing;
  const auto found = by_member_.find(member);
  return found == by_member_.end() ? kNothing : found->second->sent;
}

Duration VirtualNetwork::delay(const Machine& from, const Machine& to) {
  Duration total = options_.latency->one_way(from.place, to.place);
  if (weather_.jitter > Duration::zero()) {
    total += Duration(
        static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(weather_.jitter.count()))));
  }
  return total;
}

// How much later than others this message is, in bad weather.
Duration VirtualNetwork::lateness() {
  if (weather_.reordering <= 0 || random_.unit() >= weather_.reordering) return Duration::zero();
  const double share = random_.unit();
  return Duration(static_cast<Duration::rep>(share * static_cast<double>(weather_.delay_most.count())));
}

// When a message that is sent now arrives, in good weather.
TimePoint VirtualNetwork::arrival(Machine& from, Machine& to, std::size_t bytes) {
  const TimePoint departs = from.up.pass(clock_.now(), bytes);
  return to.down.pass(departs + delay(from, to), bytes);
}

bool VirtualNetwork::is_lost() { return weather_.loss > 0 && random_.unit() < weather_.loss; }

VirtualNetwork::Call& VirtualNetwork::free_call() {
  if (free_calls_.empty()) {
    calls_.push_back(std::make_unique<Call>(*this));
    return *calls_.back();
  }
  Call* call = free_calls_.back();
  free_calls_.pop_back();
  return *call;
}

VirtualNetwork::Call* VirtualNetwork::place(Machine& from, const wire::Caller& caller,
                                            const wire::MemberId& peer, wire::Request request,
                                            Duration patience) {
  Call& call = free_call();
  ++counters_.calls;
  call.stage = Call::Stage::asking;
  call.from = &from;
  call.to = &machine(peer);
  call.caller = caller;
  call.kind = static_cast<std::uint8_t>(request.index());
  call.bytes = static_cast<std::uint32_t>(approximate_size(request));
  call.asked = clock_.now();
  call.deadline = call.asked + patience;
  call.request = std::move(request);
  if (observer_ != nullptr) observer_->sent(from.place, peer, call.request);
  ++from.sent.calls;
  ++from.sent.messages;
  from.sent.bytes += call.bytes;

  TimePoint arrives = arrival(from, *call.to, call.bytes);
  TimePoint gives_up = call.deadline;
  if (const Duration late = lateness(); late > Duration::zero()) {
    arrives = arrives + late;
    gives_up = std::min(gives_up, call.asked + options_.silence);
  }
  if (weather_.duplication > 0 && random_.unit() < weather_.duplication) {
    const TimePoint again = call.asked + delay(from, *call.to) + lateness();
    send_alone(call, again);
  }
  if (arrives > gives_up) {
    send_alone(call, arrives);
    call.answer.emplace(fail(Errc::timed_out, "no answer in time"));
    call.stage = Call::Stage::answering;
    clock_.arm(call, gives_up);
    return &call;
  }
  clock_.arm(call, arrives);
  return &call;
}

// A copy of a question for whose answer nobody waits: it arrives a second time, or so late that its
// asker has given up.
void VirtualNetwork::send_alone(const Call& call, TimePoint arrives) {
  Call& alone = free_call();
  alone.stage = Call::Stage::asking;
  alone.from = call.from;
  alone.to = call.to;
  alone.caller = call.caller;
  alone.kind = call.kind;
  alone.bytes = call.bytes;
  alone.asked = call.asked;
  alone.deadline = call.deadline;
  alone.request = call.request;
  clock_.arm(alone, arrives);
}

void VirtualNetwork::deliver(Call& call) {
  Machine& from = *call.from;
  Machine& to = *call.to;
  if (!passes(from, to) || !is_let_in(from, to) || is_lost()) {
    fall_silent(call);
    return;
  }
  ++counters_.messages;
  counters_.bytes += call.bytes;
  if (observer_ != nullptr) {
    observer_->delivered({from.place, to.place, call.kind, false, 0, &call.request, nullptr});
  }
  if (to.service == nullptr) {
    answered(call, fail(Errc::unreachable, "no node runs there"));
    return;
  }
  note_link(from, to);
  call.stage = Call::Stage::serving;
  to.serving.spawn(serve(&call));
  // What was not answered at once may take as long as the caller's patience.
  if (call.server != nullptr) clock_.arm(call, call.deadline);
}

Task<void> VirtualNetwork::serve(Call* call) {
  Serving serving(call);
  const wire::Caller caller = call->caller;
  wire::Request question;
  if (call->hub.observer_ != nullptr) {
    question = call->request;  // which the observer sees once more, with the answer
  } else {
    question = std::move(call->request);
  }
  Result<wire::Response> answer = co_await call->to->service->serve(caller, std::move(question));
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
  Machine& answerer = *call.to;
  const std::size_t bytes = answer ? approximate_size(*answer) : 0;
  ++answerer.sent.messages;
  answerer.sent.bytes += bytes;
  if (!passes(answerer, *call.from) || is_lost()) {
    fall_silent(call);
    return;
  }
  TimePoint arrives = arrival(answerer, *call.from, bytes) + lateness();
  if (answerer.slowness > Duration::zero()) {
    arrives = arrives + Duration(static_cast<Duration::rep>(
                            random_.below(static_cast<std::uint64_t>(answerer.slowness.count()))));
  }
  if (arrives > call.deadline) {
    call.answer.emplace(fail(Errc::timed_out, "no answer in time"));
    call.stage = Call::Stage::answering;
    clock_.arm(call, call.deadline);
    return;
  }
  ++counters_.messages;
  counters_.bytes += bytes;
  call.answer.emplace(std::move(answer));
  call.stage = Call::Stage::answering;
  clock_.arm(call, arrives);
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
    observer_->delivered(
        {call.to->place, call.from->place, call.kind, true, error, &call.request, &*call.answer});
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
