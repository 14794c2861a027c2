#include "liar.hpp"

#include <algorithm>
#include <iterator>

namespace peerstore::simulator {

namespace {

// Longer than anybody waits.
constexpr Duration kForever = 10 * wire::kPatience;

SharedBytes with_a_bit_turned_over(const SharedBytes& data, Random& random) {
  const ByteView honest = data.view();
  Bytes bytes(honest.begin(), honest.end());
  const std::uint64_t at = random.below(bytes.size());
  bytes[at] ^= static_cast<std::uint8_t>(1U << random.below(8));
  return SharedBytes(std::move(bytes));
}

// The place just before `id` on the circle.
wire::MemberId just_before(wire::MemberId id) {
  for (std::size_t i = id.bytes.size(); i-- > 0;) {
    if (id.bytes[i]-- != 0) break;
  }
  return id;
}

// The same as the store would say.
Error not_held() { return fail(Errc::not_found, "not held here"); }

}  // namespace

Liar::Liar(wire::Service& honest, Clock& clock, Random& random, crypto::Signatures& signatures,
           wire::RingId ring_id, crypto::SigningSecretKey node_secret, Self self, Lies lies)
    : honest_(honest),
      clock_(clock),
      random_(random),
      signatures_(signatures),
      ring_id_(ring_id),
      node_secret_(node_secret),
      self_(std::move(self)),
      lies_(lies) {}

Task<Result<wire::Response>> Liar::serve(wire::Caller caller, wire::Request request) {
  remember(request);
  std::optional<Result<wire::Response>> instead = faked(request);
  if (instead) co_return std::move(*instead);
  const bool reads_chunk = std::holds_alternative<wire::GetSegment>(request) ||
                           std::holds_alternative<wire::GetDescription>(request);
  if (lies_.withhold_chunks && reads_chunk && lies_now()) {
    const bool says_no = random_.below(2) == 0;
    if (!says_no) co_await clock_.sleep(kForever);
    co_return not_held();
  }
  const wire::Request question = request;
  Result<wire::Response> answer = co_await honest_.serve(caller, std::move(request));
  if (!answer) co_return answer;
  remember(*answer);
  bend(caller, question, *answer);
  co_return answer;
}

// ---- receipts for what it threw away ----

std::optional<Result<wire::Response>> Liar::faked(const wire::Request& request) {
  if (!lies_.fake_receipts) return std::nullopt;
  if (const auto* begin = std::get_if<wire::PutBegin>(&request)) {
    const std::size_t segments = begin->chunk.leaves.size();
    if (segments == 0 || segments > wire::kSegmentsMax || segments != begin->chunk.header.segments) {
      return std::nullopt;
    }
    const wire::ChunkAddress address = wire::address_of(begin->chunk);
    if (!lies_now()) {
      thrown_away_.erase(address);
      return std::nullopt;
    }
    thrown_away_.insert(address);
    wire::PutState state;
    for (std::uint32_t i = 0; i < segments; ++i) state.missing.push_back(i);
    return wire::Response(std::move(state));
  }
  if (const auto* segment = std::get_if<wire::PutSegment>(&request)) {
    if (!thrown_away_.contains(segment->address)) return std::nullopt;
    // And so it says of all that comes after it.
    return wire::Response(wire::SegmentTaken{std::vector<std::uint8_t>(segment->onward.size(), 1)});
  }
  const auto* commit = std::get_if<wire::PutCommit>(&request);
  if (commit == nullptr || !thrown_away_.contains(commit->address)) return std::nullopt;
  wire::Receipt receipt{commit->address, commit->owner, self_(), {}};
  receipt.signature = signatures_.sign(node_secret_, "receipt", ring_id_, wire::receipt_bytes(receipt));
  return wire::Response(receipt);
}

void Liar::claim(const std::vector<wire::ChunkAddress>& addresses, std::vector<std::uint8_t>& have) const {
  for (std::size_t i = 0; i < std::min(addresses.size(), have.size()); ++i) {
    if (thrown_away_.contains(addresses[i])) have[i] = 1;
  }
}

// ---- answers that are bent ----

void Liar::bend(const wire::Caller& caller, const wire::Request& request, wire::Response& answer) {
  if (lies_.fake_receipts) {
    auto* have = std::get_if<wire::HaveReply>(&answer);
    const auto* asked = std::get_if<wire::HaveChunks>(&request);
    if (have != nullptr && asked != nullptr) claim(asked->addresses, have->have);
    auto* taken = std::get_if<wire::OfferReply>(&answer);
    const auto* offer = std::get_if<wire::OfferChunks>(&request);
    if (taken != nullptr && offer != nullptr) claim(offer->addresses, taken->have);
  }
  if (lies_.wrong_routes) {
    if (auto* neighbours = std::get_if<wire::Neighbours>(&answer)) {
      if (lies_now()) misroute(caller, *neighbours);
    }
    auto* found = std::get_if<wire::FoundSuccessor>(&answer);
    const auto* question = std::get_if<wire::FindSuccessor>(&request);
    if (found != nullptr && question != nullptr && lies_now()) misroute(*question, *found);
  }
  if (lies_.corrupt_chunks) {
    auto* segment = std::get_if<wire::SegmentReply>(&answer);
    if (segment != nullptr && !segment->data.empty() && lies_now()) {
      segment->data = with_a_bit_turned_over(segment->data, random_);
    }
    auto* description = std::get_if<wire::DescriptionReply>(&answer);
    if (description != nullptr && !description->chunk.leaves.empty() && lies_now()) {
      description->chunk.leaves.back().bytes.front() ^= 1;
    }
  }
  if (lies_.replay_old_records) {
    if (auto* difference = std::get_if<wire::RosterDifference>(&answer)) {
      if (lies_now()) {
        difference->presences.clear();
        for (const auto& [member, presence] : presences_) difference->presences.push_back(presence);
      }
    }
    if (auto* difference = std::get_if<wire::PresenceDifference>(&answer)) {
      if (lies_now()) {
        for (wire::Presence& presence : difference->presences) presence = presences_.at(presence.node.id);
      }
    }
    if (auto* reply = std::get_if<wire::HeadsReply>(&answer)) {
      if (lies_now()) {
        for (wire::Head& head : reply->heads) {
          const auto old = heads_.find({head.person, head.machine});
          if (old != heads_.end()) head = old->second;
        }
      }
    }
  }
}

// One of the true members, of another life perhaps, or nobody at all.
wire::NodeRef Liar::someone() {
  if (members_.empty() || random_.below(2) == 0) return {invented(), 1 + random_.below(4)};
  const auto chosen =
      std::next(members_.begin(), static_cast<std::ptrdiff_t>(random_.below(members_.size())));
  wire::NodeRef member = chosen->second;
  if (random_.below(4) == 0) member.incarnation += 1 + random_.below(3);
  return member;
}

wire::MemberId Liar::invented() {
  wire::MemberId id;
  for (std::uint8_t& byte : id.bytes) byte = static_cast<std::uint8_t>(random_.below(256));
  return id;
}

void Liar::misroute(const wire::Caller& caller, wire::Neighbours& answer) {
  switch (random_.below(3)) {
    case 0:  // somebody close between itself and the asker, whom the asker would adopt
      answer.predecessor = wire::NodeRef{just_before(caller.member), 1};
      break;
    case 1: answer.predecessor = someone(); break;
    default:
      for (wire::NodeRef& successor : answer.successors) successor = someone();
  }
}

void Liar::misroute(const wire::FindSuccessor& question, wire::FoundSuccessor& answer) {
  answer.closer.clear();
  answer.successors.clear();
  switch (random_.below(3)) {
    case 0:  // it owns the key, with successors of its choice
      answer.is_successor = true;
      for (int i = 0; i < 3; ++i) answer.successors.push_back(someone());
      break;
    case 1:  // nobody could be closer than this one
      answer.is_successor = false;
      answer.closer.push_back({just_before(question.key), 1});
      break;
    default:
      answer.is_successor = false;
      for (int i = 0; i < 3; ++i) answer.closer.push_back(someone());
  }
}

// ---- what passes through its hands ----

void Liar::remember(const wire::Request& request) {
  if (const auto* notify = std::get_if<wire::Notify>(&request)) remember(notify->from);
  if (const auto* exchange = std::get_if<wire::ExchangeRoster>(&request)) remember(exchange->presences);
  if (const auto* push = std::get_if<wire::PushStatements>(&request)) remember(push->presences);
  if (const auto* put = std::get_if<wire::PutHead>(&request)) remember(put->head);
}

void Liar::remember(const wire::Response& answer) {
  if (const auto* neighbours = std::get_if<wire::Neighbours>(&answer)) {
    for (const wire::NodeRef& successor : neighbours->successors) remember(successor);
  }
  if (const auto* difference = std::get_if<wire::RosterDifference>(&answer)) {
    remember(difference->presences);
  }
  if (const auto* difference = std::get_if<wire::PresenceDifference>(&answer)) {
    remember(difference->presences);
  }
  if (const auto* reply = std::get_if<wire::HeadsReply>(&answer)) {
    for (const wire::Head& head : reply->heads) remember(head);
  }
}

void Liar::remember(const wire::NodeRef& member) { members_.insert_or_assign(member.id, member); }

void Liar::remember(const std::vector<wire::Presence>& presences) {
  for (const wire::Presence& presence : presences) {
    const auto [known, is_new] = presences_.emplace(presence.node.id, presence);
    const auto age = [](const wire::Presence& p) { return std::pair(p.node.incarnation, p.sequence); };
    if (!is_new && age(presence) < age(known->second)) known->second = presence;
  }
}

void Liar::remember(const wire::Head& head) {
  const auto [known, is_new] = heads_.emplace(std::pair(head.person, head.machine), head);
  if (!is_new && head.version < known->second.version) known->second = head;
}

}  // namespace peerstore::simulator
