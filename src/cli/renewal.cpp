#include "renewal.hpp"

#include "record_exchange.hpp"

namespace peerstore::cli {

std::variant<UnlockedHome, Exit> open_for_change(crypto::Signatures& signatures, const Home& home,
                                                 const Output& output, OpenedBy least) {
  auto lock = home.lock_account();
  if (const auto identity = home.identity(); !identity && identity.error().code != Errc::not_found) {
    return output.failure(identity.error());
  }
  if (!lock) return output.failure(lock.error(), "Let that command end first.");
  auto open = unlock_with_passphrase(signatures, home, output, least);
  if (!open) return failure_to_unlock(output, open.error());
  open->lock = std::move(*lock);
  return std::move(*open);
}

namespace {

// Also of a passphrase that opens nothing here any more, and that somebody else may know.
bool is_of_before(const Home& home, const UnlockedHome& open, const account::Passphrase& chosen) {
  const auto before = open.opened_by == OpenedBy::present ? fail(Errc::not_found, "") : home.account_before();
  if (!before) return false;
  const auto body = account::decode_record_body(before->file.record.body.view());
  return body && account::open_with_passphrase(*body, open.owner, chosen, &before->file.account_secret);
}

}  // namespace

std::variant<Renewal, Exit> begin_renewal(crypto::Signatures& signatures, const Home& home,
                                          const Output& output, const PasswdOptions& options,
                                          OpenedBy least) {
  auto opened = open_for_change(signatures, home, output, least);
  if (const Exit* const said = std::get_if<Exit>(&opened)) return *said;
  auto& open = std::get<UnlockedHome>(opened);
  auto chosen = choose_passphrase({options.new_file, options.new_descriptor}, output.options());
  if (!chosen) return failure_to_choose(output, chosen.error());
  if (account::open_with_passphrase(open.body, open.owner, chosen->text, &open.file.account_secret) ||
      is_of_before(home, open, chosen->text)) {
    return output.failure(Exit::usage, "that is the passphrase that you have already",
                          "Nothing was changed: choose another one.");
  }
  return Renewal{std::move(open), std::move(*chosen)};
}

}  // namespace peerstore::cli
