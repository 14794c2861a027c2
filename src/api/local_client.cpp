#include <peerstore/api/local_client.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>

#include <sys/un.h>

#include <optional>

namespace peerstore::api {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = asio::local::stream_protocol;

namespace {

constexpr auto kPatience = std::chrono::seconds(5);
constexpr std::size_t kAnswerBytesMax = 16 * 1024 * 1024;
constexpr std::size_t kSecretBytesMax = 4 * 1024;

// What is said is a view of the caller's; what is heard lies where `Place` puts it.
using SaidBody = http::span_body<const char>;
struct Ordinary {
  using Allocator = std::allocator<char>;
  static constexpr std::size_t kBytesMax = kAnswerBytesMax;
};
struct Secret {
  using Allocator = crypto::LockedAllocator<char>;
  static constexpr std::size_t kBytesMax = kSecretBytesMax;
};

// What the error document of an answer says to people.
std::string message_in(std::string_view body) {
  boost::json::error_code error;
  const boost::json::value document = boost::json::parse(body, error);
  const boost::json::value* message = error ? nullptr : document.find_pointer("/error/message", error);
  return message != nullptr && message->is_string() ? std::string(message->as_string()) : std::string(body);
}

template <class Place>
struct Exchange {
  explicit Exchange(asio::io_context& io) : stream(io) { parser.body_limit(Place::kBytesMax); }

  void start(const std::string& socket_path, http::verb method, const std::string& target,
             std::string_view body) {
    request = {method, target, 11};
    request.set(http::field::host, "localhost");
    request.keep_alive(false);
    request.body() = {body.data(), body.size()};
    request.prepare_payload();
    stream.expires_after(kPatience);
    stream.async_connect(Protocol::endpoint(socket_path), [this](beast::error_code failed) { send(failed); });
  }
  void send(beast::error_code failed) {
    connected = !failed;
    error = failed;
    if (failed) return;
    http::async_write(stream, request, [this](beast::error_code sent, std::size_t) { receive(sent); });
  }
  void receive(beast::error_code failed) {
    error = failed;
    if (failed) return;
    http::async_read(stream, buffer, parser,
                     [this](beast::error_code received, std::size_t) { error = received; });
  }

  beast::basic_stream<Protocol> stream;
  http::request<SaidBody> request;
  beast::basic_flat_buffer<typename Place::Allocator> buffer;
  http::response_parser<http::vector_body<char, typename Place::Allocator>> parser;
  beast::error_code error;
  bool connected = false;
};

http::verb verb_of(Method method) {
  switch (method) {
    case Method::get: return http::verb::get;
    case Method::post: return http::verb::post;
    case Method::remove: return http::verb::delete_;
  }
  return http::verb::get;
}

// Nothing if the exchange was good.
template <class Place>
Result<void> perform(Exchange<Place>& exchange, asio::io_context& io, const std::string& socket_path,
                     Method method, const std::string& target, std::string_view body) {
  if (socket_path.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(Errc::invalid, socket_path + ": the path of the home is too long for a Unix socket");
  }
  exchange.start(socket_path, verb_of(method), target, body);
  io.run();
  if (!exchange.connected) return fail(Errc::unreachable, "no node runs at this home");
  if (exchange.error) return fail(Errc::io, "the node's local API: " + exchange.error.message());
  const auto& response = exchange.parser.get();
  if (response.result() == http::status::forbidden) {
    return fail(Errc::refused,
                "the node refuses: " + message_in({response.body().data(), response.body().size()}));
  }
  if (response.result() != http::status::ok) {
    return fail(Errc::not_found, "the node's local API has no " + target);
  }
  return {};
}

}  // namespace

Result<std::string> get(const std::string& socket_path, const std::string& target) {
  return request(socket_path, Method::get, target, "");
}

Result<std::string> request(const std::string& socket_path, Method method, const std::string& target,
                            std::string_view body) {
  asio::io_context io(1);
  Exchange<Ordinary> exchange(io);
  if (auto done = perform(exchange, io, socket_path, method, target, body); !done) return done.error();
  const auto& answer = exchange.parser.get().body();
  return std::string(answer.begin(), answer.end());
}

Result<crypto::SecretBytes> get_secret(const std::string& socket_path, const std::string& target) {
  asio::io_context io(1);
  Exchange<Secret> exchange(io);
  if (auto done = perform(exchange, io, socket_path, Method::get, target, ""); !done) return done.error();
  const auto& answer = exchange.parser.get().body();
  return crypto::SecretBytes(as_bytes(std::string_view(answer.data(), answer.size())));
}

}  // namespace peerstore::api
