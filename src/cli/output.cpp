#include "output.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

namespace peerstore::cli {

namespace {

constexpr Duration kRedraw = 250ms;
constexpr double kRateFrom = 1;  // seconds: until then it tells nothing of the time left
constexpr Duration kLinePause = 10s;
constexpr int kBarWidth = 20;

std::string bar(double fraction) {
  const int full = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kBarWidth);
  return "[" + std::string(static_cast<std::size_t>(full), '#') +
         std::string(static_cast<std::size_t>(kBarWidth - full), '-') + "]";
}

double fraction(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 1.0 : static_cast<double>(part) / static_cast<double>(whole);
}

// One less than the terminal has, which would go to the next line after the last.
std::size_t columns() {
  constexpr std::size_t kUsual = 80;
  struct winsize size = {};
  const bool is_told = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return (is_told ? size.ws_col : kUsual) - 1;
}

}  // namespace

std::string progress_text(const std::string& verb, const drive::Progress& progress, std::uint64_t rate,
                          std::int64_t seconds_left, std::size_t columns) {
  // What is worth most first; the bar, which says nothing that the figures do not, is last.
  std::vector<std::string> parts;
  std::string bar_text;
  if (progress.bytes_total > 0) {
    bar_text = bar(fraction(progress.bytes_read, progress.bytes_total)) + "  ";
    parts.push_back(
        "safe " +
        std::to_string(static_cast<int>(100 * fraction(progress.bytes_safe, progress.bytes_total))) + "%");
    parts.push_back("  " + human_bytes(progress.bytes_safe) + " of " + human_bytes(progress.bytes_total));
  } else {
    parts.push_back(human_bytes(progress.bytes_safe));
  }
  if (seconds_left >= 0) parts.push_back("  " + human_duration(seconds_left) + " left");
  parts.push_back("  " + human_bytes(rate) + "/s");
  const std::string of = progress.files_total > 0 ? "/" + std::to_string(progress.files_total) : "";
  parts.push_back("  " + std::to_string(progress.files_done) + of + " files");
  std::string text;
  for (const std::string& part : parts) {
    if (verb.size() + 1 + text.size() + part.size() <= columns) text += part;
  }
  if (verb.size() + 1 + bar_text.size() + text.size() <= columns) text = bar_text + text;
  return (verb + " " + text).substr(0, columns);
}

void add_name(boost::json::object& object, std::string_view key, std::string_view raw) {
  std::string text = printable(raw);
  if (text != raw) object[std::string(key) + "_base64url"] = to_base64url(as_bytes(raw));
  object[key] = std::move(text);
}

boost::json::array names_document(const std::vector<std::string>& names) {
  boost::json::array array;
  for (const std::string& name : names) array.push_back(boost::json::value(printable(name)));
  return array;
}

Output::Output(const GlobalOptions& options)
    : options_(options), json_(options.json), quiet_(options.quiet) {}

void Output::line(std::string_view text) const {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

void Output::document(boost::json::object object) const {
  boost::json::object whole;
  whole["schema"] = 1;
  for (auto& [key, value] : object) whole[key] = std::move(value);
  line(boost::json::serialize(whole));
  std::fflush(stdout);
}

Result<void> Output::is_out() const {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return {};
  return fail(Errc::io, "nothing can be written to standard output");
}

void Output::note(std::string_view text) const {
  if (quiet_ || json_) return;
  std::fflush(stdout);  // what was said before stands before
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}

void Output::warning(std::string_view path, const Error& error) const {
  if (json_) {
    boost::json::object said{
        {"type", "warning"}, {"code", to_string(error.code)}, {"message", printable(error.context)}};
    add_name(said, "path", path);
    document(std::move(said));
    return;
  }
  const bool said = path.empty() || error.context.starts_with(path);
  const std::string where = said ? "" : printable(path) + ": ";
  std::fprintf(stderr, "peerstore: warning: %s%s\n", where.c_str(), printable(error.context).c_str());
}

Exit Output::failure(const Error& error, std::string_view remedy) const {
  return failure(exit_for(error), error.message(), remedy);
}

Exit Output::failure(Exit code, std::string_view message, std::string_view remedy) const {
  if (json_) {
    document({{"type", "error"},
              {"message", printable(message)},
              {"hint", remedy},
              {"exit_code", static_cast<int>(code)}});
  } else {
    std::fprintf(stderr, "peerstore: %s\n", printable(message).c_str());
    if (!remedy.empty()) std::fprintf(stderr, "  %.*s\n", static_cast<int>(remedy.size()), remedy.data());
  }
  return code;
}

ProgressLine::ProgressLine(const Output& output, Clock& clock, std::string_view verb, bool quiet)
    : output_(output),
      clock_(clock),
      verb_(verb),
      terminal_(::isatty(STDERR_FILENO) == 1 && !output.json()),
      quiet_(quiet),
      began_(clock.now()),
      shown_(clock.now()) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::clear() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

void ProgressLine::show(const drive::Progress& progress) {
  if (quiet_) return;
  const TimePoint now = clock_.now();
  const Duration pause = terminal_ || output_.json() ? kRedraw : kLinePause;
  if (now - shown_ < pause) return;
  shown_ = now;

  const double seconds = std::chrono::duration<double>(now - began_).count();
  const double rate = seconds > 0 ? static_cast<double>(progress.bytes_safe) / seconds : 0;
  const std::uint64_t left = progress.bytes_total - std::min(progress.bytes_total, progress.bytes_safe);
  const bool is_known = progress.bytes_total > 0 && rate > 0 && seconds >= kRateFrom;
  const auto seconds_left = is_known ? static_cast<std::int64_t>(static_cast<double>(left) / rate) : -1;
  if (output_.json()) {
    const auto if_known = [](auto value, bool known) {
      return known ? boost::json::value(value) : boost::json::value(nullptr);
    };
    output_.document({{"type", "progress"},
                      {"files_done", progress.files_done},
                      {"files_total", if_known(progress.files_total, progress.files_total > 0)},
                      {"bytes_sent", progress.bytes_read},
                      {"bytes_safe", progress.bytes_safe},
                      {"bytes_total", if_known(progress.bytes_total, progress.bytes_total > 0)},
                      {"seconds_remaining", if_known(seconds_left, is_known)}});
    return;
  }
  const std::string text = progress_text(verb_, progress, static_cast<std::uint64_t>(rate), seconds_left,
                                         terminal_ ? columns() : ~std::size_t{0});
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s", text.c_str());
    drawn_ = true;
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  std::fflush(stderr);
}

}  // namespace peerstore::cli
