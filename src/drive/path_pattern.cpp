#include "path_pattern.hpp"

#include "remote_path.hpp"

#include <algorithm>
#include <span>

namespace peerstore::drive {

namespace {

constexpr std::string_view kAnyFolders = "**";

// How many bytes of the pattern stand for one byte of a name, and whether `byte` may be that one.
struct Step {
  std::size_t length = 1;
  bool matches = false;
};

// `[...]`, from after the bracket; without an end it is a bracket like any other byte.
Step step_in_brackets(std::string_view pattern, char byte) {
  std::size_t at = 1;
  const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (negated) ++at;
  const std::size_t first = at;
  bool found = false;
  const auto value = static_cast<unsigned char>(byte);
  while (at < pattern.size() && (pattern[at] != ']' || at == first)) {
    const auto low = static_cast<unsigned char>(pattern[at]);
    const bool is_range = at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']';
    const auto high = is_range ? static_cast<unsigned char>(pattern[at + 2]) : low;
    if (low <= value && value <= high) found = true;
    at += is_range ? 3 : 1;
  }
  if (at == pattern.size()) return {1, byte == '['};
  return {at + 1, found != negated};
}

Step next_step(std::string_view pattern, char byte) {
  switch (pattern.front()) {
    case '?': return {1, true};
    case '[': return step_in_brackets(pattern, byte);
    case '\\': return pattern.size() > 1 ? Step{2, pattern[1] == byte} : Step{1, byte == '\\'};
    default: return {1, pattern.front() == byte};
  }
}

// As name_matches below, of names in place of bytes.
bool names_match(std::span<const std::string> pattern, std::span<const std::string> names) {
  std::span<const std::string> after_any;
  std::span<const std::string> names_at_any;
  bool has_any = false;
  while (!names.empty()) {
    if (!pattern.empty() && pattern.front() == kAnyFolders) {
      pattern = pattern.subspan(1);
      after_any = pattern;
      names_at_any = names;
      has_any = true;
      continue;
    }
    if (!pattern.empty() && name_matches(pattern.front(), names.front())) {
      pattern = pattern.subspan(1);
      names = names.subspan(1);
      continue;
    }
    if (!has_any) return false;
    names_at_any = names_at_any.subspan(1);
    pattern = after_any;
    names = names_at_any;
  }
  return std::ranges::all_of(pattern, [](const std::string& left) { return left == kAnyFolders; });
}

}  // namespace

bool name_matches(std::string_view pattern, std::string_view name) {
  // The last '*' that was passed, and the name from where it stands: tried with one byte more each time.
  std::string_view after_star;
  std::string_view name_at_star;
  bool has_star = false;
  while (!name.empty()) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      after_star = pattern;
      name_at_star = name;
      has_star = true;
      continue;
    }
    const Step step = pattern.empty() ? Step{} : next_step(pattern, name.front());
    if (step.matches) {
      pattern.remove_prefix(step.length);
      name.remove_prefix(1);
      continue;
    }
    if (!has_star) return false;
    name_at_star.remove_prefix(1);
    pattern = after_star;
    name = name_at_star;
  }
  while (pattern.starts_with('*')) pattern.remove_prefix(1);
  return pattern.empty();
}

Result<PathPattern> PathPattern::parse(std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return fail(Errc::invalid, "the pattern '" + std::string(text) + "' " + why);
  };
  if (text.starts_with('!')) {
    return wrong("takes nothing back: no pattern does. For a name that begins with ! write \\!");
  }
  PathPattern pattern;
  pattern.folders_only_ = text.ends_with('/');
  if (!text.starts_with('/')) pattern.names_.emplace_back(kAnyFolders);
  for (std::string& name : path_parts(text)) {
    if (name == "." || name == "..") {
      return wrong("would match nothing: no path has '.' or '..' in it. Begin it with / for a whole path");
    }
    pattern.names_.push_back(std::move(name));
  }
  if (path_parts(text).empty())
    return fail(Errc::invalid, "'" + std::string(text) + "' is no pattern of a path");
  return pattern;
}

bool PathPattern::matches(std::string_view path, bool is_folder) const {
  if (folders_only_ && !is_folder) return false;
  return names_match(names_, path_parts(path));
}

}  // namespace peerstore::drive
