#include <peerstore/node/roster_directory.hpp>

#include <peerstore/membership/displaced.hpp>

namespace peerstore::node {

namespace {

// What a Hello may carry (link/), with room for its own form.
constexpr std::size_t kProofStatementsMax = 16;
constexpr std::size_t kProofBytesMax = 14 * 1024;

std::size_t size_of(const wire::Statement& statement) {
  constexpr std::size_t kForm = 192;
  return statement.body.size() + kForm;
}

}  // namespace

RosterDirectory::RosterDirectory(Clock& clock, wire::RingId ring_id, std::vector<wire::Statement> proof)
    : clock_(clock), ring_id_(ring_id), proof_(std::move(proof)) {}

// Whoever is asked may not have heard yet who the admins are that let this machine in.
std::vector<wire::Statement> RosterDirectory::own_proof() const {
  std::vector<wire::Statement> roots;
  std::vector<wire::Statement> rest;
  std::size_t bytes = 0;
  for (const wire::Statement& statement : proof_) {
    const bool is_root = statement.kind == static_cast<std::uint8_t>(membership::StatementKind::root);
    (is_root ? roots : rest).push_back(statement);
    if (!is_root) bytes += size_of(statement);
  }
  if (membership_ != nullptr) {
    roots = membership_->roster().past_roots();
    const auto present = membership_->roster().statement(membership_->roster().root_id());
    if (present) roots.push_back(*present);
  }
  // The latest ones, as many as a greeting has room for.
  std::size_t first = roots.size();
  while (first > 0 && rest.size() + roots.size() - first < kProofStatementsMax) {
    bytes += size_of(roots[first - 1]);
    if (bytes > kProofBytesMax) break;
    --first;
  }
  std::vector<wire::Statement> proof(roots.begin() + static_cast<std::ptrdiff_t>(first), roots.end());
  proof.insert(proof.end(), rest.begin(), rest.end());
  return proof;
}

std::optional<link::Directory::Peer> RosterDirectory::find(const crypto::SigningPublicKey& node_key) const {
  if (membership_ == nullptr) return std::nullopt;
  const membership::Member* member = membership_->roster().find_by_node_key(node_key);
  if (member == nullptr || member->gone) return std::nullopt;
  return Peer{member->id, member->person};
}

bool RosterDirectory::is_gone(const crypto::SigningPublicKey& node_key,
                              const std::vector<wire::Statement>& proof) const {
  if (membership_ == nullptr) return false;
  const membership::Roster& roster = membership_->roster();
  const membership::Member* member = roster.find_by_node_key(node_key);
  if (member != nullptr) return member->gone;
  return membership::is_displaced(*signatures_, roster, node_key, proof);
}

std::optional<crypto::SigningPublicKey> RosterDirectory::node_key(const wire::MemberId& member) const {
  if (membership_ == nullptr) return std::nullopt;
  const membership::Member* found = membership_->roster().find(member);
  if (found == nullptr || found->gone) return std::nullopt;
  return found->node_key;
}

std::vector<std::string> RosterDirectory::addresses(const wire::MemberId& member) const {
  if (membership_ == nullptr) return {};
  const wire::Presence* presence = membership_->presence(member);
  return presence == nullptr ? std::vector<std::string>() : presence->addresses;
}

// What a dialler shows before anybody knows it. It may be new to us because others admitted it; it
// must not take the place of somebody whom we know, nor use an invitation that has expired: clashes
// between parts of the ring are settled among members, when they compare rosters.
void RosterDirectory::learn(const std::vector<wire::Statement>& proof) {
  if (membership_ == nullptr) return;
  const membership::Roster& roster = membership_->roster();
  const std::int64_t now = clock_.wall_time().nanoseconds / 1'000'000'000;
  std::vector<wire::Statement> harmless;
  for (const wire::Statement& statement : proof) {
    const auto fact = membership::read_statement(statement);
    if (!fact) continue;
    if (const auto* person = std::get_if<membership::PersonStatement>(&*fact)) {
      if (roster.persons().contains(person->person)) continue;
      const auto invitation = roster.invitation(person->person);
      if (invitation && invitation->expires_at != 0 && invitation->expires_at < now) continue;
    }
    harmless.push_back(statement);
  }
  membership_->learn(harmless, {});
}

}  // namespace peerstore::node
