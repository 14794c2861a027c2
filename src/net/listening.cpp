#include <spdlog/spdlog.h>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core.hpp"
#include "limits.hpp"
#include "spawn.hpp"

namespace peerstore::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// While too many are at the door, or the process has no descriptors left.
constexpr auto kAcceptPause = std::chrono::milliseconds(50);

Result<Channel::Tcp::endpoint> resolve(Loop& loop, const std::string& address) {
  const Result<HostPort> parsed = parse_host_port(address);
  if (!parsed) return parsed.error();
  Channel::Tcp::resolver resolver(loop.context());
  error_code error;
  const auto found = resolver.resolve(parsed->host, parsed->port, asio::ip::resolver_base::passive, error);
  if (error || found.empty()) return fail(Errc::io, error.message());
  return found.begin()->endpoint();
}

}  // namespace

Result<std::string> TlsNetwork::Core::listen(const std::string& address, wire::Service& service) {
  const Result<Tcp::endpoint> endpoint = resolve(loop_, address);
  if (!endpoint) return endpoint.error_in("cannot listen at " + address);
  auto acceptor = std::make_shared<Tcp::acceptor>(loop_.context());
  error_code error;
  acceptor->open(endpoint->protocol(), error);
  if (!error) acceptor->set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor->bind(*endpoint, error);
  if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
  const Tcp::endpoint bound = error ? Tcp::endpoint() : acceptor->local_endpoint(error);
  if (error) return fail(Errc::io, "cannot listen at " + address + ": " + error.message());
  service_ = &service;
  acceptors_.push_back(acceptor);
  spawn(loop_, accept_all(shared_from_this(), acceptor));
  return to_string(bound);
}

asio::awaitable<void> TlsNetwork::Core::accept_all(std::shared_ptr<Core> self,
                                                   std::shared_ptr<Tcp::acceptor> acceptor) {
  asio::steady_timer pause(self->loop_.context());
  while (!self->is_shut_down()) {
    error_code error;
    if (!self->half_open_.is_full()) {
      Tcp::socket socket = co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (self->is_shut_down()) co_return;
      const Tcp::endpoint remote = error ? Tcp::endpoint() : socket.remote_endpoint(error);
      if (!error) {
        const asio::ip::address from = remote.address();
        HalfOpen::Place place = self->half_open_.take(from.to_string(), from.is_loopback());
        if (place == nullptr) {
          ++self->counters_->refused_links;
          continue;
        }
        spawn(self->loop_, welcome(self, std::move(socket), std::move(place)));
        continue;
      }
    }
    pause.expires_after(kAcceptPause);
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
}

asio::awaitable<void> TlsNetwork::Core::welcome(std::shared_ptr<Core> self, Tcp::socket socket,
                                                HalfOpen::Place place) {
  const auto channel = std::make_shared<Channel>(std::move(socket), self->tls_, self->counters_);
  Greeted peer = fail(Errc::unreachable, "");
  {
    const Opening opening(self, self->options_.greeting_time, [channel] { channel->close(); });
    peer = co_await greet_as_listener(self, channel);
    if (opening.expired()) peer = fail(Errc::timed_out, "no greeting in time");
  }
  if (self->is_shut_down()) co_return;
  if (!peer) {
    ++self->counters_->refused_links;
    spdlog::debug("a link from {} was refused: {}", channel->remote_address(), peer.error().message());
    co_return;
  }
  // A member has come through the door; a joiner stands in it until it has left.
  const bool joins = peer->role == Role::joiner;
  self->adopt(channel, std::move(*peer), joins ? std::move(place) : nullptr);
}

}  // namespace peerstore::net
