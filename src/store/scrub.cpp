#include "store/layout.hpp"

#include <peerstore/store/scrub.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace peerstore::store {

namespace {

constexpr std::string_view kPath = "scrub";

// The folder that comes next. A file that is missing or damaged costs a round from the beginning.
unsigned next_folder(Disk& disk) {
  const Result<Bytes> file = disk.read_all(kPath, 16);
  if (!file) return 0;
  const std::string_view text = as_text(*file);
  unsigned folder = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), folder);
  const bool is_folder = error == std::errc() && end == text.data() + text.size() && folder < kChunkFolders;
  return is_folder ? folder : 0;
}

}  // namespace

Scrub::Scrub(Clock& clock, Disk& disk, Workers& workers, ChunkStore& chunks, Options options)
    : clock_(clock), disk_(disk), workers_(workers), chunks_(chunks), options_(options), scope_(clock) {}

void Scrub::start() {
  scope_.spawn(check_contents());
  scope_.spawn(check_names());
}

Task<void> Scrub::check_contents() {
  unsigned folder = co_await workers_.run([this] { return next_folder(disk_); });
  for (;;) {
    co_await check_contents_of(folder);
    folder = (folder + 1) % kChunkFolders;
    if (folder == 0) ++counters_.rounds;
    const std::string text = std::to_string(folder);
    // If it is not kept, this folder is read once more after the next start.
    (void)co_await workers_.run([this, &text] { return disk_.replace(kPath, as_bytes(text)); });
  }
}

// Evenly over the folder's share of the period.
Task<void> Scrub::check_contents_of(unsigned folder) {
  const TimePoint began = clock_.now();
  const Duration share = options_.contents_period / kChunkFolders;
  const auto held = chunks_.in_folder(folder);
  std::uint64_t segments = 0;
  std::uint64_t done = 0;
  if (held) {
    for (const ChunkFacts& facts : *held) segments += facts.header.segments;
    for (const ChunkFacts& facts : *held) {
      // Whoever reads segments may know the leaves, and not look at the head.
      const Result<HeldChunk> head = co_await chunks_.describe(facts.address);
      std::optional<Errc> flaw;
      if (!head) flaw = head.error().code;
      for (std::uint32_t index = 0; !flaw && index < facts.header.segments; ++index) {
        const auto part = static_cast<double>(done + index) / static_cast<double>(segments);
        const auto due = static_cast<Duration::rep>(part * static_cast<double>(share.count()));
        co_await clock_.sleep_until(began + Duration(due));
        const Result<SharedBytes> data = co_await chunks_.read_segment(facts.address, index);
        ++counters_.segments_read;
        if (!data) flaw = data.error().code;
      }
      // Removed meanwhile, or bad: no part of it is held any more. Or the disk fails: the next round comes.
      if (flaw == Errc::corrupt) ++counters_.segments_bad;
      done += facts.header.segments;
    }
  }
  co_await clock_.sleep_until(began + share);
}

Task<void> Scrub::check_names() {
  for (;;) {
    for (unsigned folder = 0; folder < kChunkFolders; ++folder) {
      co_await clock_.sleep(options_.names_period / kChunkFolders);
      (void)co_await chunks_.check_names(folder);
    }
  }
}

}  // namespace peerstore::store
