// Section: one table of a scenario's file, while it is read. Each key is asked for by name with its
// place to go; what nobody asked for is an error. The first error counts; after it nothing more is read.
#pragma once

#include <peerstore/runtime/clock.hpp>
#include <peerstore/runtime/result.hpp>

#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

// Some mistakes in a file meet an assertion of the library instead of its errors.
#define TOML_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : throw std::logic_error("this is not TOML: " #condition))
#include <toml++/toml.h>

namespace peerstore::simulator {

class Section {
 public:
  Section(const toml::table& table, std::string name, std::optional<Error>& error)
      : table_(table), name_(std::move(name)), error_(error) {}

  void read(std::string_view key, double least, double most, double& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const std::optional<double> value = node->is_number() ? node->value<double>() : std::nullopt;
    if (!value || !(*value >= least && *value <= most)) {
      return wrong(*node, key, "must be a number from " + brief(least) + " to " + brief(most));
    }
    into = *value;
  }
  template <class Unsigned>
  void read_count(std::string_view key, double least, double most, Unsigned& into) {
    double value = static_cast<double>(into);
    read(key, least, most, value);
    if (value != std::floor(value)) return wrong(*table_.get(key), key, "must be a whole number");
    into = static_cast<Unsigned>(value);
  }
  void read(std::string_view key, bool& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const std::optional<bool> value = node->value_exact<bool>();
    if (!value) return wrong(*node, key, "must be true or false");
    into = *value;
  }
  void read(std::string_view key, std::string& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const std::optional<std::string> value = node->value_exact<std::string>();
    if (!value) return wrong(*node, key, "must be a text in quotes");
    into = *value;
  }
  void read(std::string_view key, Duration& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    if (!parse(*node, into))
      wrong(*node, key, R"(must be a time such as "90s", "10min", "8h" or "30d", ten years at most)");
  }
  // A time that may not be short: something happens again and again after it.
  void read_at_least(std::string_view key, Duration least, Duration& into) {
    read(key, into);
    if (into >= least || !has(key)) return;
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(least).count();
    wrong(*table_.get(key), key, "must be at least \"" + std::to_string(milliseconds) + "ms\"");
  }
  // The same, but zero for never.
  void read_at_least_or_never(std::string_view key, Duration least, Duration& into) {
    read(key, into);
    if (into != Duration::zero()) read_at_least(key, least, into);
  }
  bool has(std::string_view key) const { return table_.contains(key); }
  // For what would do nothing without it.
  void demand(std::string_view key, std::string_view why) {
    if (!error_ && !has(key)) wrong(table_, key, "is missing: " + std::string(why));
  }
  void read_range(std::string_view key, Duration& least, Duration& most) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const toml::array* both = node->as_array();
    const bool good = both != nullptr && both->size() == 2 && parse((*both)[0], least) &&
                      parse((*both)[1], most) && least <= most;
    if (!good) wrong(*node, key, R"(must be two times, the lesser first: ["10s", "1min"])");
  }
  template <class Enum, std::size_t N>
  void read(std::string_view key, const std::pair<std::string_view, Enum> (&names)[N], Enum& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const std::optional<std::string> value = node->value_exact<std::string>();
    std::string allowed;
    for (const auto& [name, meaning] : names) {
      if (value == name) {
        into = meaning;
        return;
      }
      allowed += (allowed.empty() ? "" : ", ") + std::string(name);
    }
    wrong(*node, key, "must be one of: " + allowed);
  }
  // Calls `body` with the table of that name, if there is one.
  template <class Body>
  void section(std::string_view key, const Body& body) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const toml::table* table = node->as_table();
    if (table == nullptr) return wrong(*node, key, "must be a table");
    body_of(*table, path(key), body);
  }
  // Calls `body` with each table of [[key]].
  template <class Body>
  void each(std::string_view key, const Body& body) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const toml::array* tables = node->as_array();
    if (tables == nullptr) return wrong(*node, key, "must be tables: [[" + path(key) + "]]");
    for (const toml::node& element : *tables) {
      if (!element.is_table()) return wrong(element, key, "must be tables: [[" + path(key) + "]]");
      body_of(*element.as_table(), path(key), body);
    }
  }
  void finish() {
    for (const auto& [key, node] : table_) {
      if (taken_.contains(key.str())) continue;
      std::string known;
      for (const std::string& one : taken_) known += (known.empty() ? "" : ", ") + one;
      return wrong(node, key.str(), "is not known here. Known are: " + known);
    }
  }

 private:
  struct Unit {
    std::string_view name;
    Duration length;
  };
  static constexpr Duration kLongest = 24h * 3660;  // ten years: of more nothing can be reckoned
  static constexpr Unit kUnits[] = {{"ms", 1ms}, {"s", 1s}, {"min", 1min}, {"h", 1h}, {"d", 24h}};
  static std::string brief(double number) {
    std::string text = std::to_string(number);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
  }
  static bool parse(const toml::node& node, Duration& into) {
    const std::optional<std::string> text = node.value_exact<std::string>();
    if (!text) return false;
    const std::size_t digits = text->find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string::npos || digits > 9) return false;
    double number = 0;
    const char* const end = text->data() + digits;
    if (std::from_chars(text->data(), end, number).ptr != end) return false;
    const std::string_view unit = std::string_view(*text).substr(digits);
    for (const Unit& known : kUnits) {
      if (unit != known.name) continue;
      const double length = number * static_cast<double>(known.length.count());
      if (length > static_cast<double>(Duration(kLongest).count())) return false;
      into = Duration(static_cast<Duration::rep>(length));
      return true;
    }
    return false;
  }
  template <class Body>
  void body_of(const toml::table& table, const std::string& name, const Body& body) {
    Section section(table, name, error_);
    body(section);
    section.finish();
  }
  std::string path(std::string_view key) const {
    return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
  }
  const toml::node* take(std::string_view key) {
    taken_.insert(std::string(key));
    return error_ ? nullptr : table_.get(key);
  }
  void wrong(const toml::node& node, std::string_view key, const std::string& what) {
    if (error_) return;
    const toml::source_position at = node.source().begin;
    error_ = fail(Errc::invalid, std::to_string(at.line) + ":" + std::to_string(at.column) + ": '" +
                                     path(key) + "' " + what);
  }

  const toml::table& table_;
  std::string name_;
  std::optional<Error>& error_;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace peerstore::simulator
