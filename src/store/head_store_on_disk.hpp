// HeadStoreOnDisk: every head in memory (there is one a machine of the ring, of a few KiB), and
// one file each. A file is replaced before the memory, so what is told is what is durable.
#pragma once

#include "store/head_file.hpp"
#include "store/record_file.hpp"

#include <peerstore/store/head_store.hpp>

#include <map>
#include <set>

namespace peerstore::store {

class HeadStoreOnDisk final : public HeadStore {
 public:
  HeadStoreOnDisk(Disk& disk, Workers& workers) : disk_(disk), workers_(workers) {}

  // To be called once, before anything else.
  Task<Result<void>> recover();

  Task<Result<void>> put(wire::Head head, bool outranks) override;
  std::vector<wire::Head> of_person(wire::PersonNumber person) const override;
  std::vector<wire::Head> all() const override;
  Task<Result<void>> put(wire::UserRecord record, bool outranks) override;
  std::optional<wire::UserRecord> record_of(wire::PersonNumber person) const override;
  std::vector<wire::UserRecord> records() const override;

 private:
  // Nothing if it may be put; else the answer.
  std::optional<Result<void>> settled(const HeadName& name, const wire::Head& head, bool outranks) const;
  std::optional<Result<void>> settled(const wire::UserRecord& record, bool outranks) const;

  Disk& disk_;
  Workers& workers_;
  std::map<HeadName, wire::Head> heads_;
  std::set<HeadName> being_written_;
  std::map<wire::PersonNumber, wire::UserRecord> records_;
  std::set<wire::PersonNumber> records_being_written_;
};

}  // namespace peerstore::store
