// Peers that are not what they should be. After each of them an honest member must still be served.
#include <openssl/x509.h>

#include <atomic>
#include <link/limits.hpp>
#include <net/limits.hpp>
#include <net/raw_peer.hpp>
#include <net/ring_of_machines.hpp>
#include <thread>

namespace peerstore::net {
namespace {

using boost::asio::ssl::context;

crypto::SigningSecretKey secret_of(std::uint8_t number) {
  crypto::SigningSecretKey secret;
  secret.bytes.fill(number);
  return secret;
}

// A plain TLS client context, without our rules and without a certificate.
std::shared_ptr<SSL_CTX> bare_context() {
  std::shared_ptr<SSL_CTX> tls(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_verify(tls.get(), SSL_VERIFY_NONE, nullptr);
  return tls;
}

void set_protocol(SSL_CTX* tls, const std::string& name) {
  const std::string list = static_cast<char>(name.size()) + name;
  SSL_CTX_set_alpn_protos(tls, reinterpret_cast<const unsigned char*>(list.data()),
                          static_cast<unsigned>(list.size()));
}

class HostilePeer : public RingOfMachines {
 protected:
  HostilePeer() : anna(add_node(1)), bob(add_node(2)) {}

  // Does `attack` on a worker thread, while the loop goes on, and hands over its result.
  template <class Attack>
  auto outcome_of(Attack attack) {
    return run(loop, on_worker(attack));
  }
  template <class Attack>
  Task<std::invoke_result_t<Attack&>> on_worker(Attack& attack) {
    co_return co_await loop.Workers::run([&] { return attack(); });
  }

  void expect_others_are_served() {
    const auto answer = run(loop, wire::ask(*bob.network, anna.id, wire::GetNeighbours{}));
    EXPECT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(anna.service.callers.size(), 1u) << "nobody but the honest member was served";
  }

  // What anna says last to a client with this TLS context that says this Hello.
  Error greeted_with(SSL_CTX* tls, TlsNetwork::Role role, wire::RingId ring) {
    return outcome_of([&] {
      RawPeer peer = RawPeer::dial(anna.address);
      if (!peer.handshake(tls)) return fail(Errc::unreachable, "handshake");
      peer.say_hello(role, ring);
      return peer.read_goodbye();
    });
  }

  Machine& anna;
  Machine& bob;
};

TEST_F(HostilePeer, WhoSpeaksNoTlsIsCutOff) {
  EXPECT_TRUE(outcome_of([&] {
    RawPeer peer = RawPeer::dial(anna.address);
    peer.send_plain(as_bytes("GET / HTTP/1.1\r\nHost: anna\r\n\r\n"));
    return peer.is_closed();
  }));
  EXPECT_TRUE(outcome_of([&] {
    RawPeer peer = RawPeer::dial(anna.address);
    peer.send_plain(Bytes(100'000, 0xa5));
    return peer.is_closed();
  }));
  expect_others_are_served();
  EXPECT_EQ(anna.network->counters().refused_links, 2u);
}

TEST_F(HostilePeer, OlderTlsIsRefused) {
  context ours = make_tls_context(secret_of(2));
  SSL_CTX_set_min_proto_version(ours.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(ours.native_handle(), TLS1_2_VERSION);
  EXPECT_FALSE(outcome_of([&] { return RawPeer::dial(anna.address).handshake(ours.native_handle()); }));
  expect_others_are_served();
}

TEST_F(HostilePeer, WithoutACertificateNobodyIsGreeted) {
  const auto tls = bare_context();
  set_protocol(tls.get(), std::string(kProtocolName));
  EXPECT_EQ(greeted_with(tls.get(), TlsNetwork::Role::node, known.ring).code, Errc::unreachable);
  EXPECT_EQ(greeted_with(tls.get(), TlsNetwork::Role::joiner, known.ring).code, Errc::unreachable);
  expect_others_are_served();
}

TEST_F(HostilePeer, AnotherProtocolOrNoneIsRefused) {
  context ours = make_tls_context(secret_of(2));
  set_protocol(ours.native_handle(), "h2");
  EXPECT_EQ(greeted_with(ours.native_handle(), TlsNetwork::Role::node, known.ring).code, Errc::unreachable);
  context silent = make_tls_context(secret_of(2));
  SSL_CTX_set_alpn_protos(silent.native_handle(), nullptr, 0);
  EXPECT_EQ(greeted_with(silent.native_handle(), TlsNetwork::Role::node, known.ring).code, Errc::unreachable);
  expect_others_are_served();
}

TEST_F(HostilePeer, AKeyOfAnotherKindIsRefused) {
  const auto tls = bare_context();
  set_protocol(tls.get(), std::string(kProtocolName));
  const std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::shared_ptr<X509> certificate(X509_new(), X509_free);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 1000);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  ASSERT_EQ(SSL_CTX_use_certificate(tls.get(), certificate.get()), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey(tls.get(), key.get()), 1);
  EXPECT_EQ(greeted_with(tls.get(), TlsNetwork::Role::node, known.ring).code, Errc::unreachable);
  expect_others_are_served();
}

TEST_F(HostilePeer, AChainOfCertificatesIsRefused) {
  context ours = make_tls_context(secret_of(2));
  const context other = make_tls_context(secret_of(9));
  X509* extra = SSL_CTX_get0_certificate(const_cast<context&>(other).native_handle());
  ASSERT_EQ(SSL_CTX_add1_chain_cert(ours.native_handle(), extra), 1);
  EXPECT_EQ(greeted_with(ours.native_handle(), TlsNetwork::Role::node, known.ring).code, Errc::unreachable);
  expect_others_are_served();
}

TEST_F(HostilePeer, AStrangersKeyIsToldThatItIsNoMember) {
  context stranger = make_tls_context(secret_of(99));
  for (const auto role : {TlsNetwork::Role::node, TlsNetwork::Role::client}) {
    const Error reason = greeted_with(stranger.native_handle(), role, known.ring);
    EXPECT_EQ(reason.code, Errc::refused);
    EXPECT_NE(reason.context.find("not known here as a member"), std::string::npos) << reason.context;
  }
  expect_others_are_served();
}

TEST_F(HostilePeer, AMemberOfAnotherRingIsToldSo) {
  context member = make_tls_context(secret_of(2));
  const Error reason = greeted_with(member.native_handle(), TlsNetwork::Role::node, wire::RingId{});
  EXPECT_EQ(reason.code, Errc::refused);
  EXPECT_NE(reason.context.find("another ring"), std::string::npos) << reason.context;
  expect_others_are_served();
}

TEST_F(HostilePeer, OurOwnClientHearsTheReason) {
  Machine& stranger = add(50, TlsNetwork::Role::node, false);
  const auto refused = run(loop, stranger.network->connect(anna.address, std::nullopt));
  EXPECT_EQ(refused.error().code, Errc::refused);
  EXPECT_NE(refused.error().context.find("not known here as a member"), std::string::npos)
      << refused.error().context;
  bob.directory.ring_override = wire::RingId{};
  const auto other_ring = run(loop, bob.network->connect(anna.address, std::nullopt));
  EXPECT_EQ(other_ring.error().code, Errc::refused);
  EXPECT_NE(other_ring.error().context.find("another ring"), std::string::npos) << other_ring.error().context;
}

TEST_F(HostilePeer, BrokenGreetingsEndTheLink) {
  context member = make_tls_context(secret_of(2));
  const auto after = [&](auto misbehave) {
    return outcome_of([&] {
      RawPeer peer = RawPeer::dial(anna.address);
      if (!peer.handshake(member.native_handle())) return Errc::io;
      misbehave(peer);
      return peer.read_goodbye().code;
    });
  };
  EXPECT_EQ(after([](RawPeer& peer) { peer.ask(1, wire::GetNeighbours{}); }), Errc::unreachable);
  EXPECT_EQ(after([](RawPeer& peer) { peer.send_bytes(Bytes(1000, 0x5a)); }), Errc::unreachable);
  EXPECT_EQ(after([](RawPeer& peer) {
              FrameHeader huge;
              huge.message_bytes = 0x7fffffff;
              peer.send_bytes(encode(huge));
            }),
            Errc::unreachable);
  EXPECT_EQ(after([](RawPeer& peer) { peer.send_frame(FrameHeader{}, Bytes(100, 1)); }), Errc::unsupported);
  EXPECT_EQ(after([&](RawPeer& peer) {
              Bytes hello = encode(Hello{TlsNetwork::Role::node, known.ring, {}});
              hello.back() ^= 0xff;
              hello.pop_back();
              peer.send_frame(FrameHeader{}, hello);
            }),
            Errc::invalid);
  expect_others_are_served();
}

// A member whose program went mad: its greeting is fine.
class MadMember : public HostilePeer {
 protected:
  template <class Misbehave>
  auto after_greeting(Misbehave misbehave) {
    context member = make_tls_context(secret_of(2));
    return outcome_of([&] {
      RawPeer peer = RawPeer::dial(anna.address);
      CHECK(peer.handshake(member.native_handle()));
      peer.say_hello(TlsNetwork::Role::client, known.ring);
      const std::optional<Frame> hello = peer.read_frame();
      CHECK(hello && hello->header.kind == FrameKind::hello);
      return misbehave(peer);
    });
  }
};

TEST_F(MadMember, BrokenFramesEndTheLinkWithAReason) {
  const auto goodbye_after_bytes = [&](const Bytes& bytes) {
    return after_greeting([&](RawPeer& peer) {
      peer.send_bytes(bytes);
      return peer.read_goodbye().code;
    });
  };
  const auto goodbye_after = [&](const FrameHeader& header) { return goodbye_after_bytes(encode(header)); };
  FrameHeader header;
  header.kind = FrameKind::request;
  header.request = 1;
  header.message_bytes = wire::kMessageBytesMax + 1;
  EXPECT_EQ(goodbye_after(header), Errc::invalid);
  header.message_bytes = 0xffffffff;
  EXPECT_EQ(goodbye_after(header), Errc::invalid);
  header.message_bytes = 8;
  header.attachment_bytes = 0xffffffff;
  EXPECT_EQ(goodbye_after(header), Errc::invalid);
  header.attachment_bytes = 0;
  header.request = 0;
  EXPECT_EQ(goodbye_after(header), Errc::invalid);
  header = FrameHeader{};
  header.message_bytes = 8;
  EXPECT_EQ(goodbye_after(header), Errc::invalid);  // a second Hello
  EXPECT_EQ(goodbye_after_bytes({77}), Errc::invalid);
  expect_others_are_served();
}

TEST_F(MadMember, TruncatedFramesAndGarbageHarmNobody) {
  SeededRandom random(1);
  for (int round = 0; round < 20; ++round) {
    after_greeting([&](RawPeer& peer) {
      Bytes garbage(1 + random.below(200));
      for (auto& byte : garbage) byte = static_cast<std::uint8_t>(random.next());
      if (round % 2 == 0) {
        FrameHeader header;
        header.kind = FrameKind::request;
        header.request = 5;
        header.message_bytes = 4096;
        peer.send_bytes(encode(header));
      }
      peer.send_bytes(garbage);
      return true;  // and leaves
    });
  }
  expect_others_are_served();
}

TEST_F(MadMember, ABrokenMessageIsAnsweredAndTheLinkGoesOn) {
  EXPECT_TRUE(after_greeting([&](RawPeer& peer) {
    FrameHeader header;
    header.kind = FrameKind::request;
    header.request = 5;
    peer.send_frame(header, Bytes(64, 0xee));
    EXPECT_EQ(peer.read_reply(5).error().code, Errc::invalid);
    Bytes unknown = wire::encode(wire::Request(wire::GetHeads{0})).message;
    *std::find(unknown.begin() + 5, unknown.end(), 14) = 99;
    header.request = 6;
    header.patience_ms = 1000;
    peer.send_frame(header, unknown);
    EXPECT_EQ(peer.read_reply(6).error().code, Errc::unsupported);
    // A reply to a question that nobody asked is ignored.
    header.kind = FrameKind::reply;
    header.request = 1234;
    peer.send_frame(header, Bytes(64, 0xee));
    // The same id twice: two questions, two answers.
    peer.ask(7, wire::Reserve{1});
    peer.ask(7, wire::Reserve{1});
    EXPECT_TRUE(peer.read_reply(7));
    EXPECT_TRUE(peer.read_reply(7));
    return true;
  }));
}

TEST_F(MadMember, AFloodOfQuestionsIsAnsweredAsBusyBeyondTheLimit) {
  EXPECT_TRUE(after_greeting([&](RawPeer& peer) {
    const wire::Encoded question = wire::encode(wire::Request(wire::GetHeads{1}));
    FrameHeader header;
    header.kind = FrameKind::request;
    header.patience_ms = 60'000;
    for (header.request = 1; header.request <= link::kCallsInFlightMax + 1; ++header.request) {
      peer.send_frame(header, question.message);
    }
    return peer.read_reply(link::kCallsInFlightMax + 1).error().code == Errc::busy;
  }));
  EXPECT_EQ(anna.service.waiting_for_ever, static_cast<int>(link::kCallsInFlightMax));
}

TEST_F(MadMember, WhoDoesNotReadItsAnswersIsCutOff) {
  after_greeting([&](RawPeer& peer) {
    for (std::uint32_t id = 1; id <= 2 * link::kUnreadAnswerBytesMax / wire::kSegmentBytes; ++id) {
      peer.ask(id, wire::GetSegment{});
    }
    while (peer.read_frame()) continue;
    return true;
  });
  EXPECT_EQ(anna.network->counters().links, 0u);
}

TEST_F(HostilePeer, KeyUpdatesWithoutEndDoNotHoldTheLoop) {
  const TlsNetwork::Options patient{TlsNetwork::Role::node, anna.keys.secret_key, 1h};
  anna.network = std::make_unique<TlsNetwork>(loop, anna.directory, patient);
  anna.listen(known);
  context stranger = make_tls_context(secret_of(99));
  EXPECT_TRUE(outcome_of([&] {
    RawPeer peer = RawPeer::dial(anna.address);
    CHECK(peer.handshake(stranger.native_handle()));
    for (int i = 0; i < 1000; ++i) {
      if (!peer.update_keys()) return true;
    }
    return peer.is_closed();
  }));
  expect_others_are_served();
}

TEST_F(HostilePeer, WhoSaysNothingIsCutOffInTime) {
  TlsNetwork::Options impatient{TlsNetwork::Role::node, anna.keys.secret_key, 1s};
  anna.network = std::make_unique<TlsNetwork>(loop, anna.directory, impatient);
  anna.listen(known);
  context member = make_tls_context(secret_of(2));
  EXPECT_TRUE(outcome_of([&] { return RawPeer::dial(anna.address).is_closed(); }));
  EXPECT_TRUE(outcome_of([&] {
    RawPeer peer = RawPeer::dial(anna.address);
    peer.send_plain(Bytes{0x16, 0x03, 0x01});  // a TLS record that never comes
    return peer.is_closed();
  }));
  EXPECT_EQ(outcome_of([&] {
              RawPeer peer = RawPeer::dial(anna.address);
              CHECK(peer.handshake(member.native_handle()));
              return peer.read_goodbye().code;  // without a Hello
            }),
            Errc::unreachable);
  expect_others_are_served();
}

TEST_F(HostilePeer, ACrowdOfSilentConnectionsKeepsNobodyOutForLong) {
  TlsNetwork::Options impatient{TlsNetwork::Role::node, anna.keys.secret_key, 1s};
  anna.network = std::make_unique<TlsNetwork>(loop, anna.directory, impatient);
  anna.listen(known);
  std::vector<RawPeer> crowd;
  for (std::size_t i = 0; i < 2 * kHalfOpenMax; ++i) crowd.push_back(RawPeer::dial(anna.address));
  expect_others_are_served();
}

TEST_F(HostilePeer, AJoinerMayAskToJoinOnceAndNothingElse) {
  context joiner = make_tls_context(secret_of(200));
  const auto as_joiner = [&](auto behave) {
    return outcome_of([&] {
      RawPeer peer = RawPeer::dial(anna.address);
      CHECK(peer.handshake(joiner.native_handle()));
      peer.say_hello(TlsNetwork::Role::joiner, known.ring);
      const std::optional<Frame> hello = peer.read_frame();
      CHECK(hello && hello->header.kind == FrameKind::hello);
      return behave(peer);
    });
  };
  EXPECT_EQ(as_joiner([](RawPeer& peer) {
              peer.ask(1, wire::GetNeighbours{});
              return peer.read_goodbye().code;
            }),
            Errc::refused);
  EXPECT_EQ(as_joiner([](RawPeer& peer) {
              FrameHeader header;
              header.kind = FrameKind::request;
              header.request = 1;
              header.message_bytes = link::kJoinBytesMax + 8;
              peer.send_bytes(encode(header));
              return peer.read_goodbye().code;
            }),
            Errc::invalid);
  EXPECT_EQ(anna.service.callers.size(), 0u);
  EXPECT_EQ(as_joiner([](RawPeer& peer) {
              peer.ask(1, wire::Join{});
              EXPECT_TRUE(peer.read_reply(1));
              peer.ask(2, wire::Join{});
              return peer.read_goodbye().code;
            }),
            Errc::refused);
  ASSERT_EQ(anna.service.callers.size(), 1u);
  EXPECT_TRUE(anna.service.callers[0].is_joiner);
}

TEST_F(HostilePeer, AJoinerIsWelcomed) {
  Machine& newcomer = add(200, TlsNetwork::Role::joiner, false);
  wire::Join request;
  request.statements.resize(2);
  request.statements[1].kind = 9;
  const auto welcome = run(loop, newcomer.network->join(anna.address, anna.keys.public_key, request));
  ASSERT_TRUE(welcome) << welcome.error().message();
  EXPECT_EQ(welcome->statements, request.statements);
  const auto imposter = run(loop, newcomer.network->join(anna.address, bob.keys.public_key, request));
  EXPECT_EQ(imposter.error().code, Errc::refused);
  run(loop, until(loop, [&] { return anna.network->counters().links == 0; }));
}

// ---- a listener that is not what it should be ----

class HostileListener : public HostilePeer {
 protected:
  // What connect() says when `behave` follows a good handshake with bob's key.
  template <class Behave>
  Result<wire::MemberId> connect_to(Behave behave,
                                    std::optional<crypto::SigningPublicKey> sought = std::nullopt) {
    context tls = make_tls_context(secret_of(2));
    RawListener listener;
    return run(loop, both(listener, tls.native_handle(), behave, sought));
  }
  template <class Behave>
  Task<Result<wire::MemberId>> both(RawListener& listener, SSL_CTX* tls, Behave& behave,
                                    std::optional<crypto::SigningPublicKey> sought) {
    TaskScope scope(loop);
    scope.spawn(serve_one(listener, tls, behave));
    Result<wire::MemberId> connected = co_await anna.network->connect(listener.address(), sought);
    co_await scope.join();
    co_return connected;
  }
  template <class Behave>
  Task<void> serve_one(RawListener& listener, SSL_CTX* tls, Behave& behave) {
    (void)co_await loop.Workers::run([&] {
      RawPeer peer = listener.accept();
      if (tls == nullptr) {
        behave(peer);
        return true;
      }
      CHECK(peer.handshake(tls, false));
      const std::optional<Frame> hello = peer.read_frame();
      CHECK(hello && hello->header.kind == FrameKind::hello);
      behave(peer);
      return true;
    });
  }
};

TEST_F(HostileListener, AHandshakeWithoutAHelloIsNoLink) {
  const auto silent = connect_to([](RawPeer&) {});
  EXPECT_EQ(silent.error().code, Errc::unreachable) << silent.error().message();
  EXPECT_EQ(anna.network->counters().links, 0u);
}

TEST_F(HostileListener, AGoodHelloIsALink) {
  const auto good = connect_to([&](RawPeer& peer) { peer.say_hello(TlsNetwork::Role::node, known.ring); });
  ASSERT_TRUE(good) << good.error().message();
  EXPECT_EQ(*good, bob.id);
}

TEST_F(HostileListener, AListenerOfAnotherRingOrRoleOrKindIsRefused) {
  const auto other_ring = connect_to([](RawPeer& peer) { peer.say_hello(TlsNetwork::Role::node, {}); });
  EXPECT_EQ(other_ring.error().code, Errc::refused);
  const auto client =
      connect_to([&](RawPeer& peer) { peer.say_hello(TlsNetwork::Role::client, known.ring); });
  EXPECT_EQ(client.error().code, Errc::invalid);
  const auto garbage = connect_to([](RawPeer& peer) { peer.send_bytes(Bytes(64, 0xaa)); });
  EXPECT_EQ(garbage.error().code, Errc::invalid);
  const auto version = connect_to([](RawPeer& peer) { peer.send_frame(FrameHeader{}, Bytes(50, 2)); });
  EXPECT_EQ(version.error().code, Errc::unsupported);
  const auto refusal = connect_to([](RawPeer& peer) {
    FrameHeader goodbye;
    goodbye.kind = FrameKind::goodbye;
    peer.send_frame(goodbye, link::encode_goodbye(fail(Errc::busy, "come back later")));
  });
  EXPECT_EQ(refusal.error().code, Errc::busy);
  EXPECT_NE(refusal.error().context.find("come back later"), std::string::npos);
  known.members.erase(bob.id);
  const auto stranger =
      connect_to([&](RawPeer& peer) { peer.say_hello(TlsNetwork::Role::node, known.ring); });
  EXPECT_EQ(stranger.error().code, Errc::refused);
  EXPECT_EQ(anna.network->counters().links, 0u);
}

// Else it counted as live for ever, and its copies with it.
TEST_F(HostileListener, WhoIsSoughtAndIsNotThereIsAway) {
  const auto answers = [&](Bytes bytes) {
    RawListener listener;
    auto behave = [&](RawPeer& peer) { peer.send_plain(bytes); };
    return run(loop, both(listener, nullptr, behave, bob.keys.public_key)).error().code;
  };
  const ByteView page = as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(answers(Bytes(page.begin(), page.end())), Errc::unreachable);
  const auto in_another_ring = [](RawPeer& peer) { peer.say_hello(TlsNetwork::Role::node, {}); };
  EXPECT_EQ(connect_to(in_another_ring, bob.keys.public_key).error().code, Errc::unreachable);
  known.members.erase(bob.id);
  const auto left = [&](RawPeer& peer) { peer.say_hello(TlsNetwork::Role::node, known.ring); };
  EXPECT_EQ(connect_to(left, bob.keys.public_key).error().code, Errc::unreachable);
}

TEST_F(HostileListener, ALinkThatFellSilentIsReplaced) {
  // Says Hello with bob's key, and then nothing: as a machine does that went to sleep.
  const std::string real_address = bob.address;
  std::atomic<bool> released = false;
  context tls = make_tls_context(secret_of(2));
  RawListener listener;
  auto sleep_on = [&](RawPeer& peer) {
    peer.say_hello(TlsNetwork::Role::node, known.ring);
    while (!released) std::this_thread::yield();
  };
  TaskScope scope(loop);
  scope.spawn(serve_one(listener, tls.native_handle(), sleep_on));
  known.members[bob.id].addresses = {listener.address()};
  EXPECT_TRUE(run(loop, anna.network->connect(listener.address(), std::nullopt)));
  const auto asleep = run(loop, wire::ask(*anna.network, bob.id, wire::GetNeighbours{}, 1s));
  EXPECT_EQ(asleep.error().code, Errc::timed_out) << asleep.error().message();
  EXPECT_EQ(anna.network->counters().links, 1u);
  known.members[bob.id].addresses = {real_address};
  const auto awake = run(loop, wire::ask(*anna.network, bob.id, wire::GetNeighbours{}));
  EXPECT_TRUE(awake) << awake.error().message();
  released = true;
  run(loop, scope.join());
}

}  // namespace
}  // namespace peerstore::net
