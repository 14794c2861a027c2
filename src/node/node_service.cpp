// The answering side of a node: who may ask what, and who answers it.
#include "node/node_parts.hpp"

#include <peerstore/link/directory.hpp>
#include <peerstore/runtime/combine.hpp>

namespace peerstore::node {

namespace {

constexpr Duration kSharePatience = std::chrono::seconds(20);  // a joiner's link ends after 30
constexpr Duration kPingPatience = std::chrono::seconds(3);
// Previews: so long a question waits at most for its turn, and of so much more time than each took, but at
// least a second, none is reckoned afterwards.
constexpr Duration kPreviewWait = std::chrono::seconds(5);
constexpr int kPreviewRest = 3;
constexpr Duration kPreviewRestLeast = std::chrono::seconds(1);

bool is_for_replica(const wire::Request& request) {
  return std::visit(
      [](const auto& question) {
        using Question = std::remove_cvref_t<decltype(question)>;
        return requires(replica::ChunkService& service, wire::Caller caller, Question asked) {
          service.serve(caller, std::move(asked));
        };
      },
      request);
}

// Requires is_for_replica(request).
Task<Result<wire::Response>> answer_chunks(replica::ChunkService& service, wire::Caller caller,
                                           wire::Request request) {
  return std::visit(
      [&](auto&& question) -> Task<Result<wire::Response>> {
        using Question = std::remove_cvref_t<decltype(question)>;
        if constexpr (requires { service.serve(caller, std::declval<Question>()); }) {
          return service.serve(caller, std::move(question));
        } else {
          return {};
        }
      },
      std::move(request));
}

template <class Answer>
Result<wire::Response> as_response(Result<Answer> answer) {
  if (!answer) return answer.error();
  return wire::Response(std::move(*answer));
}

}  // namespace

Task<Result<wire::Response>> Node::serve(wire::Caller caller, wire::Request request) {
  Parts& parts = *parts_;
  if (const auto* join = std::get_if<wire::Join>(&request)) co_return co_await parts.admit(*join);
  if (auto* preview = std::get_if<wire::PreviewJoin>(&request); preview != nullptr && caller.is_joiner) {
    co_return co_await parts.preview_join(caller, std::move(*preview));
  }
  // The link proved that it is a member; this node may not have heard of it yet.
  const membership::Member* member =
      caller.is_joiner ? nullptr : parts.membership.roster().find(caller.member);
  if (member != nullptr && member->gone) {
    co_return fail(Errc::refused, std::string(link::kNoMemberAnyMore));
  }
  if (const auto* get = std::get_if<wire::GetUserRecord>(&request)) {
    co_return co_await parts.user_records.serve(caller, *get);
  }
  if (caller.is_joiner) co_return fail(Errc::refused, "only members of the ring are answered");
  if (!caller.is_client) parts.chord.heard_from(caller.member);

  if (is_for_replica(request)) co_return co_await answer_chunks(parts.service, caller, std::move(request));
  if (auto* pledge = std::get_if<wire::PledgeChunks>(&request)) {
    co_return co_await parts.repair.serve(caller, std::move(*pledge));
  }
  if (auto* preview = std::get_if<wire::PreviewJoin>(&request)) {
    co_return co_await parts.preview_join(caller, std::move(*preview));
  }
  if (auto* compare = std::get_if<wire::CompareChunks>(&request)) {
    co_return co_await parts.repair.serve(caller, std::move(*compare));
  }
  if (std::holds_alternative<wire::GetNeighbours>(request)) {
    co_return wire::Response(parts.chord.neighbours());
  }
  if (const auto* find = std::get_if<wire::FindSuccessor>(&request)) {
    co_return as_response(parts.chord.answer(*find));
  }
  if (const auto* notify = std::get_if<wire::Notify>(&request)) co_return parts.notified(caller, *notify);
  if (const auto* exchange = std::get_if<wire::ExchangeRoster>(&request)) {
    co_return wire::Response(parts.membership.answer(*exchange));
  }
  if (const auto* compare = std::get_if<wire::ComparePresences>(&request)) {
    co_return wire::Response(parts.membership.answer(*compare, caller.is_client));
  }
  if (const auto* get = std::get_if<wire::GetWhereabouts>(&request)) {
    co_return wire::Response(parts.whereabouts(*get));
  }
  if (auto* push = std::get_if<wire::PushStatements>(&request)) {
    parts.membership.hear(std::move(*push));
    co_return wire::Response(wire::Done{});
  }
  if (auto* put = std::get_if<wire::PutUserRecord>(&request)) {
    co_return co_await parts.user_records.serve(caller, std::move(*put));
  }
  if (const auto* compare = std::get_if<wire::CompareRecords>(&request)) {
    co_return co_await parts.user_records.serve(*compare);
  }
  if (std::holds_alternative<wire::Ping>(request)) co_return wire::Response(parts.chord.pong());
  co_return fail(Errc::unsupported, "a question that this program does not know");
}

// The welcome is a promise, so what it stands on is durable before it is given.
Task<Result<wire::Response>> Node::Parts::admit(wire::Join request) {
  Result<wire::Welcome> welcome = membership.admit(request, environment.clock.wall_time());
  if (!welcome) co_return welcome.error();
  const Result<void> saved = co_await saver.save();
  if (!saved) co_return saved.error();
  co_return wire::Response(std::move(*welcome));
}

// A walk over all chunks, so one at a time, whoever asks, and no more than a quarter of the time. A joiner's
// claim was checked by then.
Task<Result<wire::Response>> Node::Parts::preview_join(wire::Caller caller, wire::PreviewJoin request) {
  const auto newcomer = membership.would_admit(request, environment.clock.wall_time());
  if (!newcomer) co_return newcomer.error();
  if (join_previews.available() == 0 || previews_from - environment.clock.now() > kPreviewWait) {
    co_return fail(Errc::busy, "somebody else was just told what would come; try again in a moment");
  }
  const Semaphore::Permit permit = co_await join_previews.acquire();
  co_await environment.clock.sleep_until(previews_from);
  std::vector<Task<wire::JoinShare>> shares;
  shares.push_back(own_share(*newcomer));
  for (const auto& [id, member] : membership.roster().members()) {
    if (!caller.is_joiner || shares.size() == wire::kJoinSharesMax) break;
    if (!member.gone && id != identity.member) shares.push_back(share_of(id, request));
  }
  co_return wire::Response(wire::JoinPreview{co_await when_all(environment.clock, std::move(shares))});
}

Task<wire::JoinShare> Node::Parts::own_share(placement::Machine newcomer) {
  const TimePoint began = environment.clock.now();
  const replica::Repair::Share share = co_await repair.preview_with(newcomer);
  const TimePoint ended = environment.clock.now();
  previews_from = ended + std::max<Duration>(kPreviewRestLeast, kPreviewRest * (ended - began));
  co_return wire::JoinShare{name_of(identity.member), share.chunks, share.bytes, share.bytes_freed, true};
}

Task<wire::JoinShare> Node::Parts::share_of(wire::MemberId member, wire::PreviewJoin request) {
  wire::JoinShare share{.machine = name_of(member)};
  if (view.standing(member) != replica::Standing::live) co_return share;
  // To reckon takes its time; to be silent does not.
  const wire::Ping ping;
  const auto pong = co_await wire::ask(network, member, ping, kPingPatience);
  if (!pong) co_return share;
  const auto answer = co_await wire::ask(network, member, std::move(request), kSharePatience);
  if (!answer || answer->shares.size() != 1) co_return share;
  const wire::JoinShare& told = answer->shares.front();
  share.chunks = told.chunks;
  share.bytes = told.bytes;
  share.bytes_freed = told.bytes_freed;
  share.answered = true;
  co_return share;
}

wire::RosterDifference Node::Parts::whereabouts(const wire::GetWhereabouts& request) const {
  wire::RosterDifference answer;
  for (const wire::MemberId& member : request.members) {
    const wire::Presence* presence = membership.presence(member);
    if (presence != nullptr) answer.presences.push_back(*presence);
  }
  return answer;
}

Result<wire::Response> Node::Parts::notified(const wire::Caller& caller, const wire::Notify& request) {
  if (caller.is_client || request.from.id != caller.member) {
    return fail(Errc::refused, "a machine speaks for itself alone");
  }
  chord.notified(request.from);
  return wire::Response(wire::Done{});
}

}  // namespace peerstore::node
