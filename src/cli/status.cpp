#include "node_health.hpp"
#include "owner_session.hpp"

#include <boost/json/array.hpp>

namespace peerstore::cli {

namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + printable(name);
  return text;
}

struct Row {
  std::string name;
  std::string person;
  std::string state;
  std::string gives;
};

std::string padded(const std::string& text, std::size_t width) {
  return text.size() >= width ? text : text + std::string(width - text.size(), ' ');
}

boost::json::array member_documents(OwnerSession& session, std::vector<Row>& rows, std::size_t& live,
                                    std::vector<std::string>& unlocking_themselves) {
  boost::json::array documents;
  const membership::Roster& roster = session.membership().roster();
  for (const auto& [id, member] : roster.members()) {
    if (member.gone) continue;
    const bool answers = session.membership().is_live(id) && session.membership().last_heard(id).has_value();
    if (answers) ++live;
    const wire::Presence* presence = session.membership().presence(id);
    const auto person = roster.persons().find(member.person);
    const std::string person_name = person == roster.persons().end() ? "?" : person->second.name;
    rows.push_back({printable(member.name) + (id == session.identity().member ? " *" : ""),
                    printable(person_name), answers ? "online" : "AWAY", human_bytes(member.bytes_given)});
    boost::json::object document{{"id", to_hex(id.view())},
                                 {"name", printable(member.name)},
                                 {"person", printable(person_name)},
                                 {"self", id == session.identity().member},
                                 {"online", answers},
                                 {"bytes_given", member.bytes_given}};
    if (member.person == session.identity().person) {
      const bool alone = account::machine_slot(session.unlocked().body, member.machine) != nullptr;
      if (alone) unlocking_themselves.push_back(member.name);
      document["unlocks_itself"] = alone;
    }
    if (presence != nullptr) document["bytes_free"] = presence->free_bytes;
    documents.push_back(std::move(document));
  }
  return documents;
}

// The one honest sentence, and what to do about it.
std::string verdict(const drive::DriveStanding& drive) {
  const std::uint64_t files =
      drive.files_safe + drive.files_at_risk + drive.files_unreachable + drive.files_lost;
  if (files == 0) return "You have no files in the ring yet: peerstore backup FOLDER";
  if (drive.files_lost > 0) {
    return std::to_string(drive.files_lost) +
           " of your files are lost: no friend holds all their pieces any more.";
  }
  if (drive.files_unreachable > 0) {
    return std::to_string(drive.files_unreachable) + " of your files cannot be read now; waiting for " +
           joined(drive.waiting_for) + ".";
  }
  if (drive.files_at_risk > 0) {
    std::string text = std::to_string(drive.files_at_risk) +
                       " of your files are at risk: they can be read, but have "
                       "fewer than " +
                       std::to_string(drive.copies_wanted) + " copies.";
    if (drive.copies_reachable < drive.copies_wanted) {
      text += " This ring can keep " + std::to_string(drive.copies_reachable) + " of " +
              std::to_string(drive.copies_wanted) + " copies; more friends are needed.";
    }
    return text;
  }
  return "Your files are safe: every piece of all " + std::to_string(files) + " has " +
         std::to_string(drive.copies_wanted) + (drive.copies_wanted == 1 ? " copy" : " copies") +
         " with different friends.";
}

Task<void> probe(OwnerSession& session, wire::MemberId member) {
  const wire::GetNeighbours question;
  // The answer is noted as liveness by the network's observer.
  (void)co_await wire::ask(session.network(), member, question, std::chrono::seconds(3));
}

Task<void> probe_all(OwnerSession& session) {
  TaskScope scope(session.loop());
  for (const auto& [id, member] : session.membership().roster().members()) {
    if (!member.gone) scope.spawn(probe(session, id));
  }
  co_await scope.join();
}

Task<Exit> status(OwnerSession& session, drive::Drive& drive, const Output& output) {
  co_await probe_all(session);
  const auto standing = co_await drive.standing();
  if (!standing) co_return output.failure(standing.error());

  std::vector<Row> rows;
  std::size_t live = 0;
  std::vector<std::string> unlocking_themselves;
  boost::json::array members = member_documents(session, rows, live, unlocking_themselves);
  const membership::Roster& roster = session.membership().roster();
  const auto own_node = node_health(session.home());
  if (output.json()) {
    boost::json::array waiting;
    for (const std::string& name : standing->waiting_for)
      waiting.push_back(boost::json::value(printable(name)));
    boost::json::object document{{"type", "status"},
                                 {"ring", printable(roster.ring_name())},
                                 {"ring_id", to_hex(roster.ring_id().view())},
                                 {"colours", roster.policy().colours},
                                 {"members_online", live},
                                 {"members", members},
                                 {"files_safe", standing->files_safe},
                                 {"files_at_risk", standing->files_at_risk},
                                 {"files_unreachable", standing->files_unreachable},
                                 {"files_lost", standing->files_lost},
                                 {"bytes", standing->bytes},
                                 {"copies_wanted", standing->copies_wanted},
                                 {"copies_reachable", standing->copies_reachable},
                                 {"waiting_for", waiting},
                                 {"verdict", verdict(*standing)}};
    if (own_node) {
      document["bytes_given"] = own_node->bytes_given;
      document["bytes_usable"] = own_node->bytes_usable;
    }
    output.document(std::move(document));
    co_return Exit::done;
  }
  output.line(printable(roster.ring_name()) + "  " + std::to_string(live) + " of " +
              std::to_string(rows.size()) + " machines on line        Your files: " +
              std::to_string(standing->files_safe) + " safe, " + std::to_string(standing->files_at_risk) +
              " at risk, " + std::to_string(standing->files_unreachable) + " unreachable" +
              (standing->files_lost > 0 ? ", " + std::to_string(standing->files_lost) + " lost" : ""));
  output.line("  " + padded("MACHINE", 24) + padded("OWNER", 16) + padded("STATE", 8) + "GIVES");
  for (const Row& row : rows) {
    output.line("  " + padded(row.name, 24) + padded(row.person, 16) + padded(row.state, 8) + row.gives);
  }
  if (!unlocking_themselves.empty()) {
    output.line("  Of yours these unlock themselves, whenever they start: " + joined(unlocking_themselves));
  }
  if (roster.policy().colours == 0)
    output.line("  (this ring has no colours: a friend may hold all pieces of a file)");
  output.line(verdict(*standing));
  if (const std::string lack = own_node ? lack_of_space(*own_node) : ""; !lack.empty()) output.line(lack);
  std::vector<std::string> away;
  for (const Row& row : rows) {
    if (row.state == "AWAY") away.push_back(row.name);
  }
  if (!away.empty()) {
    output.line("Counted by their receipts, though their machines are away: copies on " + joined(away) + ".");
  }
  co_return Exit::done;
}

}  // namespace

Exit status_command(const Home& home, const Output& output, const OwnerOptions& options) {
  return with_drive(
      home, output, options,
      [&](OwnerSession& session, drive::Drive& drive) { return status(session, drive, output); },
      Purpose::look);
}

}  // namespace peerstore::cli
