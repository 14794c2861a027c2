// The greeting: who is at the other end, and is it one of us. See hello.hpp for the frames.
#include "core.hpp"

namespace peerstore::net {

namespace asio = boost::asio;

Hello TlsNetwork::Core::own_hello(Role as) const {
  Hello hello;
  hello.role = as;
  hello.ring = directory_->ring_id();
  if (as != Role::joiner) hello.proof = directory_->own_proof();
  return hello;
}

asio::awaitable<TlsNetwork::Core::Greeted> TlsNetwork::Core::greet_as_dialler(
    std::shared_ptr<Core> self, std::shared_ptr<Channel> channel, ExpectedKey expected, Role as) {
  const Result<crypto::SigningPublicKey> key = co_await Channel::handshake(channel, Channel::Side::dialler);
  if (self->is_shut_down()) co_return fail(Errc::cancelled, "the network was shut down");
  if (!key) co_return key.error();
  if (expected && *key != *expected) co_return fail(Errc::refused, "another machine answers at this address");

  const Result<void> sent = co_await Channel::send(channel, FrameKind::hello, encode(self->own_hello(as)));
  if (!sent) co_return sent.error();
  const Result<Frame> frame = co_await Channel::read(channel, Stage::greeting);
  if (self->is_shut_down()) co_return fail(Errc::cancelled, "the network was shut down");
  if (!frame) co_return frame.error();
  if (frame->header.kind == FrameKind::goodbye) {
    const Error reason = decode_goodbye(frame->message);
    co_return fail(reason.code, "the other side refused the link: " + reason.context);
  }
  const Result<Hello> hello = decode_hello(frame->message);
  if (!hello) co_return hello.error();
  co_return self->judge_listener(*key, *hello, as);
}

TlsNetwork::Core::Greeted TlsNetwork::Core::judge_listener(const crypto::SigningPublicKey& key,
                                                           const Hello& hello, Role as) {
  if (hello.ring != directory_->ring_id()) return fail(Errc::refused, "the machine there is in another ring");
  if (hello.role != Role::node) return fail(Errc::invalid, "who answers there is not a node");
  if (as == Role::joiner) return Link::Peer{key, std::nullopt, Role::node};
  directory_->learn(hello.proof);
  const std::optional<Directory::Peer> member = directory_->find(key);
  if (!member) return fail(Errc::refused, "the machine there is not a member of this ring");
  return Link::Peer{key, member, Role::node};
}

asio::awaitable<TlsNetwork::Core::Greeted> TlsNetwork::Core::greet_as_listener(
    std::shared_ptr<Core> self, std::shared_ptr<Channel> channel) {
  const Result<crypto::SigningPublicKey> key = co_await Channel::handshake(channel, Channel::Side::listener);
  if (!key) co_return key.error();
  const Result<Frame> frame = co_await Channel::read(channel, Stage::greeting);
  if (self->is_shut_down()) co_return fail(Errc::cancelled, "the network was shut down");
  if (!frame) co_return frame.error();
  if (frame->header.kind == FrameKind::goodbye) co_return decode_goodbye(frame->message);

  const Greeted peer = self->judge_dialler(*key, decode_hello(frame->message));
  if (!peer) {
    (void)co_await Channel::send(channel, FrameKind::goodbye, encode_goodbye(peer.error()));
    co_return peer.error();
  }
  const Result<void> sent =
      co_await Channel::send(channel, FrameKind::hello, encode(self->own_hello(Role::node)));
  if (self->is_shut_down()) co_return fail(Errc::cancelled, "the network was shut down");
  if (!sent) co_return sent.error();
  co_return *peer;
}

TlsNetwork::Core::Greeted TlsNetwork::Core::judge_dialler(const crypto::SigningPublicKey& key,
                                                          const Result<Hello>& hello) {
  if (!hello) return hello.error();
  if (hello->ring != directory_->ring_id()) return fail(Errc::refused, "this machine is in another ring");
  if (hello->role == Role::joiner) return Link::Peer{key, std::nullopt, Role::joiner};
  directory_->learn(hello->proof);
  const std::optional<Directory::Peer> member = directory_->find(key);
  if (!member) return fail(Errc::refused, "not a member of this ring, or no longer");
  return Link::Peer{key, member, hello->role};
}

}  // namespace peerstore::net
