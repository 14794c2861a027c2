#include "owner_session.hpp"

#include "node_health.hpp"
#include "seed.hpp"
#include "shut_doors.hpp"
#include "writer_renewal.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>

namespace peerstore::cli {

namespace {

constexpr unsigned kWorkerThreads = 2;
constexpr std::size_t kTimesAsked = 8;
constexpr std::size_t kTimesAskedAtEntrance = 48;
constexpr Duration kAskAgain = 250ms;
constexpr std::string_view kStartNode =
    "Start this home's node (peerstore node), or name a friend's with --bootstrap HOST:PORT.";

// What makes later commands quick, and may be lost: without it they only take longer.
std::unique_ptr<KeyValue> open_cache(const Home& home) {
  auto cache = os::open_key_value(home.cache_path());
  return cache ? std::move(*cache) : nullptr;
}

// Links name the address in what they say of it.
std::string outcome_at(const std::string& address, const Error& error) {
  return error.context.starts_with(address) ? error.context : error.in(address).context;
}

}  // namespace

OwnerSession::OwnerSession(const Home& home, UnlockedHome unlocked)
    : home_(home),
      unlocked_(std::move(unlocked)),
      identity_(*unlocked_.identity),
      random_(fresh_seed()),
      loop_(kWorkerThreads) {}

Result<std::unique_ptr<OwnerSession>> OwnerSession::prepare(const Home& home, UnlockedHome unlocked,
                                                            Purpose purpose) {
  os::keep_freed_memory();
  std::unique_ptr<OwnerSession> session(new OwnerSession(home, std::move(unlocked)));
  if (auto loaded = session->load(purpose); !loaded) return loaded.error();
  return session;
}

Result<void> OwnerSession::load(Purpose purpose) {
  if (!is_alone()) {
    auto lock = home_.lock(Home::kClientLock);
    const bool may_share = purpose == Purpose::look && !lock && lock.error().code == Errc::busy;
    if (!lock && !may_share) return lock.error();
    if (lock) {
      unlocked_.lock = std::move(*lock);
      if (auto fresh = compare_account(purpose); !fresh) return fresh;
    }
  }
  auto disk = home_.client_disk();
  if (!disk) return disk.error();
  disk_ = std::move(*disk);
  files_ = os::open_files();
  if (is_alone()) cache_ = open_cache(home_);

  membership::Roster roster(signatures_, identity_.root_key);
  directory_ = std::make_unique<node::RosterDirectory>(loop_, roster.ring_id(), identity_.proof);
  net::TlsNetwork::Options options;
  options.role = net::TlsNetwork::Role::client;
  options.node_secret = identity_.node_secret;
  network_ = std::make_unique<net::TlsNetwork>(loop_, *directory_, options);
  membership_ =
      std::make_unique<membership::Membership>(loop_, random_, signatures_, *network_, std::move(roster),
                                               wire::MemberId{}, membership::Membership::Options{});
  directory_->use(*membership_, signatures_);
  membership_->learn(identity_.proof, {});
  // Kept from last time, or what this home's node knows: whom to believe that this machine does not belong
  // any more. Damaged or absent, the ring gives it again.
  auto statements = membership::load_statements(*disk_);
  if (!statements) {
    if (const auto node_disk = home_.node_disk()) statements = membership::load_statements(**node_disk);
  }
  if (statements) membership_->learn(*statements, {});
  for (const auto& [id, member] : membership_->roster().members()) met_before_.insert(id);
  network_->on_outcome([this](const wire::MemberId& member, bool answered) {
    if (answered) {
      membership_->heard_from(member);
    } else {
      membership_->failed(member);
    }
  });
  view_ = std::make_unique<node::MembershipView>(*membership_);
  return {};
}

// It was read before the lock was taken, and somebody may have typed for long. What is of before now must not
// be written again; to look, it is as good as the account of before.
Result<void> OwnerSession::compare_account(Purpose purpose) {
  if (unlocked_.opened_by != OpenedBy::present) return {};
  const auto present = home_.account();
  if (!present) return present.error();
  if (account::encode(*present) == account::encode(unlocked_.file)) return {};
  if (purpose != Purpose::look) {
    return fail(Errc::busy, "your keys were changed while this command was begun: try again");
  }
  unlocked_.opened_by = OpenedBy::before;
  return {};
}

bool OwnerSession::only_looks() const { return !is_alone() || unlocked_.opened_by != OpenedBy::present; }

std::vector<std::string> OwnerSession::ways_in(std::vector<std::string> bootstrap) {
  if (!bootstrap.empty()) return bootstrap;
  std::vector<std::string> ways;
  const auto own = node_health(home_);
  // One that is shut out would let its owner in, and has nobody to ask; but it knows where friends are.
  const bool is_shut_out = own && own->is_shut_out;
  if (own && !is_shut_out) ways.push_back(own->local_address);
  for (const std::string& address : load_addresses(*disk_)) ways.push_back(address);
  if (!is_shut_out) return ways;
  if (const auto disk = home_.node_disk()) {
    for (const std::string& address : load_addresses(**disk)) ways.push_back(address);
  }
  std::erase_if(ways, [&](const std::string& address) {
    return address == own->local_address || std::ranges::count(own->addresses, address) > 0;
  });
  return ways;
}

Task<Result<void>> OwnerSession::enter(std::vector<std::string> bootstrap) {
  const std::vector<std::string> ways = ways_in(std::move(bootstrap));
  if (ways.empty())
    co_return fail(Errc::busy, "no way into the ring is known: this home's node is not running");
  std::string tried;
  ShutDoors doors;
  std::set<wire::MemberId> asked;
  for (const std::string& address : ways) {
    const auto member = co_await network_->connect(address, std::nullopt);
    if (!member) {
      doors.failed(member.error());
      tried += (tried.empty() ? "" : "; ") + outcome_at(address, member.error());
      continue;
    }
    if (!asked.insert(*member).second) continue;  // at another of its addresses
    const auto learned = co_await learn_from(*member);
    if (!learned) {
      // If it has just heard that this machine is shut out, it says so at the door.
      const auto again = co_await network_->connect(address, std::nullopt);
      again ? doors.open() : doors.failed(again.error());
      tried += (tried.empty() ? "" : "; ") + outcome_at(address, again ? learned.error() : again.error());
      continue;
    }
    entrance_ = *member;
    co_await find_everybody();
    keep_what_was_learned();
    co_return Result<void>();
  }
  if (doors.are_all()) {
    co_return fail(Errc::refused, "this machine does not belong to the ring any more: " + tried);
  }
  co_return fail(Errc::unreachable, "no member of the ring could be reached: " + tried);
}

// Not even of itself does a node tell while it comes into the ring, or back from sleep.
Task<Result<void>> OwnerSession::learn_from(wire::MemberId entrance) {
  Clock& clock = loop_;
  for (std::size_t asked = 1;; ++asked) {
    const auto learned = co_await membership_->exchange(entrance);
    if (!learned || !membership_->presences().empty()) co_return learned;
    if (asked == kTimesAskedAtEntrance)
      co_return fail(Errc::busy, "it is still coming into the ring: try again in a moment");
    co_await clock.sleep(kAskAgain);
  }
}

// News of who is where take a second or two to reach everybody: what one member does not know yet, another
// may, or the same one a moment later. Who was a member at an earlier command and has no address is not new,
// but away: one other is asked, and nobody waits. (This home's own node need not run: it keeps nothing for
// its owner.)
Task<void> OwnerSession::find_everybody() {
  for (std::size_t asked = 0; asked < kTimesAsked; ++asked) {
    std::vector<wire::MemberId> known;
    bool lacks_somebody = false;
    bool lacks_somebody_new = false;
    for (const wire::MemberId& member : membership_->live_members()) {
      const bool is_known = membership_->presence(member) != nullptr;
      if (is_known) known.push_back(member);
      const bool is_lacking = !is_known && member != identity_.member;
      lacks_somebody = lacks_somebody || is_lacking;
      lacks_somebody_new = lacks_somebody_new || (is_lacking && !met_before_.contains(member));
    }
    if (known.empty() || !lacks_somebody) co_return;
    // The entrance was asked to begin with.
    if (!lacks_somebody_new && known.size() > 1) std::erase(known, entrance_);
    (void)co_await membership_->exchange(known[asked % known.size()]);
    if (!lacks_somebody_new) co_return;
    Clock& clock = loop_;
    co_await clock.sleep(kAskAgain);
  }
}

void OwnerSession::keep_what_was_learned() {
  if (!is_alone()) return;
  std::vector<std::string> addresses;
  for (const wire::Presence& presence : membership_->presences()) {
    for (const std::string& address : presence.addresses) addresses.push_back(address);
  }
  // Conveniences for the next command: without them it asks again.
  (void)save_addresses(*disk_, addresses);
  (void)membership::save_statements(*disk_, membership_->roster().statements());
}

Task<Result<std::unique_ptr<drive::Drive>>> OwnerSession::open_drive(std::optional<std::int64_t> seen_at_ns) {
  space_ = std::make_unique<replica::ChunkClient>(
      loop_, random_, *network_, signatures_, *view_,
      replica::Writer{identity_.person, identity_.machine, identity_.writer_secret},
      [this](const wire::MemberId& member) { return name_of(member); });
  drive::DriveKeys keys{identity_.drive_secret, membership_->roster().ring_id(), identity_.machine};
  const auto& epochs = unlocked_.drive.by_epoch;
  for (std::size_t epoch = 0; epoch + 1 < epochs.size(); ++epoch) {
    keys.older_secrets.push_back(*epochs[epoch].drive_secret);
  }
  keys.machines = static_cast<std::size_t>(std::ranges::count_if(
      membership_->roster().members(),
      [this](const auto& entry) { return !entry.second.gone && entry.second.person == identity_.person; }));
  const drive::Environment environment{loop_,  loop_,   entropy_,     signatures_, *files_,
                                       *disk_, *space_, cache_.get(), only_looks()};
  return drive::Drive::open(environment, keys, seen_at_ns);
}

std::string OwnerSession::name_of(const wire::MemberId& id) const {
  const membership::Member* member = membership_->roster().find(id);
  return member == nullptr ? ring::short_name(id) : member->name;
}

namespace {

std::string_view remedy_for(const Error& error) {
  switch (error.code) {
    case Errc::not_found:
      return "Begin with: peerstore create NAME --user U, or peerstore join LINK --user U";
    case Errc::unreachable:
    case Errc::busy:
    case Errc::timed_out: return kStartNode;
    case Errc::refused:
      return "Ask an admin. If you belong, a new home can be yours, with your recovery kit: peerstore --home "
             "FOLDER recovery use";
    default: return {};
  }
}

Task<void> enter_and_work(OwnerSession& session, const Output& output,
                          const std::vector<std::string>& bootstrap,
                          const std::function<Task<Exit>(OwnerSession&)>& work, Purpose purpose, Exit& exit) {
  const auto entered = co_await session.enter(bootstrap);
  if (!entered) {
    exit = output.failure(entered.error(), remedy_for(entered.error()));
    co_return;
  }
  if (!session.is_alone()) {
    output.note(
        "Another command is at work in this home: this one looks without its cache, which takes longer.");
  }
  // Nor does who has only the passphrase of before another machine's change state anything.
  if (session.only_looks()) {
    exit = co_await work(session);
    co_return;
  }
  const auto newer_keys = co_await has_taken_newer_keys(session);
  if (newer_keys && *newer_keys) {
    exit =
        output.failure(Exit::no_node,
                       "your keys were changed with rekey on another machine, and those of this home count "
                       "no more",
                       "Try again, with the passphrase of that change.");
    co_return;
  }
  const Result<void> renewed =
      newer_keys ? co_await renew_writer_if_due(session) : Result<void>(newer_keys.error());
  if (!renewed && purpose != Purpose::look) {
    exit = output.failure(renewed.error());
    co_return;
  }
  if (!renewed) output.note("This machine cannot write just now: " + renewed.error().message());
  co_await finish_rekey_if_cut_off(session, output);
  exit = co_await work(session);
}

Result<UnlockedHome> unlock_for(crypto::Signatures& signatures, const Home& home, const Output& output,
                                Purpose purpose) {
  if (purpose != Purpose::authority) {
    const OpenedBy least = purpose == Purpose::look ? OpenedBy::before_alone : OpenedBy::present;
    auto open = unlock_home(signatures, home, output, least);
    // A machine that has new keys, and has to state what it writes with from now on, needs authority once.
    const bool suffices = !open || open->authority_key || purpose == Purpose::look ||
                          open->file.writer_epoch == open->body.epoch;
    if (suffices) return open;
  }
  const bool is_asked = !passphrase_source(output.options()).is_given();
  if (is_asked && is_node_unlocked(home)) {
    output.note("This needs your passphrase itself: an unlocked node only reads and writes files.");
  }
  return unlock_with_passphrase(signatures, home, output);
}

struct DriveWork {
  const Output& output;
  const std::function<Task<Exit>(OwnerSession&, drive::Drive&)>& work;
  std::optional<std::int64_t> seconds_ago;
  drive::Drive* open = nullptr;
};

Task<void> try_and_work(OwnerSession& session, const std::vector<std::string>& bootstrap,
                        const std::function<Task<Exit>(OwnerSession&, const Result<void>&)>& work,
                        Exit& exit) {
  const Result<void> entered = co_await session.enter(bootstrap);
  exit = co_await work(session, entered);
}

Task<Exit> open_and_work(OwnerSession& session, DriveWork& drive_work) {
  std::optional<std::int64_t> seen_at_ns;
  if (drive_work.seconds_ago) {
    seen_at_ns = session.loop().wall_time().nanoseconds - *drive_work.seconds_ago * 1'000'000'000;
  }
  auto drive = co_await session.open_drive(seen_at_ns);
  if (!drive) co_return drive_work.output.failure(drive.error(), remedy_for(drive.error()));
  drive_work.open = drive->get();
  const Exit exit = co_await drive_work.work(session, **drive);
  drive_work.open = nullptr;
  co_return exit;
}

Exit stopped(const Output& output) {
  return output.failure(Exit::interrupted, "Stopped.", "Run the same command again.");
}

}  // namespace

Exit with_session(const Home& home, const Output& output, const OwnerOptions& options,
                  const std::function<Task<Exit>(OwnerSession&)>& work, Purpose purpose) {
  if (const auto identity = home.identity(); !identity) {
    const Error& error = identity.error();
    if (error.code == Errc::not_found)
      return output.failure(Exit::no_ring, error.message(), remedy_for(error));
    return output.failure(error);
  }
  crypto::Ed25519Signatures signatures;
  auto unlocked = unlock_for(signatures, home, output, purpose);
  if (!unlocked) return failure_to_unlock(output, unlocked.error());
  auto session = OwnerSession::prepare(home, std::move(*unlocked), purpose);
  if (!session) return output.failure(session.error());
  Exit exit = Exit::failed;
  net::Loop& loop = (*session)->loop();
  if (!loop.run(enter_and_work(**session, output, options.bootstrap, work, purpose, exit))) {
    return stopped(output);
  }
  return exit;
}

Exit with_drive(const Home& home, const Output& output, const OwnerOptions& options,
                const std::function<Task<Exit>(OwnerSession&, drive::Drive&)>& work, Purpose purpose) {
  DriveWork drive_work{output, work, {}};
  if (!options.ago.empty()) {
    const auto seconds = read_lifetime(options.ago);
    if (!seconds || *seconds == 0) {
      return output.failure(Exit::usage, "--ago: say how long ago, as in 3d, 12h or 30min");
    }
    drive_work.seconds_ago = *seconds;
  }
  int signals = 0;
  const auto in_session = [&](OwnerSession& session) {
    session.loop().on_signal([&](int) {
      if (++signals > 1 || drive_work.open == nullptr) {
        session.loop().stop();
      } else {
        drive_work.open->cancel();
      }
    });
    return open_and_work(session, drive_work);
  };
  return with_session(home, output, options, in_session, purpose);
}

Exit with_unlocked_session(
    const Home& home, const Output& output, const OwnerOptions& options, UnlockedHome unlocked,
    const std::function<Task<Exit>(OwnerSession&, const Result<void>& entered)>& work) {
  auto session = OwnerSession::prepare(home, std::move(unlocked));
  if (!session) return output.failure(session.error());
  Exit exit = Exit::failed;
  if (!(*session)->loop().run(try_and_work(**session, options.bootstrap, work, exit))) {
    return stopped(output);
  }
  return exit;
}

}  // namespace peerstore::cli
