// Written codes: secrets that people write down and type again, in Crockford's Base32.
//
// Groups of five characters: four of the secret (20 bits) and one that checks them and the group's place, so
// that whoever mistypes is told which group it was. The check is a polynomial over GF(32): one wrong
// character in a group, two neighbours exchanged, or two groups exchanged never go unnoticed.
#pragma once

#include <peerstore/crypto/secret.hpp>
#include <peerstore/runtime/result.hpp>

#include <string>
#include <string_view>

namespace peerstore::account {

using RecoveryCode = FixedBytes<struct RecoveryCodeTag, 32>;    // 13 groups
using AccountSecret = FixedBytes<struct AccountSecretTag, 16>;  // 7 groups

std::string write_code(ByteView secret);
// A secret of `size` bytes. Errc::invalid names the first group that is wrong ("group 3 of 13"). Blanks,
// hyphens and small letters are as good; O is read as 0, I and L as 1.
Result<crypto::SecretBytes> read_code(std::string_view typed, std::size_t size);

}  // namespace peerstore::account
