#include <gtest/gtest.h>
#include <peerstore/membership/machine_certificate.hpp>
#include <peerstore/membership/membership.hpp>
#include <peerstore/world/virtual_disk.hpp>

#include <membership/test_ring.hpp>

namespace peerstore::membership {
namespace {

TEST(RosterFile, BringsTheSameRosterBack) {
  TestRing ring;
  ring.admit("bob");
  world::VirtualDisk disk;
  ASSERT_TRUE(save_statements(disk, ring.roster->statements()));
  Roster again(ring.signatures, ring.founder.root_key);
  const auto loaded = load_statements(disk);
  ASSERT_TRUE(loaded) << loaded.error().message();
  for (const auto& statement : *loaded) EXPECT_TRUE(again.add(statement).value());
  expect_equal(again, *ring.roster);
}

TEST(RosterFile, OfFiftyPersonsWithAHundredMachinesIsSmall) {
  TestRing ring;
  std::vector<Identity> people = {ring.founder};
  while (people.size() < 50) people.push_back(ring.admit("person-" + std::to_string(people.size())));
  for (const Identity& person : people) {
    const NewMachine laptop{person.person, 1, person.person_name + "-second", 1 << 30};
    ring.state({certify_machine(ring.signatures, ring.ring(), person.person_secret, laptop,
                                make_machine_secrets(ring.signatures, ring.entropy))});
  }
  ASSERT_EQ(ring.roster->members().size(), 100u);
  world::VirtualDisk disk;
  ASSERT_TRUE(save_statements(disk, ring.roster->statements()));
  const std::size_t bytes = disk.read_all("roster", 1 << 20).value().size();
  RecordProperty("bytes", static_cast<int>(bytes));
  EXPECT_LT(bytes, 80'000u) << ring.roster->size() << " statements";
}

TEST(RosterFile, IsNotFoundBeforeTheFirstSave) {
  world::VirtualDisk disk;
  EXPECT_EQ(load_statements(disk).error().code, Errc::not_found);
}

TEST(RosterFile, IsCorruptWithARemedyWhenDamaged) {
  TestRing ring;
  world::VirtualDisk disk;
  ASSERT_TRUE(save_statements(disk, ring.roster->statements()));
  const Bytes good = disk.read_all("roster", 1 << 20).value();
  for (std::size_t i = 0; i < good.size(); i += 3) {
    Bytes bad = good;
    bad[i] ^= 0x10;
    ASSERT_TRUE(disk.replace("roster", bad));
    const auto loaded = load_statements(disk);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, Errc::corrupt);
    EXPECT_NE(loaded.error().context.find("move it away"), std::string::npos);
  }
  ASSERT_TRUE(disk.replace("roster", ByteView(good).first(good.size() / 2)));
  EXPECT_EQ(load_statements(disk).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace peerstore::membership
