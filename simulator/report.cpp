#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <peerstore/simulator/report.hpp>

namespace peerstore::simulator {

namespace {

boost::json::array lines(const std::vector<std::string>& text) {
  boost::json::array array;
  for (const std::string& line : text) array.emplace_back(line);
  return array;
}

boost::json::value object_of(const std::optional<Failure>& failure) {
  if (!failure) return nullptr;
  boost::json::object object;
  object["law"] = failure->law;
  object["flaw"] = failure->flaw;
  object["at"] = failure->at;
  object["ring_before"] = lines(failure->ring_before);
  object["ring_after"] = lines(failure->ring_after);
  object["events"] = lines(failure->events);
  object["replay"] = failure->replay;
  return object;
}

// What one run and a whole sweep have in common.
void add_counts(boost::json::object& object, const Report& report) {
  object["nodes"] = report.nodes;
  object["days"] = report.days;
  object["commit"] = report.commit;
  object["messages"] = report.messages;
  object["bytes"] = report.bytes;
  object["joins"] = report.joins;
  object["departures"] = report.departures;
  object["drains"] = report.drains;
  object["sleeps"] = report.sleeps;
  object["crashes"] = report.crashes;
  object["stops"] = report.stops;
  boost::json::object faults;
  for (const auto& [name, count] : report.faults) faults[name] = count;
  object["faults"] = std::move(faults);
  object["node_hours"] = report.node_hours;
  object["bytes_per_node_second"] = report.bytes_per_node_second;
  boost::json::object questions;
  for (const auto& [name, bytes] : report.bytes_by_question) questions[name] = bytes;
  object["bytes_by_question"] = std::move(questions);
  object["share_without_live_successor"] = report.share_without_live_successor;
  object["share_on_several_rings"] = report.share_on_several_rings;
  object["share_with_too_few_principals"] = report.share_with_too_few_principals;
  object["lookups"] = report.lookups;
  object["lookups_first_call"] = report.lookups_first_call;
  object["lookups_wrong"] = report.lookups_wrong;
  object["lookups_failed"] = report.lookups_failed;
  object["lookups_failed_twice"] = report.lookups_failed_twice;
  object["hops_mean"] = report.hops_mean();
  object["hops_max"] = report.hops_max;
  object["packs_stored"] = report.packs_stored;
  object["chunks_safe"] = report.chunks_acknowledged;
  object["reads"] = report.reads;
  object["reads_failed"] = report.reads_failed;
  object["copies_by_owners"] = report.copies_by_owners;
  object["copies_by_repair"] = report.copies_by_repair;
  object["backups"] = report.backups;
  object["restores"] = report.restores;
}

boost::json::object object_of(const Report& report) {
  boost::json::object object;
  object["scenario"] = report.scenario;
  object["seed"] = report.seed;
  object["trace_hash"] = report.trace_hash;
  object["violations_total"] = report.failure ? 1 : 0;
  object["failure"] = object_of(report.failure);
  object["events"] = report.events;
  add_counts(object, report);
  object["members_at_end"] = report.members_at_end;
  object["seconds_to_ideal"] = report.seconds_to_ideal;
  object["seconds_to_known"] = report.seconds_to_known;
  object["seconds_to_repaired"] = report.seconds_to_repaired;
  object["wall_seconds"] = report.wall_seconds;
  return object;
}

}  // namespace

double Report::hops_mean() const {
  const std::uint64_t answered = lookups - lookups_failed;
  return answered == 0 ? 0 : static_cast<double>(hops_total) / static_cast<double>(answered);
}

std::string to_json(const Report& report) { return boost::json::serialize(object_of(report)); }

std::string to_json(const SweepReport& report) {
  boost::json::object object;
  object["scenario"] = report.scenario;
  object["runs"] = report.runs;
  object["failed_total"] = report.failed_total;
  boost::json::array failed;
  for (const Report& one : report.failed) failed.push_back(object_of(one));
  object["failed"] = std::move(failed);
  object["ring_hours"] = report.ring_hours;
  object["events"] = report.events;
  object["trace_hash"] = report.trace_hash;
  object["ideal_median"] = report.ideal_median;
  object["ideal_99th"] = report.ideal_99th;
  object["ideal_worst"] = report.ideal_worst;
  object["known_median"] = report.known_median;
  object["known_worst"] = report.known_worst;
  object["repaired_median"] = report.repaired_median;
  object["repaired_worst"] = report.repaired_worst;
  add_counts(object, report.sum);
  object["wall_seconds"] = report.wall_seconds;
  return boost::json::serialize(object);
}

}  // namespace peerstore::simulator
