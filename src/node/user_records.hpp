// UserRecords: a node's part in keeping everybody's user record.
//
// Members bring records and fetch them; the record of this machine's own person is brought to those who
// should keep it (replica/head_keepers.hpp), once in each of their lives. Whoever lost every machine asks as
// a stranger, and is answered if it shows the lookup key of a passphrase, an account secret or a recovery
// code that opens the record: so nobody learns from outside who is in the ring. Such questions are few, so
// they are limited: they must not become work.
#pragma once

#include <peerstore/membership/identity.hpp>
#include <peerstore/membership/membership.hpp>
#include <peerstore/replica/ring_view.hpp>
#include <peerstore/store/head_store.hpp>

#include <map>

namespace peerstore::node {

class UserRecords {
 public:
  // References must outlive this, and what it runs.
  UserRecords(Clock& clock, crypto::Signatures& signatures, wire::Network& network,
              const membership::Membership& membership, const replica::RingView& view,
              store::HeadStore& store, wire::MemberId self, wire::PersonNumber person);

  Task<Result<wire::Response>> serve(wire::Caller caller, wire::GetUserRecord request);
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::PutUserRecord request);
  // Runs until it is dropped.
  Task<void> bring_own_to_keepers();

 private:
  Result<wire::Response> answer_stranger(const wire::LookupKey& lookup);
  bool may_be_asked_by_strangers();
  // What a keeper has been told: its life, and the record's version.
  using Told = std::pair<std::uint64_t, std::uint64_t>;

  Clock& clock_;
  crypto::Signatures& signatures_;
  wire::Network& network_;
  const membership::Membership& membership_;
  const replica::RingView& view_;
  store::HeadStore& store_;
  wire::MemberId self_;
  wire::PersonNumber person_;
  double questions_left_;
  TimePoint counted_at_;
  std::map<wire::MemberId, Told> told_;
};

}  // namespace peerstore::node
