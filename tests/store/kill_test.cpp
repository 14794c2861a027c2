// Real processes on the real disk, killed with SIGKILL in the midst of storing: what they
// acknowledged through a pipe must be there when the store opens again.
//
// The child is this very program, started anew (a database with threads does not survive a plain
// fork), told by the environment to run the disabled test at the end of this file.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <peerstore/os/real.hpp>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <store/test_machine.hpp>

namespace peerstore::store {
namespace {

constexpr const char* kHomeVariable = "PEERSTORE_KILL_TEST_HOME";
constexpr const char* kFirstSeedVariable = "PEERSTORE_KILL_TEST_FIRST_SEED";
constexpr int kReportPipe = 3;
constexpr ChunkStore::Options kOptions{.capacity = 1ULL << 30};

TestChunk chunk_of(std::uint64_t seed) { return make_chunk(seed, 1 + seed % 2); }

// A store on the real disk. The clock is virtual: nothing here waits for time.
struct RealMachine {
  explicit RealMachine(const std::string& home) {
    auto opened_disk = os::open_disk(home + "/disk");
    if (!opened_disk) throw std::runtime_error(opened_disk.error().message());
    disk = std::move(*opened_disk);
    auto opened_facts = os::open_key_value(home + "/facts");
    if (!opened_facts) throw std::runtime_error(opened_facts.error().message());
    facts = std::move(*opened_facts);
    auto opened = clock.run(ChunkStore::open(clock, *disk, *facts, workers, kOptions));
    if (!opened) throw std::runtime_error(opened.error().message());
    store = std::move(*opened);
  }
  bool begin(const TestChunk& chunk) { return clock.run(store->begin(chunk.held(), {})).has_value(); }
  bool put(const TestChunk& chunk, std::uint32_t index) {
    return clock.run(store->put_segment(chunk.address, index, chunk.segments[index])).has_value();
  }
  bool commit(const TestChunk& chunk) { return clock.run(store->commit(chunk.address)).has_value(); }
  bool remove(const TestChunk& chunk) { return clock.run(store->remove(chunk.address)).has_value(); }

  std::unique_ptr<Disk> disk;
  std::unique_ptr<KeyValue> facts;
  world::VirtualClock clock;
  world::InlineWorkers workers{clock};
  std::unique_ptr<ChunkStore> store;
};

struct Report {
  enum class What : std::uint64_t { progress = 0, kept = 1, removing = 2, removed = 3 } what;
  std::uint64_t seed;
};

// What the children reported, over all their lives.
struct Reported {
  std::set<std::uint64_t> kept;
  std::set<std::uint64_t> removed;
  std::set<std::uint64_t> latest;  // of the last child: kept or removed by it
  std::uint64_t next_seed = 0;

