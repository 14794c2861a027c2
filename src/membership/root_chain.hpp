// The chain of root records: who may follow upon whom. Pure.
//
// A record of version n + 1 counts if the thresholds of version n and of its own admins signed it, keys
// counted once (The Update Framework, section 5.3: both, so that neither the old admins nor the new ones
// act alone). An older version never comes back. Two records of one version are a quarrel, or two admins
// who did not hear of each other: the one that takes the vote from those who signed the other stays;
// if neither does, the lower contents; if each does, whichever came first, until one of a later
// version, which all who take it for good follow. So a key that was removed cannot undo its removal, by
// however many records, and those who mean well end equal.
#pragma once

#include <peerstore/membership/statement.hpp>

namespace peerstore::membership {

struct SignedRoot {
  wire::StatementId id;
  crypto::SigningPublicKey signer;
  RootStatement record;
};

// Version 1.
SignedRoot first_root(const crypto::SigningPublicKey& root_key);

bool is_admin(const RootStatement& root, const crypto::SigningPublicKey& key);
// How many of `admins` signed.
std::size_t signatures_among(const std::vector<crypto::SigningPublicKey>& admins,
                             const crypto::SigningPublicKey& signer,
                             const std::vector<Countersignature>& also);
// All who signed are admins of one of the two.
bool is_signed_by_admins(const RootStatement& before, const SignedRoot& root);
bool follows(const RootStatement& before, const SignedRoot& next);
// Of two that follow upon `before`: does `other` take the place of `present`?
bool replaces(const RootStatement& before, const SignedRoot& present, const SignedRoot& other);
// Of two proposals of one admin.
bool is_better_proposal(const SignedRoot& present, const SignedRoot& other);

}  // namespace peerstore::membership
