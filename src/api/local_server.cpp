#include <peerstore/api/local_server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <variant>

namespace peerstore::api {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = asio::local::stream_protocol;

namespace {

constexpr std::size_t kHeaderBytesMax = 8 * 1024;
constexpr std::size_t kBodyBytesMax = 4 * 1024;
constexpr auto kRequestTime = std::chrono::seconds(10);
constexpr std::size_t kSessionsMax = 32;
constexpr auto kAcceptPause = std::chrono::milliseconds(200);

template <class T>
using LockedBody = http::vector_body<T, crypto::LockedAllocator<T>>;
using Request = http::request<LockedBody<char>>;
using Document = http::response<http::string_body>;
using SecretAnswer = http::response<LockedBody<char>>;
using Answer = std::variant<Document, SecretAnswer>;

std::string error_document(std::string_view code, std::string_view message, std::string_view hint) {
  const boost::json::object error{{"code", code}, {"message", message}, {"hint", hint}};
  return boost::json::serialize(boost::json::object{{"error", error}}) + "\n";
}

}  // namespace

struct LocalServer::Implementation : std::enable_shared_from_this<Implementation> {
  Implementation(asio::io_context& io, std::string path, Routes known, Actions possible, Secrets kept)
      : acceptor(io),
        pause(io),
        socket_path(std::move(path)),
        routes(std::move(known)),
        actions(std::move(possible)),
        secrets(std::move(kept)) {}

  void accept();
  void accept_later();
  Answer answer(const Request& request) const;
  Document document(const Request& request) const;

  Protocol::acceptor acceptor;
  asio::steady_timer pause;
  std::string socket_path;
  Routes routes;
  Actions actions;
  Secrets secrets;
  std::size_t sessions = 0;
};

namespace {

// One connection: requests are answered in turn until the other side closes.
class Session : public std::enable_shared_from_this<Session> {
 public:
  using Answering = std::function<Answer(const Request&)>;
  Session(Protocol::socket socket, Answering answer, std::function<void()> ended)
      : stream_(std::move(socket)), answer_(std::move(answer)), ended_(std::move(ended)) {}
  ~Session() { ended_(); }

  void read() {
    parser_.emplace();
    parser_->header_limit(kHeaderBytesMax);
    parser_->body_limit(kBodyBytesMax);
    stream_.expires_after(kRequestTime);
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](beast::error_code error, std::size_t) { self->write(error); });
  }

 private:
  void write(beast::error_code error) {
    if (error) return;
    response_ = answer_(parser_->get());
    std::visit([this](auto& response) { send(response); }, response_);
  }
  template <class Response>
  void send(Response& response) {
    http::async_write(stream_, response,
                      [self = shared_from_this(), &response](beast::error_code failed, std::size_t) {
                        if (!failed && response.keep_alive()) self->read();
                      });
  }

  beast::basic_stream<Protocol> stream_;
  Answering answer_;
  std::function<void()> ended_;
  beast::basic_flat_buffer<crypto::LockedAllocator<char>> buffer_{kHeaderBytesMax + kBodyBytesMax};
  std::optional<http::request_parser<LockedBody<char>>> parser_;
  Answer response_;
};

}  // namespace

Answer LocalServer::Implementation::answer(const Request& request) const {
  const auto secret = secrets.find(std::string(request.target()));
  if (secret == secrets.end() || request.method() != http::verb::get) return document(request);
  SecretAnswer response{http::status::ok, request.version()};
  response.set(http::field::content_type, "application/octet-stream");
  response.set(http::field::cache_control, "no-store");
  response.keep_alive(request.keep_alive());
  const crypto::SecretBytes bytes = secret->second();
  response.body().assign(bytes.view().begin(), bytes.view().end());
  response.prepare_payload();
  return response;
}

Document LocalServer::Implementation::document(const Request& request) const {
  Document response{http::status::ok, request.version()};
  response.set(http::field::content_type, "application/json");
  response.set(http::field::cache_control, "no-store");
  response.keep_alive(request.keep_alive());
  const std::string target(request.target());
  const auto route = routes.find(target);
  const auto action = actions.find(std::string(request.method_string()) + " " + target);
  const bool is_known = route != routes.end() || action != actions.end();
  if (action != actions.end()) {
    const Result<std::string> done = action->second({request.body().data(), request.body().size()});
    if (!done) response.result(http::status::forbidden);
    response.body() = done ? *done : error_document(to_string(done.error().code), done.error().context, "");
  } else if (is_known && request.method() == http::verb::get) {
    response.body() = route->second();
  } else if (!is_known && request.method() == http::verb::get) {
    response.result(http::status::not_found);
    response.body() = error_document("not_found", "no such page", "see docs/commands.md for the local API");
  } else {
    response.result(http::status::method_not_allowed);
    response.body() = error_document("method_not_allowed", "this cannot be done here", "");
  }
  response.prepare_payload();
  return response;
}

// There may be too many open files at the moment.
void LocalServer::Implementation::accept_later() {
  pause.expires_after(kAcceptPause);
  pause.async_wait([self = shared_from_this()](beast::error_code) {
    if (self->acceptor.is_open()) self->accept();
  });
}

void LocalServer::Implementation::accept() {
  acceptor.async_accept([self = shared_from_this()](beast::error_code error, Protocol::socket socket) {
    if (!self->acceptor.is_open()) return;
    if (error) return self->accept_later();
    if (self->sessions < kSessionsMax) {
      ++self->sessions;
      std::make_shared<Session>(
          std::move(socket), [self](const auto& request) { return self->answer(request); },
          [self] { --self->sessions; })
          ->read();
    }
    self->accept();
  });
}

Result<std::unique_ptr<LocalServer>> LocalServer::listen(net::Loop& loop, const std::string& socket_path,
                                                         Routes routes, Actions actions, Secrets secrets) {
  if (socket_path.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(Errc::invalid,
                socket_path + ": the path of the home is too long for a Unix socket (at most 107 bytes)");
  }
  auto implementation = std::make_shared<Implementation>(loop.context(), socket_path, std::move(routes),
                                                         std::move(actions), std::move(secrets));
  // The home's lock is held by this process, so whatever is there belongs to a process that died.
  ::unlink(socket_path.c_str());
  const mode_t before = ::umask(0177);
  beast::error_code error;
  auto& acceptor = implementation->acceptor;
  acceptor.open(Protocol(), error);
  if (!error) acceptor.bind(Protocol::endpoint(socket_path), error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  ::umask(before);
  if (error) return fail(Errc::io, socket_path + ": " + error.message());
  implementation->accept();
  return std::unique_ptr<LocalServer>(new LocalServer(std::move(implementation)));
}

LocalServer::LocalServer(std::shared_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

LocalServer::~LocalServer() {
  beast::error_code ignored;
  implementation_->acceptor.close(ignored);
  implementation_->pause.cancel();
  ::unlink(implementation_->socket_path.c_str());
}

}  // namespace peerstore::api
