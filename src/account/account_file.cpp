#include <peerstore/account/account_file.hpp>
#include <peerstore/crypto/hash.hpp>
#include <peerstore/runtime/encoding.hpp>

#include <algorithm>

namespace peerstore::account {

namespace {

constexpr std::string_view kMagic = "PSACCNT1";

Bytes writer_binding(const Owner& owner, std::uint32_t epoch) {
  ByteWriter out;
  out.fixed(owner.ring).u32(owner.person).u32(epoch).text("writer");
  return out.take();
}

crypto::SecretKey writer_key(const crypto::SecretKey& user_key) {
  return crypto::derive_key(user_key, "writer secret");
}

}  // namespace

// magic 8, account secret 16, writer epoch u32, writer 104, record: person u32, version u64, previous 32,
// signature 64, body; checksum 32.
Bytes encode(const AccountFile& file) {
  ByteWriter out;
  out.raw(as_bytes(kMagic)).fixed(file.account_secret).u32(file.writer_epoch).fixed(file.writer);
  out.u32(file.record.person)
      .u64(file.record.version)
      .fixed(file.record.previous)
      .fixed(file.record.signature);
  out.bytes(file.record.body.view());
  const crypto::Hash sum = crypto::hash("account file", {out.view()});
  out.fixed(sum);
  return out.take();
}

Result<AccountFile> decode_account_file(ByteView bytes) {
  const Error damaged =
      fail(Errc::corrupt,
           "the account file is damaged; put back a copy of it, or begin again in a new home: peerstore "
           "--home FOLDER recovery use");
  if (bytes.size() < kMagic.size() + crypto::Hash::kSize) return damaged;
  const ByteView summed = bytes.first(bytes.size() - crypto::Hash::kSize);
  if (!std::ranges::equal(crypto::hash("account file", {summed}).view(), bytes.last(crypto::Hash::kSize))) {
    return damaged;
  }
  ByteReader in(summed);
  if (as_text(in.raw(kMagic.size())) != kMagic) {
    return fail(Errc::unsupported, "the account file was written by another version of PeerStore");
  }
  AccountFile file;
  file.account_secret = in.fixed<AccountSecret>();
  file.writer_epoch = in.u32();
  file.writer = in.fixed<SealedWriter>();
  file.record.person = in.u32();
  file.record.version = in.u64();
  file.record.previous = in.fixed<crypto::Hash>();
  file.record.signature = in.fixed<crypto::Signature>();
  const ByteView body = in.bytes(wire::kUserRecordBodyBytesMax);
  file.record.body = SharedBytes(Bytes(body.begin(), body.end()));
  if (!in.finished()) return damaged;
  return file;
}

void seal_writer(AccountFile& file, Entropy& entropy, const Owner& owner, std::uint32_t epoch,
                 const crypto::SecretKey& user_key, const crypto::SigningSecretKey& writer_secret) {
  const Bytes bound_to = writer_binding(owner, epoch);
  const Bytes sealed =
      crypto::seal_record(writer_key(user_key), bound_to, writer_secret.view(), crypto::RecordNonce(entropy));
  file.writer_epoch = epoch;
  file.writer = *SealedWriter::from(sealed);
}

Result<crypto::Guarded<crypto::SigningSecretKey>> open_writer(const AccountFile& file, const Owner& owner,
                                                              const DriveSecrets& secrets) {
  if (file.writer_epoch >= secrets.by_epoch.size()) {
    return fail(Errc::corrupt, "this machine's writing key is of an epoch that the record does not have");
  }
  const Bytes bound_to = writer_binding(owner, file.writer_epoch);
  auto opened = crypto::open_record(writer_key(*secrets.by_epoch[file.writer_epoch].user_key), bound_to,
                                    file.writer.view());
  if (!opened) return opened.error_in("this machine's writing key");
  crypto::Guarded<crypto::SigningSecretKey> secret;
  std::ranges::copy(*opened, secret->bytes.begin());
  crypto::wipe(*opened);
  return secret;
}

}  // namespace peerstore::account
