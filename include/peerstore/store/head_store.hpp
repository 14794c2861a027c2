// HeadStore: the heads of persons' machines that this machine keeps, one file a head, replaced
// atomically and durable before it is acknowledged. It keeps the highest version of each; two
// different heads of one version are evidence of a copied machine, and the first one stays. So it keeps
// the user records of persons, one each. Signatures are checked by the caller.
#pragma once

#include <peerstore/runtime/disk.hpp>
#include <peerstore/runtime/task.hpp>
#include <peerstore/runtime/workers.hpp>
#include <peerstore/wire/types.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace peerstore::store {

class HeadStore {
 public:
  // Opens or creates the store below "heads/" and "records/" of `disk`; a file that cannot be read is set
  // aside.
  static Task<Result<std::unique_ptr<HeadStore>>> open(Disk& disk, Workers& workers);
  virtual ~HeadStore() = default;

  // Errc::refused if an equal or higher version is held (unless it is this very head: done);
  // busy while another head of the same machine is being written; full at kHeadsMax machines of
  // one person; invalid if the body is too large. One that outranks what is held takes its place
  // whatever their versions.
  virtual Task<Result<void>> put(wire::Head head, bool outranks = false) = 0;
  virtual std::vector<wire::Head> of_person(wire::PersonNumber person) const = 0;
  virtual std::vector<wire::Head> all() const = 0;

  // Likewise: the highest version stays, and of two of one version the first, unless the caller knows better.
  virtual Task<Result<void>> put(wire::UserRecord record, bool outranks = false) = 0;
  virtual std::optional<wire::UserRecord> record_of(wire::PersonNumber person) const = 0;
  virtual std::vector<wire::UserRecord> records() const = 0;  // by person
};

}  // namespace peerstore::store
