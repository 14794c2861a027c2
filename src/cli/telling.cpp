#include "telling.hpp"

#include <algorithm>
#include <charconv>

namespace peerstore::cli {

namespace {

// Who is told of something by the owner's own word; they tell the others.
constexpr std::size_t kToldFirst = 3;

std::optional<std::uint32_t> read_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<Target> one_of(std::vector<Target> found, const std::string& text, std::string_view what) {
  if (found.empty()) {
    return fail(Errc::not_found, "the ring has no " + std::string(what) + " '" + printable(text) + "'");
  }
  if (found.size() == 1) return std::move(found.front());
  std::string all;
  for (const Target& one : found) all += (all.empty() ? "" : ", ") + described(one);
  return fail(Errc::invalid,
              "'" + printable(text) + "' may be " + all + "; use the number in parentheses instead");
}

std::vector<Target> persons_of_name(const membership::Roster& roster, const std::string& text) {
  std::vector<Target> found;
  for (const auto& [person, facts] : roster.persons()) {
    if (!facts.gone && facts.name == text) found.push_back({person, std::nullopt, facts.name});
  }
  return found;
}

std::optional<Target> person_of_number(const membership::Roster& roster, const std::string& text) {
  const auto number = read_number(text);
  if (!number) return std::nullopt;
  const auto person = roster.persons().find(*number);
  if (person == roster.persons().end() || person->second.gone) return std::nullopt;
  return Target{*number, std::nullopt, person->second.name};
}

bool has_number(const membership::Member& member, const std::string& text) {
  return std::to_string(member.person) + "." + std::to_string(member.machine) == text;
}

Target target_of(const membership::Member& member) { return {member.person, member.machine, member.name}; }

}  // namespace

std::string described(const Target& target) {
  std::string text = printable(target.name) + " (" + std::to_string(target.person);
  if (target.machine) text += "." + std::to_string(*target.machine);
  return text + ")";
}

Result<Target> find_person(const membership::Roster& roster, const std::string& text) {
  if (auto numbered = person_of_number(roster, text)) return std::move(*numbered);
  return one_of(persons_of_name(roster, text), text, "person");
}

Result<Target> find_target(const membership::Roster& roster, const std::string& text) {
  if (auto numbered = person_of_number(roster, text)) return std::move(*numbered);
  std::vector<Target> found = persons_of_name(roster, text);
  for (const auto& [id, member] : roster.members()) {
    if (member.gone) continue;
    if (has_number(member, text)) return target_of(member);
    if (member.name == text) found.push_back(target_of(member));
  }
  return one_of(std::move(found), text, "person or machine");
}

Result<Target> find_machine_of(const membership::Roster& roster, wire::PersonNumber person,
                               const std::string& text) {
  std::vector<Target> found;
  for (const auto& [id, member] : roster.members()) {
    if (member.gone || member.person != person) continue;
    if (has_number(member, text)) return target_of(member);
    if (member.name == text) found.push_back(target_of(member));
  }
  return one_of(std::move(found), text, "machine of yours");
}

bool was_machine_of(const membership::Roster& roster, wire::PersonNumber person, const std::string& text) {
  const auto there = find_machine_of(roster, person, text);
  if (there || there.error().code != Errc::not_found) return false;
  return std::ranges::any_of(roster.members(), [&](const auto& entry) {
    const membership::Member& member = entry.second;
    return member.gone && member.person == person && (has_number(member, text) || member.name == text);
  });
}

Task<Result<void>> tell_ring(OwnerSession& session, std::vector<wire::Statement> statements) {
  // All around the circle, from each who is told: should the first be the one that is shut out, or lie.
  // What is known already goes no further, so the others' part costs one message each.
  std::vector<wire::MemberId> told_first;
  if (session.membership().is_live(session.entrance())) told_first.push_back(session.entrance());
  for (const wire::MemberId& member : session.membership().live_members()) {
    if (told_first.size() == kToldFirst) break;
    const bool is_reachable = session.membership().presence(member) != nullptr;
    if (is_reachable && member != session.entrance()) told_first.push_back(member);
  }
  // Now, since who leaves is no member any more by its own statement.
  for (const wire::Statement& statement : statements) {
    const Result<bool> counts = session.membership().roster().add(statement);
    if (!counts) co_return counts.error();
    if (!*counts) co_return fail(Errc::refused, "the ring would not count this: it knows better already");
  }
  Result<void> outcome = fail(Errc::unreachable, "no member could be told");
  for (const wire::MemberId& member : told_first) {
    const wire::PushStatements news{statements, {}, {}, member};
    const auto told = co_await wire::ask(session.network(), member, news);
    if (told) outcome = {};
    if (!told && !outcome) outcome = told.error();
  }
  // Nodes write down what they hear once a minute, and the power may fail for all of them.
  if (outcome) session.keep_what_was_learned();
  co_return outcome;
}

Result<crypto::SigningKeyPair> require_admin(OwnerSession& session) {
  const auto keys =
      membership::admin_keys(session.signatures(), session.membership().roster(), session.identity());
  if (keys) return *keys;
  return fail(Errc::refused, "only an admin of the ring may do this; see: peerstore admins");
}

}  // namespace peerstore::cli
