#include "record_exchange.hpp"
#include "recovery_kit.hpp"
#include "renewal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace peerstore::cli {

namespace {

struct Making {
  const Home& home;
  const Output& output;
  const RecoveryMakeOptions& options;
  RecoveryKit kit;
  account::RecordBody body;  // that the kit's code opens
};

Result<void> sync_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool good = opened >= 0 && ::fsync(opened) == 0;
  const int reason = errno;
  if (opened >= 0) ::close(opened);
  if (good) return {};
  return fail(Errc::io, folder + ": " + std::strerror(reason));
}

// A file that was not there before, and that nobody else may read.
Result<void> write_new_file(const std::string& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    if (errno == EEXIST) return fail(Errc::refused, path + " is there already, and is not overwritten");
    return fail(Errc::io, path + ": " + std::strerror(errno));
  }
  bool good = true;
  while (!text.empty() && good) {
    const ssize_t written = ::write(file, text.data(), text.size());
    good = written > 0;
    if (good) text.remove_prefix(static_cast<std::size_t>(written));
  }
  good = ::fsync(file) == 0 && good;
  const int reason = errno;
  ::close(file);
  if (good) return sync_folder_of(path);
  ::unlink(path.c_str());
  return fail(Errc::io, path + ": " + std::strerror(reason));
}

Task<Exit> make_kit(OwnerSession& session, const Result<void>& entered, Making& job) {
  // No friend will ever keep what it opens.
  if (!entered && entered.error().code == Errc::refused) {
    co_return job.output.failure(entered.error(), "Nothing was made. An older kit is still good.");
  }
  job.kit.ring_name = printable(session.membership().roster().ring_name());
  for (const wire::Presence& presence : session.membership().presences()) {
    const membership::Member* member = session.membership().roster().find(presence.node.id);
    if (member == nullptr || member->gone || member->person == session.identity().person) continue;
    for (const std::string& address : presence.addresses) job.kit.addresses.push_back(printable(address));
  }
  std::ranges::sort(job.kit.addresses);
  const std::string text = to_text(job.kit);
  // The kit is written before its code counts: a crash between leaves the older kit good, and this one void.
  Result<void> written;
  if (job.options.file.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    written = job.output.is_out();
  } else {
    written = write_new_file(job.options.file, text);
  }
  if (!written) co_return job.output.failure(written.error(), "No kit was made; an older one is good still.");
  const auto keepers =
      co_await change_record(session, job.home, entered.has_value(), session.unlocked().file, job.body);
  if (!keepers) {
    // It may count already, if the disk failed after that: whoever tries it will know.
    co_return job.output.failure(keepers.error(), "Do not rely on the new kit, and keep an older one.");
  }
  if (job.output.json()) {
    job.output.document(
        {{"type", "recovery_kit"}, {"file", job.options.file}, {"keepers", keepers->friends}});
  } else if (!job.options.file.empty()) {
    job.output.line("The recovery kit is in " + job.options.file + ". Print it and delete the file.");
  }
  if (keepers->friends > 0) {
    job.output.note("Kits that were made before open nothing any more. " +
                    friends_in_words(keepers->friends) + " the record that this one opens.");
  } else if (!has_friends(session)) {
    job.output.note(
        "Kits that were made before open nothing any more. As long as no friend is in the ring this one "
        "opens");
    job.output.note(keepers->suffices ? "your files with your own machines alone, while one of them runs."
                                      : "nothing before a machine of yours runs: peerstore node");
  } else {
    job.output.note(
        "No friend keeps the record that this kit opens yet. Until this home's node has told one, it opens");
    job.output.note("nothing elsewhere, and an older kit still counts with friends: keep that one, too.");
  }
  co_return Exit::done;
}

}  // namespace

Exit recovery_make_command(const Home& home, const Output& output, const RecoveryMakeOptions& options) {
  crypto::Ed25519Signatures signatures;
  if (output.json() && options.file.empty()) {
    return output.failure(Exit::usage, "a kit is a page for people: name a file with -o FILE");
  }
  auto opened = open_for_change(signatures, home, output);
  if (const Exit* const said = std::get_if<Exit>(&opened)) return *said;
  auto& open = std::get<UnlockedHome>(opened);
  Making job{home, output, options, {}, open.body};
  os::SystemEntropy entropy;
  entropy.fill(job.kit.code->bytes);
  job.kit.account_secret = open.drive.account_secret.copy();
  job.kit.ring_key = open.identity->root_key;
  job.kit.person_key = signatures.key_pair_from(open.identity->person_secret).public_key;
  job.kit.user = printable(open.identity->person_name);
  account::set_recovery_code(job.body, entropy, open.owner, open.keys(), *job.kit.code);
  return with_unlocked_session(
      home, output, options, std::move(open),
      [&](OwnerSession& session, const Result<void>& entered) { return make_kit(session, entered, job); });
}

}  // namespace peerstore::cli
