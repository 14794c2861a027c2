#include "tls_context.hpp"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace peerstore::net {

namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("TLS cannot be set up: ") + what);
}

// The protocol's name as ALPN carries it: after its length.
const std::string& protocol_list() {
  static const std::string list = static_cast<char>(kProtocolName.size()) + std::string(kProtocolName);
  return list;
}

// Laptops have wrong clocks, and membership ends by statement, not by date: valid for ever.
Certificate make_certificate(EVP_PKEY* key) {
  Certificate certificate(X509_new());
  require(certificate != nullptr, "certificate");
  X509* x509 = certificate.get();
  X509_NAME* name = X509_get_subject_name(x509);
  const auto* common_name = reinterpret_cast<const unsigned char*>("peerstore");
  require(X509_set_version(x509, X509_VERSION_3) == 1, "certificate version");
  require(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) == 1, "serial number");
  require(ASN1_TIME_set_string(X509_getm_notBefore(x509), "19700101000000Z") == 1, "first date");
  require(ASN1_TIME_set_string(X509_getm_notAfter(x509), "99991231235959Z") == 1, "last date");
  require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1, "name");
  require(X509_set_issuer_name(x509, name) == 1, "issuer");
  require(X509_set_pubkey(x509, key) == 1, "public key");
  require(X509_sign(x509, key, nullptr) > 0, "signature");
  return certificate;
}

bool is_ed25519(X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  return key != nullptr && EVP_PKEY_id(key) == EVP_PKEY_ED25519;
}

// In place of OpenSSL's search for an authority: exactly one certificate, Ed25519, signed by itself.
int verify_certificate(X509_STORE_CTX* store, void*) {
  X509* certificate = X509_STORE_CTX_get0_cert(store);
  const STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(store);
  const bool alone = sent == nullptr || sk_X509_num(sent) <= 1;
  const bool valid =
      certificate != nullptr && alone && is_ed25519(certificate) &&
      X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0 &&
      X509_verify(certificate, X509_get0_pubkey(certificate)) == 1;
  X509_STORE_CTX_set_error(store, valid ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return valid ? 1 : 0;
}

int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  const auto* ours = reinterpret_cast<const unsigned char*>(protocol_list().data());
  unsigned char* chosen = nullptr;
  const int outcome = SSL_select_next_proto(
      &chosen, out_size, ours, static_cast<unsigned>(protocol_list().size()), offered, offered_size);
  *out = chosen;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void restrict_to_our_profile(SSL_CTX* tls) {
  require(SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) == 1, "TLS 1.3");
  require(SSL_CTX_set_max_proto_version(tls, TLS1_3_VERSION) == 1, "TLS 1.3");
  require(SSL_CTX_set1_groups_list(tls, "X25519") == 1, "X25519");
  require(SSL_CTX_set1_sigalgs_list(tls, "ed25519") == 1, "Ed25519");
  require(SSL_CTX_set1_client_sigalgs_list(tls, "ed25519") == 1, "Ed25519 of clients");
  // Nothing that resumes a session or comes before the handshake: each link proves its key anew.
  require(SSL_CTX_set_num_tickets(tls, 0) == 1, "no tickets");
  require(SSL_CTX_set_max_early_data(tls, 0) == 1, "no early data");
  SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(tls, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(tls, verify_certificate, nullptr);
  const auto* ours = reinterpret_cast<const unsigned char*>(protocol_list().data());
  require(SSL_CTX_set_alpn_protos(tls, ours, static_cast<unsigned>(protocol_list().size())) == 0, "ALPN");
  SSL_CTX_set_alpn_select_cb(tls, select_protocol, nullptr);
}

}  // namespace

boost::asio::ssl::context make_tls_context(const crypto::SigningSecretKey& node_secret) {
  boost::asio::ssl::context context(boost::asio::ssl::context::tls);
  SSL_CTX* tls = context.native_handle();
  restrict_to_our_profile(tls);
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, node_secret.bytes.data(),
                                             node_secret.bytes.size()));
  require(key != nullptr, "node key");
  const Certificate certificate = make_certificate(key.get());
  require(SSL_CTX_use_certificate(tls, certificate.get()) == 1, "own certificate");
  require(SSL_CTX_use_PrivateKey(tls, key.get()) == 1, "own key");
  return context;
}

std::optional<crypto::SigningPublicKey> proven_key(SSL* session) {
  const unsigned char* protocol = nullptr;
  unsigned protocol_size = 0;
  SSL_get0_alpn_selected(session, &protocol, &protocol_size);
  // A client that offers no protocol at all gets through the handshake.
  if (std::string_view(reinterpret_cast<const char*>(protocol), protocol_size) != kProtocolName) return {};
  if (SSL_version(session) != TLS1_3_VERSION || SSL_get_verify_result(session) != X509_V_OK) return {};
  X509* certificate = SSL_get0_peer_certificate(session);
  if (certificate == nullptr || !is_ed25519(certificate)) return {};
  crypto::SigningPublicKey key;
  std::size_t size = key.bytes.size();
  if (EVP_PKEY_get_raw_public_key(X509_get0_pubkey(certificate), key.bytes.data(), &size) != 1) return {};
  if (size != key.bytes.size()) return {};
  return key;
}

}  // namespace peerstore::net
