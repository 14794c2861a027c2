#include <peerstore/runtime/task.hpp>

#include <array>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define PEERSTORE_FRAME_POOL 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PEERSTORE_FRAME_POOL 0
#endif
#endif
#ifndef PEERSTORE_FRAME_POOL
#define PEERSTORE_FRAME_POOL 1
#endif

namespace peerstore::detail {

#if PEERSTORE_FRAME_POOL

namespace {

// Frames of like size are kept in lists, one for each 32 bytes. A frame that ended is the next
// one to be used, while it is still in the cache.
constexpr std::size_t kStep = 32;
constexpr std::size_t kClasses = 64;

struct FreeFrame {
  FreeFrame* next;
};

struct Pool {
  std::array<FreeFrame*, kClasses> free{};
  ~Pool() {
    for (FreeFrame*& head : free) {
      while (head != nullptr) ::operator delete(std::exchange(head, head->next));
    }
  }
};

thread_local Pool pool;

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t index = (size + kStep - 1) / kStep;
  if (index >= kClasses) return ::operator new(size);
  if (FreeFrame* frame = pool.free[index]) {
    pool.free[index] = frame->next;
    return frame;
  }
  return ::operator new(index * kStep);
}

void release_frame(void* frame, std::size_t size) noexcept {
  const std::size_t index = (size + kStep - 1) / kStep;
  if (index >= kClasses) {
    ::operator delete(frame);
    return;
  }
  pool.free[index] = new (frame) FreeFrame{pool.free[index]};
}

#else

// Under a sanitizer every frame is its own allocation, so that a use after free is seen.
void* allocate_frame(std::size_t size) { return ::operator new(size); }
void release_frame(void* frame, std::size_t) noexcept { ::operator delete(frame); }

#endif

}  // namespace peerstore::detail
