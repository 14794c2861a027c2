// Emptying this machine; and beforehand, who would take how much.
#include "emptying.hpp"
#include "node_document.hpp"

#include <peerstore/api/local_client.hpp>

#include <boost/json/array.hpp>

namespace peerstore::cli {

namespace {

constexpr Duration kLook = std::chrono::milliseconds(100);
constexpr Duration kReckoningPatience = std::chrono::seconds(10);  // with a node that does not answer

// ---- beforehand ----

// The node reckons in the background. One that was started anew meanwhile is asked anew.
Task<Result<boost::json::object>> reckoned(net::Loop& loop, const Home& home) {
  Result<boost::json::object> document = fail(Errc::unreachable, "");
  bool is_asked = false;
  TimePoint give_up_at = loop.now() + kReckoningPatience;
  for (;;) {
    const api::Method method = is_asked ? api::Method::get : api::Method::post;
    document = read_document(api::request(home.socket_path(), method, "/api/v1/drain/preview", ""));
    if (document && flag_in(*document, "ready")) co_return document;
    if (document) give_up_at = loop.now() + kReckoningPatience;
    if (!document && loop.now() >= give_up_at) co_return document;
    is_asked = document && flag_in(*document, "reckoning");
    co_await loop.sleep(kLook);
  }
}

void tell_preview(const Output& output, boost::json::object preview) {
  if (output.json()) {
    for (const std::string_view key : {"schema", "ready", "reckoning"}) preview.erase(key);
    preview["type"] = "drain_preview";
    output.document(std::move(preview));
    return;
  }
  std::uint64_t sum = 0;
  if (const auto* friends = list_in(preview, "friends")) {
    for (const auto& entry : *friends) {
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
  if (flag_in(preview, "ends_quota")) {
    output.line("You could store nothing new then: your quota is what your machines give.");
  }
}

Task<void> preview(net::Loop& loop, const Home& home, const Output& output, Exit& exit) {
  auto document = co_await reckoned(loop, home);
  if (!document) {
    exit = output.failure(Exit::no_node, document.error().message(), "Start it with: peerstore node");
    co_return;
  }
  tell_preview(output, std::move(*document));
  exit = Exit::done;
}

Exit preview_command(const Home& home, const Output& output) {
  net::Loop loop(1);
  Exit exit = Exit::interrupted;
  loop.on_signal([&loop](int) { loop.stop(); });
  if (!loop.run(preview(loop, home, output, exit))) return Exit::interrupted;
  return exit;
}

// ---- the words of the owner ----

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
  return with_session(
      home, output, options, [&](OwnerSession& session) { return state_space(session, output, bytes); },
      Purpose::authority);
}

}  // namespace

Exit node_drain_command(const Home& home, const Output& output, const DrainOptions& options) {
  if (const auto flaw = flaw_of_drain(home, output)) return *flaw;
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

}  // namespace peerstore::cli
