#include <peerstore/net/tls_network.hpp>

#include "core.hpp"
#include "limits.hpp"

#include <algorithm>

namespace peerstore::net {

namespace {

bool means_away(const Error& error) {
  return error.code == Errc::timed_out || error.code == Errc::unreachable;
}

// A link that serves one task, and is closed with it.
class OwnLink {
 public:
  explicit OwnLink(std::shared_ptr<Link> link) : link_(std::move(link)) {}
  OwnLink(const OwnLink&) = delete;
  OwnLink& operator=(const OwnLink&) = delete;
  ~OwnLink() { link_->close(fail(Errc::cancelled, "done")); }

 private:
  std::shared_ptr<Link> link_;
};

}  // namespace

TlsNetwork::TlsNetwork(Loop& loop, Directory& directory, Options options)
    : core_(std::make_shared<Core>(loop, directory, std::move(options))) {}

TlsNetwork::~TlsNetwork() { core_->shut_down(); }

Task<Result<wire::Response>> TlsNetwork::call(wire::MemberId peer, wire::Request request, Duration patience) {
  const std::shared_ptr<Core> core = core_;
  const TimePoint deadline = core->loop_.now() + patience;
  const Core::LinkResult link = co_await Core::link_to(core, peer, deadline);
  if (!link) {
    if (link.error().code != Errc::cancelled) core->report(peer, false);
    co_return link.error_in(ring::short_name(peer));
  }
  const bool measured = RoundTrips::measures(request);
  const TimePoint asked_at = core->loop_.now();
  Duration limit = deadline - asked_at;
  if (measured) limit = core->round_trips_[peer].patience_within(limit);
  const Result<wire::Response> answer = co_await Link::call(*link, std::move(request), asked_at + limit);
  const bool answered = answer || !means_away(answer.error());
  if (measured && answered) core->round_trips_[peer].answered_after(core->loop_.now() - asked_at);
  if (measured && !answered) core->round_trips_[peer].gave_up();
  if (answered || answer.error().code != Errc::cancelled) core->report(peer, answered);
  co_return answer;
}

Task<Result<wire::MemberId>> TlsNetwork::connect(std::string address,
                                                 std::optional<crypto::SigningPublicKey> expected) {
  const Core::LinkResult link = co_await Core::open_link_for_task(core_, address, expected, core_->role());
  if (!link) co_return link.error();
  if (!(*link)->peer().member) co_return fail(Errc::refused, address + ": not a member");
  co_return (*link)->peer().member->member;
}

Task<Result<wire::Welcome>> TlsNetwork::join(std::string address, crypto::SigningPublicKey expected,
                                             wire::Join request) {
  const std::shared_ptr<Core> core = core_;
  const Core::LinkResult link = co_await Core::open_link_for_task(core, address, expected, Role::joiner);
  if (!link) co_return link.error();
  const OwnLink closed_with_this(*link);
  Result<wire::Response> answer =
      co_await Link::call(*link, std::move(request), core->loop_.now() + kJoinTime);
  if (!answer) co_return answer.error_in(address);
  if (auto* welcome = std::get_if<wire::Welcome>(&*answer)) co_return std::move(*welcome);
  co_return fail(Errc::invalid, address + ": an answer to another question");
}

Result<std::string> TlsNetwork::listen(const std::string& address, wire::Service& service) {
  return core_->listen(address, service);
}

void TlsNetwork::on_outcome(std::function<void(const wire::MemberId&, bool answered)> observer) {
  core_->observer_ = std::move(observer);
}

void TlsNetwork::drop_strangers() {
  for (const std::shared_ptr<Link>& link : core_->links_.all()) {
    const bool is_member = link->peer().member.has_value();
    if (is_member && !core_->directory_->find(link->peer().key)) {
      link->say_goodbye(fail(Errc::refused, "no longer a member of this ring"));
    }
  }
}

void TlsNetwork::close() { core_->shut_down(); }

TlsNetwork::Counters TlsNetwork::counters() const {
  Counters counters = *core_->counters_;
  counters.links = core_->links_.size();
  return counters;
}

}  // namespace peerstore::net
