#include <peerstore/net/tls_network.hpp>

#include "listener.hpp"
#include "tcp_dialler.hpp"
#include "tls_context.hpp"

namespace peerstore::net {

struct TlsNetwork::Implementation {
  Implementation(Loop& loop, Directory& directory, const Options& options)
      : tls(make_tls_context(options.node_secret)),
        dialler(loop, tls),
        links(loop, directory, dialler, {options.role, options.greeting_time}),
        listener(std::make_shared<Listener>(loop, tls, links)) {}
  ~Implementation() { listener->close(); }

  boost::asio::ssl::context tls;
  TcpDialler dialler;
  link::LinkNetwork links;
  std::shared_ptr<Listener> listener;
};

TlsNetwork::TlsNetwork(Loop& loop, Directory& directory, const Options& options)
    : implementation_(std::make_unique<Implementation>(loop, directory, options)) {}

TlsNetwork::~TlsNetwork() = default;

Task<Result<wire::Response>> TlsNetwork::call(wire::MemberId peer, wire::Request request, Duration patience) {
  return implementation_->links.call(peer, std::move(request), patience);
}

Task<Result<wire::MemberId>> TlsNetwork::connect(std::string address,
                                                 std::optional<crypto::SigningPublicKey> expected) {
  return implementation_->links.connect(std::move(address), expected);
}

Task<Result<wire::Welcome>> TlsNetwork::join(std::string address, crypto::SigningPublicKey expected,
                                             wire::Join request) {
  return implementation_->links.join(std::move(address), expected, std::move(request));
}

Task<Result<wire::JoinPreview>> TlsNetwork::preview_join(std::string address,
                                                         crypto::SigningPublicKey expected,
                                                         wire::PreviewJoin request) {
  return implementation_->links.preview_join(std::move(address), expected, std::move(request));
}

Task<Result<wire::UserRecordReply>> TlsNetwork::fetch_record(std::string address,
                                                             wire::GetUserRecord request) {
  return implementation_->links.fetch_record(std::move(address), request);
}

Result<std::string> TlsNetwork::listen(const std::string& address, wire::Service& service) {
  Result<std::string> bound = implementation_->listener->listen(address);
  if (bound) implementation_->links.serve(service);
  return bound;
}

void TlsNetwork::on_outcome(std::function<void(const wire::MemberId&, bool answered)> observer) {
  implementation_->links.on_outcome(std::move(observer));
}

void TlsNetwork::drop_strangers() { implementation_->links.drop_strangers(); }

void TlsNetwork::close() {
  implementation_->listener->close();
  implementation_->links.close();
}

std::uint64_t TlsNetwork::send_rate(const wire::MemberId& member) const {
  return implementation_->links.send_rate(member);
}

TlsNetwork::Counters TlsNetwork::counters() const {
  Counters counters = implementation_->links.counters();
  counters.refused_links += implementation_->listener->turned_away();
  return counters;
}

}  // namespace peerstore::net
