// The JSON documents of this home's node, as a command reads them. The node may be of another version: what
// is missing or of another type counts as nothing.
#pragma once

#include <boost/json/object.hpp>

#include <peerstore/runtime/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace peerstore::cli {

// Of an answer over the local API. Errc::invalid if it is no object; else the error of the answer.
Result<boost::json::object> read_document(const Result<std::string>& answer);

std::uint64_t number_in(const boost::json::object& object, std::string_view key);
bool flag_in(const boost::json::object& object, std::string_view key);
std::string text_in(const boost::json::object& object, std::string_view key);
// Nothing if there is none.
const boost::json::array* list_in(const boost::json::object& object, std::string_view key);

}  // namespace peerstore::cli
