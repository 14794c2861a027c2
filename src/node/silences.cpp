#include "node/silences.hpp"

#include <charconv>
#include <string>

namespace peerstore::node {

namespace {

constexpr std::string_view kPath = "silences";
constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;
constexpr std::int64_t kSecondsMax = std::int64_t{100} * 366 * 24 * 3600;

// "<identifier in hexadecimal digits> <seconds>"
bool read_line(std::string_view line, Silences& silences) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return false;
  const auto bytes = from_hex(line.substr(0, space));
  const auto member = bytes ? wire::MemberId::from(*bytes) : std::nullopt;
  const std::string_view digits = line.substr(space + 1);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  const bool is_number = error == std::errc() && end == digits.data() + digits.size();
  if (!member || !is_number || seconds < 0 || seconds > kSecondsMax) return false;
  silences[*member] = std::chrono::seconds(seconds);
  return true;
}

}  // namespace

Silences load_silences(Disk& disk) {
  const Result<Bytes> file = disk.read_all(kPath, kFileBytesMax);
  if (!file) return {};
  Silences silences;
  for (std::string_view text = as_text(*file); !text.empty();) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos || !read_line(text.substr(0, end), silences)) return {};
    text.remove_prefix(end + 1);
  }
  return silences;
}

Result<void> save_silences(Disk& disk, const Silences& silences) {
  std::string text;
  for (const auto& [member, silence] : silences) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(silence).count();
    text += to_hex(member.view()) + ' ' + std::to_string(seconds) + '\n';
  }
  return disk.replace(kPath, as_bytes(text));
}

}  // namespace peerstore::node
