#include "node/hearsay_network.hpp"

#include <algorithm>
#include <utility>

namespace peerstore::node {

namespace {
constexpr std::size_t kNamedMax = 256;
constexpr std::size_t kAsksMax = 8;  // under way at once, ahead of need
constexpr Duration kPatienceWithHearsay = std::chrono::seconds(1);
constexpr Duration kAskAgain = std::chrono::seconds(10);
}  // namespace

Task<Result<wire::Response>> HearsayNetwork::call(wire::MemberId peer, wire::Request request,
                                                  Duration patience) {
  const auto found = named_.find(peer);
  if (found != named_.end() && clock_.now() >= found->second.ask_again &&
      !knows_the_way_to(peer, found->second.incarnation)) {
    // Who names members in vain shall not delay each call to them.
    found->second.ask_again = clock_.now() + kAskAgain;
    const wire::MemberId by = found->second.by;
    const std::vector<wire::MemberId> wanted{peer};
    co_await find_out(by, wanted, std::min(patience, kPatienceWithHearsay));
  }
  Result<wire::Response> answer = co_await network_.call(peer, std::move(request), patience);
  if (answer) note(peer, *answer);
  co_return answer;
}

bool HearsayNetwork::knows_the_way_to(const wire::MemberId& member, std::uint64_t incarnation) const {
  const wire::Presence* presence = membership_.presence(member);
  return member == self_ || (presence != nullptr && presence->node.incarnation >= incarnation);
}

void HearsayNetwork::note(const wire::MemberId& peer, const wire::Response& answer) {
  std::vector<wire::NodeRef> named;
  bool are_next = false;  // after self, when `peer` dies
  if (const auto* found = std::get_if<wire::FoundSuccessor>(&answer)) {
    named = found->closer;
    named.insert(named.end(), found->successors.begin(), found->successors.end());
  } else if (const auto* neighbours = std::get_if<wire::Neighbours>(&answer)) {
    named = neighbours->successors;
    if (neighbours->predecessor) named.push_back(*neighbours->predecessor);
    named.push_back(neighbours->self);  // it may have dialled this node, which will be asked where it is, too
    are_next = neighbours->predecessor && neighbours->predecessor->id == self_;
  }
  std::vector<wire::MemberId> wanted;
  for (const wire::NodeRef& member : named) {
    if (knows_the_way_to(member.id, member.incarnation)) continue;
    if (member.id != peer) note_named(peer, member);
    // Where most of them were in an earlier life, they are still.
    const bool is_needed = are_next || member.id == peer || !knows_the_way_to(member.id, 0);
    if (is_needed && wanted.size() < wire::kWhereaboutsMax) wanted.push_back(member.id);
  }
  if (!ahead_ || wanted.empty() || scope_.running() >= kAsksMax) return;
  scope_.spawn(find_out(peer, std::move(wanted), kPatienceWithHearsay));
}

void HearsayNetwork::note_named(const wire::MemberId& by, const wire::NodeRef& member) {
  const auto [known, is_new] = named_.try_emplace(member.id);
  known->second.by = by;
  known->second.incarnation = member.incarnation;
  if (!is_new) return;
  order_.push_back(member.id);
  if (order_.size() <= kNamedMax) return;
  named_.erase(order_.front());
  order_.pop_front();
}

Task<void> HearsayNetwork::find_out(wire::MemberId from, std::vector<wire::MemberId> members,
                                    Duration patience) {
  wire::GetWhereabouts question{std::move(members)};
  Result<wire::RosterDifference> answer = co_await wire::ask(network_, from, std::move(question), patience);
  if (!answer || answer->presences.size() > wire::kWhereaboutsMax) co_return;
  wire::PushStatements word;  // for this node alone
  word.presences = std::move(answer->presences);
  membership_.hear(std::move(word));
}

}  // namespace peerstore::node
