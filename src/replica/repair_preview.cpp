// What would move if a machine went, or came: told to people beforehand.
#include <peerstore/replica/repair.hpp>
#include <peerstore/runtime/combine.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace peerstore::replica {

namespace {

constexpr std::size_t kAddressesInQuestion = 512;
constexpr std::size_t kAskedAtOnce = 16;
constexpr Duration kPatience = std::chrono::seconds(3);  // with one who is live; somebody waits for the sum

// Chunks that this machine has, and which of them nobody before it in line has.
class InLine {
 public:
  struct Chunk {
    wire::ChunkAddress address;
    std::uint64_t bytes = 0;
    std::vector<wire::MemberId> before;  // the first of the line first
    bool is_with_another = false;
  };

  InLine(Clock& clock, wire::Network& network) : clock_(clock), network_(network) {}

  void add(Chunk chunk) { chunks_.push_back(std::move(chunk)); }

  // Who does not answer holds nothing: nobody hears from it what it would bring.
  Task<std::vector<Chunk>> not_held_before() {
    for (std::size_t place = 0;; ++place) {
      std::map<wire::MemberId, std::vector<std::size_t>> questions;
      for (std::size_t i = 0; i < chunks_.size(); ++i) {
        if (chunks_[i].before.size() > place) questions[chunks_[i].before[place]].push_back(i);
      }
      if (questions.empty()) break;
      std::vector<Question> all(questions.begin(), questions.end());
      const auto ask_one = [this](Question question) { return ask(std::move(question)); };
      co_await for_each_bounded(clock_, kAskedAtOnce, std::move(all), ask_one);
      std::erase_if(chunks_, [](const Chunk& chunk) { return chunk.is_with_another; });
    }
    co_return std::move(chunks_);
  }

 private:
  using Question = std::pair<wire::MemberId, std::vector<std::size_t>>;

  Task<void> ask(Question question) {
    const auto& [member, indices] = question;
    for (std::size_t done = 0; done < indices.size() && !silent_.contains(member);) {
      const std::size_t count = std::min(kAddressesInQuestion, indices.size() - done);
      wire::HaveChunks have;
      for (std::size_t i = 0; i < count; ++i) have.addresses.push_back(chunks_[indices[done + i]].address);
      const Result<wire::HaveReply> reply = co_await wire::ask(network_, member, std::move(have), kPatience);
      if (!reply || reply->have.size() != count) {
        silent_.insert(member);
        co_return;
      }
      for (std::size_t i = 0; i < count; ++i) {
        if (reply->have[i] == 1) chunks_[indices[done + i]].is_with_another = true;
      }
      done += count;
    }
  }

  Clock& clock_;
  wire::Network& network_;
  std::vector<Chunk> chunks_;
  std::set<wire::MemberId> silent_;
};

}  // namespace

// ---- before a machine is emptied ----

Task<Repair::Preview> Repair::preview_without_self() {
  const Map now = view_.map();
  const std::size_t copies = now->policy().copies;
  std::vector<placement::Machine> others = now->machines();
  std::erase_if(others, [this](const placement::Machine& machine) { return machine.id == self_; });
  const placement::Map after(now->policy(), std::move(others));
  Preview preview;
  // What cannot be read cannot be brought to others. The store reports and mends it.
  (void)co_await walk([&](const store::ChunkFacts& facts, const placement::ChunkPlace& place) {
    ++preview.chunks;
    const auto keeps = [&](const wire::MemberId& member) {
      return member == self_ || (view_.is_there(member) && !is_passed_over(member, facts.address));
    };
    const auto before = first_of(*now, place, keeps);
    // Who is full takes nothing new.
    const auto takes = [&](const wire::MemberId& member) {
      return contains(before, member) || (view_.is_there(member) && !view_.is_full(member));
    };
    const auto then = first_of(after, place, takes);
    if (then.size() < copies) ++preview.without_a_place;
    for (const wire::MemberId& member : then) {
      if (!contains(before, member)) preview.bytes[member] += store::stored_bytes(facts.header);
    }
  });
  co_return preview;
}

// ---- before a machine comes ----

// Each chunk that the newcomer should hold is counted by one machine: of those that have it and are live, by
// the first in line. Whose place the newcomer takes comes first, then the others that should hold it, then
// those that have it because none of these is awake. Who really has it nobody else knows for sure: one may be
// full, or have lost it. So each asks those before it in line.
Task<Repair::Share> Repair::preview_with(placement::Machine newcomer) {
  const Map now = view_.map();
  std::vector<placement::Machine> all = now->machines();
  all.push_back(newcomer);
  const placement::Map after(now->policy(), std::move(all));
  const auto is_live = [this](const wire::MemberId& member) {
    return member == self_ || view_.standing(member) == Standing::live;
  };
  Share share;
  InLine in_line(clock_, network_);
  // What cannot be read cannot be brought. The store reports and mends it.
  (void)co_await walk([&](const store::ChunkFacts& facts, const placement::ChunkPlace& place) {
    const auto may_take = [&](const wire::MemberId& member) {
      return member == newcomer.id || (view_.is_there(member) && !is_passed_over(member, facts.address));
    };
    const auto then = first_of(after, place, may_take);
    if (!contains(then, newcomer.id)) return;
    std::vector<wire::MemberId> line = first_of(*now, place, may_take);
    const auto displaced =
        std::ranges::find_if(line, [&](const wire::MemberId& member) { return !contains(then, member); });
    if (displaced != line.end()) std::rotate(line.begin(), displaced, displaced + 1);
    const std::uint64_t bytes = store::stored_bytes(facts.header);
    if (contains(line, self_) && !contains(then, self_)) share.bytes_freed += bytes;
    if (!contains(line, self_)) {
      const auto stand_ins = first_of(*now, place, [&](const wire::MemberId& member) {
        return is_live(member) && !is_passed_over(member, facts.address);
      });
      std::ranges::copy_if(stand_ins, std::back_inserter(line),
                           [&](const wire::MemberId& member) { return !contains(line, member); });
    }
    line.erase(std::ranges::find(line, self_), line.end());
    std::erase_if(line, [&](const wire::MemberId& member) { return !is_live(member); });
    in_line.add({facts.address, bytes, std::move(line)});
  });
  const std::vector<InLine::Chunk> own = co_await in_line.not_held_before();
  for (const InLine::Chunk& chunk : own) {
    ++share.chunks;
    share.bytes += chunk.bytes;
  }
  co_return share;
}

}  // namespace peerstore::replica
