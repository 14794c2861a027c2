// Reading the owner's files as they are now, in pieces that are to become blobs. A file that changes
// while it is read is read again, a few times; then it is kept as it was read, and marked.
// Blocking: belongs on workers.
#pragma once

#include <peerstore/runtime/files.hpp>
#include <peerstore/vault/cutter.hpp>

#include "tree.hpp"

#include <optional>

namespace peerstore::drive {

inline constexpr int kReadAttempts = 3;
inline constexpr std::size_t kSmallFileBytes = 1024 * 1024;  // read whole, several in one go
inline constexpr std::size_t kStretchBytes = 4 * 1024 * 1024;
inline constexpr std::size_t kHolesInStretch = 1024;

// Whether somebody wrote to the file between the two looks at it.
bool same_state(const FileFacts& before, const FileFacts& after);

// A part of a file, and the blobs that its first bytes are cut into.
struct Piece {
  vault::BlobId id;
  std::size_t size = 0;
};
struct Stretch {
  Bytes content;
  std::vector<Piece> pieces;  // one after the other, from the beginning of the content
  std::size_t holes = 0;      // so many blobs of zeros alone lie before them, as PieceMaker::zeros
};

// What pieces are made with. Pure, so that several workers may cut at once.
struct PieceMaker {
  explicit PieceMaker(const vault::VaultKeys& its_keys);

  // Cuts the content of `stretch`: all of it if the file ends there, else as far as the cuts do not
  // depend on what follows. Returns how many bytes the pieces have.
  std::size_t cut(Stretch& stretch, bool file_ends) const;

  const vault::VaultKeys& keys;
  vault::Cutter cutter;
  // What a long stretch of zeros is cut into, and the blob that each piece of it becomes.
  Bytes zeros;
  Piece zero_piece;
};

// A file from its beginning to its end, stretch by stretch. Holes are cut as zeros would be, and not read.
class StretchReader {
 public:
  StretchReader(Files::Reader& reader, const PieceMaker& maker) : reader_(reader), maker_(maker) {}
  // Without pieces after the last.
  Result<Stretch> next();

 private:
  Result<bool> pass_holes(Stretch& stretch);

  Files::Reader& reader_;
  const PieceMaker& maker_;
  Bytes uncut_;           // the end of the stretch before
  std::uint64_t at_ = 0;  // of the reader
  bool ended_ = false;
};

// A file that was read whole.
struct SmallFile {
  FileFacts facts;
  Stretch stretch;
  bool changed = false;  // at every attempt
};

// Nothing if the file has more than kSmallFileBytes by now, or is no file any more.
Result<std::optional<SmallFile>> read_small_file(Files& files, const PieceMaker& maker,
                                                 const std::string& path);

// A folder's names, or some of them, and what they are.
struct NamedFacts {
  std::string name;
  Result<FileFacts> facts;
};
std::vector<NamedFacts> read_facts(Files& files, const std::string& folder, std::vector<std::string> names);

FurtherFacts read_further(Files& files, const std::string& path, const FileFacts& facts);

}  // namespace peerstore::drive
