// LocalServer: the one local API of a node, HTTP/1.1 over a Unix socket that only its owner may
// open (mode 0600). Commands use it now; the web page and the terminal screen will use the same.
//
// GET answers with one JSON document; a few things can be done (POST, DELETE, with a small body). Errors are
// {"error":{"code":"...","message":"...","hint":"..."}}. Headers and bodies are bounded before they are read.
//
// A request's body may be a secret, and so may what a secret's path answers, as plain bytes: these lie in
// locked memory from the socket to the action and back.
#pragma once

#include <peerstore/crypto/secret.hpp>
#include <peerstore/net/loop.hpp>
#include <peerstore/runtime/result.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace peerstore::api {

class LocalServer {
 public:
  // What GET <path> answers: a JSON document.
  using Routes = std::map<std::string, std::function<std::string()>>;
  // What "POST <path>" or "DELETE <path>" does with its body: a document, or an error that says why not.
  using Actions = std::map<std::string, std::function<Result<std::string>(std::string_view body)>>;
  // What GET <path> answers with a secret; none if there is none just now.
  using Secrets = std::map<std::string, std::function<crypto::SecretBytes()>>;

  // Listens at `socket_path`; a socket that a dead process left there is replaced.
  // The loop outlives the server.
  static Result<std::unique_ptr<LocalServer>> listen(net::Loop& loop, const std::string& socket_path,
                                                     Routes routes, Actions actions = {},
                                                     Secrets secrets = {});
  ~LocalServer();  // removes the socket

 private:
  struct Implementation;
  explicit LocalServer(std::shared_ptr<Implementation> implementation);
  std::shared_ptr<Implementation> implementation_;
};

}  // namespace peerstore::api
