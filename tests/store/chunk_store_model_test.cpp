// The store against a twin that is a std::map and a few sums: random calls, time that passes,
// restarts and power cuts; every answer is foretold.
#include <set>
#include <store/test_machine.hpp>

namespace peerstore::store {
namespace {

constexpr Duration kLife = 5min;
constexpr std::size_t kWritesAtOnce = 3;

struct ModelChunk {
  enum class State : std::uint8_t { absent, incoming, held } state = State::absent;
  std::set<std::uint32_t> present;
  TimePoint touched;
};

struct ModelReservation {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  TimePoint expires;
};

class Twins {
 public:
  explicit Twins(std::uint64_t seed) : random_(seed) {
    for (std::uint64_t i = 0; i < 8; ++i) chunks_.push_back(make_chunk(i, 1 + i % 2));
    options_.capacity = 5 * chunks_[1].bytes;
    options_.reservation_life = kLife;
    options_.writes_at_once = kWritesAtOnce;
    machine_ = std::make_unique<TestMachine>(options_);
    machine_->open();
  }

  void step() {
    machine_->clock.run_for(std::chrono::seconds(random_.below(30)));
    expire();
    const std::size_t which = random_.below(chunks_.size());
    switch (random_.below(14)) {
      case 0: return reserve();
      case 1:
      case 2: return begin(which);
      case 3:
      case 4:
      case 5:
      case 6: return put_segment(which);
      case 7:
      case 8: return commit(which);
      case 9: return read(which);
      case 10: return remove(which);
      case 11: return describe(which);
      case 12: return restart();
      default: machine_->clock.run_for(std::chrono::minutes(random_.below(4)));
    }
  }

  void compare() {
    expire();
    std::uint64_t held = 0;
    std::uint64_t promised = 0;
    for (const auto& [which, chunk] : model_) {
      if (chunk.state == ModelChunk::State::held) held += chunks_[which].bytes;
      if (chunk.state == ModelChunk::State::incoming) promised += chunks_[which].bytes;
      ASSERT_EQ(machine_->holds(chunks_[which]), chunk.state == ModelChunk::State::held);
    }
    for (const ModelReservation& reservation : reservations_) promised += reservation.bytes;
    const ChunkStore::Usage usage = machine_->store->usage();
    ASSERT_EQ(usage.held, held);
    ASSERT_EQ(usage.promised, promised);
    ASSERT_LE(held + promised, usage.capacity);
    ASSERT_NO_FATAL_FAILURE(machine_->expect_books_balance());
  }

