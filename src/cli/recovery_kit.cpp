#include "recovery_kit.hpp"

#include <algorithm>

namespace peerstore::cli {

namespace {

constexpr std::size_t kAddressesMax = 64;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

Result<crypto::SigningPublicKey> read_key(std::string_view name, std::string_view text) {
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return c != ' '; });
  const auto bytes = from_hex(digits);
  const auto key = bytes ? crypto::SigningPublicKey::from(*bytes) : std::nullopt;
  if (!key) return fail(Errc::invalid, "the kit's line \"" + std::string(name) + "\" is mistyped");
  return *key;
}

std::string in_groups(ByteView key) {
  const std::string digits = to_hex(key);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); i += 8) text += (i == 0 ? "" : " ") + digits.substr(i, 8);
  return text;
}

template <class Secret>
Result<crypto::Guarded<Secret>> read_line(std::string_view name, std::string_view text) {
  const auto bytes = account::read_code(text, Secret::kSize);
  if (!bytes) return bytes.error_in(name);
  crypto::Guarded<Secret> secret;
  std::ranges::copy(bytes->view(), secret->bytes.begin());
  return secret;
}

}  // namespace

std::string to_text(const RecoveryKit& kit) {
  std::string text = "PeerStore recovery kit of " + kit.user + " in the ring '" + kit.ring_name +
                     "'\n\n"
                     "Whoever has this page can read all files of " +
                     kit.user +
                     ". Print it, keep it where you keep a\n"
                     "passport, and a second one with somebody you trust; then delete the file.\n\n";
  text += "Recovery code: " + account::write_code(kit.code->view()) + "\n";
  text += "Account secret: " + account::write_code(kit.account_secret->view()) + "\n";
  text += "Ring key: " + in_groups(kit.ring_key.view()) + "\n";
  text += "Your key: " + in_groups(kit.person_key.view()) + "\n";
  for (const std::string& address : kit.addresses) text += "Address: " + address + "\n";
  text +=
      "\nOn an empty machine, with this page as a file or typed again:\n"
      "  peerstore recovery use --kit FILE\n"
      "  peerstore restore --to FOLDER\n"
      "If no address answers, ask any friend of the ring for theirs: --bootstrap HOST:PORT\n"
      "The recovery code alone opens everything. The account secret is needed only beside a passphrase\n"
      "that you chose yourself: peerstore recovery use --kit FILE --with-passphrase\n";
  return text;
}

Result<RecoveryKit> read_recovery_kit(std::string_view text) {
  RecoveryKit kit;
  bool has_code = false;
  unsigned keys = 0;
  bool has_secret = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (name == "Recovery code") {
      auto code = read_line<account::RecoveryCode>(name, value);
      if (!code) return code.error();
      kit.code = std::move(*code);
      has_code = true;
    } else if (name == "Account secret") {
      auto secret = read_line<account::AccountSecret>(name, value);
      if (!secret) return secret.error();
      kit.account_secret = std::move(*secret);
      has_secret = true;
    } else if (name == "Ring key" || name == "Your key") {
      const auto key = read_key(name, value);
      if (!key) return key.error();
      (name == "Ring key" ? kit.ring_key : kit.person_key) = *key;
      keys |= name == "Ring key" ? 1u : 2u;
    } else if (name == "Address" && kit.addresses.size() < kAddressesMax) {
      kit.addresses.emplace_back(value);
    }
  }
  if (!has_code) return fail(Errc::invalid, "this is no recovery kit: it has no line \"Recovery code:\"");
  if (!has_secret) return fail(Errc::invalid, "the kit's line \"Account secret:\" is missing");
  if (keys != 3)
    return fail(Errc::invalid, "the kit's lines \"Ring key:\" and \"Your key:\" are both needed");
  return kit;
}

}  // namespace peerstore::cli
