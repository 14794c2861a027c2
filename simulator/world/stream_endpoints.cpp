#include "world/stream_endpoints.hpp"

namespace peerstore::world {

namespace {

// A stranger knows its ring's id from the invitation, and nobody.
class StrangersDirectory final : public link::Directory {
 public:
  explicit StrangersDirectory(const wire::RingId& ring) : ring_(ring) {}
  wire::RingId ring_id() const override { return ring_; }
  std::optional<Peer> find(const crypto::SigningPublicKey&) const override { return std::nullopt; }
  std::optional<crypto::SigningPublicKey> node_key(const wire::MemberId&) const override {
    return std::nullopt;
  }
  std::vector<std::string> addresses(const wire::MemberId&) const override { return {}; }
  std::vector<wire::Statement> own_proof() const override { return {}; }
  void learn(const std::vector<wire::Statement>&) override {}

 private:
  wire::RingId ring_;
};

}  // namespace

Task<Result<wire::Response>> StreamNetwork::Endpoint::call(wire::MemberId peer, wire::Request request,
                                                           Duration patience) {
  StreamNetwork& hub = hub_;
  Machine& asker = machine_;
  Delivery delivery;
  delivery.from = hub.place_of(peer);
  delivery.to = asker.place;
  delivery.request_kind = static_cast<std::uint8_t>(request.index());
  delivery.is_answer = true;
  ++hub.counters_.calls;
  ++asker.sent.calls;
  ++asker.sent.messages;
  wire::Request question;
  if (hub.observer_ != nullptr) {
    hub.observer_->sent(asker.place, peer, request);
    question = request;  // which the observer sees once more, with the answer
  }
  Result<wire::Response> answer = co_await ask(peer, std::move(request), patience);
  if (answer) ++hub.counters_.messages;
  if (hub.observer_ != nullptr) {
    delivery.error = answer ? std::uint8_t{0} : static_cast<std::uint8_t>(answer.error().code);
    delivery.request = &question;
    delivery.answer = &answer;
    hub.observer_->delivered(delivery);
  }
  co_return answer;
}

Task<Result<wire::Response>> StreamNetwork::NodeEndpoint::ask(wire::MemberId peer, wire::Request request,
                                                              Duration patience) {
  return hub().links_of(machine()).call(peer, std::move(request), patience);
}

Task<Result<wire::Response>> StreamNetwork::ClientEndpoint::ask(wire::MemberId peer, wire::Request request,
                                                                Duration patience) {
  return process_.links.call(peer, std::move(request), patience);
}

// Waits as long as the joining command does.
Task<Result<wire::Response>> StreamNetwork::JoinerEndpoint::ask(wire::MemberId peer, wire::Request request,
                                                                Duration) {
  auto* question = std::get_if<wire::Join>(&request);
  if (question == nullptr) co_return fail(Errc::refused, "a stranger may ask to join, and nothing else");
  const std::optional<Equipment> contact = hub().machine(peer).equipment;
  if (!contact) co_return fail(Errc::unreachable, "nobody ever lived there");
  StrangersDirectory directory(contact->directory.ring_id());
  crypto::SigningPublicKey own_key;
  for (auto& byte : own_key.bytes) byte = static_cast<std::uint8_t>(hub().random_.next());
  const Equipment own{hub().clock_, directory, own_key, {}};
  Process process(hub(), machine(), own, link::Role::joiner);
  Result<wire::Welcome> welcome =
      co_await process.links.join(contact->address, contact->node_key, std::move(*question));
  if (!welcome) co_return welcome.error();
  co_return wire::Response(std::move(*welcome));
}

Task<Result<wire::Response>> StreamNetwork::Served::serve(wire::Caller caller, wire::Request request) {
  StreamNetwork& hub = hub_;
  Machine& server = machine_;
  ++hub.counters_.messages;
  if (hub.observer_ != nullptr) {
    Delivery delivery;
    delivery.from = hub.place_of(caller.is_joiner ? wire::MemberId{} : caller.member);
    delivery.to = server.place;
    delivery.request_kind = static_cast<std::uint8_t>(request.index());
    delivery.request = &request;
    hub.observer_->delivered(delivery);
  }
  Result<wire::Response> answer = co_await service_.serve(caller, std::move(request));
  if (server.slowness > Duration::zero()) {
    const auto extra = hub.random_.below(static_cast<std::uint64_t>(server.slowness.count()));
    co_await server.equipment->clock.sleep(Duration(static_cast<Duration::rep>(extra)));
  }
  ++server.sent.messages;
  co_return answer;
}

}  // namespace peerstore::world