 private:
  using State = ModelChunk::State;
  TimePoint now() const { return machine_->clock.now(); }
  void expire() {
    std::erase_if(reservations_, [this](const auto& reservation) { return reservation.expires <= now(); });
  }
  std::uint64_t room() const {
    std::uint64_t used = 0;
    for (const auto& [which, chunk] : model_) {
      if (chunk.state != State::absent) used += chunks_[which].bytes;
    }
    for (const ModelReservation& reservation : reservations_) used += reservation.bytes;
    return options_.capacity - used;
  }
  std::size_t writes() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        model_, [](const auto& entry) { return entry.second.state == State::incoming; }));
  }
  void drop_idle(Duration life = kLife) {
    for (auto& [which, chunk] : model_) {
      if (chunk.state == State::incoming && chunk.touched + life <= now()) chunk = {};
    }
  }

  void reserve() {
    const std::uint64_t bytes = 1 + random_.below(2 * chunks_[1].bytes);
    if (bytes > room()) drop_idle();
    const auto granted = machine_->store->reserve(bytes);
    ASSERT_EQ(granted.has_value(), bytes <= room());
    if (granted) reservations_.push_back({*granted, bytes, now() + kLife});
  }

  void begin(std::size_t which) {
    const TestChunk& chunk = chunks_[which];
    ModelReservation none;
    ModelReservation& reservation =
        reservations_.empty() ? none : reservations_[random_.below(reservations_.size())];
    const auto missing = machine_->begin(chunk, reservation.number);
    if (model_[which].state == State::held) {
      ASSERT_TRUE(missing && missing->empty());
      return;
    }
    if (model_[which].state == State::absent) {
      if (writes() >= kWritesAtOnce) drop_idle(1min);
      if (writes() >= kWritesAtOnce) {
        ASSERT_EQ(missing.error().code, Errc::busy);
        return;
      }
      const std::uint64_t covered = std::min(reservation.bytes, chunk.bytes);
      if (chunk.bytes - covered > room()) drop_idle();
      if (chunk.bytes - covered > room()) {
        ASSERT_EQ(missing.error().code, Errc::full);
        return;
      }
      reservation.bytes -= covered;
      model_[which].state = State::incoming;
    }
    model_[which].touched = now();
    ASSERT_TRUE(missing) << missing.error().message();
    ASSERT_EQ(missing->size() + model_[which].present.size(), chunk.segments.size());
    for (const std::uint32_t index : *missing) ASSERT_FALSE(model_[which].present.contains(index));
  }

  void put_segment(std::size_t which) {
    ModelChunk& model = model_[which];
    const auto index = static_cast<std::uint32_t>(random_.below(chunks_[which].segments.size()));
    const bool wrong = random_.below(6) == 0;
    const SharedBytes data =
        wrong ? chunks_[(which + 1) % chunks_.size()].segments[0] : chunks_[which].segments[index];
    const auto done = machine_->clock.run(machine_->store->put_segment(chunks_[which].address, index, data));
    if (model.state == State::absent) {
      ASSERT_EQ(done.error().code, Errc::not_found);
      return;
    }
    if (model.state == State::incoming) model.touched = now();
    if (model.state == State::incoming && !model.present.contains(index)) {
      ASSERT_EQ(done.has_value(), !wrong);
      if (!wrong) model.present.insert(index);
      return;
    }
    ASSERT_TRUE(done);
  }

  void commit(std::size_t which) {
    ModelChunk& model = model_[which];
    const auto done = machine_->commit(chunks_[which]);
    if (model.state == State::absent) {
      ASSERT_EQ(done.error().code, Errc::not_found);
    } else if (model.state == State::incoming && model.present.size() < chunks_[which].segments.size()) {
      ASSERT_EQ(done.error().code, Errc::invalid);
      model.touched = now();
    } else {
      ASSERT_TRUE(done) << done.error().message();
      model.state = State::held;
    }
  }

  void read(std::size_t which) {
    const auto data = machine_->read(chunks_[which], 0);
    ASSERT_EQ(data.has_value(), model_[which].state == State::held);
    if (data) ASSERT_TRUE(*data == chunks_[which].segments[0]);
  }

  void describe(std::size_t which) {
    const auto description = machine_->describe(chunks_[which]);
    ASSERT_EQ(description.has_value(), model_[which].state == State::held);
    if (description) ASSERT_EQ(*description, chunks_[which].held());
  }

  void remove(std::size_t which) {
    const auto done = machine_->remove(chunks_[which]);
    ASSERT_EQ(done.has_value(), model_[which].state == State::held);
    if (done) model_[which] = {};
  }

  void restart() {
    const std::uint64_t how = random_.below(4);
    if (how == 0) {
      machine_->open();
    } else if (how == 1) {
      machine_->lose_facts();
      machine_->open();
    } else {
      machine_ = machine_->after_crash(how == 2 ? Unsynced::dropped : Unsynced::kept, Unsynced::torn,
                                       random_.below(10));
      machine_->open();
    }
    reservations_.clear();
    for (auto& [which, chunk] : model_) {
      if (chunk.state == State::incoming) chunk = {};
    }
  }

  SeededRandom random_;
  ChunkStore::Options options_;
  std::vector<TestChunk> chunks_;
  std::unique_ptr<TestMachine> machine_;
  std::map<std::size_t, ModelChunk> model_;
  std::vector<ModelReservation> reservations_;
};

TEST(ChunkStoreModel, AnswersAsItsTwinForetells) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Twins twins(seed);
    for (int step = 0; step < 150; ++step) {
      SCOPED_TRACE(testing::Message() << "step " << step);
      twins.step();
      if (testing::Test::HasFatalFailure()) return;
      ASSERT_NO_FATAL_FAILURE(twins.compare());
    }
  }
}

}  // namespace
}  // namespace peerstore::store
