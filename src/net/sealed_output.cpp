#include "sealed_output.hpp"

#include <memory>

namespace peerstore::net {

namespace {

struct FreeMethod {
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};

int append(BIO* output, const char* bytes, std::size_t size, std::size_t* written) {
  Bytes& records = *static_cast<Bytes*>(BIO_get_data(output));
  const auto* const sealed =
      reinterpret_cast<const std::uint8_t*>(bytes);  // of one type, so that they are moved at once
  records.insert(records.end(), sealed, sealed + size);
  *written = size;
  return 1;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* method() {
  static const std::unique_ptr<BIO_METHOD, FreeMethod> made = [] {
    BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sealed output");
    if (method != nullptr) {
      BIO_meth_set_write_ex(method, append);
      BIO_meth_set_ctrl(method, control);
    }
    return std::unique_ptr<BIO_METHOD, FreeMethod>(method);
  }();
  return made.get();
}

}  // namespace

BIO* sealed_output(Bytes& records) {
  if (method() == nullptr) return nullptr;
  BIO* const output = BIO_new(method());
  if (output == nullptr) return nullptr;
  BIO_set_data(output, &records);
  BIO_set_init(output, 1);
  return output;
}

}  // namespace peerstore::net
