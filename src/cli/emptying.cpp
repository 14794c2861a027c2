#include "emptying.hpp"

#include "node_document.hpp"
#include "node_health.hpp"
#include "standing_text.hpp"
#include "telling.hpp"

#include <peerstore/api/local_client.hpp>
#include <peerstore/membership/machine_certificate.hpp>

#include <boost/json/array.hpp>

namespace peerstore::cli {

namespace {

constexpr Duration kLook = std::chrono::milliseconds(500);
constexpr int kLooksInVain = 5;
constexpr int kLooksAtDamage = 60;  // while friends are asked for what is bad
constexpr Duration kTell = std::chrono::seconds(10);

struct Left {
  bool draining = false;
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;
  std::uint64_t without_a_place = 0;
  std::uint64_t damaged = 0;
  std::vector<std::string> waiting_for;
};

std::string reason_in_words(const std::string& reason) {
  if (reason == "full") return "no room left";
  if (reason == "taking") return "taking its share";
  return reason;
}

Result<Left> look(const Home& home) {
  const auto object = read_document(api::get(home.socket_path(), "/api/v1/drain"));
  if (!object) return object.error();
  Left left{flag_in(*object, "draining"),          number_in(*object, "chunks"),  number_in(*object, "bytes"),
            number_in(*object, "without_a_place"), number_in(*object, "damaged"), {}};
  const auto* holders = list_in(*object, "waiting_for");
  if (holders == nullptr) return left;
  for (const auto& entry : *holders) {
    if (!entry.is_object()) continue;
    const boost::json::object& holder = entry.as_object();
    left.waiting_for.push_back(text_in(holder, "name") + " (" + reason_in_words(text_in(holder, "reason")) +
                               ")");
  }
  return left;
}

Exit no_node(const Output& output, const Error& error) {
  return output.failure(Exit::no_node, error.message(), "Start it with: peerstore node");
}

std::string told(const Left& left) {
  std::string text = pieces(left.chunks) + " (" + human_bytes(left.bytes) + ") left";
  if (left.damaged > 0) text += ", " + std::to_string(left.damaged) + " of them damaged";
  if (!left.waiting_for.empty()) text += "; waiting for " + names_in_words(left.waiting_for);
  return text;
}

Task<void> watch(net::Loop& loop, const Home& home, const Output& output, Exit& exit) {
  TimePoint tell_at = loop.now() + kTell;
  int only_damaged = 0;
  for (int unanswered = 0;;) {
    const auto left = look(home);
    if (!left && ++unanswered < kLooksInVain) {  // it may be busy
      co_await loop.sleep(kLook);
      continue;
    }
    if (!left) {
      exit = no_node(output, left.error());
      co_return;
    }
    unanswered = 0;
    // Else this waited for ever: nobody takes anything from it any more.
    if (const auto health = node_health(home); health && health->is_shut_out) {
      exit = output.failure(
          Exit::refused, "this machine does not belong to the ring any more",
          "Friends take nothing from it any more, and copy what they have elsewhere. Ask an admin.");
      co_return;
    }
    if (left->draining && left->chunks == 0) {
      exit = Exit::done;
      co_return;
    }
    if (left->draining && left->without_a_place == left->chunks) {
      exit = output.failure(Exit::try_later,
                            pieces(left->chunks) + " cannot go: too few other friends may hold them",
                            "Let one more friend join; the node goes on by itself then.");
      co_return;
    }
    only_damaged = left->draining && left->damaged == left->chunks ? only_damaged + 1 : 0;
    if (only_damaged >= kLooksAtDamage) {
      exit = output.failure(Exit::try_later,
                            pieces(left->chunks) +
                                " on this machine are damaged, and no friend on line has what "
                                "is bad in them",
                            "Wait until all friends are on line; the node goes on by itself then.");
      co_return;
    }
    if (loop.now() >= tell_at) {
      output.note(told(*left));
      tell_at = loop.now() + kTell;
    }
    co_await loop.sleep(kLook);
  }
}

std::uint64_t quota_of(const OwnerSession& session, const membership::Roster& roster) {
  const auto person = roster.persons().find(session.identity().person);
  return person == roster.persons().end() ? 0 : person->second.bytes_quota;
}

}  // namespace

std::string pieces(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " piece" : " pieces");
}

std::optional<Exit> flaw_of_drain(const Home& home, const Output& output) {
  if (!home.has_identity()) return output.failure(Exit::no_ring, "there is no ring at " + home.path());
  if (const auto left = look(home); !left) return no_node(output, left.error());
  return std::nullopt;
}

Task<Exit> state_space(OwnerSession& session, const Output& output, std::uint64_t bytes) {
  const membership::Roster& roster = session.membership().roster();
  const membership::Member* self = roster.find(session.identity().member);
  if (self != nullptr && self->bytes_given == bytes) co_return Exit::done;
  const auto statement = membership::restate_bytes_given(
      session.signatures(), roster, session.identity().person_secret, session.identity().member, bytes);
  if (!statement) co_return output.failure(statement.error());
  const std::uint64_t quota_before = quota_of(session, roster);
  const std::vector<wire::Statement> statements = {*statement};
  const auto said = co_await tell_ring(session, statements);
  if (!said) co_return output.failure(said.error(), "Is this home's node running?");
  if (quota_before > 0 && quota_of(session, roster) == 0) {
    output.note(
        "Your machines give no space any more, so you may store nothing new: your quota is what they give.");
    output.note("What you have stored stays.");
  }
  co_return Exit::done;
}

Exit watch_until_empty(const Home& home, const Output& output) {
  net::Loop loop(1);
  Exit exit = Exit::interrupted;
  loop.on_signal([&loop](int) { loop.stop(); });
  if (!loop.run(watch(loop, home, output, exit))) {
    output.note("The node goes on emptying this machine. See how far it is: the same command again.");
    return Exit::interrupted;
  }
  return exit;
}

}  // namespace peerstore::cli
