#include "roster_directory.hpp"

namespace peerstore::cli {

RosterDirectory::RosterDirectory(wire::RingId ring_id, std::vector<wire::Statement> proof)
    : ring_id_(ring_id), proof_(std::move(proof)) {}

std::optional<net::Directory::Peer> RosterDirectory::find(const crypto::SigningPublicKey& node_key) const {
  if (membership_ == nullptr) return std::nullopt;
  const membership::Member* member = membership_->roster().find_by_node_key(node_key);
  if (member == nullptr || member->gone) return std::nullopt;
  return Peer{member->id, member->person};
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

void RosterDirectory::learn(const std::vector<wire::Statement>& proof) {
  if (membership_ != nullptr) membership_->learn(proof, {});
}

}  // namespace peerstore::cli
