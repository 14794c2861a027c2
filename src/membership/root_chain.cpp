#include "root_chain.hpp"

#include <algorithm>
#include <tuple>

namespace peerstore::membership {

namespace {

using Key = crypto::SigningPublicKey;

auto contents(const RootStatement& root) {
  return std::tie(root.attempt, root.threshold, root.admins, root.kept);
}

std::size_t signatures(const SignedRoot& root) { return 1 + root.record.also.size(); }

// The admins of `before` who signed `other`, without those whom `root` removes, are too few.
bool takes_the_vote_from(const RootStatement& before, const SignedRoot& root, const SignedRoot& other) {
  std::vector<Key> staying;
  std::ranges::set_intersection(before.admins, root.record.admins, std::back_inserter(staying));
  return signatures_among(staying, other.signer, other.record.also) < before.threshold;
}

}  // namespace

SignedRoot first_root(const Key& root_key) {
  SignedRoot first;
  first.signer = root_key;
  first.record.version = 1;
  first.record.admins = {root_key};
  return first;
}

bool is_admin(const RootStatement& root, const Key& key) {
  return std::ranges::binary_search(root.admins, key);
}

std::size_t signatures_among(const std::vector<Key>& admins, const Key& signer,
                             const std::vector<Countersignature>& also) {
  const auto counts = [&](const Key& key) { return std::ranges::binary_search(admins, key); };
  const auto others = std::ranges::count_if(
      also, [&](const Countersignature& one) { return one.key != signer && counts(one.key); });
  return static_cast<std::size_t>(others) + (counts(signer) ? 1 : 0);
}

bool is_signed_by_admins(const RootStatement& before, const SignedRoot& root) {
  std::vector<Key> either;
  std::ranges::set_union(before.admins, root.record.admins, std::back_inserter(either));
  return signatures_among(either, root.signer, root.record.also) == signatures(root);
}

bool follows(const RootStatement& before, const SignedRoot& next) {
  const RootStatement& root = next.record;
  return root.version == before.version + 1 &&
         signatures_among(before.admins, next.signer, root.also) >= before.threshold &&
         signatures_among(root.admins, next.signer, root.also) >= root.threshold;
}

bool replaces(const RootStatement& before, const SignedRoot& present, const SignedRoot& other) {
  if (contents(present.record) == contents(other.record)) {
    if (signatures(other) != signatures(present)) return signatures(other) > signatures(present);
    return other.id < present.id;
  }
  const bool present_stands = takes_the_vote_from(before, present, other);
  if (present_stands || takes_the_vote_from(before, other, present)) return !present_stands;
  return contents(other.record) < contents(present.record);
}

bool is_better_proposal(const SignedRoot& present, const SignedRoot& other) {
  if (other.record.attempt != present.record.attempt) return other.record.attempt > present.record.attempt;
  if (signatures(other) != signatures(present)) return signatures(other) > signatures(present);
  return other.id < present.id;
}

}  // namespace peerstore::membership
