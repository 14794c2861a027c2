#include "core.hpp"

#include "limits.hpp"
#include "spawn.hpp"
#include "tls_context.hpp"

namespace peerstore::net {

TlsNetwork::Core::Core(Loop& loop, Directory& directory, Options options)
    : loop_(loop),
      directory_(&directory),
      options_(std::move(options)),
      tls_(make_tls_context(options_.node_secret)) {}

void TlsNetwork::Core::shut_down() {
  directory_ = nullptr;
  service_ = nullptr;
  observer_ = nullptr;
  for (const auto& acceptor : acceptors_) {
    boost::system::error_code ignored;
    acceptor->close(ignored);
  }
  for (Opening* opening : openings_) opening->abort_();
  for (const auto& [peer, dial] : std::exchange(dials_, {})) {
    for (const auto& waiting : dial.waiting) waiting.send(fail(Errc::cancelled, "the network was shut down"));
  }
  for (const std::shared_ptr<Link>& link : links_.all()) link->shut_down();
}

void TlsNetwork::Core::report(const wire::MemberId& peer, bool answered) const {
  if (observer_) observer_(peer, answered);
}

// The link that is there, or else a dial, shared with all who want the same. A link that has fallen
// silent is used when there is no other way: the peer may be able to reach us, and not we it.
Task<TlsNetwork::Core::LinkResult> TlsNetwork::Core::link_to(std::shared_ptr<Core> self, wire::MemberId peer,
                                                             TimePoint deadline) {
  const std::shared_ptr<Link> open = self->links_.best(peer);
  if (open != nullptr && !open->is_silent()) co_return open;

  LinkResult dialled = fail(Errc::unreachable, "");
  const auto failed = self->dial_failures_.find(peer);
  if (failed != self->dial_failures_.end() && self->loop_.now() < failed->second.until) {
    dialled = failed->second.error;
  } else {
    Handover<std::shared_ptr<Link>> inbox(self->loop_, deadline, "dialling");
    const auto [entry, is_new] = self->dials_.try_emplace(peer);
    entry->second.waiting.push_back(inbox.sender());
    if (is_new) spawn(self->loop_, dial(self, peer));
    dialled = co_await inbox.result();
  }
  if (dialled) co_return dialled;
  std::shared_ptr<Link> left = self->links_.best(peer);
  if (left != nullptr) co_return left;
  co_return dialled;
}

std::shared_ptr<Link> TlsNetwork::Core::adopt(std::shared_ptr<Channel> channel, Link::Peer peer,
                                              HalfOpen::Place place) {
  auto link = std::make_shared<Link>(loop_, std::move(channel), std::move(peer), *this);
  links_.add(link);
  link->start(std::move(place));
  if (link->peer().member && link->peer().role == Role::node) {
    // Whoever waits for a dial to this member need not wait any longer.
    const auto dial = dials_.find(link->peer().member->member);
    if (dial != dials_.end()) {
      for (const auto& waiting : std::exchange(dial->second.waiting, {})) waiting.send(link);
    }
  }
  return link;
}

}  // namespace peerstore::net
