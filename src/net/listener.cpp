#include "listener.hpp"

#include <spdlog/spdlog.h>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host_port.hpp"
#include "spawn.hpp"
#include "tls_stream.hpp"

namespace peerstore::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// While too many are at the door, or the process has no descriptors left.
constexpr auto kAcceptPause = std::chrono::milliseconds(50);

// Whoever has one address of a /64 has all of them (RFC 4291, section 2.5.1).
std::string place_of(const asio::ip::address& from) {
  if (!from.is_v6() || from.to_v6().is_v4_mapped()) return from.to_string();
  return asio::ip::make_network_v6(from.to_v6(), 64).network().to_string();
}

Result<Listener::Tcp::endpoint> resolve(Loop& loop, const std::string& address) {
  const Result<HostPort> parsed = parse_host_port(address);
  if (!parsed) return parsed.error();
  Listener::Tcp::resolver resolver(loop.context());
  error_code error;
  const auto found = resolver.resolve(parsed->host, parsed->port, asio::ip::resolver_base::passive, error);
  if (error || found.empty()) return fail(Errc::io, error.message());
  return found.begin()->endpoint();
}

}  // namespace

Listener::Listener(Loop& loop, asio::ssl::context& tls, link::LinkNetwork& links)
    : loop_(loop), tls_(tls), links_(&links) {}

Result<std::string> Listener::listen(const std::string& address) {
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
  acceptors_.push_back(acceptor);
  spawn(loop_, accept_all(shared_from_this(), acceptor));
  return to_string(bound);
}

void Listener::close() {
  links_ = nullptr;
  for (const auto& acceptor : acceptors_) {
    error_code ignored;
    acceptor->close(ignored);
  }
}

asio::awaitable<void> Listener::accept_all(std::shared_ptr<Listener> self,
                                           std::shared_ptr<Tcp::acceptor> acceptor) {
  asio::steady_timer pause(self->loop_.context());
  while (!self->is_closed()) {
    error_code error;
    if (!self->half_open_.is_full()) {
      Tcp::socket socket = co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (self->is_closed()) co_return;
      const Tcp::endpoint remote = error ? Tcp::endpoint() : socket.remote_endpoint(error);
      if (!error) {
        const asio::ip::address from = remote.address();
        HalfOpen::Place place = self->half_open_.take(place_of(from), from.is_loopback());
        if (place == nullptr) {
          ++self->turned_away_;
          continue;
        }
        self->welcome(std::move(socket), std::move(place), from.to_string());
        continue;
      }
    }
    pause.expires_after(kAcceptPause);
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
}

void Listener::welcome(Tcp::socket socket, HalfOpen::Place place, const std::string& from) {
  auto stream = std::make_shared<TlsStream>(std::move(socket), tls_, TlsStream::Side::listener);
  links_->welcome(std::move(stream), std::move(place), [from](const Error& reason) {
    spdlog::debug("a link from {} was refused: {}", from, reason.message());
  });
}

}  // namespace peerstore::net
