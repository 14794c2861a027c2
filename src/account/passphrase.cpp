#include <peerstore/account/passphrase.hpp>

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace peerstore::account {

namespace {

Error refused(std::string why) { return fail(Errc::invalid, "the passphrase " + std::move(why)); }

// Characters as people count them, more or less: code points.
std::size_t characters(ByteView utf8) {
  const auto begins = [](std::uint8_t byte) { return (byte & 0xc0) != 0x80; };
  return static_cast<std::size_t>(std::ranges::count_if(utf8, begins));
}

// Uniform below the number of words: what would make the first ones likelier is thrown away.
std::size_t draw_word(Entropy& entropy) {
  constexpr std::size_t kDraws = 65536;
  const std::size_t count = words().size();
  for (;;) {
    std::uint8_t bytes[2];
    entropy.fill(bytes);
    const std::size_t drawn = bytes[0] + std::size_t{256} * bytes[1];
    if (drawn < kDraws / count * count) return drawn % count;
  }
}

Passphrase joined(const std::vector<std::string_view>& chosen) {
  std::size_t size = chosen.size() - 1;
  for (const std::string_view word : chosen) size += word.size();
  Passphrase passphrase(size);
  std::uint8_t* out = passphrase.bytes().data();
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (i > 0) *out++ = ' ';
    out = std::ranges::copy(as_bytes(chosen[i]), out).out;
  }
  return passphrase;
}

bool is_blank(std::uint8_t byte) { return byte == ' ' || byte == '\t'; }

}  // namespace

Result<Passphrase> read_passphrase(ByteView typed, bool is_new) {
  while (!typed.empty() && (typed.back() == '\n' || typed.back() == '\r'))
    typed = typed.first(typed.size() - 1);
  if (typed.empty()) return refused("is empty");
  if (typed.size() > kPassphraseBytesMax) {
    return refused("is longer than " + std::to_string(kPassphraseBytesMax) + " bytes");
  }
  if (std::ranges::count(typed, 0) > 0) return refused("has a NUL byte in it");
  utf8proc_uint8_t* composed = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(typed.data(), static_cast<utf8proc_ssize_t>(typed.size()), &composed,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (size < 0) return refused("is not valid UTF-8");
  const std::span<std::uint8_t> text(composed, static_cast<std::size_t>(size));
  Passphrase passphrase(ByteView{text});
  crypto::wipe(text);
  std::free(composed);
  if (is_new && characters(passphrase.view()) < kPassphraseCharactersMin) {
    return refused("is shorter than " + std::to_string(kPassphraseCharactersMin) +
                   " characters; six words drawn for you are better than any that one thinks up");
  }
  return passphrase;
}

Passphrase generate_passphrase(Entropy& entropy) {
  std::vector<std::string_view> chosen;
  for (std::size_t i = 0; i < kGeneratedWords; ++i) chosen.push_back(words()[draw_word(entropy)]);
  return joined(chosen);
}

std::optional<Passphrase> as_generated(const Passphrase& passphrase) {
  crypto::SecretBytes lower = passphrase.copy();
  for (std::uint8_t& byte : lower.bytes()) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<std::uint8_t>(byte - 'A' + 'a');
  }
  std::vector<std::string_view> found;
  ByteView rest = lower.view();
  while (!rest.empty()) {
    const auto end = std::ranges::find_if(rest, is_blank);
    const ByteView word = rest.first(static_cast<std::size_t>(end - rest.begin()));
    rest = rest.subspan(word.size());
    while (!rest.empty() && is_blank(rest.front())) rest = rest.subspan(1);
    if (word.empty()) continue;  // blanks in front
    if (!std::ranges::binary_search(words(), as_text(word))) return std::nullopt;
    found.push_back(as_text(word));
  }
  if (found.size() != kGeneratedWords) return std::nullopt;
  return joined(found);
}

bool is_same(const Passphrase& one, const Passphrase& other) {
  if (std::ranges::equal(one.view(), other.view())) return true;
  const auto words = as_generated(one);
  const auto others = as_generated(other);
  return words && others && std::ranges::equal(words->view(), others->view());
}

}  // namespace peerstore::account
