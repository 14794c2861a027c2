// Repair: moves the copies of chunks towards where the map says they belong.
//
// Every machine walks the chunks it holds and reckons for each who should hold it: the first
// members of the preference list who have neither left nor been away for longer than the grace.
// To each of these it offers the chunk until that member has said "I have it"; whoever lacks it
// pulls it, verifies it and stores it as if its owner had sent it. So a departure is mended at
// once, a stand-in hands over when the preferred holder is back, and a machine that merely
// sleeps moves nothing (Carbonite, NSDI 2006: durability is not availability).
//
// A chunk that was found damaged or gone here is wanted back at once: looked at again, and if it is bad
// still, pulled from whoever has it, or a part of it; the segments that the bad file still has as they should
// be are taken from there.
//
// A preferred holder that is full and lacks the chunk is passed over: the next of the list takes a copy and
// keeps it until there is room where it belongs. Who is full is hearsay, so it only ever adds copies.
//
// A stand-in drops its copy when every preferred holder, as many as the policy wants copies, has just shown
// that it has its own (repair_hand_over.cpp); nothing else here ever removes a copy. Repair bends no rule: a
// machine pulls only what its own reckoning says it should hold, or what it held, and what its owner leased,
// so a lying member cannot make it keep anything else; what its owner deleted it does not take back, and
// tells the one who offers it. What is held by an older lease than another's is written anew by the newer
// one, or no pledge for it would ever count.
//
// A quiet ring is quiet: what a member has confirmed in its present life is not offered to it
// again for some days, and while neither the map, nor the chunks held, nor the members concerned
// change, no message is sent. When a life begins, or those days are over, two machines first compare digests
// of what both should hold (repair_compare.cpp), and only what differs is offered.
// Memory: eight bytes (and the set's own) for each chunk and each other holder.
#pragma once

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/replica/ring_view.hpp>
#include <peerstore/replica/slow_sources.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/runtime/scope.hpp>
#include <peerstore/store/chunk_store.hpp>
#include <peerstore/store/head_store.hpp>
#include <peerstore/wire/network.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_set>

namespace peerstore::replica {

class Repair {
 public:
  struct Options {
    Duration period = std::chrono::minutes(1);
    Duration after_change = std::chrono::seconds(3);  // the first round after the ring changed
    unsigned slow_down = 16;                          // offers that move nothing become up to this much rarer
    // What a member said that it has, is asked again after this: it may have lost it and not know.
    Duration asked_again_after = std::chrono::hours(72);
    std::size_t offers_per_message = 512;
    std::size_t compared_from = 64;     // chunks that a member has not confirmed; fewer are offered at once
    std::size_t chunks_per_turn = 128;  // reckoned before others get their turn on the loop
    std::size_t pulls_at_once = 2;
    std::size_t pulls_waiting = 8192;  // offers beyond these are forgotten, and come again
    std::size_t sources = 8;           // members that are asked for a chunk that was lost here
    std::size_t heads_from = 3;        // members asked for the heads that this one should keep
  };
  struct Counters {
    std::uint64_t offered = 0;   // chunks, counted once for each member asked
    std::uint64_t compared = 0;  // questions for a comparison, one for each member asked
    std::uint64_t pulled = 0;
    std::uint64_t pull_failures = 0;
    std::uint64_t segments_pulled = 0;
    std::uint64_t handed_over = 0;  // copies dropped, which the preferred holders have
    std::uint64_t lost = 0;         // chunks found damaged or gone here
  };

  // References must outlive this.
  Repair(Clock& clock, Random& random, Entropy& entropy, crypto::Signatures& signatures,
         wire::Network& network, const RingView& view, store::ChunkStore& chunks, store::HeadStore& heads,
         wire::MemberId self, wire::PersonNumber person, Options options);

  // Runs until this is destroyed.
  void start();
  // The roster changed, or this machine began a new life: do not wait for the next period.
  void ring_changed();
  // `from` says that it holds these and that this machine should: pulled in the background.
  void offered(wire::MemberId from, std::vector<wire::ChunkAddress> lacking);
  // May `caller` drop its copies, because this machine keeps its own?
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::PledgeChunks request);
  // Does this machine hold the same of what both should hold?
  Task<Result<wire::Response>> serve(wire::Caller caller, wire::CompareChunks request);
  // What the store tells (ChunkStore::on_change).
  void chunk_changed(const store::ChunkFacts& facts, store::ChunkStore::Change change);

  // Copies known to be missing that somebody could make now: to be pulled here, or offered
  // from here to members who answered that they lack them.
  struct Work {
    std::uint64_t to_pull = 0;  // at most pulls_waiting of what friends offered
    std::uint64_t to_give = 0;
    std::uint64_t bytes_per_second = 0;  // that came in since there is something to pull; 0: not known
  };
  Work work() const;
  std::uint64_t pending() const;  // both together
  const Counters& counters() const { return counters_; }

