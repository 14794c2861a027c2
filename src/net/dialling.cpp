#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core.hpp"
#include "limits.hpp"
#include "spawn.hpp"

namespace peerstore::net {

namespace asio = boost::asio;
using boost::system::error_code;

TlsNetwork::Core::Opening::Opening(std::shared_ptr<Core> core, Duration limit, std::function<void()> abort)
    : core_(std::move(core)), abort_(std::move(abort)) {
  core_->openings_.insert(this);
  core_->loop_.arm(*this, core_->loop_.now() + limit);
}

TlsNetwork::Core::Opening::~Opening() { core_->openings_.erase(this); }

void TlsNetwork::Core::Opening::fire() {
  expired_ = true;
  abort_();
}

// Tries the member's addresses in turn. Learning one refusal is worth more than one more silence.
asio::awaitable<void> TlsNetwork::Core::dial(std::shared_ptr<Core> self, wire::MemberId peer) {
  LinkResult link = fail(Errc::unreachable, "no address of it is known");
  const ExpectedKey key = self->directory_->node_key(peer);
  if (!key) {
    self->finish_dial(peer, fail(Errc::unreachable, "not a member, or no longer"));
    co_return;
  }
  const std::vector<std::string> addresses = self->directory_->addresses(peer);
  for (const std::string& address : addresses) {
    LinkResult opened = co_await open_link(self, address, key, self->options_.role);
    if (self->is_shut_down()) co_return;
    if (opened || link.error().code == Errc::unreachable) link = std::move(opened);
    if (link) break;
  }
  self->finish_dial(peer, link);
}

void TlsNetwork::Core::finish_dial(const wire::MemberId& peer, const LinkResult& link) {
  if (link) {
    dial_failures_.erase(peer);
  } else {
    dial_failures_.insert_or_assign(peer, DialFailure{loop_.now() + kDialFailureMemory, link.error()});
  }
  const auto dial = dials_.find(peer);
  const std::vector<Handover<std::shared_ptr<Link>>::Sender> waiting = std::move(dial->second.waiting);
  dials_.erase(dial);
  for (const auto& each : waiting) each.send(link);
}

asio::awaitable<Result<TlsNetwork::Core::Tcp::socket>> TlsNetwork::Core::connect(std::shared_ptr<Core> self,
                                                                                 std::string address) {
  const Result<HostPort> parsed = parse_host_port(address);
  if (!parsed) co_return parsed.error();
  Tcp::resolver resolver(self->loop_.context());
  Tcp::socket socket(self->loop_.context());
  const Opening opening(self, kConnectTime, [&] {
    error_code ignored;
    resolver.cancel();
    socket.close(ignored);
  });
  error_code error;
  const Tcp::resolver::results_type found = co_await resolver.async_resolve(
      parsed->host, parsed->port, asio::redirect_error(asio::use_awaitable, error));
  if (!error && !opening.expired() && !self->is_shut_down()) {
    co_await asio::async_connect(socket, found, asio::redirect_error(asio::use_awaitable, error));
  }
  if (opening.expired()) co_return fail(Errc::unreachable, "nobody answers");
  if (error) co_return fail(Errc::unreachable, error.message());
  if (self->is_shut_down()) co_return fail(Errc::cancelled, "the network was shut down");
  co_return std::move(socket);
}

asio::awaitable<TlsNetwork::Core::LinkResult> TlsNetwork::Core::open_link(std::shared_ptr<Core> self,
                                                                          std::string address,
                                                                          ExpectedKey expected, Role as) {
  Result<Tcp::socket> socket = co_await connect(self, address);
  if (!socket) co_return socket.error_in(address);
  const auto channel = std::make_shared<Channel>(std::move(*socket), self->tls_, self->counters_);
  Greeted peer = fail(Errc::unreachable, "");
  {
    const Opening opening(self, self->options_.greeting_time, [channel] { channel->close(); });
    peer = co_await greet_as_dialler(self, channel, expected, as);
    if (opening.expired()) peer = fail(Errc::unreachable, "it accepts connections, but does not answer");
  }
  if (!peer) co_return peer.error_in(address);
  co_return self->adopt(channel, std::move(*peer), nullptr);
}

namespace {
asio::awaitable<void> hand_over(asio::awaitable<TlsNetwork::Core::LinkResult> opening,
                                Handover<std::shared_ptr<Link>>::Sender sender) {
  sender.send(co_await std::move(opening));
}
}  // namespace

Task<TlsNetwork::Core::LinkResult> TlsNetwork::Core::open_link_for_task(std::shared_ptr<Core> self,
                                                                        std::string address,
                                                                        ExpectedKey expected, Role as) {
  const TimePoint deadline = self->loop_.now() + kConnectTime + self->options_.greeting_time + 1s;
  Handover<std::shared_ptr<Link>> inbox(self->loop_, deadline, address);
  spawn(self->loop_, hand_over(open_link(self, address, expected, as), inbox.sender()));
  co_return co_await inbox.result();
}

}  // namespace peerstore::net
