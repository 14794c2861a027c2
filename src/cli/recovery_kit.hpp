// The recovery kit: a page of text to print. What opens everything, whom to trust, and where to knock.
#pragma once

#include <peerstore/account/written_code.hpp>
#include <peerstore/crypto/secret.hpp>
#include <peerstore/wire/types.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerstore::cli {

struct RecoveryKit {
  crypto::Guarded<account::RecoveryCode> code;
  crypto::Guarded<account::AccountSecret> account_secret;
  crypto::SigningPublicKey ring_key;  // the ring's root
  crypto::SigningPublicKey person_key;
  std::string ring_name;
  std::string user;
  std::vector<std::string> addresses;
};

std::string to_text(const RecoveryKit& kit);
// From the text, or a copy of it that somebody typed: its lines "Recovery code:", "Account secret:", "Ring
// key:", "Your key:" and "Address:". Errc::invalid names what is wrong.
Result<RecoveryKit> read_recovery_kit(std::string_view text);

}  // namespace peerstore::cli
