// Core: what stands behind a LinkNetwork.
//
// Tasks of others (who call, connect or join) hold it by shared_ptr and may outlive the LinkNetwork: after
// each wait they look whether it was shut down. What it does on its own account (dialling, greeting) are
// tasks of its scope, which end with shut_down(). Directory, dialler and service are not referred to
// after that.
#pragma once

#include <peerstore/link/handover.hpp>
#include <peerstore/link/link_network.hpp>

#include "hello.hpp"
#include "link_table.hpp"
#include "round_trips.hpp"

namespace peerstore::link {

class LinkNetwork::Core final : public Link::Owner, public std::enable_shared_from_this<Core> {
 public:
  using ExpectedKey = std::optional<crypto::SigningPublicKey>;
  using LinkResult = Result<std::shared_ptr<Link>>;

  Core(Clock& clock, Directory& directory, Dialler& dialler, Options options);
  void shut_down();
  bool is_shut_down() const { return directory_ == nullptr; }
  Role role() const { return options_.role; }

  // core.cpp: links, and what is known about peers
  static Task<LinkResult> link_to(std::shared_ptr<Core> self, wire::MemberId peer, TimePoint deadline);
  void report(const wire::MemberId& peer, bool answered) const;
  void close_strangers();
  wire::Service* service() override { return service_; }
  void on_link_closed(Link& link) override;

  // dialling.cpp: a new link to `address`
  static Task<LinkResult> link_at(std::shared_ptr<Core> self, std::string address, ExpectedKey expected,
                                  Role as);

  // greeting.cpp
  void welcome(std::shared_ptr<ByteStream> stream, std::shared_ptr<void> place,
               std::function<void(const Error&)> refused);

  Clock& clock_;
  std::function<void(const wire::MemberId&, bool)> observer_;
  std::map<wire::MemberId, RoundTrips> round_trips_;
  LinkTable links_;
  std::shared_ptr<Counters> counters_ = std::make_shared<Counters>();
  wire::Service* service_ = nullptr;

 private:
  // Ends the serving of closed links, after the turn in which they were closed.
  struct Burial final : Timer {
    explicit Burial(Core& owner) : core(owner) {}
    void fire() override { core.bury_closed(); }
    Core& core;
  };
  // A dial to one member, and all who wait for it.
  struct Dial {
    std::vector<Handover<std::shared_ptr<Link>>::Sender> waiting;
  };
  struct DialFailure {
    TimePoint until;
    Error error;
  };
  using Greeted = Result<Link::Peer>;

  void bury_closed();
  std::shared_ptr<Link> adopt(std::shared_ptr<Channel> channel, Link::Peer peer, std::shared_ptr<void> place);

  Task<void> dial(wire::MemberId peer);
  void finish_dial(const wire::MemberId& peer, const LinkResult& link);
  Task<LinkResult> open_link(std::string address, ExpectedKey expected, Role as);
  Task<void> open_link_for(std::string address, ExpectedKey expected, Role as,
                           Handover<std::shared_ptr<Link>>::Sender sender);

  Task<Greeted> greet_as_dialler(std::shared_ptr<Channel> channel, ExpectedKey expected, Role as);
  Task<Greeted> greet_as_listener(std::shared_ptr<Channel> channel);
  Task<void> greet_newcomer(std::shared_ptr<Channel> channel, std::shared_ptr<void> place,
                            std::function<void(const Error&)> refused);
  Greeted judge_dialler(const crypto::SigningPublicKey& key, const Result<Hello>& hello);
  Greeted judge_listener(const crypto::SigningPublicKey& key, const Hello& hello, Role as);
  Hello own_hello(Role as) const;

  Options options_;
  Directory* directory_;  // null after shut_down()
  Dialler* dialler_;
  std::vector<std::shared_ptr<Link>> closed_;
  Burial burial_{*this};
  std::map<wire::MemberId, Dial> dials_;
  std::map<wire::MemberId, DialFailure> dial_failures_;
  TaskScope opening_;  // last: its tasks use everything above
};

// A channel that is closed when whoever opens it gives up, or is dropped.
class OpeningChannel {
 public:
  explicit OpeningChannel(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}
  OpeningChannel(const OpeningChannel&) = delete;
  OpeningChannel& operator=(const OpeningChannel&) = delete;
  ~OpeningChannel() {
    if (channel_ != nullptr) channel_->close();
  }
  std::shared_ptr<Channel> keep() { return std::exchange(channel_, nullptr); }

 private:
  std::shared_ptr<Channel> channel_;
};

}  // namespace peerstore::link
