#include "tcp_dialler.hpp"

#include <boost/asio/connect.hpp>
#include <peerstore/link/handover.hpp>

#include "host_port.hpp"
#include "tls_stream.hpp"

namespace peerstore::net {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

namespace {

using Connected = link::Handover<std::shared_ptr<link::ByteStream>>;

// What Asio works on. The task that waits for it may go first.
struct Attempt {
  explicit Attempt(asio::io_context& context) : resolver(context), socket(context) {}
  Tcp::resolver resolver;
  Tcp::socket socket;
  bool given_up = false;
};

class GivenUpWithTheTask {
 public:
  explicit GivenUpWithTheTask(Attempt& attempt) : attempt_(attempt) {}
  GivenUpWithTheTask(const GivenUpWithTheTask&) = delete;
  GivenUpWithTheTask& operator=(const GivenUpWithTheTask&) = delete;
  ~GivenUpWithTheTask() {
    error_code ignored;
    attempt_.given_up = true;
    attempt_.resolver.cancel();
    attempt_.socket.close(ignored);
  }

 private:
  Attempt& attempt_;
};

void connect(const std::shared_ptr<Attempt>& attempt, const HostPort& where, const Connected::Sender& sender,
             asio::ssl::context& tls) {
  const auto connected = [attempt, sender, &tls](const error_code& error, const Tcp::endpoint&) {
    if (attempt->given_up) return;
    if (error) return sender.send(fail(Errc::unreachable, error.message()));
    sender.send(std::make_shared<TlsStream>(std::move(attempt->socket), tls, TlsStream::Side::dialler));
  };
  const auto resolved = [attempt, sender, connected](const error_code& error,
                                                     const Tcp::resolver::results_type& found) {
    if (attempt->given_up) return;
    if (error) return sender.send(fail(Errc::unreachable, error.message()));
    asio::async_connect(attempt->socket, found, connected);
  };
  attempt->resolver.async_resolve(where.host, where.port, resolved);
}

}  // namespace

Task<Result<std::shared_ptr<link::ByteStream>>> TcpDialler::dial(std::string address, TimePoint deadline) {
  const Result<HostPort> where = parse_host_port(address);
  if (!where) co_return where.error();
  const auto attempt = std::make_shared<Attempt>(loop_.context());
  const GivenUpWithTheTask guard(*attempt);
  Connected inbox(loop_, deadline, address);
  connect(attempt, *where, inbox.sender(), tls_);
  co_return co_await inbox.result();
}

}  // namespace peerstore::net