  // What this machine holds and need not, by the last round; and why it still has it.
  struct Surplus {
    std::uint64_t chunks = 0;
    std::uint64_t without_a_place = 0;          // of them: the ring has too few others who may hold them
    std::set<wire::MemberId> waiting_for = {};  // preferred holders that are away
  };
  const Surplus& surplus() const { return surplus_; }
  // Who is live and should hold chunks that are here, but had not said by the last round that it does.
  std::vector<wire::MemberId> lacking() const;
  // What others would have to take if this machine gave no space any more.
  struct Preview {
    std::map<wire::MemberId, std::uint64_t> bytes;
    std::uint64_t chunks = 0;           // held here
    std::uint64_t without_a_place = 0;  // of them
  };
  Task<Preview> preview_without_self();
  // What this machine would bring to one that came, in the name of all who hold the same, and what it would
  // keep no longer.
  struct Share {
    std::uint64_t chunks = 0;
    std::uint64_t bytes = 0;
    std::uint64_t bytes_freed = 0;
  };
  Task<Share> preview_with(placement::Machine newcomer);

  // Who should hold the chunk now: the first of its preference list, as many as the policy wants
  // copies, without those who are gone or have been away for longer than the grace.
  static std::vector<wire::MemberId> targets(const placement::Map& map, const RingView& view,
                                             const placement::ChunkPlace& chunk);

 private:
  using Counts = std::function<bool(const wire::MemberId&)>;
  static std::vector<wire::MemberId> first_of(const placement::Map& map, const placement::ChunkPlace& chunk,
                                              const Counts& counts);
  // What this machine knows of another that should hold some of its chunks.
  struct Partner {
    std::uint64_t incarnation = 0;
    std::unordered_set<std::uint64_t> confirmed;  // the first 8 bytes of addresses
    TimePoint confirmed_since;                    // the oldest of them
    // By the round before. What it should hold no longer it may drop, so its word for that is forgotten.
    std::unordered_set<std::uint64_t> confirmed_before;
    std::unordered_set<std::uint64_t> lacks;  // as it said when it was full
    std::uint64_t owing = 0;                  // chunks it has not confirmed, by the last round
    bool answers = false;                     // was live, and did not fail since
    bool counts = true;                       // as a holder: not away for longer than the grace
    // Nobody knows what it has, since its life, this one, or the time to ask again began.
    bool is_to_compare = true;
    std::optional<TimePoint> compared_first;  // without an answer that settles it
    bool is_put_off = false;                  // its comparison, by the last round: it comes again
    // What that one was about, which is not offered meanwhile; in order, and only while a round goes on.
    std::vector<std::uint64_t> put_off;
  };
  struct Comparison;  // that this machine asks for
  struct Asked;       // that another does
  struct Held {
    wire::ChunkAddress address;
    placement::ChunkPlace place;
  };
  // A chunk to be pulled.
  struct Wanted {
    std::vector<wire::MemberId> from;  // who said that they have it; of a lost one, who may
    bool was_held = false;             // and lost: it is wanted back whatever the map says
    std::uint64_t lease = 0;           // what is held by an older one is wanted all the same
    bool under_way = false;
    std::optional<wire::PersonNumber> brought_by;  // who offered it first
    std::optional<TimePoint> give_up_at;           // since somebody asked to come again for it
  };
  // Whose heads this machine keeps: of persons whose head place lies in (from, self]. A new life
  // collects anew what was published while it slept.
  struct HeadDuty {
    ring::Id from;
    std::uint64_t incarnation = 0;
    bool operator==(const HeadDuty&) const = default;
  };
  // Waits until next_look_, which ring_changed() may bring nearer.
  struct NextLook;

  Task<void> run();
  Duration pace() const;
  bool has_news() const;
  bool is_owed_by_live() const;
  bool is_old(const Partner& partner) const;
  static std::uint64_t short_form(const wire::ChunkAddress& address);
  Task<void> round();
  std::vector<Held> held_chunks();
  // All that is held, in turns, so that the node answers meanwhile. What comes and goes may be seen or not.
  // Reports that some could not be read; the others were seen.
  using Visit = std::function<void(const store::ChunkFacts&, const placement::ChunkPlace&)>;
  Task<Result<void>> walk(Visit visit);
  void refresh_partners(const placement::Map& map);
  Partner& partner_of(const wire::MemberId& member);
  Task<void> offer(wire::MemberId member, std::vector<wire::ChunkAddress> addresses);

  using Map = std::shared_ptr<const placement::Map>;
  Task<void> compare(Map map, const std::vector<Held>& held);
  std::map<wire::MemberId, Comparison> comparisons_due(const placement::Map& map);
  Task<void> compare_with(Comparison& own, std::uint64_t map_mark);
  Task<void> answer_comparisons();
  Task<void> answer_together(std::vector<std::shared_ptr<Asked>> together);

