// MembershipView: membership's roster and liveness as the RingView that replica/ needs. Used by the
// node and by the owner's commands.
#pragma once

#include <peerstore/membership/membership.hpp>
#include <peerstore/replica/ring_view.hpp>

#include <map>

namespace peerstore::node {

// Who has less room is full: there are chunks that it cannot take.
std::uint64_t room_least();

class MembershipView final : public replica::RingView {
 public:
  // Both outlive the view.
  explicit MembershipView(const membership::Membership& membership);

  // What was counted before this process began.
  void remember_silences(std::map<wire::MemberId, Duration> silences) { silences_ = std::move(silences); }
  // This machine has listened for so long since the last time: those who are away were silent meanwhile, and
  // whoever is live has ended its silence.
  void listened(Duration passed);
  // For how long it has been away, as far as this machine listened. Zero for one that is live.
  Duration silence(const wire::MemberId& member) const;

  std::shared_ptr<const placement::Map> map() const override;
  replica::Standing standing(const wire::MemberId& member) const override;
  bool is_full(const wire::MemberId& member) const override;
  std::uint64_t incarnation(const wire::MemberId& member) const override;
  std::optional<crypto::SigningPublicKey> node_key(const wire::MemberId& member) const override;
  std::optional<crypto::SigningPublicKey> writer_key(wire::PersonNumber person,
                                                     std::uint32_t machine) const override;
  std::vector<crypto::SigningPublicKey> former_writer_keys(wire::PersonNumber person,
                                                           std::uint32_t machine) const override;
  std::optional<std::uint64_t> bytes_quota(wire::PersonNumber person) const override;
  std::optional<crypto::SigningPublicKey> person_key(wire::PersonNumber person) const override;
  std::optional<wire::PersonNumber> person_of(const wire::MemberId& member) const override;
  std::optional<std::uint32_t> machine_of(const wire::MemberId& id) const override;
  wire::RingId ring_id() const override;

 private:
  const membership::Member* machine_of(wire::PersonNumber person, std::uint32_t machine) const;

  const membership::Membership& membership_;
  std::map<wire::MemberId, Duration> silences_;
};

}  // namespace peerstore::node
