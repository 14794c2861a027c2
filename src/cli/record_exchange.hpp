// Bringing this person's user record to those who keep it, and looking whether one of them has a newer one.
#pragma once

#include "owner_session.hpp"

namespace peerstore::cli {

// Who keeps a record of this person's now. Its own machines do, too, and count for nothing: they burn
// together, or are stolen together, with the one whose record it is.
struct Keepers {
  unsigned friends = 0;   // persons
  bool suffices = false;  // a friend has it; or, where the ring has nobody but its person, any machine
};
bool is_friend(OwnerSession& session, const wire::MemberId& id);
bool has_friends(OwnerSession& session);
// "2 friends keep"
std::string friends_in_words(unsigned friends);

// Requires session.enter().
Task<Keepers> publish_record(OwnerSession& session, wire::UserRecord record);
// The newest that a few of its keepers have, signed by its person; nothing if none is newer than the home's
// own.
Task<std::optional<wire::UserRecord>> newer_record(OwnerSession& session);
// The home has it from now on, if there is one: true. What this session has unlocked stays of before.
Task<Result<bool>> take_newer_record(OwnerSession& session);

// Makes `body` the person's next record: durable in this home before anybody is told of it, so that whatever
// stops it leaves the old one or the new one, whole. The key that unlocks this machine by itself goes first,
// if the new one has no place for it. Returns who keeps it; nobody if `is_entered` is false: then this
// home's node tells them later. Errc::busy if another machine changed the record meanwhile: that one is kept.
Task<Result<Keepers>> change_record(OwnerSession& session, const Home& home, bool is_entered,
                                    account::AccountFile file, account::RecordBody body);

}  // namespace peerstore::cli
