// Result<T>: a value, or an expected failure of a distributed world.
//
// Errors are named by what the caller can do about them, and gather context on the way up
// ("chunk 3f2a..: holder bob-nuc: timed out"). Programmer's errors are CHECK; what nobody here
// can handle is an exception.
#pragma once

#include <boost/system/result.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace peerstore {

enum class Errc : std::uint8_t {
  timed_out = 1,  // no answer in time: try another peer, or again later
  unreachable,    // nobody there: treat as away
  not_found,      // asked somebody who would know: it is not there
  refused,        // not allowed, and asking again will not help
  busy,           // try again later
  full,           // no room
  corrupt,        // bytes that fail verification
  invalid,        // malformed input, or a broken rule of the protocol
  io,             // the local disk or network failed
  unsupported,    // a version or kind this program does not know
  cancelled,      // given up by whoever asked
  over_quota,     // the owner stores as much as it may: delete something, or ask an admin for more
};

std::string_view to_string(Errc code);

struct Error {
  Errc code;
  std::string context;

  // "<what>: <context>", for adding where it happened while passing the error up.
  Error in(std::string_view what) const { return {code, std::string(what) + ": " + context}; }
  std::string message() const;
};

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

template <class T>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
 public:
  using Base = boost::system::result<T, Error>;
  using Base::Base;
  // Requires !has_value(). `what` says what was being done.
  Error error_in(std::string_view what) const { return this->error().in(what); }
};

template <>
class [[nodiscard]] Result<void> : public boost::system::result<void, Error> {
 public:
  using Base = boost::system::result<void, Error>;
  using Base::Base;
  Error error_in(std::string_view what) const { return this->error().in(what); }
};

inline Error fail(Errc code, std::string context) { return Error{code, std::move(context)}; }

}  // namespace peerstore
