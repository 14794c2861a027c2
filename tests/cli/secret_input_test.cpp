#include "cli/secret_input.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>

namespace peerstore::cli {
namespace {

// What a command is given with --passphrase-fd.
class Pipe {
 public:
  explicit Pipe(std::string_view text) {
    EXPECT_EQ(::pipe(ends_.data()), 0);
    EXPECT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() { ::close(ends_[0]); }
  Result<std::string> next() {
    const auto line = read_secret({"", ends_[0]}, "", false);
    if (!line) return line.error();
    return std::string(as_text(line->view()));
  }

 private:
  std::array<int, 2> ends_{};
};

TEST(SecretInput, TakesNoMoreThanItsLineFromADescriptor) {
  Pipe pipe("the old passphrase\nthe new passphrase\n\nwithout an end");
  for (const char* line : {"the old passphrase", "the new passphrase", "", "without an end", ""}) {
    EXPECT_EQ(pipe.next().value(), line);
  }
}

TEST(SecretInput, RefusesALineThatIsTooLong) {
  EXPECT_EQ(Pipe(std::string(4096, 'x') + "\n").next().value().size(), 4096u);
  EXPECT_EQ(Pipe(std::string(4097, 'x') + "\n").next().error().code, Errc::invalid);
}

}  // namespace
}  // namespace peerstore::cli
