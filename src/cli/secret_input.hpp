// Secret input: passphrases and codes, from a file, a file descriptor or the terminal; never from the command
// line or the environment, which other processes can read.
#pragma once

#include "output.hpp"

#include <peerstore/account/passphrase.hpp>

#include <optional>
#include <string>

namespace peerstore::cli {

// A file, or a descriptor that is open already; neither: the terminal.
struct SecretSource {
  std::string file;
  int descriptor = -1;
  bool is_given() const { return !file.empty() || descriptor >= 0; }
};

// One line. `prompt` is shown on the terminal only, where nothing that is typed is shown. Errc::refused if
// there is nobody to ask; Errc::invalid if there is too much of it.
Result<crypto::SecretBytes> read_secret(const SecretSource& source, std::string_view prompt, bool may_ask);

// The passphrase of an account that exists. PEERSTORE_PASSPHRASE_FILE names a file as --passphrase-file does.
SecretSource passphrase_source(const GlobalOptions& options);
Result<account::Passphrase> ask_passphrase(const GlobalOptions& options);

// A new one: from `source`; or drawn, shown and typed back; or typed twice. With --no-input and no source it
// is drawn, for show_passphrase().
struct ChosenPassphrase {
  account::Passphrase text;
  bool is_generated = false;
  bool is_shown = false;  // on the terminal already
};
Result<ChosenPassphrase> choose_passphrase(const SecretSource& source, const GlobalOptions& options);

// Why no passphrase was chosen.
Exit failure_to_choose(const Output& output, const Error& error);
// On standard output (with --json: a document of its own), unless its person has seen it. Comes before
// anything depends on it. Errc::io if it cannot be shown.
Result<void> show_passphrase(const Output& output, const ChosenPassphrase& passphrase);
// What to know about the passphrase that is in force now.
void advise_about_passphrase(const Output& output, const ChosenPassphrase& passphrase);

// What is wrong with arguments that carry a secret; nothing if they do not.
std::optional<std::string> secret_in_arguments(int count, char** arguments);

}  // namespace peerstore::cli
