// What a command says: data on stdout, messages and progress on stderr, JSON if asked.
#pragma once

#include "exit_codes.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <peerstore/drive/drive.hpp>
#include <peerstore/runtime/clock.hpp>

#include <string>
#include <string_view>

namespace peerstore::cli {

struct GlobalOptions {
  std::string home;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool no_input = false;        // ask nothing
  std::string passphrase_file;  // else PEERSTORE_PASSPHRASE_FILE
  int passphrase_fd = -1;
};

class Output {
 public:
  explicit Output(const GlobalOptions& options);

  bool json() const { return json_; }
  const GlobalOptions& options() const { return options_; }

  // A line of data, on stdout.
  void line(std::string_view text) const;
  // One JSON document or line, on stdout, with "schema":1 in front.
  void document(boost::json::object object) const;
  // Whether all that was said on stdout has gone out. What cannot be said again is said before it counts.
  Result<void> is_out() const;
  // A message for a person, on stderr; nothing with --quiet or --json.
  void note(std::string_view text) const;
  void warning(std::string_view path, const Error& error) const;

  // Says what failed and what to do about it; returns the exit code for it.
  Exit failure(const Error& error, std::string_view remedy = {}) const;
  Exit failure(Exit code, std::string_view message, std::string_view remedy = {}) const;

 private:
  GlobalOptions options_;
  bool json_;
  bool quiet_;
};

// Progress on a terminal: two figures, sent and safe, redrawn at most four times a second; a line
// every ten seconds elsewhere; JSON lines with --json.
class ProgressLine {
 public:
  ProgressLine(const Output& output, Clock& clock, std::string_view verb, bool quiet);
  ~ProgressLine();
  void show(const drive::Progress& progress);
  // Takes the line off the terminal, so that a message can be printed.
  void clear();

 private:
  const Output& output_;
  Clock& clock_;
  std::string verb_;
  bool terminal_;
  bool quiet_;
  bool drawn_ = false;
  TimePoint began_;
  TimePoint shown_;
};

// The progress in so many columns at most, as much of it as fits. Nothing is said of what is to come where
// that is not known: `seconds_left` below 0, totals 0.
std::string progress_text(const std::string& verb, const drive::Progress& progress, std::uint64_t rate,
                          std::int64_t seconds_left, std::size_t columns);
// Adds a name or path as text, and byte for byte as KEY_base64url where the text is not all.
void add_name(boost::json::object& object, std::string_view key, std::string_view raw);
// Names, fit for a terminal, as a list.
boost::json::array names_document(const std::vector<std::string>& names);
// "8.2 GB", "812 kB": powers of 1000.
std::string human_bytes(std::uint64_t bytes);
std::string human_duration(std::int64_t seconds);
// A name for a terminal or a log: control characters and invalid UTF-8 as \xNN.
std::string printable(std::string_view raw);
// With blanks behind it up to that width; longer text stays as it is.
std::string padded(std::string text, std::size_t width);
// "200G", "1.5T", "500M", "1000000": bytes. Errc::invalid says what is allowed.
Result<std::uint64_t> read_bytes(std::string_view text);
// "7d", "12h", "30min", "7" (days), "never": seconds, 0 = never. Errc::invalid says what is allowed.
Result<std::int64_t> read_lifetime(std::string_view text);

}  // namespace peerstore::cli
