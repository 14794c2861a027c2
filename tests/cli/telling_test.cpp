#include "cli/telling.hpp"

#include <peerstore/membership/machine_certificate.hpp>

#include <membership/test_ring.hpp>

namespace peerstore::cli {
namespace {

TEST(FindMachineOf, MeansTheMachinesOfOnePersonByNameOrNumberUntilTheyAreGone) {
  membership::TestRing ring;
  const membership::Identity bob = ring.admit("bob");
  const membership::Identity carol = ring.admit("carol");
  for (const std::uint32_t number : {1u, 2u, 3u, 4u}) {
    const auto secrets = membership::make_machine_secrets(ring.signatures, ring.entropy);
    const membership::NewMachine machine{bob.person, number, number == 1 ? "tower" : "twin", 100};
    ring.state(
        {membership::certify_machine(ring.signatures, ring.ring(), bob.person_secret, machine, secrets)});
  }
  const auto find = [&](const std::string& text) { return find_machine_of(*ring.roster, bob.person, text); };
  const std::string person = std::to_string(bob.person);
  EXPECT_EQ(find("tower").value().machine, 1u);
  EXPECT_EQ(find(person + ".2").value().machine, 2u);
  const auto twins = find("twin");
  ASSERT_EQ(twins.error().code, Errc::invalid);
  EXPECT_NE(twins.error().context.find("twin (" + person + ".3)"), std::string::npos);
  for (const std::string& nobody : {std::string("carol-laptop"), std::string("bob"), person + ".7",
                                    std::to_string(carol.person) + ".0", std::string()}) {
    EXPECT_EQ(find(nobody).error().code, Errc::not_found) << nobody;
  }
  ring.state({ring.by(bob, membership::DepartureStatement{bob.person, 1}),
              ring.by(bob, membership::DepartureStatement{bob.person, 4})});
  EXPECT_EQ(find("tower").error().code, Errc::not_found);
  for (const std::string& gone : {std::string("tower"), person + ".1", person + ".4"}) {
    EXPECT_TRUE(was_machine_of(*ring.roster, bob.person, gone)) << gone;
    EXPECT_FALSE(was_machine_of(*ring.roster, carol.person, gone)) << gone;
  }
  EXPECT_FALSE(was_machine_of(*ring.roster, bob.person, "twin")) << "two of them are there";
}

}  // namespace
}  // namespace peerstore::cli
