// The greeting: who is at the other end, and is it one of us. See hello.hpp for the frames.
#include "core.hpp"

namespace peerstore::link {

Hello LinkNetwork::Core::own_hello(Role as) const {
  Hello hello;
  hello.role = as;
  hello.ring = directory_->ring_id();
  if (as != Role::joiner) hello.proof = directory_->own_proof();
  return hello;
}

Task<LinkNetwork::Core::Greeted> LinkNetwork::Core::greet_as_dialler(std::shared_ptr<Channel> channel,
                                                                     ExpectedKey expected, Role as) {
  const TimePoint deadline = clock_.now() + options_.greeting_time;
  // Somebody else may have a member's address now, or something that is no node. To whoever looks for that
  // member it is silence: else it counted as live for ever, and its copies with it.
  const auto as_sought = [is_sought = expected && as != Role::joiner](const Error& error) -> Error {
    return {is_sought && error.code == Errc::refused ? Errc::unreachable : error.code, error.context};
  };
  const Result<crypto::SigningPublicKey> key = co_await shake_hands(clock_, channel, deadline);
  if (!key) co_return as_sought(key.error());
  if (expected && *key != *expected) {
    co_return as_sought(fail(Errc::refused, "another machine answers at this address"));
  }

  Bytes own = encode(own_hello(as));
  const Result<void> sent = co_await send_frame(clock_, channel, FrameKind::hello, std::move(own), deadline);
  if (!sent) co_return sent.error();
  const Result<Frame> frame = co_await read_frame(clock_, channel, Stage::greeting, deadline);
  if (!frame) co_return as_sought(frame.error());
  if (frame->header.kind == FrameKind::goodbye) {
    const Error reason = decode_goodbye(frame->message);
    // A stranger may use a member's words.
    if (as != Role::joiner && !directory_->find(*key)) {
      co_return fail(Errc::unreachable, "somebody who is no member here refused the link: " + reason.context);
    }
    co_return fail(reason.code, std::string(kRefusedByMember) + reason.context);
  }
  const Result<Hello> hello = decode_hello(frame->message);
  if (!hello) co_return hello.error();
  Greeted listener = judge_listener(*key, *hello, as);
  if (!listener) co_return as_sought(listener.error());
  co_return listener;
}

LinkNetwork::Core::Greeted LinkNetwork::Core::judge_listener(const crypto::SigningPublicKey& key,
                                                             const Hello& hello, Role as) {
  // Somebody who has nothing left but a passphrase does not know the ring's id.
  const bool any_ring = as == Role::joiner && directory_->ring_id().is_zero();
  if (!any_ring && hello.ring != directory_->ring_id()) {
    return fail(Errc::refused, "the machine there is in another ring");
  }
  if (hello.role != Role::node) return fail(Errc::invalid, "who answers there is not a node");
  if (as == Role::joiner) return Link::Peer{key, std::nullopt, Role::node};
  directory_->learn(hello.proof);
  const std::optional<Directory::Peer> member = directory_->find(key);
  if (!member) return fail(Errc::refused, "the machine there is not a member of this ring");
  return Link::Peer{key, member, Role::node};
}

Task<LinkNetwork::Core::Greeted> LinkNetwork::Core::greet_as_listener(std::shared_ptr<Channel> channel) {
  const TimePoint deadline = clock_.now() + options_.greeting_time;
  const Result<crypto::SigningPublicKey> key = co_await shake_hands(clock_, channel, deadline);
  if (!key) co_return key.error();
  const Result<Frame> frame = co_await read_frame(clock_, channel, Stage::greeting, deadline);
  if (!frame) co_return frame.error();
  if (frame->header.kind == FrameKind::goodbye) co_return decode_goodbye(frame->message);

  const Greeted peer = judge_dialler(*key, decode_hello(frame->message));
  if (!peer) {
    Bytes reason = encode_goodbye(peer.error());
    (void)co_await send_frame(clock_, channel, FrameKind::goodbye, std::move(reason), deadline);
    co_return peer.error();
  }
  Hello hello = own_hello(Role::node);
  if (peer->role == Role::joiner) hello.proof.clear();  // strangers are not told who is in the ring
  Bytes own = encode(hello);
  const Result<void> sent = co_await send_frame(clock_, channel, FrameKind::hello, std::move(own), deadline);
  if (!sent) co_return sent.error();
  co_return *peer;
}

LinkNetwork::Core::Greeted LinkNetwork::Core::judge_dialler(const crypto::SigningPublicKey& key,
                                                            const Result<Hello>& hello) {
  if (!hello) return hello.error();
  const bool any_ring = hello->role == Role::joiner && hello->ring.is_zero();
  if (!any_ring && hello->ring != directory_->ring_id()) {
    return fail(Errc::refused, "this machine is in another ring");
  }
  if (hello->role == Role::joiner) return Link::Peer{key, std::nullopt, Role::joiner};
  directory_->learn(hello->proof);
  const std::optional<Directory::Peer> member = directory_->find(key);
  if (!member && directory_->is_gone(key, hello->proof))
    return fail(Errc::refused, std::string(kNoMemberAnyMore));
  // Or not yet: its joining may be news to this machine.
  if (!member) return fail(Errc::refused, "not known here as a member of this ring");
  return Link::Peer{key, member, hello->role};
}

void LinkNetwork::Core::welcome(std::shared_ptr<ByteStream> stream, std::shared_ptr<void> place,
                                std::function<void(const Error&)> refused) {
  if (is_shut_down()) return stream->close();
  auto channel = std::make_shared<Channel>(std::move(stream), counters_);
  opening_.spawn(greet_newcomer(std::move(channel), std::move(place), std::move(refused)));
}

Task<void> LinkNetwork::Core::greet_newcomer(std::shared_ptr<Channel> channel, std::shared_ptr<void> place,
                                             std::function<void(const Error&)> refused) {
  OpeningChannel opening(channel);
  Greeted peer = co_await greet_as_listener(channel);
  if (!peer) {
    ++counters_->refused_links;
    refused(peer.error());
    co_return;
  }
  // A member has come through the door; a joiner stands in it until it has left.
  const bool joins = peer->role == Role::joiner;
  adopt(opening.keep(), std::move(*peer), joins ? std::move(place) : nullptr);
}

}  // namespace peerstore::link
