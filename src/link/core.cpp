#include "core.hpp"

#include "limits.hpp"

namespace peerstore::link {

LinkNetwork::Core::Core(Clock& clock, Directory& directory, Dialler& dialler, Options options)
    : clock_(clock), options_(options), directory_(&directory), dialler_(&dialler), opening_(clock) {}

void LinkNetwork::Core::shut_down() {
  directory_ = nullptr;
  dialler_ = nullptr;
  service_ = nullptr;
  observer_ = nullptr;
  opening_.cancel();
  for (const auto& [peer, dial] : std::exchange(dials_, {})) {
    for (const auto& waiting : dial.waiting) waiting.send(fail(Errc::cancelled, "the network was shut down"));
  }
  for (const std::shared_ptr<Link>& link : links_.all()) {
    link->close(fail(Errc::cancelled, "the network was shut down"));
  }
  bury_closed();
}

void LinkNetwork::Core::report(const wire::MemberId& peer, bool answered) const {
  if (observer_) observer_(peer, answered);
}

// The link that is there, or else a dial, shared with all who want the same. A link that has fallen
// silent is used when there is no other way: the peer may be able to reach us, and not we it.
Task<LinkNetwork::Core::LinkResult> LinkNetwork::Core::link_to(std::shared_ptr<Core> self,
                                                               wire::MemberId peer, TimePoint deadline) {
  if (self->is_shut_down()) co_return fail(Errc::cancelled, "the network was shut down");
  const std::shared_ptr<Link> open = self->links_.best(peer);
  if (open != nullptr && !open->is_silent()) co_return open;

  LinkResult dialled = fail(Errc::unreachable, "");
  const auto failed = self->dial_failures_.find(peer);
  if (failed != self->dial_failures_.end() && self->clock_.now() < failed->second.until) {
    dialled = failed->second.error;
  } else {
    Handover<std::shared_ptr<Link>> inbox(self->clock_, deadline, "dialling");
    const auto [entry, is_new] = self->dials_.try_emplace(peer);
    entry->second.waiting.push_back(inbox.sender());
    if (is_new) self->opening_.spawn(self->dial(peer));
    dialled = co_await inbox.result();
  }
  if (dialled) co_return dialled;
  std::shared_ptr<Link> left = self->links_.best(peer);
  if (left != nullptr) co_return left;
  co_return dialled;
}

std::shared_ptr<Link> LinkNetwork::Core::adopt(std::shared_ptr<Channel> channel, Link::Peer peer,
                                               std::shared_ptr<void> place) {
  auto link = std::make_shared<Link>(clock_, std::move(channel), std::move(peer), *this);
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

void LinkNetwork::Core::close_strangers() {
  if (is_shut_down()) return;
  for (const std::shared_ptr<Link>& link : links_.all()) {
    const bool is_member = link->peer().member.has_value();
    if (is_member && !directory_->find(link->peer().key)) {
      link->say_goodbye(fail(Errc::refused, std::string(kNoMemberAnyMore)));
    }
  }
}

void LinkNetwork::Core::on_link_closed(Link& link) {
  closed_.push_back(link.shared_from_this());
  links_.remove(link);
  clock_.arm(burial_, clock_.now());
}

void LinkNetwork::Core::bury_closed() {
  burial_.disarm();
  for (const std::shared_ptr<Link>& link : std::exchange(closed_, {})) link->end_serving();
}

}  // namespace peerstore::link
