#include "node_document.hpp"

#include <boost/json/parse.hpp>

namespace peerstore::cli {

Result<boost::json::object> read_document(const Result<std::string>& answer) {
  if (!answer) return answer.error();
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(*answer, error);
  if (error || !value.is_object()) {
    return fail(Errc::invalid, "this home's node gave an answer that this program does not understand");
  }
  return std::move(value.as_object());
}

std::uint64_t number_in(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr) return 0;
  boost::json::error_code error;
  const auto number = value->to_number<std::uint64_t>(error);
  return error ? 0 : number;
}

bool flag_in(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

std::string text_in(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

const boost::json::array* list_in(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr ? value->if_array() : nullptr;
}

}  // namespace peerstore::cli
