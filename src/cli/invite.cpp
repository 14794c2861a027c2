#include "owner_session.hpp"

#include <peerstore/api/local_client.hpp>
#include <peerstore/membership/invitation.hpp>

#include <boost/json/parse.hpp>

namespace peerstore::cli {

namespace {

struct Invite {
  const Output& output;
  const InviteOptions& options;
  std::string address;  // where the invited machine will knock
};

// The address that the home's node tells others.
Result<std::string> advertised_address(const Home& home) {
  const auto health = api::get(home.socket_path(), "/api/v1/health");
  if (!health) return health.error();
  boost::json::error_code error;
  const boost::json::value document = boost::json::parse(*health, error);
  if (!error && document.is_object()) {
    const auto* addresses = document.as_object().if_contains("addresses");
    if (addresses != nullptr && addresses->is_array() && !addresses->as_array().empty() &&
        addresses->as_array().front().is_string()) {
      return std::string(addresses->as_array().front().as_string());
    }
  }
  return fail(Errc::invalid, "this home's node gave an answer that this program does not understand");
}

Task<Exit> invite(OwnerSession& session, const Invite& job) {
  membership::Membership& membership = session.membership();
  const membership::Identity& identity = session.identity();
  const membership::Roster& roster = membership.roster();
  os::SystemEntropy entropy;
  const std::int64_t expires_at =
      session.loop().wall_time().nanoseconds / 1'000'000'000 + std::int64_t{job.options.expires_days} * 86400;
  const auto made = membership::make_invitation(session.signatures(), entropy, identity, roster,
                                                membership::draw_person_number(roster, entropy),
                                                job.options.for_whom, expires_at);
  if (!made) co_return job.output.failure(made.error(), "No invitation was made.");
  wire::PushStatements push;
  push.statements.push_back(made->statement);
  const auto pushed = co_await wire::ask(session.network(), identity.member, push);
  if (!pushed)
    co_return job.output.failure(pushed.error(), "No invitation was made. Is this home's node running?");

  membership::InvitationLink link;
  link.root_key = identity.root_key;
  link.address = job.address;
  link.node_key = session.signatures().key_pair_from(identity.node_secret).public_key;
  link.token = made->token;
  link.person = made->person;
  if (job.output.json()) {
    job.output.document({{"type", "invitation"},
                         {"link", membership::to_text(link)},
                         {"person", made->person},
                         {"expires_at", expires_at}});
    co_return Exit::done;
  }
  job.output.line(membership::to_text(link));
  job.output.note("This link lets one person in, once, within " + std::to_string(job.options.expires_days) +
                  " days. Send it privately. Your friend runs:");
  job.output.note("  peerstore join 'LINK' --user NAME --give 100G");
  co_return Exit::done;
}

}  // namespace

Exit invite_command(const Home& home, const Output& output, const InviteOptions& options) {
  if (!home.has_identity()) {
    return output.failure(Exit::no_ring, "there is no ring at " + home.path(),
                          "Begin with: peerstore create NAME");
  }
  const auto identity = home.identity();
  if (!identity) return output.failure(identity.error());
  if (!identity->root_secret) {
    return output.failure(Exit::refused, "only the founder of the ring can invite",
                          "Ask the founder for an invitation.");
  }
  if (!options.for_whom.empty()) {
    if (auto good = check_name(options.for_whom, "the friend's name"); !good) {
      return output.failure(Exit::usage, good.error().context);
    }
  }
  const auto address = advertised_address(home);
  if (!address) {
    return output.failure(Exit::no_node, address.error().message(), "Start it first: peerstore node");
  }
  const Invite job{output, options, *address};
  return with_session(home, output, OwnerOptions{},
                      [&](OwnerSession& session) { return invite(session, job); });
}

}  // namespace peerstore::cli
