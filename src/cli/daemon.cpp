#include "daemon.hpp"

#include "seed.hpp"
#include "shut_doors.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <peerstore/runtime/combine.hpp>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>

namespace peerstore::cli {

namespace {

constexpr unsigned kWorkerThreads = 2;
constexpr Duration kFirstSearch = 2s;
constexpr Duration kSearchPause = 5s;
constexpr Duration kKeepAddressesPause = 60s;
constexpr Duration kRecordPause = 5s;

std::string_view phase_name(wire::Phase phase) {
  switch (phase) {
    case wire::Phase::out: return "out";
    case wire::Phase::joining: return "joining";
    case wire::Phase::member: return "member";
  }
  return "out";
}

boost::json::array texts(const std::vector<std::string>& items) {
  boost::json::array array;
  for (const std::string& item : items) array.push_back(boost::json::value(item));
  return array;
}

// The addresses of this machine that others may be able to reach, IPv4 and global IPv6.
std::vector<std::string> interface_addresses(const std::string& port) {
  std::vector<std::string> addresses;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return addresses;
  for (const ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || (at->ifa_flags & IFF_LOOPBACK) != 0 || (at->ifa_flags & IFF_UP) == 0)
      continue;
    char text[INET6_ADDRSTRLEN] = {};
    if (at->ifa_addr->sa_family == AF_INET) {
      const auto* address = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
      if (::inet_ntop(AF_INET, &address->sin_addr, text, sizeof text) == nullptr) continue;
      addresses.push_back(std::string(text) + ":" + port);
    } else if (at->ifa_addr->sa_family == AF_INET6) {
      const auto* address = reinterpret_cast<const sockaddr_in6*>(at->ifa_addr);
      if (IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr)) continue;
      if (::inet_ntop(AF_INET6, &address->sin6_addr, text, sizeof text) == nullptr) continue;
      addresses.push_back("[" + std::string(text) + "]:" + port);
    }
  }
  ::freeifaddrs(first);
  return addresses;
}

Task<bool> give_up_after(Clock& clock, Duration duration) {
  co_await clock.sleep(duration);
  co_return false;
}

std::string session_document(bool unlocked) {
  return boost::json::serialize(boost::json::object{{"schema", 1}, {"unlocked", unlocked}}) + "\n";
}

bool is_any_address(const std::string& host) { return host == "0.0.0.0" || host == "[::]" || host == "*"; }

}  // namespace

Task<Result<wire::Response>> Door::serve(wire::Caller caller, wire::Request request) {
  if (node_ == nullptr) co_return fail(Errc::busy, "this node is starting");
  co_return co_await node_->serve(caller, std::move(request));
}

Daemon::Daemon(const Home& home, const NodeOptions& options, RepairRate repair_rate)
    : home_(home),
      options_(options),
      repair_rate_(repair_rate),
      random_(fresh_seed()),
      loop_(kWorkerThreads),
      began_(loop_.now()),
      stopping_(loop_) {}

Result<std::unique_ptr<Daemon>> Daemon::prepare(const Home& home, const NodeOptions& options,
                                                RepairRate repair_rate) {
  os::keep_freed_memory();
  std::unique_ptr<Daemon> daemon(new Daemon(home, options, repair_rate));
  if (auto loaded = daemon->load(); !loaded) return loaded.error();
  return daemon;
}

Result<void> Daemon::load() {
  auto identity = home_.identity();
  if (!identity) return identity.error();
  identity_ = std::move(*identity);
  auto lock = home_.lock("node.lock");
  if (!lock) return lock.error();
  lock_ = std::move(*lock);
  auto disk = home_.node_disk();
  if (!disk) return disk.error();
  disk_ = std::move(*disk);
  // With secrets in the clear, of the join that was killed at its very end. Another's may be all that
  // somebody has whom a ring has let in.
  const auto claim = home_.claim();
  const auto home_disk = os::open_disk(home_.path());
  if (claim && home_disk && claim->identity.node_secret == identity_.node_secret) {
    (void)(*home_disk)->remove(Home::kClaimFile);
  }
  auto facts = os::open_key_value(home_.facts_path());
  if (!facts) return facts.error();
  facts_ = std::move(*facts);

  directory_ = std::make_unique<node::RosterDirectory>(loop_, membership::ring_id_of(identity_.root_key),
                                                       identity_.proof);
  net::TlsNetwork::Options options;
  options.role = net::TlsNetwork::Role::node;
  options.node_secret = identity_.node_secret;
  network_ = std::make_unique<net::TlsNetwork>(loop_, *directory_, options);
  return {};
}

