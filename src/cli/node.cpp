#include "daemon.hpp"
#include "node_health.hpp"
#include "repair_rate.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace peerstore::cli {

namespace {

// HOST:PORT as others can dial it.
bool is_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || text.size() > wire::kHostPortBytesMax) return false;
  const bool shows = std::ranges::all_of(text, [](char letter) { return letter > ' ' && letter <= '~'; });
  unsigned port = 0;
  const char* const end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data() + colon + 1, end, port);
  return shows && error == std::errc() && read == end && port > 0 && port < 65536;
}
}  // namespace

Exit node_command(const Home& home, const Output& output, const GlobalOptions&, const NodeOptions& options) {
  for (const std::string& address : options.advertise) {
    if (is_address(address)) continue;
    return output.failure(Exit::usage, "--advertise '" + printable(address) + "': not an address",
                          "Give HOST:PORT, where friends can reach this machine.");
  }
  if (options.advertise.size() > wire::kAddressHintsMax) {
    return output.failure(Exit::usage,
                          "--advertise: more than " + std::to_string(wire::kAddressHintsMax) + " addresses");
  }
  const auto repair_rate = RepairRate::parse(options.repair_rate);
  if (!repair_rate) {
    return output.failure(Exit::usage, "--repair-rate '" + printable(options.repair_rate) + "': no rate",
                          "Give bytes a second, at least 1K, for example 500K or 2M, or auto.");
  }
  if (!home.has_identity()) {
    return output.failure(Exit::no_ring, "there is no ring at " + home.path(),
                          "Begin with: peerstore create NAME --user U, or peerstore join LINK --user U");
  }
  auto daemon = Daemon::prepare(home, options, *repair_rate);
  if (!daemon) {
    const bool busy = daemon.error().code == Errc::busy;
    return output.failure(daemon.error(),
                          busy ? "A node runs at this home already: see peerstore node health" : "");
  }
  return (*daemon)->run(output);
}

Exit node_health_command(const Home& home, const Output& output) {
  if (!home.has_identity()) {
    return output.failure(Exit::no_ring, "there is no ring at " + home.path(),
                          "Begin with: peerstore create NAME --user U, or peerstore join LINK --user U");
  }
  const auto health = node_health(home);
  if (!health && health.error().code == Errc::invalid) {
    return output.failure(Exit::failed, health.error().context,
                          "Are the node and this command of the same version?");
  }
  if (!health) {
    return output.failure(Exit::no_node, health.error().message(), "Start it with: peerstore node");
  }
  if (output.json()) {
    std::fwrite(health->document.data(), 1, health->document.size(), stdout);
  } else {
    output.line(health->is_shut_out
                    ? "the node runs, and friends say that this machine does not belong to the ring any more"
                : health->ok ? "healthy: the node runs and is in the ring"
                             : "the node runs and is joining the ring");
    if (const std::string lack = lack_of_space(*health); !lack.empty()) output.note(lack);
  }
  if (health->is_shut_out) return Exit::refused;
  return health->ok ? Exit::done : Exit::try_later;
}

}  // namespace peerstore::cli
