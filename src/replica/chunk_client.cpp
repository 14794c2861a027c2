#include <peerstore/crypto/hash.hpp>
#include <peerstore/crypto/secret.hpp>
#include <peerstore/replica/chunk_client.hpp>
#include <peerstore/replica/head_keepers.hpp>
#include <peerstore/replica/head_signature.hpp>
#include <peerstore/runtime/combine.hpp>

#include "replica/chunk_put.hpp"
#include "replica/chunk_reader.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace peerstore::replica {

namespace {
// Whom a reader asks for heads: more than keep them, so that stand-ins are heard too.
constexpr std::size_t kHeadsAskedOf = 2 * kHeadKeepers;
}  // namespace

struct ChunkClient::Parts : crypto::InLockedMemory {
  using Addresses = std::vector<wire::ChunkAddress>;
  // What one member said about the chunks it was asked for; nothing for what it did not answer.
  using Presence = std::map<wire::ChunkAddress, bool>;

  Clock& clock;
  Random& random;
  wire::Network& network;
  crypto::Signatures& signatures;
  const RingView& view;
  Writer writer;
  wire::PersonNumber owner;
  Options options;
  Friends friends;
  ChunkReader reader;
  bool heads_are_surely_newest = false;  // the last that were read

  Parts(Clock& a_clock, Random& a_random, wire::Network& a_network, crypto::Signatures& some_signatures,
        const RingView& a_view, Writer a_writer, NameOf name_of, Options some_options)
      : clock(a_clock),
        random(a_random),
        network(a_network),
        signatures(some_signatures),
        view(a_view),
        writer(a_writer),
        owner(writer.person),
        options(some_options),
        friends(clock, network, view, std::move(name_of)),
        reader(clock, signatures, view, friends, options) {}

  Task<Presence> delete_at(wire::MemberId member, Addresses addresses);
  Task<bool> delete_newer_at(wire::MemberId member, ChunkRef chunk);
  Task<Presence> have(wire::MemberId member, Addresses addresses);
  // What each member that answers says about the chunks it is to be asked for.
  using Questions = std::map<wire::MemberId, std::set<wire::ChunkAddress>>;
  using Answers = std::map<wire::MemberId, Presence>;
  Task<Answers> ask_all(Questions questions);
  Task<Result<wire::HeadsReply>> heads_at(wire::MemberId member);
  Task<Result<wire::Done>> put_head(wire::MemberId member, const wire::Head& head);
  Task<std::optional<std::map<std::uint32_t, wire::Head>>> newest_heads_of(
      std::vector<wire::MemberId> members, std::set<wire::MemberId>& heard);
  Task<Result<std::vector<wire::Head>>> newest_heads();
  bool are_surely_newest(const std::set<wire::MemberId>& heard) const;
  Task<Result<unsigned>> publish_to(std::vector<wire::MemberId> order, std::size_t wanted,
                                    const wire::Head& head);
  void merge(std::map<std::uint32_t, wire::Head>& newest, wire::HeadsReply reply) const;
};

ChunkClient::ChunkClient(Clock& clock, Random& random, wire::Network& network, crypto::Signatures& signatures,
                         const RingView& view, Writer writer, NameOf name_of)
    : ChunkClient(clock, random, network, signatures, view, writer, std::move(name_of), Options()) {}

ChunkClient::ChunkClient(Clock& clock, Random& random, wire::Network& network, crypto::Signatures& signatures,
                         const RingView& view, Writer writer, NameOf name_of, Options options)
    : parts_(std::make_unique<Parts>(clock, random, network, signatures, view, writer, std::move(name_of),
                                     options)) {}

ChunkClient::~ChunkClient() = default;

wire::PersonNumber ChunkClient::owner() const { return parts_->owner; }
unsigned ChunkClient::reachable_copies() const { return parts_->view.map()->reachable_copies(parts_->owner); }
unsigned ChunkClient::wanted_copies() const { return parts_->view.map()->policy().copies; }
bool ChunkClient::is_gone(const wire::MemberId& member) const {
  return parts_->view.standing(member) == Standing::gone;
}

std::optional<wire::PersonNumber> ChunkClient::person_of(const wire::MemberId& member) const {
  return parts_->view.person_of(member);
}

std::string ChunkClient::name_of(const wire::MemberId& member) const { return parts_->friends.name(member); }

