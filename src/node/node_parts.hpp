// The parts of a node, in the order in which they depend on one another: destroyed from the last
// to the first, so that nothing outlives what it uses. Private to node.cpp and node_service.cpp.
#pragma once

#include <peerstore/node/membership_view.hpp>
#include <peerstore/node/node.hpp>
#include <peerstore/replica/chunk_service.hpp>
#include <peerstore/replica/repair.hpp>
#include <peerstore/runtime/sync.hpp>
#include <peerstore/store/scrub.hpp>

#include "node/hearsay_network.hpp"
#include "node/incarnations.hpp"
#include "node/reporting_network.hpp"
#include "node/roster_acquaintances.hpp"
#include "node/roster_saver.hpp"
#include "node/silences.hpp"
#include "node/user_records.hpp"

namespace peerstore::node {

// What opening a node finds on disk.
struct Opened {
  membership::Roster roster;
  std::optional<crypto::Hash> roster_on_disk;  // its digest there, if it is there
  std::unique_ptr<Incarnations> incarnations;
  std::unique_ptr<store::ChunkStore> chunks;
  std::unique_ptr<store::HeadStore> heads;
  Silences silences;
};

struct Node::Parts {
  Parts(Environment the_environment, membership::Identity the_identity, Options the_options, Opened opened);

  // Answers to the questions that are not chord's or replica's alone.
  Task<Result<wire::Response>> admit(wire::Join request);
  Task<Result<wire::Response>> preview_join(wire::Caller caller, wire::PreviewJoin request);
  Task<wire::JoinShare> own_share(placement::Machine newcomer);
  Task<wire::JoinShare> share_of(wire::MemberId member, wire::PreviewJoin request);
  Result<wire::Response> notified(const wire::Caller& caller, const wire::Notify& request);
  wire::RosterDifference whereabouts(const wire::GetWhereabouts& request) const;

  // A new life begins: its number, told to everybody.
  std::uint64_t begin_life();
  // Others do not take this life for the present one, or remember a later one.
  void denied(std::uint64_t remembered);
  wire::Presence make_presence();
  Task<void> keep_incarnation();
  Task<void> mind_the_room();
  Task<void> keep_silences();
  Task<Result<void>> save_silences_now();
  Task<void> mind_the_budget();
  double cost_of_news() const;
  std::string name_of(const wire::MemberId& member) const;
  void follow(bool neighbours_only);

  Environment environment;
  membership::Identity identity;
  Options options;
  std::unique_ptr<Incarnations> incarnations;
  std::unique_ptr<store::ChunkStore> chunk_store;
  std::unique_ptr<store::HeadStore> head_store;
  membership::Membership membership;
  MembershipView view;
  ReportingNetwork network;
  HearsayNetwork ring_network;
  RosterSaver saver;
  RosterAcquaintances acquaintances;
  replica::Repair repair;
  store::Scrub scrub;
  replica::ChunkService service;
  UserRecords user_records;
  chord::ChordNode chord;
  bool started = false;
  bool keeping_incarnation = false;
  std::uint64_t life_remembered = 0;      // by others
  std::optional<TimePoint> overtaken_at;  // when a life last began for that
  std::uint64_t presence_sequence = 0;
  std::uint64_t room_told = 0;
  Silences silences_kept;   // on disk
  Semaphore join_previews;  // at a time
  TimePoint previews_from;  // the next is reckoned no sooner
  TaskScope scope;          // last: its tasks use everything above
};

}  // namespace peerstore::node
