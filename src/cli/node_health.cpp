#include "node_health.hpp"

#include "node_document.hpp"
#include "output.hpp"

#include <peerstore/api/local_client.hpp>

#include <boost/json/array.hpp>

namespace peerstore::cli {

Result<NodeHealth> node_health(const Home& home) {
  auto answer = api::get(home.socket_path(), "/api/v1/health");
  const auto document = read_document(answer);
  if (!document) return document.error();
  const auto* addresses = list_in(*document, "addresses");
  NodeHealth health;
  health.ok = flag_in(*document, "ok");
  health.is_shut_out = flag_in(*document, "shut_out");
  health.local_address = text_in(*document, "local_address");
  health.bytes_given = number_in(*document, "bytes_given");
  health.bytes_usable = number_in(*document, "bytes_usable");
  if (health.local_address.empty() || addresses == nullptr) {
    return fail(Errc::invalid, "this home's node gave an answer that this program does not understand");
  }
  for (const boost::json::value& address : *addresses) {
    if (address.is_string()) health.addresses.emplace_back(address.as_string());
  }
  health.document = std::move(*answer);
  return health;
}

std::string lack_of_space(const NodeHealth& health) {
  if (health.bytes_usable >= health.bytes_given) return "";
  return "This machine gives " + human_bytes(health.bytes_given) + ", but its disk has room for only " +
         human_bytes(health.bytes_usable) + " of it, what friends keep here included.";
}

bool is_node_unlocked(const Home& home) {
  const auto document = read_document(api::get(home.socket_path(), "/api/v1/session"));
  return document && flag_in(*document, "unlocked");
}

}  // namespace peerstore::cli
