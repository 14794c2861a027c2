// UserRecords: a node's part in keeping everybody's user record.
//
// Every machine keeps those of all persons. Members bring and fetch records; of two of one person one
// outranks the other (account::outranks), whoever brings them in whatever order, so that all keep the same in
// the end. Machines compare what they keep with one another, by a digest: soon when something is new here or
// a life begins, less and less often while nothing is. Whoever lost every machine asks as a stranger, and is
// answered if it shows the lookup key of a passphrase, an account secret or a recovery code that opens the
// record: so nobody learns from outside who is in the ring. Such questions are few, so they are limited: they
// must not become work. Nor must a person's own changes: each machine takes a few a minute.
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
  UserRecords(Clock& clock, Random& random, crypto::Signatures& signatures, wire::Network& network,
              const membership::Membership& membership, const replica::RingView& view,
              store::HeadStore& store, wire::MemberId self);

  Task<Result<wire::Response>> serve(wire::Caller caller, wire::GetUserRecord request);
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::PutUserRecord request);
  Task<Result<wire::Response>> serve(wire::CompareRecords request);
  // Runs until it is dropped.
  Task<void> compare_with_others();

 private:
  // So many at once, and then one in so long.
  struct Allowance {
    double left = 0;
    TimePoint counted_at;
    bool take(TimePoint now, double at_once, Duration period);
  };
  Result<wire::Response> answer_stranger(const wire::LookupKey& lookup);
  // Kept if its person signed it and it outranks what is held (account::outranks).
  Task<Result<void>> keep(wire::UserRecord record);
  std::vector<wire::UserRecord> records() const;  // of persons whom the roster knows
  std::vector<wire::RecordMark> marks() const;
  std::optional<wire::MemberId> somebody_live();
  Task<bool> compare_with(wire::MemberId partner);
  Task<void> fetch(wire::MemberId partner, wire::PersonNumber person);

  Clock& clock_;
  Random& random_;
  crypto::Signatures& signatures_;
  wire::Network& network_;
  const membership::Membership& membership_;
  const replica::RingView& view_;
  store::HeadStore& store_;
  wire::MemberId self_;
  Allowance questions_;  // of all strangers
  std::map<wire::PersonNumber, Allowance> renewals_;
};

}  // namespace peerstore::node
