#include "renewal.hpp"

namespace peerstore::cli {

std::variant<UnlockedHome, Exit> open_for_change(crypto::Signatures& signatures, const Home& home,
                                                 const Output& output, OpenedBy least,
                                                 account::Passphrase* as_typed) {
  auto lock = home.lock_account();
  if (const auto identity = home.identity(); !identity && identity.error().code != Errc::not_found) {
    return output.failure(identity.error());
  }
  if (!lock) return output.failure(lock.error(), "Let that command end first.");
  auto open = unlock_with_passphrase(signatures, home, output, least, as_typed);
  if (!open) return failure_to_unlock(output, open.error());
  open->lock = std::move(*lock);
  return std::move(*open);
}

std::variant<Renewal, Exit> begin_renewal(crypto::Signatures& signatures, const Home& home,
                                          const Output& output, const PasswdOptions& options,
                                          OpenedBy least) {
  account::Passphrase typed;
  auto opened = open_for_change(signatures, home, output, least, &typed);
  if (const Exit* const said = std::get_if<Exit>(&opened)) return *said;
  auto& open = std::get<UnlockedHome>(opened);
  auto chosen = choose_passphrase({options.new_file, options.new_descriptor}, output.options());
  if (!chosen) return failure_to_choose(output, chosen.error());
  // Another one than was typed; and than somebody else's, who put it in the place of that.
  if (account::is_same(typed, chosen->text) ||
      (open.opened_by != OpenedBy::present &&
       account::open_with_passphrase(open.body, open.owner, chosen->text, &open.file.account_secret))) {
    return output.failure(Exit::usage, "that is the passphrase that you have already",
                          "Nothing was changed: choose another one.");
  }
  return Renewal{std::move(open), std::move(*chosen)};
}

}  // namespace peerstore::cli
