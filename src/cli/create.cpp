#include "commands.hpp"
#include "unlocked_home.hpp"

#include <peerstore/crypto/signatures.hpp>
#include <peerstore/membership/invitation.hpp>

#include <unistd.h>

#include <algorithm>

namespace peerstore::cli {

std::string this_machine() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == 0) return "machine";
  return std::string(name).substr(0, membership::kNameBytesMax);
}

Result<void> check_name(const std::string& name, std::string_view what) {
  if (name.empty()) return fail(Errc::invalid, std::string(what) + " must not be empty");
  if (name.size() > membership::kNameBytesMax) {
    return fail(Errc::invalid, std::string(what) + " is longer than " +
                                   std::to_string(membership::kNameBytesMax) + " bytes");
  }
  if (!membership::is_name(name))
    return fail(Errc::invalid, std::string(what) + " has characters that cannot be shown");
  return {};
}

Exit create_command(const Home& home, const Output& output, const CreateOptions& options) {
  if (home.has_identity()) {
    return output.failure(Exit::failed, home.path() + " belongs to a ring already",
                          "Choose another folder with --home to be in a second ring.");
  }
  for (const auto& good : {home.is_free(), home.has_no_claim()}) {
    if (!good) return output.failure(good.error(), "Nothing was created.");
  }
  const std::string machine = options.machine.empty() ? this_machine() : options.machine;
  if (auto good = check_name(options.ring_name, "the ring's name"); !good) {
    return output.failure(Exit::usage, good.error().context);
  }
  if (auto good = check_name(options.user, "the user's name"); !good) {
    return output.failure(Exit::usage, good.error().context);
  }
  if (auto good = check_name(machine, "the machine's name"); !good) {
    return output.failure(Exit::usage, good.error().context);
  }
  const auto bytes = read_bytes(options.give);
  if (!bytes) return output.failure(Exit::usage, "--give: " + bytes.error().context);
  if (options.copies < 1 || options.copies > membership::kCopiesMax) {
    return output.failure(Exit::usage,
                          "--copies must be between 1 and " + std::to_string(membership::kCopiesMax));
  }

  membership::PolicyStatement policy;
  policy.ring_name = options.ring_name;
  policy.policy.copies = static_cast<std::uint8_t>(options.copies);
  policy.policy.colours = options.no_colours ? 0 : wire::kClasses;
  os::SystemEntropy entropy;
  crypto::Ed25519Signatures signatures;
  const membership::Identity identity =
      membership::found_ring(signatures, entropy, policy, options.user, machine, *bytes);
  const auto passphrase = choose_passphrase(passphrase_source(output.options()), output.options());
  if (!passphrase) return failure_to_choose(output, passphrase.error());
  const auto account = make_account(signatures, identity, *passphrase);
  if (!account) return output.failure(account.error(), "Nothing was created.");
  if (auto shown = show_passphrase(output, *passphrase); !shown) {
    return output.failure(shown.error(), "Nothing was created.");
  }
  if (auto kept = home.keep_identity(identity, *account); !kept) {
    return output.failure(kept.error(), "Nothing was created.");
  }

  if (output.json()) {
    output.document({{"type", "created"},
                     {"ring", options.ring_name},
                     {"ring_id", to_hex(membership::ring_id_of(identity.root_key).view())},
                     {"user", options.user},
                     {"machine", machine},
                     {"copies", options.copies},
                     {"home", home.path()}});
    return Exit::done;
  }
  output.line("The ring '" + options.ring_name + "' exists, with one member: " + options.user + " on " +
              machine + ".");
  advise_about_passphrase(output, *passphrase);
  if (options.no_colours) {
    output.note("Without colours a friend may come to hold all pieces of a file (encrypted).");
  }
  output.note("Next: peerstore node        then: peerstore invite NAME");
  return Exit::done;
}

}  // namespace peerstore::cli
