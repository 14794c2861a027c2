#include "secret_input.hpp"

#include <peerstore/crypto/hash.hpp>
#include <peerstore/os/real.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace peerstore::cli {

namespace {

constexpr std::size_t kSecretBytesMax = 4096;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

// Does not show what is typed, until it is gone.
class Silence {
 public:
  explicit Silence(int terminal) {
    if (::tcgetattr(terminal, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (::tcsetattr(terminal, TCSAFLUSH, &silent) != 0) return;
    terminal_ = terminal;
    for (std::size_t i = 0; i < kEnding.size(); ++i) {
      struct sigaction speak{};
      speak.sa_handler = &Silence::speak_and_end;
      ::sigaction(kEnding[i], &speak, &handled_before_[i]);
    }
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() {
    if (terminal_ < 0) return;
    for (std::size_t i = 0; i < kEnding.size(); ++i) {
      ::sigaction(kEnding[i], &handled_before_[i], nullptr);
    }
    ::tcsetattr(terminal_, TCSAFLUSH, &before_);
    terminal_ = -1;
  }
  static bool holds() { return terminal_ >= 0; }

 private:
  static constexpr std::array kEnding = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

  // Ctrl-C at a prompt must not leave a terminal that shows nothing.
  static void speak_and_end(int signal) {
    ::tcsetattr(terminal_, TCSAFLUSH, &before_);
    ::signal(signal, SIG_DFL);
    ::raise(signal);
  }

  // There is one terminal, and a handler sees nothing but statics.
  static inline int terminal_ = -1;
  static inline termios before_{};
  std::array<struct sigaction, kEnding.size()> handled_before_{};
};

Result<crypto::SecretBytes> first_line(int descriptor, const std::string& where) {
  crypto::SecretBytes buffer(kSecretBytesMax + 1);
  std::size_t size = 0;
  // No byte beyond the line: another secret may be read from the same descriptor.
  while (size < buffer.size()) {
    std::uint8_t* const next = buffer.bytes().data() + size;
    const ssize_t got = ::read(descriptor, next, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Errc::io, where + ": " + std::strerror(errno));
    if (got == 0) break;
    if (*next == '\n') return crypto::SecretBytes(buffer.view().first(size));
    ++size;
  }
  if (size > kSecretBytesMax) {
    return fail(Errc::invalid, where + ": a line of more than " + std::to_string(kSecretBytesMax) + " bytes");
  }
  return crypto::SecretBytes(buffer.view().first(size));
}

int open_terminal() { return ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY); }

void say(int terminal, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(terminal, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

Result<crypto::SecretBytes> ask_terminal(int terminal, std::string_view prompt) {
  const Silence silence(terminal);
  if (!Silence::holds()) return fail(Errc::refused, "the terminal would show what is typed");
  say(terminal, prompt);
  auto line = first_line(terminal, "the terminal");
  say(terminal, "\n");
  return line;
}

bool equal(const account::Passphrase& a, const account::Passphrase& b) {
  return crypto::equal_in_constant_time(a.view(), b.view());
}

// Until one is good, or nothing is typed.
Result<account::Passphrase> own_passphrase(int terminal) {
  for (;;) {
    const auto typed = ask_terminal(terminal, "Your own passphrase (12 characters or more): ");
    if (!typed) return typed.error();
    if (typed->empty()) return fail(Errc::cancelled, "no passphrase was chosen");
    auto passphrase = account::read_passphrase(typed->view(), true);
    if (!passphrase) {
      say(terminal, passphrase.error().context + "\n");
      continue;
    }
    const auto again = ask_terminal(terminal, "The same again: ");
    if (!again) return again.error();
    const auto repeated = account::read_passphrase(again->view(), false);
    if (repeated && equal(*passphrase, *repeated)) return passphrase;
    say(terminal, "These two are not the same.\n");
  }
}

Result<ChosenPassphrase> choose_on(int terminal) {
  os::SystemEntropy entropy;
  account::Passphrase drawn = account::generate_passphrase(entropy);
  say(terminal, "\nThis passphrase was drawn for you. It is shown once; write it down:\n\n    ");
  say(terminal, as_text(drawn.view()));
  say(terminal, "\n\nIt alone opens all your files, from any machine. If you lose it, nobody can help.\n");
  for (;;) {
    const auto typed = ask_terminal(terminal, "Type it back (or press Enter to choose your own): ");
    if (!typed) return typed.error();
    if (typed->empty()) {
      auto own = own_passphrase(terminal);
      if (!own) return own.error();
      return ChosenPassphrase{std::move(*own), false, true};
    }
    const auto read = account::read_passphrase(typed->view(), false);
    const auto back = read ? account::as_generated(*read) : std::nullopt;
    if (back && equal(*back, drawn)) return ChosenPassphrase{std::move(drawn), true, true};
    say(terminal, "That is not the one above.\n");
  }
}

}  // namespace

Result<crypto::SecretBytes> read_secret(const SecretSource& source, std::string_view prompt, bool may_ask) {
  if (source.descriptor >= 0) {
    return first_line(source.descriptor, "file descriptor " + std::to_string(source.descriptor));
  }
  if (!source.file.empty()) {
    const Descriptor file(::open(source.file.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.number() < 0) return fail(Errc::io, source.file + ": " + std::strerror(errno));
    return first_line(file.number(), source.file);
  }
  const Descriptor terminal(may_ask ? open_terminal() : -1);
  if (terminal.number() < 0) {
    return fail(Errc::refused,
                "a passphrase is needed, and there is no terminal to ask for it: "
                "use --passphrase-file FILE (what only reads and writes files needs none after: peerstore "
                "unlock)");
  }
  return ask_terminal(terminal.number(), prompt);
}

SecretSource passphrase_source(const GlobalOptions& options) {
  SecretSource source{options.passphrase_file, options.passphrase_fd};
  if (source.is_given()) return source;
  const char* named = std::getenv("PEERSTORE_PASSPHRASE_FILE");
  if (named != nullptr) source.file = named;
  return source;
}

Result<account::Passphrase> ask_passphrase(const GlobalOptions& options) {
  const auto line = read_secret(passphrase_source(options), "Passphrase: ", !options.no_input);
  if (!line) return line.error();
  return account::read_passphrase(line->view(), false);
}

Result<ChosenPassphrase> choose_passphrase(const SecretSource& source, const GlobalOptions& options) {
  if (source.is_given()) {
    const auto line = read_secret(source, "", false);
    if (!line) return line.error();
    auto passphrase = account::read_passphrase(line->view(), true);
    if (!passphrase) return passphrase.error();
    return ChosenPassphrase{std::move(*passphrase), false, true};
  }
  if (options.no_input) {
    os::SystemEntropy entropy;
    return ChosenPassphrase{account::generate_passphrase(entropy), true, false};
  }
  const Descriptor terminal(open_terminal());
  if (terminal.number() < 0) {
    return fail(Errc::refused,
                "there is no terminal to show a passphrase on: use --passphrase-file FILE, or "
                "--no-input to have one drawn and printed");
  }
  return choose_on(terminal.number());
}

Exit failure_to_choose(const Output& output, const Error& error) {
  if (error.code == Errc::refused) return output.failure(Exit::usage, error.context);
  return output.failure(Exit::wrong_passphrase, error.context);
}

Result<void> show_passphrase(const Output& output, const ChosenPassphrase& passphrase) {
  if (passphrase.is_shown) return {};
  if (output.json()) {
    output.document({{"type", "passphrase"}, {"passphrase", as_text(passphrase.text.view())}});
  } else {
    output.line("Your passphrase: " + std::string(as_text(passphrase.text.view())));
    output.note("It is shown only now. Write it down where you would keep a passport.");
  }
  return output.is_out();
}

void advise_about_passphrase(const Output& output, const ChosenPassphrase& passphrase) {
  if (passphrase.is_generated) {
    output.note("With it and one friend's address you get everything back; without it nobody can.");
  } else {
    output.note(
        "Make a recovery kit now (peerstore recovery make -o FILE) and keep it where you would keep a "
        "passport:");
    output.note("without the kit or this machine your passphrase opens nothing, and nobody can help.");
  }
}

std::optional<std::string> secret_in_arguments(int count, char** arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string_view word = arguments[i];
    for (const std::string_view option : {"--passphrase", "--password", "--new-passphrase", "--code"}) {
      if (word != option && !word.starts_with(std::string(option) + "=")) continue;
      return std::string(option) +
             ": a secret on the command line can be read by every process of this machine, and stays in the "
             "shell's history";
    }
  }
  return std::nullopt;
}

}  // namespace peerstore::cli
