// Bringing this person's user record to those who keep it, and looking whether one of them has a newer one.
#pragma once

#include "owner_session.hpp"

namespace peerstore::cli {

// How many members keep it now. Requires session.enter().
Task<unsigned> publish_record(OwnerSession& session, wire::UserRecord record);
// The newest that a few of its keepers have, signed by its person; nothing if none is newer than the home's
// own.
Task<std::optional<wire::UserRecord>> newer_record(OwnerSession& session);
// The home has it from now on, if there is one: true. What this session has unlocked stays of before.
Task<Result<bool>> take_newer_record(OwnerSession& session);

// Makes `body` the person's next record: durable in this home before anybody is told of it, so that whatever
// stops it leaves the old one or the new one, whole. The key that unlocks this machine by itself goes first,
// if the new one has no place for it. Returns how many members keep it; 0 if `is_entered` is false: then this
// home's node tells them later. Errc::busy if another machine changed the record meanwhile: that one is kept.
Task<Result<unsigned>> change_record(OwnerSession& session, const Home& home, bool is_entered,
                                     account::AccountFile file, account::RecordBody body);

}  // namespace peerstore::cli
