// OwnerSession: a command of the owner in touch with the ring, as this home's machine.
//
// It finds a way in (--bootstrap, the home's own node, or whoever was reached last), learns the
// roster and where members are, and offers the drive. One at a time a home may write there, which holds
// client.lock; others look meanwhile, without the cache.
#pragma once

#include "commands.hpp"
#include "unlocked_home.hpp"

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/drive/drive.hpp>
#include <peerstore/membership/membership.hpp>
#include <peerstore/net/loop.hpp>
#include <peerstore/net/tls_network.hpp>
#include <peerstore/node/membership_view.hpp>
#include <peerstore/node/roster_directory.hpp>
#include <peerstore/replica/chunk_client.hpp>

#include <functional>
#include <memory>
#include <set>

namespace peerstore::cli {

// What a command is for. One that only looks goes on where this machine may not write (just now); one that
// makes or ends machines, invites or revokes needs the passphrase itself, whether or not the node is
// unlocked.
enum class Purpose : std::uint8_t { change, look, authority };

class OwnerSession {
 public:
  // Takes the lock, if that can be or must be. Asks nobody. Errc::busy if the account is not what was
  // unlocked any more.
  static Result<std::unique_ptr<OwnerSession>> prepare(const Home& home, UnlockedHome unlocked,
                                                       Purpose purpose = Purpose::change);

  net::Loop& loop() { return loop_; }
  const membership::Identity& identity() const { return identity_; }
  const Home& home() const { return home_; }
  UnlockedHome& unlocked() { return unlocked_; }
  membership::Membership& membership() { return *membership_; }
  net::TlsNetwork& network() { return *network_; }
  const replica::RingView& view() const { return *view_; }
  crypto::Signatures& signatures() { return signatures_; }

  // Nobody else writes in this home meanwhile. If not, this command leaves it as it is.
  bool is_alone() const { return unlocked_.lock != nullptr; }
  // Nothing is stated, published or written down: another command may be at that, or who opened the account
  // has only what opened the one of before.
  bool only_looks() const;

  // Reaches a member and learns the roster from it. Errc::unreachable says whom it tried; refused if all who
  // answer say that this machine does not belong any more.
  Task<Result<void>> enter(std::vector<std::string> bootstrap);
  // The member through which enter() came in.
  const wire::MemberId& entrance() const { return entrance_; }
  // As it is, or as this home knew it at a time (wall clock, ns). Requires enter().
  Task<Result<std::unique_ptr<drive::Drive>>> open_drive(std::optional<std::int64_t> seen_at_ns);

  // On disk, for the next command: it tells whoever has lost it meanwhile. Nothing unless is_alone().
  void keep_what_was_learned();
  // A name for people: "carol-old-mac".
  std::string name_of(const wire::MemberId& member) const;

 private:
  OwnerSession(const Home& home, UnlockedHome unlocked);
  std::vector<std::string> ways_in(std::vector<std::string> bootstrap);
  Result<void> load(Purpose purpose);
  Result<void> compare_account(Purpose purpose);
  Task<Result<void>> learn_from(wire::MemberId entrance);
  Task<void> find_everybody();

  Home home_;
  UnlockedHome unlocked_;
  const membership::Identity& identity_;
  wire::MemberId entrance_;
  std::set<wire::MemberId> met_before_;  // members as of an earlier command
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Files> files_;
  std::unique_ptr<KeyValue> cache_;  // or none
  os::SystemEntropy entropy_;
  crypto::Ed25519Signatures signatures_;
  SeededRandom random_;
  net::Loop loop_;
  std::unique_ptr<node::RosterDirectory> directory_;
  std::unique_ptr<net::TlsNetwork> network_;
  std::unique_ptr<membership::Membership> membership_;
  std::unique_ptr<node::MembershipView> view_;
  std::unique_ptr<replica::ChunkClient> space_;
};

// Runs `work(session, drive)` for a command that needs the drive: prepares, enters, opens, and turns
// failures into messages. SIGINT and SIGTERM cancel the drive's work first, and end the command when
// they come again.
Exit with_drive(const Home& home, const Output& output, const OwnerOptions& options,
                const std::function<Task<Exit>(OwnerSession&, drive::Drive&)>& work,
                Purpose purpose = Purpose::change);

// The same without a drive, for commands that only speak to members.
Exit with_session(const Home& home, const Output& output, const OwnerOptions& options,
                  const std::function<Task<Exit>(OwnerSession&)>& work, Purpose purpose = Purpose::change);

// For commands that unlocked the home themselves, and have something to do whether or not the ring answers:
// `entered` says whether it does.
Exit with_unlocked_session(const Home& home, const Output& output, const OwnerOptions& options,
                           UnlockedHome unlocked,
                           const std::function<Task<Exit>(OwnerSession&, const Result<void>& entered)>& work);

}  // namespace peerstore::cli
