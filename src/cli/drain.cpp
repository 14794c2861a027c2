// Emptying this machine, and leaving the ring with it.
//
// A machine that is being emptied states that it gives no space any more. Everybody hears it, counts on it no
// longer, and takes what it holds; its node drops each piece when those who should have it have shown theirs.
// All of that goes on in the node: the command states it, and then only watches.
#include "telling.hpp"

#include <peerstore/api/local_client.hpp>
#include <peerstore/membership/machine_certificate.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>

namespace peerstore::cli {

namespace {

constexpr Duration kLook = std::chrono::milliseconds(500);
constexpr int kLooksInVain = 5;
constexpr Duration kTell = std::chrono::seconds(10);

struct Left {
  bool draining = false;
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;
  std::uint64_t without_a_place = 0;
  std::string waiting_for;
};

Result<boost::json::object> read_object(const Result<std::string>& document) {
  if (!document) return document.error();
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(*document, error);
  if (error || !value.is_object()) {
    return fail(Errc::corrupt, "the node gave an answer that this program does not understand");
  }
  return std::move(value.as_object());
}

std::uint64_t number_in(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr) return 0;
  boost::json::error_code error;
  const auto number = value->to_number<std::uint64_t>(error);
  return error ? 0 : number;
}

bool flag_in(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

std::string text_in(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

Result<Left> look(const Home& home) {
  const auto object = read_object(api::get(home.socket_path(), "/api/v1/drain"));
  if (!object) return object.error();
  Left left{flag_in(*object, "draining"), number_in(*object, "chunks"), number_in(*object, "bytes"),
            number_in(*object, "without_a_place"), ""};
  const auto* names = object->if_contains("waiting_for");
  if (names == nullptr || !names->is_array()) return left;
  for (const auto& name : names->as_array()) {
    if (!name.is_string()) continue;
    left.waiting_for += (left.waiting_for.empty() ? "" : ", ") + std::string(name.as_string());
  }
  return left;
}

Exit no_node(const Output& output, const Error& error) {
  return output.failure(Exit::no_node, error.message(), "Start it with: peerstore node");
}

std::string pieces(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " piece" : " pieces");
}

std::string told(const Left& left) {
  std::string text = pieces(left.chunks) + " (" + human_bytes(left.bytes) + ") left";
  if (!left.waiting_for.empty()) text += "; waiting for " + left.waiting_for;
  return text;
}

// ---- beforehand ----

Task<Result<boost::json::object>> reckoned(net::Loop& loop, const Home& home) {
  auto document = read_object(
      api::request(home.socket_path(), api::Method::post, "/api/v1/drain/preview", std::string()));
  while (document && !flag_in(*document, "ready")) {
    co_await loop.sleep(kLook / 5);
    document = read_object(api::get(home.socket_path(), "/api/v1/drain/preview"));
  }
  co_return document;
}

void tell_preview(const Output& output, boost::json::object preview) {
  if (output.json()) {
    preview.erase("schema");
    preview.erase("ready");
    preview["type"] = "drain_preview";
    output.document(std::move(preview));
    return;
  }
  std::uint64_t sum = 0;
  const auto* friends = preview.if_contains("friends");
  if (friends != nullptr && friends->is_array()) {
    for (const auto& entry : friends->as_array()) {
      if (!entry.is_object()) continue;
      const boost::json::object& taker = entry.as_object();
      const std::uint64_t bytes = number_in(taker, "bytes");
      const std::uint64_t room = number_in(taker, "bytes_free");
      sum += bytes;
      output.line(text_in(taker, "name") + " takes " + human_bytes(bytes) + " and has room for " +
                  human_bytes(room) + (flag_in(taker, "online") ? "" : "; it is away now") +
                  (bytes > room ? ": too little" : ""));
    }
  }
  output.line("In all " + human_bytes(sum) + ", in " + pieces(number_in(preview, "chunks")) + ".");
  const std::uint64_t stay = number_in(preview, "without_a_place");
  if (stay > 0) {
    output.line(pieces(stay) +
                " would have fewer copies: too few other friends may hold them. More friends are "
                "needed first.");
  }
}

Task<void> preview(net::Loop& loop, const Home& home, const Output& output, Exit& exit) {
  auto document = co_await reckoned(loop, home);
  if (!document) {
    exit = no_node(output, document.error());
    co_return;
  }
  tell_preview(output, std::move(*document));
  exit = Exit::done;
}

// ---- the words of the owner ----

Task<Exit> state_space(OwnerSession& session, const Output& output, std::uint64_t bytes) {
  const membership::Roster& roster = session.membership().roster();
  const membership::Member* self = roster.find(session.identity().member);
  if (self != nullptr && self->bytes_given == bytes) co_return Exit::done;
  const auto statement = membership::restate_bytes_given(
      session.signatures(), roster, session.identity().person_secret, session.identity().member, bytes);
  if (!statement) co_return output.failure(statement.error());
  const std::vector<wire::Statement> statements = {*statement};
  const auto said = co_await tell_ring(session, statements);
  if (!said) co_return output.failure(said.error(), "Is this home's node running?");
  co_return Exit::done;
}

Task<Exit> depart(OwnerSession& session, const Output& output) {
  const membership::Identity& identity = session.identity();
  const auto& members = session.membership().roster().members();
  const bool has_friends = std::ranges::any_of(
      members, [&](const auto& member) { return !member.second.gone && member.first != identity.member; });
  if (!has_friends) {
    co_return output.failure(Exit::refused, "this is the ring's only machine: nobody is left to hear of it",
                             "Stop its node; then its folder may go.");
  }
  // Its own node tells them at once. If none were there it would be stopped, and nobody would ever know.
  const std::vector<wire::MemberId> live = session.membership().live_members();
  const bool is_heard = std::ranges::any_of(live, [&](const wire::MemberId& member) {
    return member != identity.member && session.membership().presence(member) != nullptr;
  });
  if (!is_heard) {
    co_return output.failure(Exit::try_later, "no friend is on line to hear that this machine leaves",
                             "Nothing was said. Run it again when one is.");
  }
  const membership::DepartureStatement departure{identity.person, identity.machine};
  const std::vector<wire::Statement> statements = {
      membership::sign_statement(session.signatures(), session.membership().roster().ring_id(), departure,
                                 session.signatures().key_pair_from(identity.person_secret))};
  const auto said = co_await tell_ring(session, statements);
  if (!said) co_return output.failure(said.error(), "Is this home's node running?");
  co_return Exit::done;
}

// What this machine gave when it joined.
std::uint64_t space_at_first(const membership::Identity& identity) {
  std::uint64_t bytes = 0;
  for (const wire::Statement& statement : identity.proof) {
    const auto fact = membership::read_statement(statement);
    const auto* machine = fact ? std::get_if<membership::MachineStatement>(&*fact) : nullptr;
    if (machine != nullptr && machine->machine == identity.machine) bytes = machine->bytes_given;
  }
  return bytes;
}

// The lock of the home's commands is held for as long as this takes, not while the machine is emptied.
Exit say_space(const Home& home, const Output& output, const OwnerOptions& options, std::uint64_t bytes) {
  return with_session(home, output, options,
                      [&](OwnerSession& session) { return state_space(session, output, bytes); });
}

// ---- meanwhile ----

Task<void> watch(net::Loop& loop, const Home& home, const Output& output, Exit& exit) {
  TimePoint tell_at = loop.now() + kTell;
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
    if (loop.now() >= tell_at) {
      output.note(told(*left));
      tell_at = loop.now() + kTell;
    }
    co_await loop.sleep(kLook);
  }
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

Exit preview_command(const Home& home, const Output& output) {
  net::Loop loop(1);
  Exit exit = Exit::interrupted;
  loop.on_signal([&loop](int) { loop.stop(); });
  if (!loop.run(preview(loop, home, output, exit))) return Exit::interrupted;
  return exit;
}

// What has to be there to begin.
std::optional<Exit> flaw_of(const Home& home, const Output& output) {
  if (!home.has_identity()) return output.failure(Exit::no_ring, "there is no ring at " + home.path());
  if (const auto left = look(home); !left) return no_node(output, left.error());
  return std::nullopt;
}

}  // namespace

Exit node_drain_command(const Home& home, const Output& output, const DrainOptions& options) {
  if (const auto flaw = flaw_of(home, output)) return *flaw;
  if (options.only_look) return preview_command(home, output);
  if (options.undo) {
    const auto identity = home.identity();
    if (!identity) return output.failure(identity.error());
    const Exit exit = say_space(home, output, options, space_at_first(*identity));
    if (exit == Exit::done && !output.json()) output.line("This machine keeps friends' pieces again.");
    if (exit == Exit::done && output.json()) output.document({{"type", "drain"}, {"draining", false}});
    return exit;
  }
  Exit exit = say_space(home, output, options, 0);
  if (exit != Exit::done) return exit;
  exit = watch_until_empty(home, output);
  if (exit != Exit::done) return exit;
  if (output.json()) {
    output.document({{"type", "drain"}, {"draining", true}, {"chunks", 0}});
  } else {
    output.line("Empty: every piece that this machine kept has its copies with other friends.");
  }
  return exit;
}

Exit leave_command(const Home& home, const Output& output, const LeaveOptions& options) {
  if (const auto flaw = flaw_of(home, output)) return *flaw;
  Exit exit = Exit::done;
  if (!options.now) {
    exit = say_space(home, output, options, 0);
    if (exit == Exit::done) exit = watch_until_empty(home, output);
    if (exit != Exit::done) return exit;
  }
  exit = with_session(home, output, options, [&](OwnerSession& session) { return depart(session, output); });
  if (exit != Exit::done) return exit;
  if (output.json()) {
    output.document({{"type", "left"}});
  } else {
    output.line("This machine has left the ring. Stop its node; then its folder may go.");
    output.note("Your own files stay with your friends: at another machine, peerstore recovery use.");
  }
  return exit;
}

}  // namespace peerstore::cli
