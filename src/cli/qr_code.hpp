// A QR code as text, for a terminal: two rows a line, in half blocks.
#pragma once

#include <optional>
#include <string>

namespace peerstore::cli {

// Nothing if the text is too long for one.
std::optional<std::string> qr_code(const std::string& text);

}  // namespace peerstore::cli