std::vector<std::string> Daemon::advertised(const std::string& bound) const {
  if (!options_.advertise.empty()) return options_.advertise;
  const std::size_t colon = bound.rfind(':');
  const std::string host = bound.substr(0, colon);
  if (!is_any_address(host)) return {bound};
  std::vector<std::string> addresses = interface_addresses(bound.substr(colon + 1));
  if (addresses.size() > wire::kAddressHintsMax) addresses.resize(wire::kAddressHintsMax);
  return addresses;
}

Task<Result<std::unique_ptr<node::Node>>> Daemon::open_node(const node::Node::Options& options) {
  const node::Environment environment{loop_,     random_, entropy_, signatures_,
                                      *network_, *disk_,  *facts_,  loop_};
  return node::Node::open(environment, identity_, options);
}

Task<Result<void>> Daemon::start(const Output& output) {
  // The port is bound before the node is opened, because the node tells others where it is. Members that
  // knock meanwhile are unknown here, for the roster is not there yet, and come again.
  auto bound = network_->listen(options_.listen, door_);
  if (!bound) co_return bound.error();
  addresses_ = advertised(*bound);
  const std::size_t colon = bound->rfind(':');
  const bool any = is_any_address(bound->substr(0, colon));
  local_address_ = any ? "127.0.0.1" + bound->substr(colon) : *bound;

  node::Node::Options options;
  options.addresses = addresses_;
  options.repair_rate = [this](const wire::MemberId& member) {
    return repair_rate_.over(network_->send_rate(member));
  };
  options.repair_rate_is_measured = !repair_rate_.fixed;
  auto node = co_await open_node(options);
  if (!node && node.error().code == Errc::corrupt) {
    // Damage in the database may show only when it is read. Once more, with a new one.
    facts_.reset();
    auto facts = os::begin_key_value_anew(home_.facts_path());
    if (!facts) co_return facts.error();
    facts_ = std::move(*facts);
    node = co_await open_node(options);
  }
  if (!node) co_return node.error();
  node_ = std::move(*node);
  directory_->use(node_->membership(), signatures_);
  node_->membership().on_change([this] { network_->drop_strangers(); });
  door_.open(*node_);

  drain_desk_ = std::make_unique<DrainDesk>(loop_, *node_);
  auto api = api::LocalServer::listen(
      loop_, home_.socket_path(),
      {{"/api/v1/health", [this] { return health(); }},
       {"/api/v1/status", [this] { return status(); }},
       {"/api/v1/drain", [this] { return drain_desk_->status(); }},
       {"/api/v1/drain/preview", [this] { return drain_desk_->preview(); }},
       {"/api/v1/session", [this] { return session_document(user_key_.has_value()); }}},
      {{"POST /api/v1/session", [this](std::string_view key) { return unlock(key); }},
       {"POST /api/v1/drain/preview",
        [this](std::string_view) { return Result<std::string>(drain_desk_->reckon()); }},
       {"DELETE /api/v1/session",
        [this](std::string_view) {
          user_key_.reset();
          return Result<std::string>(session_document(false));
        }}},
      {{"/api/v1/session/key",
        [this] { return user_key_ ? crypto::SecretBytes((*user_key_)->view()) : crypto::SecretBytes(); }}});
  if (!api) co_return api.error();
  api_ = std::move(*api);
  unlock_itself(output);

  kept_addresses_ = load_addresses(*disk_);
  // A friend that answers soon makes the first join easy; sleeping ones must not hold up the node.
  std::vector<Task<bool>> search;
  search.push_back(try_addresses());
  search.push_back(give_up_after(loop_, kFirstSearch));
  (void)co_await first_of(loop_, std::move(search));
  node_->start();
  if (output.json()) {
    output.document({{"type", "listening"}, {"address", *bound}, {"addresses", texts(addresses_)}});
  } else {
    output.line("Listening at " + *bound + ". Ctrl-C stops it; your friends' pieces stay on this disk.");
    std::fflush(stdout);
  }
  co_return Result<void>();
}

Result<std::string> Daemon::unlock(std::string_view user_key) {
  if (user_key.size() != crypto::SecretKey::kSize) {
    return fail(Errc::invalid, "it is of another version than this program: stop it, and start it again");
  }
  crypto::Guarded<crypto::SecretKey> key;
  std::ranges::copy(as_bytes(user_key), key->bytes.begin());
  auto open = open_without_authority(signatures_, home_, std::move(key));
  if (!open) return open.error();
  user_key_ = std::move(open->user_key);
  return session_document(true);
}

