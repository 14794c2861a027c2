// Renewal: what `passwd` and `rekey` begin with: the passphrase that is, and another one.
#pragma once

#include "commands.hpp"
#include "unlocked_home.hpp"

#include <variant>

namespace peerstore::cli {

struct Renewal {
  UnlockedHome open;
  ChosenPassphrase chosen;
};

// Asks for both. Why it goes no further has been said, if there is only an exit.
std::variant<Renewal, Exit> begin_renewal(crypto::Signatures& signatures, const Home& home,
                                          const Output& output, const PasswdOptions& options);

}  // namespace peerstore::cli
