// What commands that change the account begin with: the passphrase that is, and for `passwd` and `rekey`
// another one.
#pragma once

#include "commands.hpp"
#include "unlocked_home.hpp"

#include <variant>

namespace peerstore::cli {

// Locked, and opened by the passphrase itself, with `least` that; `as_typed`, if there, is given that. Why it
// goes no further has been said, if there is only an exit.
std::variant<UnlockedHome, Exit> open_for_change(crypto::Signatures& signatures, const Home& home,
                                                 const Output& output, OpenedBy least = OpenedBy::present,
                                                 account::Passphrase* as_typed = nullptr);

struct Renewal {
  UnlockedHome open;
  ChosenPassphrase chosen;
};

// Asks for both; likewise.
std::variant<Renewal, Exit> begin_renewal(crypto::Signatures& signatures, const Home& home,
                                          const Output& output, const PasswdOptions& options,
                                          OpenedBy least = OpenedBy::present);

}  // namespace peerstore::cli
