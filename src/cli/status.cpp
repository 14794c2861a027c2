#include "node_document.hpp"
#include "node_health.hpp"
#include "owner_session.hpp"
#include "remote_path.hpp"
#include "standing_text.hpp"

#include <peerstore/api/local_client.hpp>

#include <boost/json/array.hpp>

namespace peerstore::cli {

namespace {

constexpr std::size_t kFilesShown = 10;

struct Row {
  std::string name;
  std::string person;
  std::string state;
  std::string gives;
};

struct Members {
  std::vector<Row> rows;
  std::size_t live = 0;
  std::vector<std::string> unlocking_themselves;
  boost::json::array documents;
};

Members members_of(OwnerSession& session) {
  Members members;
  const membership::Roster& roster = session.membership().roster();
  for (const auto& [id, member] : roster.members()) {
    if (member.gone) continue;
    const bool answers = session.membership().is_live(id) && session.membership().last_heard(id).has_value();
    if (answers) ++members.live;
    const wire::Presence* presence = session.membership().presence(id);
    const auto person = roster.persons().find(member.person);
    const std::string person_name = person == roster.persons().end() ? "?" : person->second.name;
    members.rows.push_back({printable(member.name) + (id == session.identity().member ? " *" : ""),
                            printable(person_name), answers ? "online" : "AWAY",
                            human_bytes(member.bytes_given)});
    boost::json::object document{{"id", to_hex(id.view())},
                                 {"name", printable(member.name)},
                                 {"person", printable(person_name)},
                                 {"self", id == session.identity().member},
                                 {"online", answers},
                                 {"bytes_given", member.bytes_given}};
    if (member.person == session.identity().person) {
      const bool alone = account::machine_slot(session.unlocked().body, member.machine) != nullptr;
      if (alone) members.unlocking_themselves.push_back(member.name);
      document["unlocks_itself"] = alone;
    }
    if (presence != nullptr) document["bytes_free"] = presence->free_bytes;
    members.documents.push_back(std::move(document));
  }
  return members;
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

// What this home's node has to mend, if one runs.
std::optional<RepairWork> repair_work(const Home& home) {
  const auto document = read_document(api::get(home.socket_path(), "/api/v1/status"));
  if (!document) return std::nullopt;
  const auto object_in = [&](std::string_view key) {
    const auto* value = document->if_contains(key);
    return value != nullptr && value->is_object() ? value->as_object() : boost::json::object();
  };
  const boost::json::object repair = object_in("repair");
  const boost::json::object store = object_in("store");
  RepairWork work;
  work.to_fetch = number_in(repair, "to_fetch");
  work.to_hand_out = number_in(repair, "to_hand_out");
  work.bytes_per_second = number_in(repair, "bytes_per_second");
  // An offer does not say how big the chunk is: most are as big as those that are here.
  const std::uint64_t chunks = number_in(store, "chunks");
  if (chunks > 0) work.bytes_to_fetch = work.to_fetch * (number_in(store, "held") / chunks);
  return work;
}

// What both the whole drive and a path have.
boost::json::object standing_document(std::string_view type, const drive::DriveStanding& standing) {
  boost::json::object document{{"type", type},
                               {"files_safe", standing.files_safe},
                               {"files_at_risk", standing.files_at_risk},
                               {"files_unreachable", standing.files_unreachable},
                               {"files_lost", standing.files_lost},
                               {"folders_unread", standing.folders_unread},
                               {"bytes", standing.bytes},
                               {"copies_wanted", standing.copies_wanted},
                               {"copies_reachable", standing.copies_reachable},
                               {"copies_least", standing.copies_least},
                               {"copies_online_least", standing.copies_online_least},
                               {"waiting_for", names_document(standing.waiting_for)}};
  if (const auto friends = friends_may_vanish(standing)) document["friends_may_vanish"] = *friends;
  return document;
}

void print_document(const Output& output, const drive::FileStanding& file) {
  boost::json::object document{{"type", "file"},
                               {"kind", file.is_folder ? "folder" : "file"},
                               {"state", word_for(file.state)},
                               {"copies", file.copies},
                               {"copies_online", file.copies_online},
                               {"size", file.bytes},
                               {"waiting_for", names_document(file.waiting_for)}};
  add_name(document, "path", file.path);
  output.document(std::move(document));
}

void print_members(const Output& output, const Members& members) {
  output.line("  " + padded("MACHINE", 24) + padded("OWNER", 16) + padded("STATE", 8) + "GIVES");
  for (const Row& row : members.rows) {
    output.line("  " + padded(row.name, 24) + padded(row.person, 16) + padded(row.state, 8) + row.gives);
  }
  if (!members.unlocking_themselves.empty()) {
    output.line("  Of yours these unlock themselves, whenever they start: " +
                names_in_words(members.unlocking_themselves));
  }
}

void say_who_is_away(const Output& output, const Members& members) {
  std::vector<std::string> away;
  for (const Row& row : members.rows) {
    if (row.state == "AWAY") away.push_back(row.name);
  }
  if (away.empty()) return;
  output.line("Counted by their receipts, though their machines are away: copies on " + names_in_words(away) +
              ".");
}

Task<Exit> status(OwnerSession& session, drive::Drive& drive, const Output& output) {
  co_await probe_all(session);
  WorstFiles worst(kFilesShown);
  const auto take = [&](const drive::FileStanding& file) { worst.add(file); };
  const auto standing = co_await drive.standing(take);
  if (!standing) co_return output.failure(standing.error());

  Members members = members_of(session);
  const membership::Roster& roster = session.membership().roster();
  const auto own_node = node_health(session.home());
  const auto repair = repair_work(session.home());
  if (output.json()) {
    boost::json::object document = standing_document("status", *standing);
    document["ring"] = printable(roster.ring_name());
    document["ring_id"] = to_hex(roster.ring_id().view());
    document["colours"] = roster.policy().colours;
    document["members_online"] = members.live;
    document["members"] = std::move(members.documents);
    document["verdict"] = verdict(*standing);
    if (own_node) {
      document["bytes_given"] = own_node->bytes_given;
      document["bytes_usable"] = own_node->bytes_usable;
    }
    if (repair) {
      boost::json::object part{{"chunks_to_fetch", repair->to_fetch},
                               {"bytes_to_fetch", repair->bytes_to_fetch},
                               {"copies_to_hand_out", repair->to_hand_out},
                               {"bytes_per_second", repair->bytes_per_second}};
      if (const auto seconds = repair->seconds_left()) part["seconds_left"] = *seconds;
      document["repair_here"] = std::move(part);
    }
    output.document(std::move(document));
    co_return Exit::done;
  }
  output.line(printable(roster.ring_name()) + "  " + std::to_string(members.live) + " of " +
              std::to_string(members.rows.size()) +
              " machines on line        Your files: " + counts_in_words(*standing));
  print_members(output, members);
  if (roster.policy().colours == 0)
    output.line("  (this ring has no colours: a friend may hold all pieces of a file)");
  output.line(verdict(*standing));
  for (const std::string& row : worst.rows(standing->copies_wanted)) output.line(row);
  const std::string mending = repair ? repair_in_words(*repair) : "";
  const std::string lack = own_node ? lack_of_space(*own_node) : "";
  for (const std::string& sentence : {vanishing_in_words(*standing), mending, lack}) {
    if (!sentence.empty()) output.line(sentence);
  }
  say_who_is_away(output, members);
  co_return Exit::done;
}

// ---- What is at some paths ----

// A path of the command, and what was found there.
struct Looked {
  std::string path;
  std::optional<drive::FileStanding> file;  // if it is one
  WorstFiles worst{kFilesShown};
};

void print_looked(const Output& output, const Looked& looked, const drive::DriveStanding& standing) {
  if (looked.file) {
    output.line(file_heading());
    output.line(file_row(*looked.file, standing.copies_wanted));
    return;
  }
  output.line((looked.path.empty() ? "Everything" : printable(looked.path)) + ": " +
              std::to_string(standing.files()) + " files: " + counts_in_words(standing));
  for (const std::string& row : looked.worst.rows(standing.copies_wanted)) output.line(row);
  if (standing.files() > 0 && !vanishing_in_words(standing).empty()) {
    output.line("  " + vanishing_in_words(standing));
  }
}

Task<Exit> status_of_paths(OwnerSession& session, drive::Drive& drive, const Output& output,
                           const StatusOptions& options) {
  co_await probe_all(session);
  std::vector<std::string> paths;
  std::vector<Looked> looked;
  for (const std::string& remote : options.remotes) {
    paths.push_back(remote_path(remote));
    looked.push_back({paths.back(), std::nullopt});
  }
  const auto take = [&](std::size_t number, const drive::FileStanding& file) {
    if (output.json()) return print_document(output, file);
    if (file.path == looked[number].path && !file.is_folder) looked[number].file = file;
    looked[number].worst.add(file);
  };
  const auto standings = co_await drive.standing_of(paths, take);
  if (!standings) {
    const bool none = standings.error().code == Errc::not_found;
    co_return output.failure(standings.error(), none ? "See the whole drive with: peerstore ls" : "");
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!output.json()) {
      print_looked(output, looked[i], (*standings)[i]);
      continue;
    }
    boost::json::object document = standing_document("path", (*standings)[i]);
    add_name(document, "path", paths[i]);
    output.document(std::move(document));
  }
  co_return Exit::done;
}

}  // namespace

Exit status_command(const Home& home, const Output& output, const StatusOptions& options) {
  // Where the node is unlocked nobody is asked for the passphrase, which would show it, too.
  const auto changed = is_node_unlocked(home) ? change_elsewhere(home) : std::optional<std::string>();
  if (changed) {
    output.warning("", fail(Errc::busy, *changed + ". If that was you: peerstore unlock, with the new "
                                                   "passphrase. If not: peerstore rekey --revoke MACHINE"));
  }
  return with_drive(
      home, output, options,
      [&](OwnerSession& session, drive::Drive& drive) {
        return options.remotes.empty() ? status(session, drive, output)
                                       : status_of_paths(session, drive, output, options);
      },
      Purpose::look);
}

}  // namespace peerstore::cli
