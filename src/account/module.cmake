# The words of generated passphrases, from Debian's package diceware.
set(word_list "/usr/lib/python3/dist-packages/diceware/wordlists/wordlist_en_eff.txt")
if(NOT EXISTS "${word_list}")
  message(FATAL_ERROR "The list of words is missing: run scripts/install-deps (package diceware)")
endif()
set(word_source "${CMAKE_BINARY_DIR}/generated/account/words.cpp")
add_custom_command(OUTPUT "${word_source}"
  COMMAND "${CMAKE_COMMAND}" "-DLIST=${word_list}" "-DSOURCE=${word_source}" -P "${CMAKE_SOURCE_DIR}/cmake/word_list.cmake"
  DEPENDS "${word_list}" "${CMAKE_SOURCE_DIR}/cmake/word_list.cmake" VERBATIM)
target_sources(${target} PRIVATE "${word_source}")