void Daemon::unlock_itself(const Output& output) {
  auto open = unlock_by_itself(signatures_, home_);
  if (open) {
    user_key_ = std::move(open->user_key);
    output.note("Unlocked, by the key that lies in this home.");
  } else if (open.error().code != Errc::not_found) {
    output.note("This machine was to unlock itself and cannot: " + open.error().message() +
                ". To let it again: peerstore unlock --remember");
  }
}

// Commands of the owner change the account; the node brings what it finds there to others, and keeps here
// what it is brought: another machine of the owner changed it.
Task<void> Daemon::keep_own_record(const Output& output) {
  for (;;) {
    const auto account = home_.account();
    const auto held = node_->heads().record_of(identity_.person);
    const auto body = account ? account::decode_record_body(account->record.body.view()) : account.error();
    if (body && (!held || account::outranks(account->record, *body, *held))) {
      (void)co_await node_->heads().put(account->record, true);
    } else if (body && *held != account->record) {
      adopt(output, *account, *held);
    }
    // A command may have taken the newer one first.
    forget_key_of_before();
    co_await loop_.sleep(kRecordPause);
  }
}

// A key that opens only what was is of no use to commands, and would be to a thief.
void Daemon::forget_key_of_before() {
  if (!user_key_) return;
  const auto open = open_without_authority(signatures_, home_, user_key_->copy());
  if (!open && is_of_another_epoch(open.error())) user_key_.reset();
}

// A record that lacks keys of this home's is left to its person: the only copy of them may be here.
void Daemon::adopt(const Output& output, account::AccountFile account, const wire::UserRecord& newer) {
  const auto newer_body = account::decode_record_body(newer.body.view());
  if (!newer_body || !account::outranks(newer, *newer_body, account.record)) return;
  // A command that changes the account holds it; another time then.
  const auto lock = home_.lock(Home::kClientLock);
  const auto now = lock ? home_.account() : lock.error();
  if (!now || now->record != account.record) return;
  const bool is_fork = account::is_fork(account.record, newer);
  account.record = newer;
  const bool unlocked_itself = unlock_by_itself(signatures_, home_).has_value();
  const auto kept = home_.displace_account(account, identity_.machine);
  if (!kept) return;
  output.note("Your keys were changed on another machine.");
  if (unlocked_itself && !unlock_by_itself(signatures_, home_))
    output.note("This machine does not unlock itself any more.");
  forget_key_of_before();
  if (is_fork) {
    output.note(
        "Your keys were changed on another machine at the same time as on this one, whose last change (a "
        "passphrase or a recovery kit) does not count: make it again.");
  }
}

// A machine of the same person is no friend: all of them may have been shut out together.
bool Daemon::is_friend(const wire::MemberId& id) const {
  const membership::Member* member = node_->membership().roster().find(id);
  return id != identity_.member && (member == nullptr || member->person != identity_.person);
}

Task<bool> Daemon::try_addresses() {
  std::vector<std::string> ways = options_.bootstrap;
  ways.insert(ways.end(), kept_addresses_.begin(), kept_addresses_.end());
  ShutDoors doors;
  bool has_learned = false;
  for (const std::string& address : ways) {
    if (address == local_address_ || std::ranges::count(addresses_, address) > 0) continue;
    const auto member = co_await network_->connect(address, std::nullopt);
    if (!member) doors.failed(member.error());
    if (!member || *member == identity_.member) continue;
    if (is_friend(*member)) doors.open();
    const auto learned = co_await node_->membership().exchange(*member);
    has_learned = has_learned || learned;
    if (learned && is_friend(*member)) break;
  }
  is_shut_out_ = doors.are_all();
  co_return has_learned;
}

Task<void> Daemon::find_friends() {
  for (;;) {
    const auto& successors = node_->chord().state().successors();
    const bool alone = successors.empty();
    const bool has_friend =
        std::ranges::any_of(successors, [this](const wire::NodeRef& next) { return is_friend(next.id); });
    if (has_friend) {
      is_shut_out_ = false;
    } else {
      (void)co_await try_addresses();
    }
    keep_addresses();
    co_await loop_.sleep(alone ? kSearchPause : kKeepAddressesPause);
  }
}

