#include "qr_code.hpp"

#include <qrencode.h>

#include <memory>

namespace peerstore::cli {

namespace {

constexpr int kQuietZone = 2;  // light modules around it

struct Free {
  void operator()(QRcode* code) const { QRcode_free(code); }
};

// Light is drawn and dark is left out: on a dark terminal that is the code, and readers of today take the
// inverse as well.
bool is_light(const QRcode& code, int x, int y) {
  if (x < 0 || y < 0 || x >= code.width || y >= code.width) return true;
  return (code.data[y * code.width + x] & 1) == 0;
}

}  // namespace

std::optional<std::string> qr_code(const std::string& text) {
  const std::unique_ptr<QRcode, Free> code(QRcode_encodeString(text.c_str(), 0, QR_ECLEVEL_L, QR_MODE_8, 1));
  if (code == nullptr) return std::nullopt;
  std::string drawn;
  const int end = code->width + kQuietZone;
  for (int y = -kQuietZone; y < end; y += 2) {
    for (int x = -kQuietZone; x < end; ++x) {
      const bool upper = is_light(*code, x, y);
      const bool lower = is_light(*code, x, y + 1) && y + 1 < end;
      drawn += upper && lower ? "\u2588" : upper ? "\u2580" : lower ? "\u2584" : " ";
    }
    drawn += '\n';
  }
  return drawn;
}

}  // namespace peerstore::cli
