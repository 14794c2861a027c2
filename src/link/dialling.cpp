// Dialling: from a member, or an address, to a link.
#include "core.hpp"
#include "limits.hpp"

namespace peerstore::link {

// Tries the member's addresses in turn. Learning one refusal is worth more than one more silence.
Task<void> LinkNetwork::Core::dial(wire::MemberId peer) {
  LinkResult link = fail(Errc::unreachable, "no address of it is known");
  const ExpectedKey key = directory_->node_key(peer);
  if (!key) {
    finish_dial(peer, fail(Errc::unreachable, "not a member, or no longer"));
    co_return;
  }
  const std::vector<std::string> addresses = directory_->addresses(peer);
  for (const std::string& address : addresses) {
    LinkResult opened = co_await open_link(address, key, options_.role);
    if (opened || link.error().code == Errc::unreachable) link = std::move(opened);
    if (link) break;
  }
  finish_dial(peer, link);
}

void LinkNetwork::Core::finish_dial(const wire::MemberId& peer, const LinkResult& link) {
  if (link) {
    dial_failures_.erase(peer);
  } else {
    const TimePoint now = clock_.now();
    std::erase_if(dial_failures_, [now](const auto& failure) { return failure.second.until <= now; });
    dial_failures_.insert_or_assign(peer, DialFailure{now + kDialFailureMemory, link.error()});
  }
  const auto dial = dials_.find(peer);
  const std::vector<Handover<std::shared_ptr<Link>>::Sender> waiting = std::move(dial->second.waiting);
  dials_.erase(dial);
  for (const auto& each : waiting) each.send(link);
}

Task<LinkNetwork::Core::LinkResult> LinkNetwork::Core::open_link(std::string address, ExpectedKey expected,
                                                                 Role as) {
  Result<std::shared_ptr<ByteStream>> stream = co_await dialler_->dial(address, clock_.now() + kConnectTime);
  if (!stream) {
    if (stream.error().code != Errc::timed_out) co_return stream.error_in(address);
    co_return fail(Errc::unreachable, "nobody answers").in(address);
  }
  const auto channel = std::make_shared<Channel>(std::move(*stream), counters_);
  OpeningChannel opening(channel);
  Greeted peer = co_await greet_as_dialler(channel, expected, as);
  if (!peer) {
    if (peer.error().code != Errc::timed_out) co_return peer.error_in(address);
    co_return fail(Errc::unreachable, "it accepts connections, but does not answer").in(address);
  }
  co_return adopt(opening.keep(), std::move(*peer), nullptr);
}

namespace {
// Says at least that nothing comes any more.
class Promise {
 public:
  using Sender = Handover<std::shared_ptr<Link>>::Sender;
  explicit Promise(Sender sender) : sender_(std::move(sender)) {}
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;
  ~Promise() { sender_.send(fail(Errc::cancelled, "the network was shut down")); }
  void keep(Result<std::shared_ptr<Link>> link) { sender_.send(std::move(link)); }

 private:
  Sender sender_;
};
}  // namespace

Task<void> LinkNetwork::Core::open_link_for(std::string address, ExpectedKey expected, Role as,
                                            Handover<std::shared_ptr<Link>>::Sender sender) {
  Promise promise(std::move(sender));
  promise.keep(co_await open_link(std::move(address), expected, as));
}

Task<LinkNetwork::Core::LinkResult> LinkNetwork::Core::link_at(std::shared_ptr<Core> self,
                                                               std::string address, ExpectedKey expected,
                                                               Role as) {
  if (self->is_shut_down()) co_return fail(Errc::cancelled, "the network was shut down");
  const TimePoint deadline = self->clock_.now() + kConnectTime + self->options_.greeting_time + 1s;
  Handover<std::shared_ptr<Link>> inbox(self->clock_, deadline, address);
  self->opening_.spawn(self->open_link_for(address, expected, as, inbox.sender()));
  co_return co_await inbox.result();
}

}  // namespace peerstore::link
