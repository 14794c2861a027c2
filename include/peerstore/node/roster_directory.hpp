// RosterDirectory: what the network needs to know about the ring, from the membership.
#pragma once

#include <peerstore/link/directory.hpp>
#include <peerstore/membership/membership.hpp>

#include <map>

namespace peerstore::node {

class RosterDirectory final : public link::Directory {
 public:
  // `proof` is this machine's own statements. The network needs the directory and the membership
  // needs the network, so the membership is given afterwards, before the first call.
  RosterDirectory(Clock& clock, wire::RingId ring_id, std::vector<wire::Statement> proof);
  void use(membership::Membership& membership, crypto::Signatures& signatures) {
    membership_ = &membership;
    signatures_ = &signatures;
  }

  wire::RingId ring_id() const override { return ring_id_; }
  std::optional<Peer> find(const crypto::SigningPublicKey& node_key) const override;
  bool is_gone(const crypto::SigningPublicKey& node_key,
               const std::vector<wire::Statement>& proof) const override;
  std::optional<crypto::SigningPublicKey> node_key(const wire::MemberId& member) const override;
  std::vector<std::string> addresses(const wire::MemberId& member) const override;
  std::vector<wire::Statement> own_proof() const override;
  void learn(const std::vector<wire::Statement>& proof) override;

 private:
  Clock& clock_;
  wire::RingId ring_id_;
  std::vector<wire::Statement> proof_;
  membership::Membership* membership_ = nullptr;
  crypto::Signatures* signatures_ = nullptr;
};

}  // namespace peerstore::node