Task<Result<PutOutcome>> ChunkClient::put(wire::ChunkDescription chunk, std::vector<SharedBytes> segments) {
  // What was read before is written again, to have more copies. Whoever knows that it was deleted once may be
  // asleep: what its deletion names must not be the number by which it is kept now.
  const std::uint64_t before = co_await parts_->reader.highest_lease(wire::address_of(chunk));
  const ChunkPut::Ring ring{parts_->clock,   parts_->random, parts_->signatures, parts_->view,
                            parts_->friends, parts_->writer, parts_->options};
  ChunkPut put(ring, std::move(chunk), std::move(segments), before + 1);
  co_return co_await put.run();
}

Task<Result<SharedBytes>> ChunkClient::get_segment(ChunkRef chunk, std::uint32_t index) {
  co_return co_await parts_->reader.segment(std::move(chunk), index);
}

// ---- where chunks stand ----

Task<ChunkClient::Parts::Presence> ChunkClient::Parts::have(wire::MemberId member, Addresses addresses) {
  Presence presence;
  for (std::size_t at = 0; at < addresses.size(); at += options.addresses_per_question) {
    const std::size_t count = std::min(options.addresses_per_question, addresses.size() - at);
    const auto first = addresses.begin() + static_cast<std::ptrdiff_t>(at);
    const wire::HaveChunks question{Addresses(first, first + static_cast<std::ptrdiff_t>(count))};
    const Result<wire::HaveReply> reply = co_await friends.ask(member, question);
    if (!reply || reply->have.size() != count) break;
    for (std::size_t i = 0; i < count; ++i) presence[question.addresses[i]] = reply->have[i] == 1;
  }
  co_return presence;
}

Task<ChunkClient::Parts::Answers> ChunkClient::Parts::ask_all(Questions questions) {
  std::vector<wire::MemberId> members;
  std::vector<Task<Presence>> tasks;
  for (const auto& [member, addresses] : questions) {
    if (!friends.is_live(member) && !friends.may_be_back(member)) continue;
    members.push_back(member);
    tasks.push_back(have(member, Addresses(addresses.begin(), addresses.end())));
  }
  std::vector<Presence> presences = co_await when_all(clock, std::move(tasks));
  Answers answers;
  for (std::size_t i = 0; i < members.size(); ++i) answers.emplace(members[i], std::move(presences[i]));
  co_return answers;
}

// The likely holders are asked first. About what none of them has, everybody else.
Task<Result<std::vector<ChunkStanding>>> ChunkClient::standing(std::vector<ChunkRef> chunks) {
  std::vector<ChunkStanding> result(chunks.size());
  std::vector<std::vector<wire::MemberId>> asked(chunks.size());
  std::vector<std::vector<wire::MemberId>> answered(chunks.size());
  for (const bool is_likely : {true, false}) {
    Parts::Questions questions;
    std::vector<std::vector<wire::MemberId>> now(chunks.size());
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      if (!result[i].confirmed.empty()) continue;
      now[i] =
          is_likely ? parts_->reader.likely_holders(chunks[i]) : parts_->reader.possible_holders(chunks[i]);
      std::erase_if(now[i], [&](const wire::MemberId& member) {
        return std::ranges::find(asked[i], member) != asked[i].end();
      });
      for (const wire::MemberId& member : now[i]) questions[member].insert(chunks[i].address);
    }
    const Parts::Answers answers = co_await parts_->ask_all(std::move(questions));
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      for (const wire::MemberId& member : now[i]) {
        asked[i].push_back(member);
        const auto said = answers.find(member);
        if (said == answers.end() || !said->second.contains(chunks[i].address)) continue;
        answered[i].push_back(member);
        if (said->second.at(chunks[i].address)) result[i].confirmed.push_back(member);
      }
    }
  }
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    for (const wire::MemberId& member : parts_->reader.to_wait_for(chunks[i], answered[i])) {
      const auto& holders = chunks[i].holders;
      const bool by_receipt = std::ranges::find(holders, member) != holders.end();
      if (by_receipt) result[i].away.push_back(member);
      if (!by_receipt && result[i].confirmed.empty()) result[i].silent.push_back(member);
    }
  }
  co_return result;
}

// ---- deleting ----

Task<ChunkClient::Parts::Presence> ChunkClient::Parts::delete_at(wire::MemberId member, Addresses addresses) {
  Presence gone;
  for (std::size_t at = 0; at < addresses.size(); at += wire::kDeletionsMax) {
    const std::size_t end = std::min(at + wire::kDeletionsMax, addresses.size());
    wire::DeleteChunks question;
    for (std::size_t i = at; i < end; ++i) {
      question.deletions.push_back(
          sign_deletion(signatures, view.ring_id(), writer, addresses[i], kFirstLease));
    }
    const Result<wire::DeleteReply> reply = co_await friends.ask(member, question, Friends::kBulkPatience);
    if (!reply || reply->gone.size() != question.deletions.size()) break;
    for (std::size_t i = at; i < end; ++i) gone[addresses[i]] = reply->gone[i - at] == 1;
  }
  co_return gone;
}

