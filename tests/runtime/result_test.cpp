#include <peerstore/runtime/result.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

namespace peerstore {
namespace {

Result<std::unique_ptr<int>> boxed(bool works) {
  if (!works) return fail(Errc::full, "no box left");
  return std::make_unique<int>(3);
}
Result<int> opened(bool works) {
  auto box = boxed(works);
  if (!box) return box.error_in("opening");
  return **box;
}

TEST(Result, IsAValueOrAnErrorThatGathersContext) {
  EXPECT_EQ(*opened(true), 3);
  const auto failed = opened(false);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::full);
  EXPECT_EQ(failed.error().message(), "opening: no box left (full)");
}

TEST(Result, ThrowsWhenAnErrorIsUsedAsAValue) { EXPECT_THROW((void)opened(false).value(), std::logic_error); }

TEST(Result, OfNothingSaysOnlyWhetherItWorked) {
  const Result<void> done;
  EXPECT_TRUE(done);
  const Result<void> failed = fail(Errc::io, "");
  EXPECT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "input/output error");
}

}  // namespace
}  // namespace peerstore
