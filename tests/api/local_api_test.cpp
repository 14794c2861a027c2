#include <gtest/gtest.h>
#include <peerstore/api/local_client.hpp>
#include <peerstore/api/local_server.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/runtime/workers.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <os/temporary_folder.hpp>

namespace peerstore::api {
namespace {

class LocalApi : public testing::Test {
 protected:
  LocalApi() {
    LocalServer::Routes routes{{"/api/v1/health", [] { return std::string(R"({"ok":true})"); }}};
    LocalServer::Actions actions{{"POST /api/v1/unlock",
                                  [](std::string_view) -> Result<std::string> {
                                    return fail(Errc::refused, "the home \"cellar\" is locked");
                                  }},
                                 {"POST /api/v1/key", [this](std::string_view key) -> Result<std::string> {
                                    key_ = crypto::SecretBytes(as_bytes(key));
                                    return std::string("{}");
                                  }}};
    LocalServer::Secrets secrets{{"/api/v1/key", [this] { return key_.copy(); }}};
    auto listening =
        LocalServer::listen(loop_, path_, std::move(routes), std::move(actions), std::move(secrets));
    CHECK(listening.has_value());
    server_ = std::move(*listening);
  }

  // The client blocks: it asks from another thread, while the loop serves.
  Result<std::string> ask(Method method, const std::string& target, const std::string& body = "") {
    Result<std::string> answer = fail(Errc::cancelled, "nobody asked");
    const bool ended = loop_.run(ask_on_worker(method, target, body, answer));
    CHECK(ended);
    return answer;
  }
  Result<crypto::SecretBytes> ask_secret(const std::string& target) {
    Result<crypto::SecretBytes> answer = fail(Errc::cancelled, "nobody asked");
    const bool ended = loop_.run(ask_secret_on_worker(target, answer));
    CHECK(ended);
    return answer;
  }

  net::Loop loop_{1};
  os::TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/socket";
  crypto::SecretBytes key_;
  std::unique_ptr<LocalServer> server_;

  // The loop sees in one turn what was there before it.
  Task<void> look_at_the_door() { co_await loop_.sleep(std::chrono::milliseconds(1)); }

 private:
  Task<void> ask_on_worker(Method method, std::string target, std::string body, Result<std::string>& answer) {
    answer = co_await loop_.Workers::run([&] { return request(path_, method, target, body); });
  }
  Task<void> ask_secret_on_worker(std::string target, Result<crypto::SecretBytes>& answer) {
    answer = co_await loop_.Workers::run([&] { return get_secret(path_, target); });
  }
};

TEST_F(LocalApi, TellsPeopleWhyItRefuses) {
  const auto refused = ask(Method::post, "/api/v1/unlock");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::refused);
  EXPECT_EQ(refused.error().context, "the node refuses: the home \"cellar\" is locked");
  EXPECT_EQ(ask(Method::get, "/api/v1/nothing").error().code, Errc::not_found);
}

TEST_F(LocalApi, CarriesASecretByteForByteBothWays) {
  const auto none = ask_secret("/api/v1/key");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  const std::string key("\0a\r\n\r\n key \xff\0", 14);
  ASSERT_TRUE(ask(Method::post, "/api/v1/key", key));
  const auto given = ask_secret("/api/v1/key");
  ASSERT_TRUE(given);
  EXPECT_EQ(as_text(given->view()), key);
  EXPECT_EQ(ask_secret("/api/v1/nothing").error().code, Errc::not_found);
  EXPECT_EQ(ask(Method::remove, "/api/v1/key").error().code, Errc::not_found);
}

TEST_F(LocalApi, AnswersAgainAfterATimeWithTooManyOpenFiles) {
  ASSERT_TRUE(ask(Method::get, "/api/v1/health"));
  const int knocking = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  ASSERT_EQ(connect(knocking, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  // No descriptor is left to let it in.
  const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(next);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlimit tight = limit;
  tight.rlim_cur = static_cast<rlim_t>(next);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  EXPECT_TRUE(loop_.run(look_at_the_door()));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  close(knocking);
  EXPECT_TRUE(ask(Method::get, "/api/v1/health"));
}

}  // namespace
}  // namespace peerstore::api
