#include "join_preview.hpp"

#include "door_errors.hpp"
#include "emptying.hpp"

#include <peerstore/membership/refusal.hpp>
#include <peerstore/net/loop.hpp>
#include <peerstore/net/tls_network.hpp>
#include <peerstore/node/roster_directory.hpp>

#include <boost/json/array.hpp>

#include <algorithm>

namespace peerstore::cli {

namespace {

using Answer = std::optional<Result<wire::JoinPreview>>;

// At one door after another, until somebody answers, or the ring says no.
Task<void> ask(net::TlsNetwork& network, const membership::InvitationLink& link, wire::PreviewJoin question,
               Answer& answer) {
  DoorErrors errors;
  for (const membership::InvitationLink::Door& door : link.doors) {
    answer.emplace(co_await network.preview_join(door.address, door.node_key, question));
    if (*answer) co_return;
    if (errors.are_final_with(answer->error())) break;
  }
  if (answer) answer.emplace(errors.told());
}

// What friends say is not believed to make sense.
std::uint64_t sum_of(const std::vector<wire::JoinShare>& shares, std::uint64_t wire::JoinShare::* field) {
  std::uint64_t sum = 0;
  for (const wire::JoinShare& share : shares) {
    sum = share.*field > UINT64_MAX - sum ? UINT64_MAX : sum + share.*field;
  }
  return sum;
}

bool is_complete(const std::vector<wire::JoinShare>& shares) {
  return std::ranges::all_of(shares, &wire::JoinShare::answered);
}

boost::json::object document_of(const std::vector<wire::JoinShare>& shares, std::uint64_t bytes_given) {
  boost::json::array friends;
  for (const wire::JoinShare& share : shares) {
    friends.push_back(boost::json::object{{"name", printable(share.machine)},
                                          {"online", share.answered},
                                          {"chunks", share.chunks},
                                          {"bytes", share.bytes},
                                          {"bytes_freed", share.bytes_freed}});
  }
  return {{"type", "join_preview"},
          {"friends", std::move(friends)},
          {"chunks", sum_of(shares, &wire::JoinShare::chunks)},
          {"bytes", sum_of(shares, &wire::JoinShare::bytes)},
          {"complete", is_complete(shares)},
          {"bytes_given", bytes_given}};
}

}  // namespace

std::string join_preview_in_words(const std::vector<wire::JoinShare>& shares, std::uint64_t bytes_given) {
  std::string words;
  for (const wire::JoinShare& share : shares) {
    words += printable(share.machine);
    if (!share.answered) {
      words += " does not say: it is away, busy, or of an older version\n";
      continue;
    }
    words += " would bring " + human_bytes(share.bytes);
    if (share.bytes_freed > 0) words += ", and then keep " + human_bytes(share.bytes_freed) + " less";
    words += "\n";
  }
  const std::uint64_t bytes = sum_of(shares, &wire::JoinShare::bytes);
  words += "In all " + std::string(is_complete(shares) ? "" : "at least ") + human_bytes(bytes) +
           " would come, in " + pieces(sum_of(shares, &wire::JoinShare::chunks)) + ", into the " +
           human_bytes(bytes_given) + " that you give.";
  if (!is_complete(shares)) words += " What only those have who do not say is not in it.";
  if (bytes > bytes_given) words += " That is too little room: more would stay where it is.";
  return words;
}

Exit preview_join(const Output& output, const membership::InvitationLink& link,
                  const membership::Identity& identity, std::uint64_t bytes_given) {
  net::Loop loop(1);
  node::RosterDirectory directory(loop, membership::ring_id_of(link.root_key), {});
  net::TlsNetwork::Options options;
  options.role = net::TlsNetwork::Role::joiner;
  options.node_secret = identity.node_secret;
  net::TlsNetwork network(loop, directory, options);
  Answer answer;
  loop.on_signal([&](int) { loop.stop(); });
  if (!loop.run(ask(network, link, wire::PreviewJoin{identity.proof}, answer))) return Exit::interrupted;
  if (!answer)
    return output.failure(Exit::refused, "the link names no friend's address", "Ask for a new invitation.");
  if (!*answer) {
    const Error& error = answer->error();
    return output.failure(exit_for_invitation(error), error.message(),
                          membership::refusal_in(error) ? "Ask for a new invitation."
                                                        : "Is a friend's machine on line? Try again.");
  }
  std::vector<wire::JoinShare> shares = std::move((*answer)->shares);
  std::ranges::sort(shares, {}, &wire::JoinShare::machine);
  if (output.json()) output.document(document_of(shares, bytes_given));
  if (!output.json()) output.line(join_preview_in_words(shares, bytes_given));
  return Exit::done;
}

}  // namespace peerstore::cli
