#include <peerstore/crypto/hash.hpp>
#include <peerstore/membership/invitation.hpp>
#include <peerstore/membership/refusal.hpp>
#include <peerstore/runtime/check.hpp>
#include <peerstore/wire/messages.hpp>

#include <algorithm>
#include <charconv>
#include <map>

namespace peerstore::membership {

namespace {

constexpr std::string_view kBegin = "peerstore:join?";
constexpr std::string_view kCheck = "&check=";
constexpr std::size_t kCheckBytes = 4;
constexpr std::size_t kCheckLetters = 6;
constexpr std::size_t kLinkLettersMax = 2048;
constexpr std::size_t kDoorLettersMax = kLinkLettersMax - 256;  // there is room for the rest

// Letters of an address that stand for themselves; others are written %41.
bool is_plain(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') ||
         std::string_view(".:-_[]").find(letter) != std::string_view::npos;
}

bool is_address(std::string_view text) {
  return !text.empty() && text.size() <= wire::kHostPortBytesMax &&
         std::ranges::all_of(text, [](char letter) { return letter > ' ' && letter <= '~'; });
}

std::string escaped(std::string_view address) {
  std::string text;
  for (const char letter : address) {
    if (is_plain(letter)) {
      text += letter;
    } else {
      text += '%' + to_hex(as_bytes(std::string_view(&letter, 1)));
    }
  }
  return text;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string address;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      address += text[i];
      continue;
    }
    const auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    address += static_cast<char>(byte->front());
    i += 2;
  }
  if (!is_address(address)) return std::nullopt;
  return address;
}

std::string check_of(std::string_view text) {
  const crypto::Hash sum = crypto::hash("invitation link checksum", {as_bytes(text)});
  return to_base64url(sum.view().first(kCheckBytes));
}

Error invalid(std::string why) { return fail(Errc::invalid, std::move(why)); }
Error truncated() {
  return invalid(std::string(words_of(Refusal::cut_off)) +
                 "; copy the whole of it, from \"peerstore:join?\" to the end");
}
Error mistyped() {
  return invalid(std::string(words_of(Refusal::mistyped)) + "; copy it again, or ask for a new one");
}

template <class Fixed>
bool take_fixed(std::string_view text, Fixed& value) {
  const auto bytes = from_base64url(text);
  const auto fixed = bytes ? Fixed::from(*bytes) : std::nullopt;
  if (fixed) value = *fixed;
  return fixed.has_value();
}

bool take_number(std::string_view text, wire::PersonNumber& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value <= kPersonNumberMax;
}

// Takes the part `name`; false if this program does not know it. `is_good` says whether it has a value.
bool take_part(InvitationLink& link, std::string_view name, std::string_view value, bool& is_good) {
  is_good = true;
  if (name == "ring") {
    is_good = take_fixed(value, link.root_key);
  } else if (name == "at") {
    const auto address = unescaped(value);
    is_good = address && link.doors.size() < kDoorsMax;
    if (is_good) link.doors.push_back({*address, {}});
  } else if (name == "node") {
    // Each key follows upon its address.
    is_good = !link.doors.empty() && link.doors.back().node_key.is_zero() &&
              take_fixed(value, link.doors.back().node_key);
  } else if (name == "token") {
    is_good = take_fixed(value, link.token);
  } else if (name == "as") {
    is_good = take_number(value, link.person);
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::string to_text(const InvitationLink& link) {
  CHECK(!link.doors.empty() && link.doors.size() <= kDoorsMax);
  std::string text(kBegin);
  text += "ring=" + to_base64url(link.root_key.view());
  bool has_door = false;
  for (const InvitationLink::Door& door : link.doors) {
    CHECK(is_address(door.address));
    std::string part = "&at=" + escaped(door.address) + "&node=" + to_base64url(door.node_key.view());
    // One that makes the link too long to be read is left out, unless it is the only one.
    if (has_door && text.size() + part.size() > kDoorLettersMax) continue;
    text += part;
    has_door = true;
  }
  text += "&token=" + to_base64url(link.token.view());
  text += "&as=" + std::to_string(link.person);
  return text + std::string(kCheck) + check_of(text);
}

Result<InvitationLink> read_invitation_link(std::string_view given) {
  if (given.size() > kLinkLettersMax) return invalid("this is too long to be an invitation");
  std::string text;
  for (const char letter : given) {
    if (std::string_view(" \t\r\n").find(letter) == std::string_view::npos) text += letter;
  }
  const std::string_view whole = text;
  if (whole.empty()) return invalid("the invitation is empty");
  if (kBegin.starts_with(whole)) return truncated();
  if (!whole.starts_with(kBegin)) {
    return invalid("this is not an invitation; one begins with \"peerstore:join?\"");
  }
  const std::size_t check = whole.rfind(kCheck);
  if (check == std::string_view::npos) return truncated();
  const std::string_view sum = whole.substr(check + kCheck.size());
  if (sum.size() < kCheckLetters) return truncated();
  if (sum != check_of(whole.substr(0, check))) return mistyped();

  // What is wrong from here on was written so by whoever made the link.
  InvitationLink link;
  std::map<std::string_view, int> seen;
  std::string_view rest = whole.substr(kBegin.size(), check - kBegin.size());
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return mistyped();
    const std::string_view name = part.substr(0, equals);
    bool is_good = false;
    if (!take_part(link, name, part.substr(equals + 1), is_good)) {
      return fail(Errc::unsupported, "the invitation has a part that this PeerStore does not know (\"" +
                                         std::string(name) + "\"); it needs a newer one");
    }
    const bool may_repeat = name == "at" || name == "node";
    if (!is_good || (++seen[name] > 1 && !may_repeat)) {
      return invalid("the invitation's part \"" + std::string(name) + "\" makes no sense; ask for a new one");
    }
  }
  if (seen["at"] != seen["node"])
    return invalid("the invitation names an address without a key; ask for a new one");
  for (const char* name : {"ring", "at", "node", "token", "as"}) {
    if (!seen.contains(name)) {
      return invalid("the invitation lacks its part \"" + std::string(name) + "\"; ask for a new one");
    }
  }
  return link;
}

}  // namespace peerstore::membership
