# Writes the EFF's long list of words for passphrases (Electronic Frontier Foundation, 2016, CC BY 3.0; here from Debian's
# package diceware) as C++: cmake -DLIST=... -DSOURCE=... -P word_list.cmake
file(STRINGS "${LIST}" lines)
set(words "")
foreach(line IN LISTS lines)
  if(line MATCHES "^[1-6][1-6][1-6][1-6][1-6][ \t]+([a-z-]+)$")
    list(APPEND words "${CMAKE_MATCH_1}")
  endif()
endforeach()
list(REMOVE_DUPLICATES words)
list(LENGTH words count)
if(NOT count EQUAL 7776)
  message(FATAL_ERROR "${LIST}: ${count} words, not 7776")
endif()
list(SORT words)
list(JOIN words "\",\n    \"" joined)
file(WRITE "${SOURCE}" "// Made by cmake/word_list.cmake.
#include <peerstore/account/passphrase.hpp>

namespace peerstore::account {

namespace {
constexpr std::string_view kWords[] = {
    \"${joined}\"};
}

std::span<const std::string_view> words() { return kWords; }

}  // namespace peerstore::account
")
