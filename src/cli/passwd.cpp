#include "record_exchange.hpp"
#include "renewal.hpp"

#include <algorithm>

namespace peerstore::cli {

namespace {

struct Change {
  const Home& home;
  const Output& output;
  const ChosenPassphrase& chosen;
  account::RecordBody body;  // with the new passphrase
};

bool has_other_machines(OwnerSession& session) {
  return std::ranges::any_of(session.membership().roster().members(), [&](const auto& entry) {
    const membership::Member& member = entry.second;
    return member.person == session.identity().person && !member.gone &&
           entry.first != session.identity().member;
  });
}

Task<Exit> change(OwnerSession& session, const Result<void>& entered, Change& job) {
  // What friends keep would go on opening with the old one.
  if (!entered && entered.error().code == Errc::refused) {
    co_return job.output.failure(entered.error(), "Nothing was changed.");
  }
  if (auto shown = show_passphrase(job.output, job.chosen); !shown) {
    co_return job.output.failure(shown.error(), "Nothing was changed.");
  }
  const auto keepers =
      co_await change_record(session, job.home, entered.has_value(), session.unlocked().file, job.body);
  if (!keepers) co_return job.output.failure(keepers.error());
  if (job.output.json()) {
    job.output.document({{"type", "passphrase_changed"}, {"keepers", keepers->friends}});
    co_return Exit::done;
  }
  job.output.line("Your passphrase is changed. The old one does not open what is kept from now on.");
  advise_about_passphrase(job.output, job.chosen);
  if (has_other_machines(session)) {
    job.output.note(
        "Your other machines take the old one, too, each until you have used the new one there: peerstore "
        "unlock");
  }
  job.output.note("Whoever has an old copy of your keys and knows the old passphrase can still open them.");
  if (keepers->friends > 0) {
    job.output.note(friends_in_words(keepers->friends) + " your keys behind the new one.");
  } else if (has_friends(session)) {
    job.output.note(
        "No friend keeps your keys behind the new one yet. Until this home's node has told one, the old "
        "passphrase");
    job.output.note(
        "still counts with friends: only that one brings your files back if this machine is lost.");
  }
  co_return Exit::done;
}

}  // namespace

Exit passwd_command(const Home& home, const Output& output, const PasswdOptions& options) {
  crypto::Ed25519Signatures signatures;
  auto begun = begin_renewal(signatures, home, output, options);
  if (const Exit* const said = std::get_if<Exit>(&begun)) return *said;
  auto& [open, chosen] = std::get<Renewal>(begun);
  Change job{home, output, chosen, open.body};
  os::SystemEntropy entropy;
  const account::PassphraseUse use{chosen.text, chosen.is_generated, open.file.account_secret};
  if (auto set = account::set_passphrase(job.body, entropy, open.owner, open.keys(), use); !set) {
    return output.failure(set.error(), "Nothing was changed.");
  }
  return with_unlocked_session(
      home, output, options, std::move(open),
      [&](OwnerSession& session, const Result<void>& entered) { return change(session, entered, job); });
}

}  // namespace peerstore::cli
