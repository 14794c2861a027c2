#include <gtest/gtest.h>
#include <drive/path_pattern.hpp>
#include <peerstore/runtime/random.hpp>

namespace peerstore::drive {
namespace {

bool matches(std::string_view pattern, std::string_view path, bool is_folder = false) {
  const auto parsed = PathPattern::parse(pattern);
  EXPECT_TRUE(parsed) << pattern;
  return parsed && parsed->matches(path, is_folder);
}

TEST(PathPattern, ANameAloneMatchesAtAnyDepth) {
  EXPECT_TRUE(matches("cache", "/home/ann/cache"));
  EXPECT_TRUE(matches("cache", "home/ann/cache"));
  EXPECT_TRUE(matches("*.o", "/a/b/c.o"));
  EXPECT_FALSE(matches("cache", "/home/cache/file")) << "what is in it is never looked at";
  EXPECT_FALSE(matches("cache", "/home/caches"));
}

TEST(PathPattern, WithASlashInFrontItIsTheWholePath) {
  EXPECT_TRUE(matches("/home/*/cache", "/home/ann/cache"));
  EXPECT_FALSE(matches("/home/*/cache", "/disk/home/ann/cache"));
  EXPECT_FALSE(matches("/home/cache", "/home/ann/cache"));
  EXPECT_TRUE(matches("src/*.o", "/work/src/x.o"));
  EXPECT_FALSE(matches("src/*.o", "/work/src/deep/x.o"));
}

TEST(PathPattern, TwoStarsAreAnyFolders) {
  EXPECT_TRUE(matches("/a/**/z", "/a/z"));
  EXPECT_TRUE(matches("/a/**/z", "/a/b/c/z"));
  EXPECT_FALSE(matches("/a/**/z", "/b/a/z"));
  EXPECT_TRUE(matches("/a/**", "/a/b/c"));
  EXPECT_TRUE(matches("**/**/**/x", "/x"));
}

TEST(PathPattern, WithASlashAtTheEndItIsAFolder) {
  EXPECT_TRUE(matches("build/", "/src/build", true));
  EXPECT_FALSE(matches("build/", "/src/build", false));
}

TEST(PathPattern, NamesMayHaveAnyBytes) {
  EXPECT_TRUE(name_matches("a*z", "a\n\xff z"));
  EXPECT_TRUE(name_matches("?", "\xff"));
  EXPECT_FALSE(name_matches("?", ""));
  EXPECT_TRUE(name_matches("\\*", "*"));
  EXPECT_FALSE(name_matches("\\*", "x"));
  EXPECT_TRUE(name_matches("[a-c][!a-c]", "bz"));
  EXPECT_FALSE(name_matches("[a-c][!a-c]", "bb"));
  EXPECT_TRUE(name_matches("[]x]", "]"));
  EXPECT_TRUE(name_matches("[ab", "[ab")) << "a bracket without an end is one";
  EXPECT_TRUE(name_matches("*", ""));
  EXPECT_TRUE(name_matches("a**b*", "ab"));
}

TEST(PathPattern, ManyStarsDoNotTakeForEver) {
  const std::string name(250, 'a');
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "*a";
  EXPECT_FALSE(name_matches(pattern + "b", name));
  EXPECT_TRUE(name_matches(pattern, name));
}

TEST(PathPattern, ManyTimesAnyFoldersDoNotTakeForEver) {
  std::string pattern = "/";
  std::string path;
  for (int i = 0; i < 40; ++i) pattern += "**/a/";
  for (int i = 0; i < 200; ++i) path += "/a";
  EXPECT_FALSE(matches(pattern + "b", path));
  EXPECT_TRUE(matches(pattern + "a", path));
}

// Names of one letter each: then folders are to `**` what bytes are to `*`.
TEST(PathPattern, AnyFoldersAgreeWithAnyBytes) {
  SeededRandom random(6);
  const std::string letters = "ab*?";
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes_pattern, path_pattern, name, path;
    for (std::uint64_t left = 1 + random.below(6); left > 0; --left) {
      const char letter = letters[random.below(4)];
      bytes_pattern += letter;
      path_pattern += letter == '*' ? std::string("/**") : std::string("/") + letter;
    }
    for (std::uint64_t left = random.below(7); left > 0; --left) {
      const char letter = letters[random.below(2)];
      name += letter;
      path += std::string("/") + letter;
    }
    ASSERT_EQ(matches(path_pattern, path), name_matches(bytes_pattern, name)) << path_pattern << " " << path;
  }
}

// As simple as can be, and slow.
bool naive(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') {
    return naive(pattern.substr(1), name) || (!name.empty() && naive(pattern, name.substr(1)));
  }
  if (name.empty()) return false;
  if (pattern.front() != '?' && pattern.front() != name.front()) return false;
  return naive(pattern.substr(1), name.substr(1));
}

TEST(PathPattern, AgreesWithANaiveTwin) {
  SeededRandom random(5);
  const std::string letters = "ab*?";
  for (int i = 0; i < 20'000; ++i) {
    std::string pattern;
    std::string name;
    for (std::uint64_t left = random.below(7); left > 0; --left) pattern += letters[random.below(4)];
    for (std::uint64_t left = random.below(7); left > 0; --left) name += letters[random.below(2)];
    ASSERT_EQ(name_matches(pattern, name), naive(pattern, name)) << pattern << " " << name;
  }
}

TEST(PathPattern, OneThatSaysNothingIsRefused) {
  EXPECT_FALSE(PathPattern::parse(""));
  EXPECT_FALSE(PathPattern::parse("//"));
  for (const char* text : {"!important", "./cache", "a/../cache", "cache/.", ".."}) {
    EXPECT_EQ(PathPattern::parse(text).error().code, Errc::invalid) << text;
  }
  EXPECT_TRUE(matches("\\!important", "a/!important"));
  EXPECT_TRUE(matches(".cache", "a/.cache"));
}

}  // namespace
}  // namespace peerstore::drive
