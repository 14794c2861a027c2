// The account file: what a home keeps of its person's keys, none of it readable without the passphrase or
// the recovery code but for the account secret. One file, so that all of it changes in one step.
#pragma once

#include <peerstore/account/user_keys.hpp>
#include <peerstore/runtime/disk.hpp>

namespace peerstore::account {

using SealedWriter = Sealed<struct SealedWriterTag, 32>;

struct AccountFile {
  AccountSecret account_secret;  // against friends who have the record, not against who has this disk
  wire::UserRecord record;
  std::uint32_t writer_epoch = 0;  // whose user key opens the next
  SealedWriter writer;             // this machine's writer secret
};
inline constexpr std::size_t kAccountFileBytesMax = 20 * 1024;

Bytes encode(const AccountFile& file);
// Errc::corrupt if damaged, unsupported if a newer PeerStore wrote it.
Result<AccountFile> decode_account_file(ByteView bytes);

void seal_writer(AccountFile& file, Entropy& entropy, const Owner& owner, std::uint32_t epoch,
                 const crypto::SecretKey& user_key, const crypto::SigningSecretKey& writer_secret);
Result<crypto::Guarded<crypto::SigningSecretKey>> open_writer(const AccountFile& file, const Owner& owner,
                                                              const DriveSecrets& secrets);

}  // namespace peerstore::account
