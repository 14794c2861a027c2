#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include "codec_parts.hpp"
#include "packing.hpp"

namespace peerstore::wire {

namespace {

// Messages are a handful of levels deep. Every word is read once; what may be read beyond the
// message itself is slack for Cap'n Proto's own accounting.
constexpr int kNestingMax = 12;
constexpr std::size_t kTraversalSlackWords = 64;

// One that is too large even for its reader is left as it is: too large for a frame.
Bytes bytes_of(capnp::MessageBuilder& message) {
  const kj::Array<capnp::word> words = capnp::messageToFlatArray(message);
  const auto flat = words.asBytes();
  if (flat.size() > kMessageBytesMax) return Bytes(flat.begin(), flat.end());
  return pack({flat.begin(), flat.size()});
}

// Where memory was taken for bytes, whole words may lie.
kj::ArrayPtr<const capnp::word> words_of(const Bytes& bytes) {
  return {reinterpret_cast<const capnp::word*>(bytes.data()), bytes.size() / sizeof(capnp::word)};
}

// The boundary: calls read(root) and turns everything that is wrong with the input into an Error.
template <class Root, class Value, class Read>
Result<Value> decode(ByteView message, Read read) {
  if (message.size() > kMessageBytesMax) return fail(Errc::invalid, "a message of an impossible length");
  const std::optional<Bytes> unpacked = unpack(message, kMessageBytesMax);
  if (!unpacked) return fail(Errc::invalid, "a message that is packed wrongly");
  try {
    const kj::ArrayPtr<const capnp::word> words = words_of(*unpacked);
    capnp::ReaderOptions limits;
    limits.nestingLimit = kNestingMax;
    limits.traversalLimitInWords = words.size() + kTraversalSlackWords;
    capnp::FlatArrayMessageReader reader(words, limits);
    if (reader.getEnd() != words.end()) return fail(Errc::invalid, "a message with bytes after its end");
    return read(reader.getRoot<Root>());
  } catch (const Malformed& malformed) {
    return fail(Errc::invalid, malformed.what);
  } catch (const UnknownKind&) {
    return fail(Errc::unsupported, "a kind of message that this program does not know");
  } catch (const kj::Exception&) {
    return fail(Errc::invalid, "a message that cannot be read");
  }
}

template <class Root, class Value>
Encoded encode_as(const Value& value) {
  Encoded encoded;
  capnp::MallocMessageBuilder message;
  put(message.initRoot<Root>(), value, encoded.attachment);
  encoded.message = bytes_of(message);
  return encoded;
}

template <class Root, class Value>
Result<Value> decode_as(ByteView message, SharedBytes attachment) {
  return decode<Root, Value>(message, [&](typename Root::Reader root) -> Result<Value> {
    Result<Value> value = get(root, attachment);
    require(attachment.empty(), "an attachment where none belongs");
    return value;
  });
}

}  // namespace

Encoded encode(const Request& request) { return encode_as<schema::Request>(request); }
Encoded encode(const Result<Response>& response) { return encode_as<schema::Response>(response); }

Bytes encode(const std::vector<Statement>& statements) {
  capnp::MallocMessageBuilder message;
  put(message.initRoot<schema::News>(), statements, {});
  return bytes_of(message);
}

Result<Request> decode_request(ByteView message, SharedBytes attachment) {
  return decode_as<schema::Request, Request>(message, std::move(attachment));
}

Result<Response> decode_response(ByteView message, SharedBytes attachment) {
  return decode_as<schema::Response, Response>(message, std::move(attachment));
}

Result<std::vector<Statement>> decode_statements(ByteView message, std::size_t count_max) {
  return decode<schema::News, std::vector<Statement>>(
      message, [&](schema::News::Reader root) -> Result<std::vector<Statement>> {
        return get_list<Statement>(root.getStatements(), count_max);
      });
}

}  // namespace peerstore::wire