// It was deleted before and stored again: by a newer lease, which only its holder can tell.
Task<bool> ChunkClient::Parts::delete_newer_at(wire::MemberId member, ChunkRef chunk) {
  const wire::GetDescription describe{chunk.address, chunk.token};
  const Result<wire::DescriptionReply> reply = co_await friends.ask(member, describe);
  if (!reply) co_return false;
  wire::DeleteChunks question;
  question.deletions.push_back(
      sign_deletion(signatures, view.ring_id(), writer, chunk.address, reply->lease.number));
  const Result<wire::DeleteReply> answer = co_await friends.ask(member, question);
  co_return answer && answer->gone.size() == 1 && answer->gone[0] == 1;
}

Task<Result<std::vector<bool>>> ChunkClient::remove(std::vector<ChunkRef> chunks) {
  std::map<wire::MemberId, std::map<wire::ChunkAddress, std::size_t>> questions;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    for (const wire::MemberId& member : parts_->reader.likely_holders(chunks[i])) {
      questions[member].emplace(chunks[i].address, i);
    }
  }
  std::vector<bool> gone(chunks.size(), true);
  std::vector<wire::MemberId> members;
  std::vector<Task<Parts::Presence>> tasks;
  for (const auto& [member, asked] : questions) {
    Parts::Addresses addresses;
    for (const auto& [address, place] : asked) addresses.push_back(address);
    members.push_back(member);
    tasks.push_back(parts_->delete_at(member, std::move(addresses)));
  }
  const std::vector<Parts::Presence> answers = co_await when_all(parts_->clock, std::move(tasks));
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (const auto& [address, place] : questions[members[i]]) {
      const auto answer = answers[i].find(address);
      bool is_gone = answer != answers[i].end() && answer->second;
      if (answer != answers[i].end() && !is_gone) {
        is_gone = co_await parts_->delete_newer_at(members[i], chunks[place]);
      }
      if (!is_gone) gone[place] = false;
    }
  }
  co_return gone;
}

// ---- heads ----

Task<Result<wire::HeadsReply>> ChunkClient::Parts::heads_at(wire::MemberId member) {
  const wire::GetHeads question{owner};
  co_return co_await friends.ask(member, question);
}

Task<Result<wire::Done>> ChunkClient::Parts::put_head(wire::MemberId member, const wire::Head& head) {
  const wire::PutHead question{head};
  co_return co_await friends.ask(member, question);
}

// Keeps of each machine what its writer of today signed, else what a former one did; of those the highest
// version; of two heads of one version, which only a copied machine can have signed, the one with the lower
// hash, so that all readers take the same.
void ChunkClient::Parts::merge(std::map<std::uint32_t, wire::Head>& newest, wire::HeadsReply reply) const {
  const auto identity = [](const wire::Head& head) {
    const Bytes bytes = wire::head_bytes(head);
    return crypto::hash("head identity", {bytes});
  };
  for (wire::Head& head : reply.heads) {
    if (head.person != owner) continue;
    const HeadRank signer = replica::rank_of(signatures, view, head);
    if (signer == kNobodys) continue;
    const auto held = newest.find(head.machine);
    if (held != newest.end()) {
      const HeadRank before = replica::rank_of(signatures, view, held->second);
      const auto rank = std::tuple(signer, head.version);
      const auto rank_before = std::tuple(before, held->second.version);
      if (rank < rank_before || (rank == rank_before && identity(held->second) <= identity(head))) continue;
    }
    newest.insert_or_assign(head.machine, std::move(head));
  }
}

// Nothing if none of them answered; `heard` gets those who did.
Task<std::optional<std::map<std::uint32_t, wire::Head>>> ChunkClient::Parts::newest_heads_of(
    std::vector<wire::MemberId> members, std::set<wire::MemberId>& heard) {
  std::vector<Task<Result<wire::HeadsReply>>> tasks;
  for (const wire::MemberId& member : members) tasks.push_back(heads_at(member));
  std::vector<Result<wire::HeadsReply>> replies = co_await when_all(clock, std::move(tasks));
  std::map<std::uint32_t, wire::Head> newest;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (!replies[i]) continue;
    heard.insert(members[i]);
    merge(newest, std::move(*replies[i]));
  }
  if (heard.empty()) co_return std::nullopt;
  co_return newest;
}

