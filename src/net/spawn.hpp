// Starting Asio's coroutines: what they throw goes to whoever runs the loop, and ends the program.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <peerstore/net/loop.hpp>

#include <exception>

namespace peerstore::net {

inline void spawn(Loop& loop, boost::asio::awaitable<void> coroutine) {
  boost::asio::co_spawn(loop.context(), std::move(coroutine), [](std::exception_ptr exception) {
    if (exception) std::rethrow_exception(exception);
  });
}

}  // namespace peerstore::net
