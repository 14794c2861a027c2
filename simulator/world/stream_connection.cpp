#include "world/stream_connection.hpp"

#include <peerstore/runtime/check.hpp>

#include <algorithm>

#include "world/stream_machine.hpp"

namespace peerstore::world {

namespace {
// What a side sends in a TLS handshake, about.
constexpr std::size_t kProofBytes = 1000;
}  // namespace

class StreamNetwork::Handle final : public link::ByteStream {
 public:
  Handle(std::shared_ptr<Connection> connection, std::size_t side)
      : connection_(std::move(connection)), end_(*connection_->ends_[side]) {}
  ~Handle() override { end_.close(); }
  void handshake(Done<crypto::SigningPublicKey> done) override { end_.handshake(std::move(done)); }
  void read_some(std::span<std::uint8_t> into, Done<std::size_t> done) override {
    end_.read_some(into, std::move(done));
  }
  void write(std::vector<ByteView> pieces, Done<std::size_t> done) override {
    end_.write(pieces, std::move(done));
  }
  void close() override { end_.close(); }

 private:
  std::shared_ptr<Connection> connection_;
  Connection::End& end_;
};

StreamNetwork::Connection::Connection(StreamNetwork& hub, std::uint64_t id, std::array<Machine*, 2> machines,
                                      std::array<crypto::SigningPublicKey, 2> keys)
    : hub_(hub), id_(id), machines_(machines) {
  for (std::size_t side : {kDialler, kListener}) {
    ends_[side] = std::make_unique<End>(*this, *machines[side], keys[side]);
  }
}

std::shared_ptr<link::ByteStream> StreamNetwork::Connection::handle(std::size_t side) {
  return std::make_shared<Handle>(shared_from_this(), side);
}

bool StreamNetwork::Connection::concerns(const Machine& machine) const {
  return machines_[kDialler] == &machine || machines_[kListener] == &machine;
}

void StreamNetwork::Connection::resume() {
  for (const auto& end : ends_) end->resume();
}

void StreamNetwork::Connection::kill() {
  const auto self = shared_from_this();
  for (const auto& end : ends_) end->kill();
}

void StreamNetwork::Connection::forget_if_over() {
  if (std::ranges::all_of(ends_, &End::is_over)) hub_.connections_.erase(id_);
}

// ---- an end, as its link sees it ----

StreamNetwork::Connection::End::End(Connection& connection, Machine& machine, crypto::SigningPublicKey key)
    : connection_(connection), machine_(machine), key_(key) {}

StreamNetwork::Connection::End& StreamNetwork::Connection::End::other() const {
  const auto& ends = connection_.ends_;
  return ends[kDialler].get() == this ? *ends[kListener] : *ends[kDialler];
}

void StreamNetwork::Connection::End::handshake(Done<crypto::SigningPublicKey> done) {
  on_handshake_ = std::move(done);
  send(Kind::proof, {});
  wake_up();
}

void StreamNetwork::Connection::End::read_some(std::span<std::uint8_t> into, Done<std::size_t> done) {
  CHECK(!into.empty() && !on_read_);
  into_ = into;
  on_read_ = std::move(done);
  if (ended_ || taken_ < received_.size()) wake_up();
}

void StreamNetwork::Connection::End::write(const std::vector<ByteView>& pieces, Done<std::size_t> done) {
  CHECK(!on_written_);
  Bytes all;
  for (const ByteView& piece : pieces) all.insert(all.end(), piece.begin(), piece.end());
  writing_ = all.size();
  on_written_ = std::move(done);
  for (std::size_t begin = 0; begin < all.size() && !ended_;) {
    const std::size_t size = hub().piece_size(all.size() - begin);
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(begin);
    send(Kind::bytes, Bytes(from, from + static_cast<std::ptrdiff_t>(size)));
    begin += size;
  }
  wake_up();
}

void StreamNetwork::Connection::End::close() {
  if (closed_) return;
  const auto self = connection_.shared_from_this();
  closed_ = true;
  wake_.disarm();
  // Whoever waits is let go of, and with it perhaps the last who knew of this end.
  const auto handshake = std::exchange(on_handshake_, nullptr);
  const auto read = std::exchange(on_read_, nullptr);
  const auto written = std::exchange(on_written_, nullptr);
  received_ = {};
  if (!lost_) send(Kind::end, {});
  connection_.forget_if_over();
}

void StreamNetwork::Connection::End::kill() {
  lost_ = true;
  on_way_.clear();
  close();
  arrival_.disarm();
  patience_.disarm();
}

// ---- the pipe to the other end ----

bool StreamNetwork::Connection::End::reaches_other() const {
  return !connection_.severed_ && hub().passes(machine_, other().machine_);
}

void StreamNetwork::Connection::End::send(Kind kind, Bytes bytes) {
  const std::size_t size = kind == Kind::proof ? kProofBytes : bytes.size();
  Piece piece{kind, std::move(bytes), {}};
  piece.arrives = std::max(last_arrival_, hub().arrival(machine_, other().machine_, size));
  last_arrival_ = piece.arrives;
  machine_.sent.bytes += size;
  unacknowledged_ += piece.bytes.size();
  on_way_.push_back(std::move(piece));
  if (on_way_.size() > 1) return;
  await_first();
  if (!patience_.armed()) hub().clock_.arm(patience_, hub().clock_.now() + hub().options_.given_up_after);
}

void StreamNetwork::Connection::End::await_first() {
  hub().clock_.arm(arrival_, std::max(hub().clock_.now(), on_way_.front().arrives));
}

void StreamNetwork::Connection::End::first_arrives() {
  if (!reaches_other()) return;  // until resume()
  const auto self = connection_.shared_from_this();
  Piece piece = std::move(on_way_.front());
  on_way_.pop_front();
  arrived_unacknowledged_ += piece.bytes.size();
  if (!on_way_.empty()) await_first();
  const std::size_t size = piece.bytes.size();
  hub().counters_.bytes += size;
  other().receive(std::move(piece));
  if (other().reaches_other()) acknowledge(size);
  connection_.forget_if_over();
}

void StreamNetwork::Connection::End::acknowledge(std::size_t bytes) {
  unacknowledged_ -= std::min(unacknowledged_, bytes);
  arrived_unacknowledged_ -= std::min(arrived_unacknowledged_, bytes);
  patience_.disarm();
  if (!on_way_.empty() || unacknowledged_ > 0) {
    hub().clock_.arm(patience_, hub().clock_.now() + hub().options_.given_up_after);
  }
  if (on_written_) wake_up();
}

void StreamNetwork::Connection::End::give_up() {
  if (machine_.asleep) return;  // nor does its kernel count: until resume()
  const auto self = connection_.shared_from_this();
  lost_ = true;
  on_way_.clear();
  arrival_.disarm();
  end_with(fail(Errc::unreachable, "the link ended: no acknowledgement"));
  connection_.forget_if_over();
}

void StreamNetwork::Connection::End::resume() {
  if (!closed_) wake_up();
  if (reaches_other() && other().reaches_other() && arrived_unacknowledged_ > 0) {
    acknowledge(arrived_unacknowledged_);
  }
  if (on_way_.empty()) return;
  if (!patience_.armed()) hub().clock_.arm(patience_, hub().clock_.now() + hub().options_.given_up_after);
  if (arrival_.armed() || !reaches_other()) return;
  on_way_.front().arrives = hub().clock_.now() + hub().delay(machine_, other().machine_);
  await_first();
}

// ---- what comes from the other end ----

void StreamNetwork::Connection::End::receive(Piece piece) {
  if (closed_) {
    if (piece.kind == Kind::bytes || piece.kind == Kind::proof) send(Kind::reset, {});
    return;
  }
  switch (piece.kind) {
    case Kind::proof: proof_ = other().key_; break;
    case Kind::bytes: receive_bytes(std::move(piece.bytes)); break;
    case Kind::end: end_with(fail(Errc::unreachable, "the link ended: end of stream")); break;
    case Kind::reset: end_with(fail(Errc::unreachable, "the link ended: reset by peer")); break;
  }
  wake_up();
}

void StreamNetwork::Connection::End::receive_bytes(Bytes bytes) {
  if (ended_) return;
  if (hub().is_corrupted()) {
    if (hub().what_corruption_does_ == Corruption::breaks_the_link) {
      return end_with(fail(Errc::refused, "the secure link was refused: bad record mac"));
    }
    const std::uint64_t bit = hub().random_.below(bytes.size() * 8);
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  }
  if (taken_ == received_.size()) {
    received_ = std::move(bytes);
    taken_ = 0;
  } else {
    received_.insert(received_.end(), bytes.begin(), bytes.end());
  }
}

void StreamNetwork::Connection::End::end_with(Error reason) {
  if (!ended_) ended_ = std::move(reason);
  if (!closed_) wake_up();
}

// Tells those who wait what they wait for, one after another: each may close this end.
void StreamNetwork::Connection::End::settle() {
  if (closed_ || machine_.asleep) return;
  const auto self = connection_.shared_from_this();
  if (on_handshake_ && (proof_ || ended_)) {
    const auto done = std::exchange(on_handshake_, nullptr);
    if (proof_) {
      done(*proof_);
    } else {
      done(*ended_);
    }
  }
  if (on_written_ && (ended_ || unacknowledged_ <= hub().options_.buffer_bytes)) {
    const auto done = std::exchange(on_written_, nullptr);
    if (ended_) {
      done(*ended_);
    } else {
      done(std::exchange(writing_, 0));
    }
  }
  if (on_read_) settle_read();
}

void StreamNetwork::Connection::End::settle_read() {
  const std::size_t size = std::min(into_.size(), received_.size() - taken_);
  if (size == 0 && !ended_) return;
  const auto done = std::exchange(on_read_, nullptr);
  if (size == 0) return done(*ended_);
  std::copy_n(received_.begin() + static_cast<std::ptrdiff_t>(taken_), size, into_.begin());
  taken_ += size;
  done(size);
}

}  // namespace peerstore::world