void Daemon::keep_addresses() {
  std::vector<std::string> addresses;
  for (const wire::Presence& presence : node_->membership().presences()) {
    if (presence.node.id == identity_.member) continue;
    addresses.insert(addresses.end(), presence.addresses.begin(), presence.addresses.end());
  }
  if (addresses.empty() || addresses == kept_addresses_) return;
  // A convenience for the next start; --bootstrap does the same.
  if (save_addresses(*disk_, addresses)) kept_addresses_ = std::move(addresses);
}

Task<void> Daemon::main(const Output& output, Exit& exit) {
  const auto started = co_await start(output);
  if (!started) {
    const bool is_bound = !local_address_.empty();
    exit = output.failure(is_bound ? exit_for(started.error()) : Exit::failed, started.error().message(),
                          is_bound ? "" : "Choose another port with --listen HOST:PORT.");
    co_return;
  }
  TaskScope scope(loop_);
  scope.spawn(find_friends());
  scope.spawn(keep_own_record(output));
  while (!stop_asked_) co_await stopping_.wait();
  scope.cancel();
  output.note("Stopping.");
  keep_addresses();
  co_await node_->stop();
  exit = Exit::done;
}

Exit Daemon::run(const Output& output) {
  loop_.on_signal([this](int) {
    if (stop_asked_) {
      loop_.stop();
      return;
    }
    stop_asked_ = true;
    stopping_.notify_all();
  });
  Exit exit = Exit::interrupted;
  loop_.run(main(output, exit));
  // Nobody may call into a part that is gone: first those who ask, then the node, then its network.
  api_.reset();
  drain_desk_.reset();
  network_->close();
  node_.reset();
  return exit;
}

std::string Daemon::health() const {
  const wire::Phase phase = node_->chord().state().phase();
  const store::ChunkStore::Usage usage = node_->chunks().usage();
  const boost::json::object document{
      {"schema", 1},
      {"ok", phase == wire::Phase::member && !node_->membership().is_catching_up()},
      {"phase", phase_name(phase)},
      {"shut_out", is_shut_out_},
      {"member", to_hex(identity_.member.view())},
      {"addresses", texts(addresses_)},
      {"local_address", local_address_},
      {"bytes_given", usage.given},
      {"bytes_usable", usage.capacity},
      {"pid", static_cast<std::int64_t>(::getpid())},
      {"uptime_seconds", std::chrono::duration_cast<std::chrono::seconds>(loop_.now() - began_).count()}};
  return boost::json::serialize(document) + "\n";
}

std::string Daemon::status() const {
  const node::NodeStatus status = node_->status();
  const net::TlsNetwork::Counters counters = network_->counters();
  boost::json::array members;
  for (const node::MemberStatus& member : status.members) {
    members.push_back(boost::json::object{{"id", to_hex(member.id.view())},
                                          {"name", printable(member.name)},
                                          {"person", printable(member.person)},
                                          {"self", member.self},
                                          {"online", member.live},
                                          {"gone", member.gone},
                                          {"seconds_since_heard", member.seconds_since_heard},
                                          {"bytes_given", member.bytes_given},
                                          {"bytes_free", member.bytes_free},
                                          {"addresses", texts(member.addresses)}});
  }
  const boost::json::object document{
      {"schema", 1},
      {"ring", printable(status.ring_name)},
      {"ring_id", to_hex(status.ring_id.view())},
      {"phase", phase_name(status.phase)},
      {"copies", status.policy.copies},
      {"colours", status.policy.colours},
      {"copies_reachable", status.reachable_copies},
      {"members", members},
      {"store", boost::json::object{{"given", status.usage.given},
                                    {"capacity", status.usage.capacity},
                                    {"held", status.usage.held},
                                    {"promised", status.usage.promised},
                                    {"chunks", status.usage.chunks},
                                    {"damaged", status.usage.damaged},
                                    {"quarantined", status.usage.quarantined}}},
      {"repairs_pending", status.repairs_pending},
      {"repair", boost::json::object{{"to_fetch", status.repairs_to_fetch},
                                     {"to_hand_out", status.repairs_to_hand_out},
                                     {"bytes_per_second", status.repair_bytes_per_second},
                                     {"compared", status.repair_comparisons},
                                     {"offered", status.repair_offers}}},
      {"network", boost::json::object{{"bytes_sent", counters.bytes_sent},
                                      {"bytes_received", counters.bytes_received},
                                      {"links", counters.links},
                                      {"refused_links", counters.refused_links}}}};
  return boost::json::serialize(document) + "\n";
}

}  // namespace peerstore::cli