Task<Result<std::vector<wire::Head>>> ChunkClient::Parts::newest_heads() {
  const std::vector<wire::MemberId> walk = head_walk(*view.map(), owner);
  std::vector<wire::MemberId> live;
  std::vector<wire::MemberId> others;
  for (const wire::MemberId& member : walk) {
    auto& list = friends.is_live(member) ? live : others;
    if (list.size() < kHeadsAskedOf) list.push_back(member);
  }
  // Those who are away are asked only if nobody else answers.
  std::set<wire::MemberId> heard;
  heads_are_surely_newest = false;
  std::optional<std::map<std::uint32_t, wire::Head>> newest =
      co_await newest_heads_of(std::move(live), heard);
  if (!newest) newest = co_await newest_heads_of(friends.worth_asking(others), heard);
  if (!newest) co_return fail(Errc::unreachable, "none of " + friends.names(walk) + " answers");
  heads_are_surely_newest = are_surely_newest(heard);
  std::vector<wire::Head> heads;
  for (auto& [machine, head] : *newest) heads.push_back(std::move(head));
  co_return heads;
}

// A head that had all its copies is with as many members as the policy wants copies, the owner's own among
// them, or with one friend at the least: those who were not heard are too few for that.
bool ChunkClient::Parts::are_surely_newest(const std::set<wire::MemberId>& heard) const {
  const auto map = view.map();
  std::size_t not_heard = 0;
  bool has_own = false;
  for (const placement::Machine& machine : map->machines()) {
    const bool is_own = machine.person == owner;
    has_own = has_own || is_own;
    if (!is_own && !heard.contains(machine.id)) ++not_heard;
  }
  const std::size_t copies = std::max<std::size_t>(map->policy().copies, 2);
  return not_heard + (has_own ? 1 : 0) < copies;
}

bool ChunkClient::heads_are_surely_newest() const { return parts_->heads_are_surely_newest; }

void ChunkClient::sign(wire::Head& head) const {
  sign_head(parts_->signatures, parts_->view.ring_id(), parts_->writer, head);
}

HeadRank ChunkClient::rank_of(const wire::Head& head) const {
  if (head.person != parts_->owner) return kNobodys;
  return replica::rank_of(parts_->signatures, parts_->view, head);
}

Task<Result<std::vector<wire::Head>>> ChunkClient::heads() { co_return co_await parts_->newest_heads(); }

// Asks `wanted` of `order` to keep it, and for each who does not, the next.
Task<Result<unsigned>> ChunkClient::Parts::publish_to(std::vector<wire::MemberId> order, std::size_t wanted,
                                                      const wire::Head& head) {
  unsigned kept = 0;
  std::optional<Error> refusal;
  for (std::size_t at = 0; at < order.size() && kept < wanted;) {
    std::vector<wire::MemberId> asked;
    std::vector<Task<Result<wire::Done>>> tasks;
    for (; at < order.size() && asked.size() < wanted - kept; ++at) asked.push_back(order[at]);
    for (const wire::MemberId& member : asked) tasks.push_back(put_head(member, head));
    const std::vector<Result<wire::Done>> replies = co_await when_all(clock, std::move(tasks));
    for (std::size_t i = 0; i < replies.size(); ++i) {
      if (replies[i]) {
        ++kept;
      } else if (!is_silence(replies[i].error().code)) {
        refusal = replies[i].error_in(friends.name(asked[i]));
      }
    }
  }
  if (kept == 0 && refusal) co_return *refusal;
  co_return kept;
}

Task<Result<unsigned>> ChunkClient::publish(wire::Head head) {
  const auto map = parts_->view.map();
  const std::vector<wire::MemberId> walk = head_walk(*map, parts_->owner);
  std::vector<wire::MemberId> live;
  std::vector<wire::MemberId> away;
  for (const wire::MemberId& member : parts_->friends.worth_asking(walk)) {
    (parts_->friends.is_live(member) ? live : away).push_back(member);
  }
  Result<unsigned> kept = co_await parts_->publish_to(std::move(live), keepers_wanted(*map), head);
  if (kept && *kept == 0) kept = co_await parts_->publish_to(std::move(away), keepers_wanted(*map), head);
  if (kept && *kept == 0) {
    co_return fail(Errc::unreachable, "none of " + parts_->friends.names(walk) + " answers");
  }
  co_return kept;
}

}  // namespace peerstore::replica
