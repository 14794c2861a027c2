// Passphrases: what a person types, in the one form in which it is hashed.
//
// One that PeerStore drew is six words of the EFF's long list (7,776 words: 12.92 bits each, 77.5 bits
// together), enough to stand alone against whoever has the record. One that a person thought up is mixed with
// the account secret (128 bits), because people's own seldom have 40 bits.
#pragma once

#include <peerstore/crypto/secret.hpp>
#include <peerstore/runtime/random.hpp>
#include <peerstore/runtime/result.hpp>

#include <optional>
#include <span>
#include <string_view>

namespace peerstore::account {

inline constexpr std::size_t kGeneratedWords = 6;
inline constexpr std::size_t kPassphraseBytesMax = 1024;
inline constexpr std::size_t kPassphraseCharactersMin = 12;

// In NFC, so that it does not matter which keyboard composed its letters; without the end of the line.
using Passphrase = crypto::SecretBytes;

// Errc::invalid says why not: too long, a NUL in it, not UTF-8, or (if `is_new`) too short.
Result<Passphrase> read_passphrase(ByteView typed, bool is_new);

// Six words, one blank between two.
Passphrase generate_passphrase(Entropy& entropy);
// The passphrase as generate_passphrase() would have given it (however it was spaced, or capitalised), if
// it is six words of the list: it may be one that was drawn.
std::optional<Passphrase> as_generated(const Passphrase& passphrase);

// Does one open what the other opens?
bool is_same(const Passphrase& one, const Passphrase& other);

// The list, sorted.
std::span<const std::string_view> words();

}  // namespace peerstore::account
