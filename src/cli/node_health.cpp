#include "node_health.hpp"

#include <peerstore/api/local_client.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace peerstore::cli {

namespace {

// Nothing if it is no object.
boost::json::object object_in(const std::string& document) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(document, error);
  return error || !value.is_object() ? boost::json::object() : std::move(value.as_object());
}

}  // namespace

Result<NodeHealth> node_health(const Home& home) {
  auto answer = api::get(home.socket_path(), "/api/v1/health");
  if (!answer) return answer.error();
  const boost::json::object document = object_in(*answer);
  const auto* ok = document.if_contains("ok");
  const auto* local = document.if_contains("local_address");
  const auto* addresses = document.if_contains("addresses");
  const bool is_understood = ok != nullptr && ok->is_bool() && local != nullptr && local->is_string() &&
                             addresses != nullptr && addresses->is_array();
  if (!is_understood) {
    return fail(Errc::invalid, "this home's node gave an answer that this program does not understand");
  }
  NodeHealth health;
  health.ok = ok->as_bool();
  health.local_address = std::string(local->as_string());
  for (const boost::json::value& address : addresses->as_array()) {
    if (address.is_string()) health.addresses.emplace_back(address.as_string());
  }
  health.document = std::move(*answer);
  return health;
}

bool is_node_unlocked(const Home& home) {
  const auto answer = api::get(home.socket_path(), "/api/v1/session");
  if (!answer) return false;
  const boost::json::object document = object_in(*answer);
  const auto* unlocked = document.if_contains("unlocked");
  return unlocked != nullptr && unlocked->is_bool() && unlocked->as_bool();
}

}  // namespace peerstore::cli
