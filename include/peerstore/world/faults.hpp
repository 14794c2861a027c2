// Faults: makes a chosen call to a simulated disk or database fail.
//
// Calls are counted from 1, all kinds together, so that a test can run once to learn how many
// there are, and then once for each of them.
#pragma once

#include <peerstore/runtime/random.hpp>
#include <peerstore/runtime/result.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace peerstore::world {

enum class Operation : std::uint8_t {
  create,
  append,
  write_at,
  sync,
  read,
  size,
  rename,
  remove,
  make_folder,
  sync_folder,
  list,
  space,
  database_write,
  database_read,
};

class Faults {
 public:
  // The n-th call from now on fails, and no other.
  void fail_call(std::uint64_t n, Errc code = Errc::io);
  // The n-th call from now on and all that follow fail: the machine died there. Crash and reopen next.
  void fail_from_call(std::uint64_t n);
  // Asked before each call: an error makes it fail. Nothing is done by a call that fails.
  void set_rule(std::function<std::optional<Error>(Operation, std::string_view path)> rule);
  // Each call for a path that begins with `prefix` fails with this chance. `random` must outlive that;
  // nullptr: no more.
  void fail_sometimes(Random* random, double share, Errc code, std::string_view prefix = {});
  void clear();

  std::uint64_t calls() const { return calls_; }
  // For the implementations: counts the call, and says how it fails if it does.
  std::optional<Error> before(Operation operation, std::string_view path);

 private:
  std::uint64_t calls_ = 0;
  std::uint64_t one_ = 0;
  std::uint64_t from_ = 0;
  Errc code_ = Errc::io;
  std::function<std::optional<Error>(Operation, std::string_view)> rule_;
  Random* random_ = nullptr;
  double share_ = 0;
  Errc sometimes_code_ = Errc::io;
  std::string prefix_;
};

}  // namespace peerstore::world