  bool is_passed_over(const wire::MemberId& member, const wire::ChunkAddress& address) const;
  std::vector<wire::MemberId> offered_to(const placement::Map& map, const Held& chunk,
                                         const std::vector<wire::MemberId>& holders) const;
  // On whose word this machine may drop its copy: the preferred holders, those that are passed over left out.
  std::vector<wire::MemberId> takers(const placement::Map& map, const Held& chunk) const;
  bool may_stand_in(const placement::ChunkPlace& place) const;
  void note_if_surplus(const placement::Map& map, const Held& chunk,
                       const std::vector<wire::MemberId>& holders);
  bool may_be_handed_over(const placement::Map& map, const Held& chunk) const;
  Task<void> hand_over();
  Task<std::size_t> hand_over_some(Map map, std::vector<Held> batch);
  Task<void> ask_for_pledges(wire::MemberId member, wire::PledgeChunks question,
                             const std::map<wire::ChunkAddress, crypto::Hash>& expected,
                             std::map<wire::ChunkAddress, std::size_t>& pledges);
  Task<crypto::Hash> proof(wire::ChunkAddress address, std::uint64_t challenge);
  bool should_keep(const store::ChunkFacts& held, std::uint64_t map_mark);
  // Equal for two machines that reckon alike who should hold what.
  std::uint64_t mark_of(const Map& map);

  void note_lost(const store::ChunkFacts& facts);
  void want_back_lost();
  struct Lost;
  bool is_given_up(const wire::ChunkAddress& address, const Lost& what) const;
  void want_back(const wire::ChunkAddress& address, const Lost& what);
  // By `from`, who says that it holds them. `lease`, of those that are held here by an older one; else 0.
  void want(const wire::MemberId& from, const std::vector<wire::ChunkAddress>& addresses,
            std::uint64_t lease);
  void start_pulling();
  void measure_anew();
  TimePoint turn_of(const Wanted& wanted) const;
  std::map<wire::ChunkAddress, Wanted>::iterator rarest();
  Task<void> pull_loop();
  Task<Result<void>> pull(wire::ChunkAddress address, Wanted wanted, std::vector<wire::MemberId>& patient);
  bool come_again(Wanted& wanted, const std::vector<wire::MemberId>& asked,
                  const std::vector<wire::MemberId>& patient);
  Task<Result<void>> pull_from(wire::MemberId source, wire::ChunkAddress address, bool was_held,
                               std::optional<placement::ChunkPlace>& place, bool& is_busy);
  void add_sources(const placement::ChunkPlace& place, Wanted& wanted);
  Task<Result<void>> fetch(wire::MemberId source, wire::ChunkAddress address,
                           std::vector<std::uint32_t> segments);
  Task<void> pass_on(wire::MemberId member, wire::Deletion deletion);
  Result<void> check_offer(const wire::ChunkAddress& address, const wire::DescriptionReply& offered,
                           bool was_held) const;

  HeadDuty head_duty(const placement::Map& map) const;
  Task<void> collect_heads();
  Task<bool> collect_heads_of(wire::PersonNumber person);

  Clock& clock_;
  Random& random_;
  Entropy& entropy_;
  crypto::Signatures& signatures_;
  wire::Network& network_;
  const RingView& view_;
  store::ChunkStore& chunks_;
  store::HeadStore& heads_;
  wire::MemberId self_;
  wire::PersonNumber person_;
  Options options_;

  std::map<wire::MemberId, Partner> partners_;
  std::shared_ptr<const placement::Map> map_of_last_round_;
  bool chunks_changed_ = false;  // since the last round began: kept, removed or lost
  std::uint64_t confirmed_in_round_ = 0;
  bool stand_ins_may_go_ = false;  // somebody who was passed over has said since that it has the chunk

  Surplus surplus_;                       // by the last round
  Surplus surplus_being_found_;           // by the one that goes on
  std::vector<Held> to_hand_over_;        // of the surplus: as soon as the preferred holders pledge theirs
  std::set<wire::ChunkAddress> leaving_;  // about to be dropped: not pledged any more
  TimePoint hand_over_at_;
  unsigned hand_over_patience_ = 1;
  bool asked_for_pledges_ = false;   // in the last hand-over
  std::set<wire::MemberId> askers_;  // for pledges, who are being answered
  std::set<wire::MemberId> silent_;  // who gave no pledge in this hand-over
  Map marked_map_;
  std::uint64_t mark_ = 0;  // of that map
  std::optional<HeadDuty> heads_collected_;

  std::vector<std::shared_ptr<Asked>> asked_;     // and wait for a walk over the chunks
  bool is_answering_ = false;                     // comparisons
  TimePoint answered_at_;                         // the walk before began
  std::map<wire::MemberId, TimePoint> answered_;  // who was lately, or will be soon
  bool is_reckoning_ = false;                     // a walk is under way
  std::vector<std::uint64_t> gone_meanwhile_;     // removed or lost during that walk

  std::map<wire::ChunkAddress, Wanted> wanted_;
  SlowSources slow_sources_;
  std::size_t pulling_ = 0;
  TimePoint pulling_since_;
  std::uint64_t segments_before_ = 0;  // pulled until then
  struct Lost {
    placement::ChunkPlace place;
    std::uint64_t lease = 0;
  };
  std::map<wire::ChunkAddress, Lost> lost_;  // here, and not healed yet
  TimePoint want_back_at_;
  unsigned want_back_patience_ = 1;

  Counters counters_;
  ResumeTimer alarm_;
  TimePoint next_look_;
  bool waiting_ = false;
  TaskScope scope_;  // last: its tasks use everything above
};

}  // namespace peerstore::replica