  void add(const Report& report) {
    if (report.what == Report::What::progress) return;
    next_seed = std::max(next_seed, report.seed + 1);
    latest.insert(report.seed);
    if (report.what == Report::What::kept) kept.insert(report.seed);
    if (report.what == Report::What::removing) kept.erase(report.seed);
    if (report.what == Report::What::removed) removed.insert(report.seed);
  }
};

// Starts a child, waits for a random number of its reports, kills it wherever it has come to in
// the meantime, and gathers what it had reported until then.
void run_child_and_kill_it(const std::string& home, Reported& reported, SeededRandom& random) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::setenv(kHomeVariable, home.c_str(), 1);
  ::setenv(kFirstSeedVariable, std::to_string(reported.next_seed).c_str(), 1);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::dup2(ends[1], kReportPipe) != kReportPipe) ::_exit(1);
    ::fcntl(kReportPipe, F_SETFD, 0);
    ::execl("/proc/self/exe", "store_test", "--gtest_also_run_disabled_tests", "--gtest_brief=1",
            "--gtest_filter=KillTest.DISABLED_StoresUntilItIsKilled", nullptr);
    ::_exit(1);
  }
  ::close(ends[1]);
  const std::uint64_t reports_wanted = random.below(80);
  bool killed = false;
  std::uint64_t reports = 0;
  reported.latest.clear();
  for (;;) {
    if (!killed && reports >= reports_wanted) {
      ::kill(child, SIGKILL);
      killed = true;
    }
    Report report{};
    const ssize_t size = ::read(ends[0], &report, sizeof report);
    if (size != sizeof report) break;
    reported.add(report);
    ++reports;
  }
  ::close(ends[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself";
}

void expect_held(RealMachine& machine, std::uint64_t seed) {
  const TestChunk chunk = chunk_of(seed);
  ASSERT_TRUE(machine.store->find(chunk.address)) << seed;
  for (std::uint32_t i = 0; i < chunk.segments.size(); ++i) {
    const auto data = machine.clock.run(machine.store->read_segment(chunk.address, i));
    ASSERT_TRUE(data) << data.error().message();
    ASSERT_TRUE(*data == chunk.segments[i]);
  }
}

void expect_books_balance(RealMachine& machine) {
  std::uint64_t bytes = 0;
  const auto folders = machine.disk->list("chunks");
  ASSERT_TRUE(folders);
  for (const Disk::Entry& folder : *folders) {
    const auto files = machine.disk->list("chunks/" + folder.name);
    ASSERT_TRUE(files);
    for (const Disk::Entry& file : *files) bytes += file.size;
  }
  const ChunkStore::Usage usage = machine.store->usage();
  EXPECT_EQ(usage.held, bytes) << "no temporaries, and nothing that is not counted";
  EXPECT_EQ(usage.quarantined, 0U);
}

TEST(KillTest, LosesNothingThatItAcknowledged) {
  std::string home = (std::filesystem::temp_directory_path() / "peerstore-kill-XXXXXX").string();
  ASSERT_NE(::mkdtemp(home.data()), nullptr);
  SeededRandom random(20260101);
  Reported reported;
  for (int life = 0; life < 20 && !testing::Test::HasFailure(); ++life) {
    SCOPED_TRACE(testing::Message() << "life " << life << " in " << home);
    run_child_and_kill_it(home, reported, random);
    if (testing::Test::HasFatalFailure()) break;
    if (life % 7 == 6) std::filesystem::remove_all(home + "/facts");
    RealMachine machine(home);
    for (const std::uint64_t seed : reported.latest) {
      if (reported.kept.contains(seed)) expect_held(machine, seed);
    }
    for (const std::uint64_t seed : reported.removed) {
      EXPECT_FALSE(machine.store->find(chunk_of(seed).address)) << seed;
    }
    expect_books_balance(machine);
  }
  EXPECT_GT(reported.kept.size(), 20U);
  EXPECT_GT(reported.removed.size(), 5U);
  {
    RealMachine machine(home);
    for (const std::uint64_t seed : reported.kept) expect_held(machine, seed);
  }
  if (!testing::Test::HasFailure()) std::filesystem::remove_all(home);
}

// The child: stores one chunk after another, with another one begun beside it, and removes every
// fourth again, until it is killed.
TEST(KillTest, DISABLED_StoresUntilItIsKilled) {
  const char* home = std::getenv(kHomeVariable);
  const char* first_seed = std::getenv(kFirstSeedVariable);
  if (home == nullptr || first_seed == nullptr) GTEST_SKIP() << "started by the test above only";
  const auto tell = [](Report::What what, std::uint64_t seed) {
    const Report report{what, seed};
    ASSERT_EQ(::write(kReportPipe, &report, sizeof report), static_cast<ssize_t>(sizeof report));
  };
  RealMachine machine(home);
  for (std::uint64_t seed = std::strtoull(first_seed, nullptr, 10);; ++seed) {
    const TestChunk chunk = chunk_of(seed);
    const TestChunk next = chunk_of(seed + 1);
    tell(Report::What::progress, seed);
    ASSERT_TRUE(machine.begin(chunk));
    ASSERT_TRUE(machine.begin(next));
    tell(Report::What::progress, seed);
    for (std::uint32_t i = 0; i < chunk.segments.size(); ++i) ASSERT_TRUE(machine.put(chunk, i));
    tell(Report::What::progress, seed);
    ASSERT_TRUE(machine.put(next, 0));
    tell(Report::What::progress, seed);
    ASSERT_TRUE(machine.commit(chunk));
    tell(Report::What::kept, seed);
    if (seed % 4 != 3) continue;
    tell(Report::What::removing, seed);
    ASSERT_TRUE(machine.remove(chunk));
    tell(Report::What::removed, seed);
  }
}

}  // namespace
}  // namespace peerstore::store
