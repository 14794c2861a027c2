#include "pack_reader.hpp"

#include <peerstore/runtime/combine.hpp>

#include <algorithm>

namespace peerstore::vault {

// Announces that a row is on its way, and takes that back if it does not arrive: whoever waits for
// it then tries by itself.
class PackReader::Fetching {
 public:
  Fetching(PackReader& reader, RowKey key) : reader_(reader), key_(std::move(key)) {
    reader_.kept_.emplace(key_, Kept{});
  }
  Fetching(const Fetching&) = delete;
  Fetching& operator=(const Fetching&) = delete;
  ~Fetching() {
    if (!arrived_) reader_.kept_.erase(key_);
    reader_.arrived_.notify_all();
  }
  void keep(SharedBytes plain) {
    reader_.kept_[key_] = {std::move(plain), ++reader_.uses_};
    arrived_ = true;
    reader_.drop_oldest();
  }

 private:
  PackReader& reader_;
  RowKey key_;
  bool arrived_ = false;
};

void PackReader::drop_oldest() {
  while (kept_.size() > rows_kept_) {
    auto oldest = kept_.end();
    for (auto it = kept_.begin(); it != kept_.end(); ++it) {
      if (it->second.plain.empty()) continue;
      if (oldest == kept_.end() || it->second.used < oldest->second.used) oldest = it;
    }
    if (oldest == kept_.end()) return;
    kept_.erase(oldest);
  }
}

Task<Result<SharedBytes>> PackReader::fetch(const PackRow& pack, std::uint32_t number) {
  const Semaphore::Permit permit = co_await under_way_.acquire();
  std::vector<Task<Result<SharedBytes>>> asked;
  for (std::uint8_t i = 0; i < wire::kClasses; ++i) {
    asked.push_back(environment_.space.get_segment(chunk_ref(pack, i, environment_.space.owner()), number));
  }
  const auto got = co_await when_all(environment_.clock, std::move(asked));
  RowSegments segments;
  for (std::size_t i = 0; i < wire::kClasses; ++i) {
    if (!got[i]) co_return got[i].error_in(pack.name() + ", class " + std::to_string(i));
    segments[i] = *got[i];
  }
  const auto open = [&] { return open_row(pack, number, segments); };
  co_return co_await environment_.workers.run(open);
}

Task<Result<SharedBytes>> PackReader::row(const PackRow& pack, std::uint32_t number) {
  const RowKey key{pack.addresses[0], number};
  while (true) {
    const auto known = kept_.find(key);
    if (known == kept_.end()) break;
    if (!known->second.plain.empty()) {
      known->second.used = ++uses_;
      co_return known->second.plain;
    }
    co_await arrived_.wait();
  }
  Fetching fetching(*this, key);
  auto plain = co_await fetch(pack, number);
  if (plain) fetching.keep(*plain);
  co_return plain;
}

Task<Result<Bytes>> PackReader::read(const PackRow& pack, std::size_t offset, std::size_t length) {
  const std::size_t end = offset + length;
  if (length == 0 || end < offset || end > pack.rows * kRowPlainBytes) {
    co_return fail(Errc::corrupt, pack.name() + ": no such place in it");
  }
  const std::size_t first = offset / kRowPlainBytes;
  std::vector<Task<Result<SharedBytes>>> wanted;
  for (std::size_t i = first; i * kRowPlainBytes < end; ++i) {
    wanted.push_back(row(pack, static_cast<std::uint32_t>(i)));
  }
  const auto rows = co_await when_all(environment_.clock, std::move(wanted));
  Bytes out;
  out.reserve(length);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]) co_return rows[i].error();
    const std::size_t begins = (first + i) * kRowPlainBytes;
    const std::size_t from = std::max(offset, begins) - begins;
    const std::size_t to = std::min(end - begins, kRowPlainBytes);
    const ByteView part = rows[i]->view().subspan(from, to - from);
    out.insert(out.end(), part.begin(), part.end());
  }
  co_return out;
}

Task<Result<std::vector<SharedBytes>>> PackReader::chunk(const PackRow& pack, std::uint8_t chunk_class) {
  std::vector<Task<Result<SharedBytes>>> asked;
  for (std::uint32_t i = 0; i < pack.rows; ++i) {
    asked.push_back(
        environment_.space.get_segment(chunk_ref(pack, chunk_class, environment_.space.owner()), i));
  }
  const auto got = co_await when_all(environment_.clock, std::move(asked));
  std::vector<SharedBytes> segments;
  for (const auto& segment : got) {
    if (!segment) co_return segment.error_in(pack.name() + ", class " + std::to_string(chunk_class));
    segments.push_back(*segment);
  }
  co_return segments;
}

}  // namespace peerstore::vault
