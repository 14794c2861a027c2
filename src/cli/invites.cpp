#include "telling.hpp"

#include <charconv>
#include <ctime>

namespace peerstore::cli {

namespace {

struct Row {
  wire::PersonNumber number = 0;
  std::string for_whom;
  std::string state;  // a word, the same in JSON
  std::string more;
};

std::string date_of(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts = {};
  char text[32] = {};
  if (::localtime_r(&time, &parts) == nullptr ||
      std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts) == 0) {
    return "?";
  }
  return text;
}

Row row_of(const membership::Roster& roster, const membership::InvitationStatement& invitation,
           std::int64_t now) {
  Row row{invitation.person, printable(invitation.for_whom), "open", ""};
  const auto person = roster.persons().find(invitation.person);
  if (person != roster.persons().end()) {
    row.state = person->second.gone ? "gone" : "used";
    row.more = "by " + printable(person->second.name);
  } else if (roster.is_revoked(invitation.person)) {
    row.state = "withdrawn";
  } else if (invitation.expires_at != 0 && invitation.expires_at <= now) {
    row.state = "expired";
    row.more = "since " + date_of(invitation.expires_at);
  } else if (invitation.expires_at != 0) {
    row.more = "until " + date_of(invitation.expires_at);
  }
  return row;
}

std::vector<Row> all_rows(OwnerSession& session) {
  const membership::Roster& roster = session.membership().roster();
  const std::int64_t now = session.loop().wall_time().nanoseconds / 1'000'000'000;
  std::vector<Row> rows;
  for (const membership::InvitationStatement& invitation : roster.invitations()) {
    if (invitation.person != 0) rows.push_back(row_of(roster, invitation, now));
  }
  return rows;
}

Task<Exit> list(OwnerSession& session, const Output& output) {
  const std::vector<Row> rows = all_rows(session);
  for (const Row& row : rows) {
    if (output.json()) {
      output.document({{"type", "invitation"},
                       {"person", row.number},
                       {"for", row.for_whom},
                       {"state", row.state},
                       {"more", row.more}});
    } else {
      output.line(std::to_string(row.number) + "  " + (row.for_whom.empty() ? "-" : row.for_whom) + "  " +
                  row.state + (row.more.empty() ? "" : " " + row.more));
    }
  }
  if (rows.empty() && !output.json()) output.note("Nobody was invited yet: peerstore invite NAME");
  co_return Exit::done;
}

Task<Exit> withdraw(OwnerSession& session, const Output& output, const std::string& which) {
  std::vector<Row> unused;
  for (const Row& row : all_rows(session)) {
    const bool is_named = std::to_string(row.number) == which || row.for_whom == printable(which);
    if (!is_named) continue;
    if (std::to_string(row.number) == which && (row.state == "used" || row.state == "gone")) {
      co_return output.failure(Exit::failed, "invitation " + which + " was used " + row.more,
                               "To shut that person out: peerstore revoke " + which);
    }
    if (row.state == "open" || row.state == "expired") unused.push_back(row);
  }
  if (unused.empty()) {
    co_return output.failure(Exit::not_found, "no unused invitation is called '" + printable(which) + "'",
                             "See: peerstore invites");
  }
  if (unused.size() > 1) {
    co_return output.failure(
        Exit::usage, std::to_string(unused.size()) + " unused invitations are for '" + printable(which) + "'",
        "Say its number; see: peerstore invites");
  }
  const auto keys = require_admin(session);
  if (!keys) co_return output.failure(keys.error());
  const membership::RevocationStatement revocation{unused.front().number, std::nullopt};
  const auto told = co_await tell_ring(
      session, {membership::sign_statement(session.signatures(), session.membership().roster().ring_id(),
                                           revocation, *keys)});
  if (!told) co_return output.failure(told.error(), "The invitation still stands.");
  if (output.json()) {
    output.document({{"type", "withdrawn"}, {"person", unused.front().number}});
  } else {
    output.line("Invitation " + std::to_string(unused.front().number) + " is withdrawn.");
  }
  co_return Exit::done;
}

}  // namespace

Exit invites_command(const Home& home, const Output& output, const InvitesOptions& options) {
  const Purpose purpose = options.withdraw.empty() ? Purpose::look : Purpose::authority;
  return with_session(
      home, output, options,
      [&](OwnerSession& session) {
        return options.withdraw.empty() ? list(session, output) : withdraw(session, output, options.withdraw);
      },
      purpose);
}

}  // namespace peerstore::cli
