#include "node_health.hpp"
#include "qr_code.hpp"
#include "telling.hpp"

#include <peerstore/membership/invitation.hpp>

namespace peerstore::cli {

namespace {

struct Invite {
  const Output& output;
  const InviteOptions& options;
  std::int64_t lifetime = 0;  // seconds, 0 = for ever
  std::uint64_t quota = 0;
};

// Where to knock: this home's node first, then others who are on line, because any of them lets the
// friend in while this machine sleeps.
std::vector<membership::InvitationLink::Door> doors(OwnerSession& session, const Home& home) {
  std::vector<membership::InvitationLink::Door> doors;
  const membership::Membership& membership = session.membership();
  const wire::MemberId& self = session.identity().member;
  if (const auto own = node_health(home); own && !own->addresses.empty()) {
    doors.push_back({own->addresses.front(),
                     session.signatures().key_pair_from(session.identity().node_secret).public_key});
  }
  for (const wire::MemberId& id : membership.live_members()) {
    const wire::Presence* presence = membership.presence(id);
    if (id == self || presence == nullptr || presence->addresses.empty()) continue;
    if (doors.size() == membership::kDoorsMax) break;
    doors.push_back({presence->addresses.front(), membership.roster().find(id)->node_key});
  }
  return doors;
}

void show(const Invite& job, const std::string& link, wire::PersonNumber person, std::int64_t expires_at) {
  if (job.output.json()) {
    job.output.document({{"type", "invitation"},
                         {"link", link},
                         {"person", person},
                         {"expires_at", expires_at},
                         {"quota_bytes", job.quota == 0 ? membership::kUnfixedQuotaMax : job.quota},
                         {"quota_follows_what_is_given", job.quota == 0}});
    return;
  }
  job.output.line(link);
  if (job.options.qr) {
    const auto code = qr_code(link);
    job.output.line(code ? *code : "(too long for a QR code)");
  }
  job.output.note("This link lets one person in, once" +
                  (job.lifetime == 0 ? std::string() : ", within " + human_duration(job.lifetime)) +
                  ". Send it privately. Your friend runs:");
  job.output.note("  peerstore join 'LINK' --user NAME --give 100G");
  job.output.note(job.quota == 0
                      ? "Your friend may store as much as it gives, up to " +
                            human_bytes(membership::kUnfixedQuotaMax) +
                            ", all copies counted (--quota fixes it)."
                      : "Your friend may store " + human_bytes(job.quota) + ", all copies counted.");
  job.output.note("To withdraw it: peerstore invites revoke " + std::to_string(person));
}

Task<Exit> invite(OwnerSession& session, const Home& home, const Invite& job) {
  const membership::Roster& roster = session.membership().roster();
  os::SystemEntropy entropy;
  const std::int64_t now = session.loop().wall_time().nanoseconds / 1'000'000'000;
  const std::int64_t expires_at = job.lifetime == 0 ? 0 : now + job.lifetime;
  membership::InvitationLink link;
  link.root_key = session.identity().root_key;
  link.doors = doors(session, home);
  if (link.doors.empty()) {
    co_return job.output.failure(Exit::no_node, "nobody is on line who could let your friend in",
                                 "Start this home's node first: peerstore node");
  }
  const auto made = membership::make_invitation(session.signatures(), entropy, session.identity(), roster,
                                                membership::draw_person_number(roster, entropy),
                                                job.options.for_whom, expires_at, job.quota, now);
  if (!made) co_return job.output.failure(made.error(), "No invitation was made.");
  const auto told = co_await tell_ring(session, {made->statement});
  if (!told)
    co_return job.output.failure(told.error(), "No invitation was made. Is this home's node running?");
  link.token = made->token;
  link.person = made->person;
  show(job, membership::to_text(link), made->person, expires_at);
  co_return Exit::done;
}

}  // namespace

Exit invite_command(const Home& home, const Output& output, const InviteOptions& options) {
  if (!home.has_identity()) {
    return output.failure(Exit::no_ring, "there is no ring at " + home.path(),
                          "Begin with: peerstore create NAME");
  }
  if (!options.for_whom.empty()) {
    if (auto good = check_name(options.for_whom, "the friend's name"); !good) {
      return output.failure(Exit::usage, good.error().context);
    }
  }
  if (options.qr && output.json()) {
    return output.failure(Exit::usage, "--qr draws for people, and --json is for programs",
                          "Leave out one of them: the link in the JSON document is what the code says.");
  }
  const auto lifetime = read_lifetime(options.expires);
  if (!lifetime) return output.failure(Exit::usage, "--expires: " + lifetime.error().context);
  const auto quota = options.quota.empty() ? Result<std::uint64_t>(0) : read_bytes(options.quota);
  if (!quota) return output.failure(Exit::usage, "--quota: " + quota.error().context);
  if (!options.quota.empty() && *quota == 0) {
    return output.failure(Exit::usage, "--quota: a friend must be able to store something");
  }
  const Invite job{output, options, *lifetime, *quota};
  return with_session(
      home, output, options, [&](OwnerSession& session) { return invite(session, home, job); },
      Purpose::authority);
}

}  // namespace peerstore::cli
