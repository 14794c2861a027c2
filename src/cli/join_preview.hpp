// What would come to a machine if it joined: each friend reckons what it would bring, and nobody is let in.
#pragma once

#include "exit_codes.hpp"
#include "output.hpp"

#include <peerstore/membership/identity.hpp>
#include <peerstore/membership/invitation.hpp>

namespace peerstore::cli {

Exit preview_join(const Output& output, const membership::InvitationLink& link,
                  const membership::Identity& identity, std::uint64_t bytes_given);

// In lines for people. Pure.
std::string join_preview_in_words(const std::vector<wire::JoinShare>& shares, std::uint64_t bytes_given);

}  // namespace peerstore::cli
