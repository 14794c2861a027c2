#include "cli/telling.hpp"

#include <peerstore/membership/machine_certificate.hpp>

#include <membership/test_ring.hpp>

namespace peerstore::cli {
namespace {

void add_machine(membership::TestRing& ring, const membership::Identity& person, std::uint32_t number,
                 const std::string& name) {
  const auto secrets = membership::make_machine_secrets(ring.signatures, ring.entropy);
  const membership::NewMachine machine{person.person, number, name, 100};
  ring.state(
      {membership::certify_machine(ring.signatures, ring.ring(), person.person_secret, machine, secrets)});
}

TEST(FindMachineOf, MeansTheMachinesOfOnePersonByNameOrNumberUntilTheyAreGone) {
  membership::TestRing ring;
  const membership::Identity bob = ring.admit("bob");
  const membership::Identity carol = ring.admit("carol");
  for (const std::uint32_t number : {1u, 2u, 3u, 4u}) {
    add_machine(ring, bob, number, number == 1 ? "tower" : "twin");
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

// Mallory is called what its own numbers are, and one of its machines as another one's number is.
TEST(FindTarget, MeansWhoHasTheNumberWhateverOthersAreCalled) {
  membership::TestRing ring;
  const membership::Identity bob = ring.admit("bob");
  const std::string number = std::to_string(ring.roster->next_person());
  const membership::Identity mallory = ring.admit(number + ".0");
  ASSERT_EQ(std::to_string(mallory.person), number);
  add_machine(ring, mallory, 1, number);
  add_machine(ring, mallory, 2, number + ".1");
  add_machine(ring, mallory, 3, std::to_string(bob.person));

  const auto find = [&](const std::string& text) { return find_target(*ring.roster, text).value(); };
  EXPECT_EQ(find(number).person, mallory.person);
  EXPECT_EQ(find(number).machine, std::nullopt);
  EXPECT_EQ(find(number + ".0").machine, 0u);
  EXPECT_EQ(find(number + ".1").machine, 1u);
  EXPECT_EQ(find(std::to_string(bob.person)).name, "bob");
  EXPECT_EQ(find_person(*ring.roster, number).value().name, number + ".0");
  const auto own = [&](const std::string& text) {
    return find_machine_of(*ring.roster, mallory.person, text).value().machine;
  };
  EXPECT_EQ(own(number + ".1"), 1u);
  EXPECT_EQ(own(number), 1u) << "by its name, for a person is no machine";

  // A number that nobody has any more is a name again.
  ring.state({ring.by(mallory, membership::DepartureStatement{mallory.person, 1})});
  EXPECT_EQ(find(number + ".1").machine, 2u);
  EXPECT_FALSE(was_machine_of(*ring.roster, mallory.person, number + ".1"));
}

TEST(FindPerson, MeansTheNumberBeforeTheName) {
  membership::TestRing ring;
  const membership::Identity bob = ring.admit("bob");
  const membership::Identity mallory = ring.admit(std::to_string(bob.person));
  const auto found = find_person(*ring.roster, std::to_string(bob.person));
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->person, bob.person);
  EXPECT_EQ(find_person(*ring.roster, std::to_string(mallory.person)).value().person, mallory.person);
}

}  // namespace
}  // namespace peerstore::cli
