// LifeDriver: makes the machines of a ring live the life that was planned for them.
#pragma once

#include <peerstore/simulator/report.hpp>

#include "simulated_ring.hpp"

#include <functional>

namespace peerstore::simulator {

class LifeDriver {
 public:
  using Callback = std::function<void(SimulatedMachine&)>;
  // `on_joined` is called once a machine has a place, before its process begins for the first time;
  // `on_begin` whenever a process has begun, to spawn what its owner does there. The ring and the report
  // outlive this.
  LifeDriver(SimulatedRing& ring, const Scenario& scenario, Report& report, Callback on_joined,
             Callback on_begin);

  // From now on everybody lives.
  void start();
  // Life stops here. Whoever is not gone for good comes back, every loss is made known, and joins under way
  // go on.
  void bring_everybody_back();
  // A machine that set out to join, and is not in.
  std::optional<std::string> flaw_of_joins() const;
  // A machine's process begins, again and again until its disk lets it. For faults, too.
  Task<void> begin(SimulatedMachine& machine);

 private:
  Task<void> join(SimulatedMachine& machine);
  Task<void> live(SimulatedMachine& machine);
  Task<void> experience(SimulatedMachine& machine, LifeEvent event);
  Task<void> drain(SimulatedMachine& machine);
  Task<void> leave(SimulatedMachine& machine, LifeEvent event);
  bool may_fail(const SimulatedMachine& machine) const;

  SimulatedRing& ring_;
  const Scenario& scenario_;
  Report& report_;
  Callback on_joined_;
  Callback on_begin_;
  bool is_over_ = false;  // nobody sets out to join any more
  TimePoint over_at_;
  TaskScope joining_;
  TaskScope scope_;  // last: its tasks use everything above
};

}  // namespace peerstore::simulator
