// A machine on its way to holding nothing: what its owner states of it, and how far it is.
//
// It states that it gives no space any more. Everybody hears it, counts on it no longer, and takes what it
// holds; its node drops each piece when those who should have it have shown theirs. All of that goes on in
// the node: a command states it, and then only watches.
#pragma once

#include "owner_session.hpp"

namespace peerstore::cli {

// What has to be there to begin: a home, and its node. Says so if it is not.
std::optional<Exit> flaw_of_drain(const Home& home, const Output& output);

// Tells the ring that this machine gives so many bytes from now on.
Task<Exit> state_space(OwnerSession& session, const Output& output, std::uint64_t bytes);

// Tells how far it is now and then. Exit::try_later if only a further friend can help; Exit::interrupted by a
// signal, after which the node goes on.
Exit watch_until_empty(const Home& home, const Output& output);

// "1 piece", "3 pieces".
std::string pieces(std::uint64_t count);

}  // namespace peerstore::cli
