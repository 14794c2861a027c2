// Core: what stands behind a TlsNetwork.
//
// Asio's coroutines (dialling, greeting, listening) hold it by shared_ptr and may outlive the
// TlsNetwork: after each wait they look whether it was shut down, and end. Directory and service are
// not referred to after that.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <peerstore/net/tls_network.hpp>

#include "half_open.hpp"
#include "handover.hpp"
#include "hello.hpp"
#include "link_table.hpp"
#include "round_trips.hpp"

#include <set>

namespace peerstore::net {

class TlsNetwork::Core final : public Link::Owner, public std::enable_shared_from_this<Core> {
 public:
  using Tcp = boost::asio::ip::tcp;
  using ExpectedKey = std::optional<crypto::SigningPublicKey>;
  using LinkResult = Result<std::shared_ptr<Link>>;

  Core(Loop& loop, Directory& directory, Options options);
  void shut_down();
  Role role() const { return options_.role; }

  // core.cpp: links, and what is known about peers
  static Task<LinkResult> link_to(std::shared_ptr<Core> self, wire::MemberId peer, TimePoint deadline);
  std::shared_ptr<Link> adopt(std::shared_ptr<Channel> channel, Link::Peer peer, HalfOpen::Place place);
  void report(const wire::MemberId& peer, bool answered) const;
  wire::Service* service() override { return service_; }
  void on_link_closed(Link& link) override { links_.remove(link); }

  // dialling.cpp
  // A new link to `address`, which is adopted unless we come as a joiner.
  static boost::asio::awaitable<LinkResult> open_link(std::shared_ptr<Core> self, std::string address,
                                                      ExpectedKey expected, Role as);
  // The same, for a task.
  static Task<LinkResult> open_link_for_task(std::shared_ptr<Core> self, std::string address,
                                             ExpectedKey expected, Role as);

  // listening.cpp
  Result<std::string> listen(const std::string& address, wire::Service& service);

  Loop& loop_;
  std::function<void(const wire::MemberId&, bool)> observer_;
  std::map<wire::MemberId, RoundTrips> round_trips_;
  LinkTable links_;
  std::shared_ptr<Counters> counters_ = std::make_shared<Counters>();
  Directory* directory_;  // null after shut_down()

 private:
  // A link on its way: has until a deadline, and ends when the network does.
  class Opening final : private Timer {
   public:
    Opening(std::shared_ptr<Core> core, Duration limit, std::function<void()> abort);
    ~Opening() override;
    bool expired() const { return expired_; }

   private:
    friend class Core;
    void fire() override;
    std::shared_ptr<Core> core_;
    std::function<void()> abort_;
    bool expired_ = false;
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

  bool is_shut_down() const { return directory_ == nullptr; }
  void finish_dial(const wire::MemberId& peer, const LinkResult& link);

  static boost::asio::awaitable<void> dial(std::shared_ptr<Core> self, wire::MemberId peer);
  static boost::asio::awaitable<Result<Tcp::socket>> connect(std::shared_ptr<Core> self, std::string address);

  // greeting.cpp
  static boost::asio::awaitable<Greeted> greet_as_dialler(std::shared_ptr<Core> self,
                                                          std::shared_ptr<Channel> channel,
                                                          ExpectedKey expected, Role as);
  static boost::asio::awaitable<Greeted> greet_as_listener(std::shared_ptr<Core> self,
                                                           std::shared_ptr<Channel> channel);
  Greeted judge_dialler(const crypto::SigningPublicKey& key, const Result<Hello>& hello);
  Greeted judge_listener(const crypto::SigningPublicKey& key, const Hello& hello, Role as);
  Hello own_hello(Role as) const;

  static boost::asio::awaitable<void> accept_all(std::shared_ptr<Core> self,
                                                 std::shared_ptr<Tcp::acceptor> acceptor);
  static boost::asio::awaitable<void> welcome(std::shared_ptr<Core> self, Tcp::socket socket,
                                              HalfOpen::Place place);

  Options options_;
  boost::asio::ssl::context tls_;
  wire::Service* service_ = nullptr;
  HalfOpen half_open_;
  std::vector<std::shared_ptr<Tcp::acceptor>> acceptors_;
  std::set<Opening*> openings_;
  std::map<wire::MemberId, Dial> dials_;
  std::map<wire::MemberId, DialFailure> dial_failures_;
};

}  // namespace peerstore::net
