// Daemon: a node of this home in the real world: the parts of net/, os/ and api/ around node::Node.
#pragma once

#include "commands.hpp"
#include "drain_desk.hpp"
#include "repair_rate.hpp"
#include "unlocked_home.hpp"

#include <peerstore/api/local_server.hpp>
#include <peerstore/net/tls_network.hpp>
#include <peerstore/node/node.hpp>
#include <peerstore/node/roster_directory.hpp>

#include <memory>

namespace peerstore::cli {

// Answers in the node's name, and "come again" until there is one.
class Door final : public wire::Service {
 public:
  void open(node::Node& node) { node_ = &node; }
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::Request request) override;

 private:
  node::Node* node_ = nullptr;
};

class Daemon {
 public:
  // Takes the lock and opens what is on disk. Listens to nobody yet.
  static Result<std::unique_ptr<Daemon>> prepare(const Home& home, const NodeOptions& options,
                                                 RepairRate repair_rate);

  // Serves until SIGINT or SIGTERM, then leaves in order. Announces itself on `output` once it listens.
  Exit run(const Output& output);

 private:
  Daemon(const Home& home, const NodeOptions& options, RepairRate repair_rate);
  Result<void> load();
  Task<void> main(const Output& output, Exit& exit);
  Task<Result<void>> start(const Output& output);
  Task<Result<std::unique_ptr<node::Node>>> open_node(const node::Node::Options& options);
  // Looks for the ring through addresses, until it has found somebody; then keeps addresses up to date.
  Task<void> find_friends();
  bool is_friend(const wire::MemberId& id) const;
  Task<bool> try_addresses();
  std::vector<std::string> advertised(const std::string& bound) const;
  std::string health() const;
  std::string status() const;
  void keep_addresses();
  // Takes the user key of somebody who has unlocked it, if it opens this home's account.
  Result<std::string> unlock(std::string_view user_key);
  void unlock_itself(const Output& output);
  Task<void> keep_own_record(const Output& output);
  void forget_key_of_before();
  void adopt(const Output& output, account::AccountFile account, const wire::UserRecord& newer);

  Home home_;
  NodeOptions options_;
  RepairRate repair_rate_;
  membership::Identity identity_;
  std::unique_ptr<os::HomeLock> lock_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<KeyValue> facts_;
  os::SystemEntropy entropy_;
  crypto::Ed25519Signatures signatures_;
  SeededRandom random_;
  net::Loop loop_;
  std::unique_ptr<node::RosterDirectory> directory_;
  Door door_;
  std::unique_ptr<net::TlsNetwork> network_;
  std::unique_ptr<node::Node> node_;
  std::unique_ptr<DrainDesk> drain_desk_;
  std::unique_ptr<api::LocalServer> api_;
  std::optional<crypto::Guarded<crypto::SecretKey>> user_key_;  // while it is unlocked
  std::vector<std::string> addresses_;                          // where friends can reach this node
  std::string local_address_;                                   // where this machine's commands can
  std::vector<std::string> kept_addresses_;
  TimePoint began_;
  Event stopping_;
  bool stop_asked_ = false;
  bool is_shut_out_ = false;  // by all friends who answered last time that none was next to it
};

}  // namespace peerstore::cli
