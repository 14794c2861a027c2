#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <peerstore/simulator/report.hpp>

namespace peerstore::simulator {

std::string to_json(const Report& report) {
  boost::json::object object;
  object["scenario"] = report.scenario;
  object["nodes"] = report.nodes;
  object["days"] = report.days;
  object["seed"] = report.seed;
  object["trace_hash"] = report.trace_hash;
  object["violations"] = boost::json::array(report.violations.begin(), report.violations.end());
  object["violations_total"] = report.violations_total;
  object["events"] = report.events;
  object["messages"] = report.messages;
  object["bytes"] = report.bytes;
  object["joins"] = report.joins;
  object["departures"] = report.departures;
  object["sleeps"] = report.sleeps;
  object["crashes"] = report.crashes;
  object["stops"] = report.stops;
  object["members_at_end"] = report.members_at_end;
  object["lookups"] = report.lookups;
  object["lookups_failed"] = report.lookups_failed;
  object["lookups_stale"] = report.lookups_stale;
  object["hops_mean"] = report.hops_mean;
  object["hops_max"] = report.hops_max;
  object["seconds_to_ideal"] = report.seconds_to_ideal;
  object["packs_stored"] = report.packs_stored;
  object["chunks_acknowledged"] = report.chunks_acknowledged;
  object["reads"] = report.reads;
  object["reads_failed"] = report.reads_failed;
  object["copies_by_owners"] = report.copies_by_owners;
  object["copies_by_repair"] = report.copies_by_repair;
  object["seconds_to_repaired"] = report.seconds_to_repaired;
  object["wall_seconds"] = report.wall_seconds;
  return boost::json::serialize(object);
}

}  // namespace peerstore::simulator
