#include <peerstore/link/link_network.hpp>

#include "core.hpp"
#include "limits.hpp"

namespace peerstore::link {

namespace {

bool means_away(const Error& error) {
  return error.code == Errc::timed_out || error.code == Errc::unreachable;
}

constexpr unsigned kTriesMax = 4;

bool was_dead(const Link& link, TimePoint asked_at) { return !link.is_open() && link.heard_at() <= asked_at; }

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

// The one question of somebody who is not a member.
template <class Question>
Task<Result<typename Question::Reply>> ask_as_joiner(std::shared_ptr<LinkNetwork::Core> core,
                                                     std::string address,
                                                     LinkNetwork::Core::ExpectedKey expected,
                                                     Question request) {
  const LinkNetwork::Core::LinkResult link =
      co_await LinkNetwork::Core::link_at(core, address, expected, Role::joiner);
  if (!link) co_return link.error();
  const OwnLink closed_with_this(*link);
  Result<wire::Response> answer =
      co_await Link::call(*link, std::move(request), core->clock_.now() + kJoinTime);
  // It had been asked: who asked to be let in may be in.
  const bool is_cut_short = !answer && answer.error().code == Errc::unreachable;
  if (std::is_same_v<Question, wire::Join> && is_cut_short) {
    co_return fail(Errc::timed_out, answer.error().context).in(address);
  }
  if (!answer) co_return answer.error_in(address);
  if (auto* reply = std::get_if<typename Question::Reply>(&*answer)) co_return std::move(*reply);
  co_return fail(Errc::invalid, address + ": an answer to another question");
}

}  // namespace

LinkNetwork::LinkNetwork(Clock& clock, Directory& directory, Dialler& dialler, Options options)
    : core_(std::make_shared<Core>(clock, directory, dialler, options)) {}

LinkNetwork::~LinkNetwork() { core_->shut_down(); }

Task<Result<wire::Response>> LinkNetwork::call(wire::MemberId peer, wire::Request request,
                                               Duration patience) {
  const std::shared_ptr<Core> core = core_;
  const TimePoint deadline = core->clock_.now() + patience;
  for (unsigned tries = 1;; ++tries) {
    const Core::LinkResult link = co_await Core::link_to(core, peer, deadline);
    if (!link) {
      if (link.error().code != Errc::cancelled) core->report(peer, false);
      co_return link.error_in(ring::short_name(peer));
    }
    const bool measured = RoundTrips::measures(request);
    const TimePoint asked_at = core->clock_.now();
    Duration limit = deadline - asked_at;
    if (measured) limit = core->round_trips_[peer].patience_within(limit);
    Result<wire::Response> answer = co_await Link::call(*link, request, asked_at + limit);
    // The link may have been dead for long (the peer slept, or its process is another one), and nobody
    // noticed because nobody spoke; there may be several such links. Every question may be asked twice.
    if (!answer && was_dead(**link, asked_at) && tries < kTriesMax) continue;
    const bool answered = answer || !means_away(answer.error());
    if (measured && answered) core->round_trips_[peer].answered_after(core->clock_.now() - asked_at);
    if (measured && !answered) core->round_trips_[peer].gave_up();
    if (answered || answer.error().code != Errc::cancelled) core->report(peer, answered);
    co_return answer;
  }
}

Task<Result<wire::MemberId>> LinkNetwork::connect(std::string address,
                                                  std::optional<crypto::SigningPublicKey> expected) {
  const std::shared_ptr<Core> core = core_;
  const Core::LinkResult link = co_await Core::link_at(core, address, expected, core->role());
  if (!link) co_return link.error();
  if (!(*link)->peer().member) co_return fail(Errc::refused, address + ": not a member");
  co_return (*link)->peer().member->member;
}

Task<Result<wire::Welcome>> LinkNetwork::join(std::string address, crypto::SigningPublicKey expected,
                                              wire::Join request) {
  return ask_as_joiner(core_, std::move(address), expected, std::move(request));
}

Task<Result<wire::JoinPreview>> LinkNetwork::preview_join(std::string address,
                                                          crypto::SigningPublicKey expected,
                                                          wire::PreviewJoin request) {
  return ask_as_joiner(core_, std::move(address), expected, std::move(request));
}

Task<Result<wire::UserRecordReply>> LinkNetwork::fetch_record(std::string address,
                                                              wire::GetUserRecord request) {
  return ask_as_joiner(core_, std::move(address), std::nullopt, request);
}

void LinkNetwork::serve(wire::Service& service) { core_->service_ = &service; }

void LinkNetwork::welcome(std::shared_ptr<ByteStream> stream, std::shared_ptr<void> place,
                          std::function<void(const Error&)> refused) {
  core_->welcome(std::move(stream), std::move(place), std::move(refused));
}

void LinkNetwork::on_outcome(std::function<void(const wire::MemberId&, bool answered)> observer) {
  core_->observer_ = std::move(observer);
}

void LinkNetwork::drop_strangers() { core_->close_strangers(); }

void LinkNetwork::close() { core_->shut_down(); }

std::uint64_t LinkNetwork::send_rate(const wire::MemberId& member) const {
  return core_->links_.send_rate(member);
}

LinkNetwork::Counters LinkNetwork::counters() const {
  Counters counters = *core_->counters_;
  counters.links = core_->links_.size();
  return counters;
}

}  // namespace peerstore::link
