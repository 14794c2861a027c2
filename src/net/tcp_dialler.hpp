// TcpDialler: opens TLS streams to "host:port" addresses.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <peerstore/link/byte_stream.hpp>
#include <peerstore/net/loop.hpp>

namespace peerstore::net {

class TcpDialler final : public link::Dialler {
 public:
  // Both outlive it.
  TcpDialler(Loop& loop, boost::asio::ssl::context& tls) : loop_(loop), tls_(tls) {}

  Task<Result<std::shared_ptr<link::ByteStream>>> dial(std::string address, TimePoint deadline) override;

 private:
  Loop& loop_;
  boost::asio::ssl::context& tls_;
};

}  // namespace peerstore::net
