// Loaded into a command by the dynamic linker (LD_PRELOAD): before each call that changes a file it asks whoever
// started the command, and waits for the answer. crash_points.py is on the other side; PEERSTORE_CRASH_POINTS names the
// two descriptors, to ask by and to be answered by. Without it everything passes.
//
// One call asks at a time, so whoever looks at the disk meanwhile sees what kill -9 would leave there.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int ask_by = -1;
static int answered_by = -1;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
  const char* named = getenv("PEERSTORE_CRASH_POINTS");
  if (named != NULL && sscanf(named, "%d %d", &ask_by, &answered_by) != 2) abort();
}

// Who asked ends the command instead of answering, or goes away: then nothing more is changed.
static void ask(void) {
  if (ask_by < 0) return;
  pthread_mutex_lock(&turn);
  char answer = '?';
  if (syscall(SYS_write, ask_by, &answer, 1) != 1) _exit(99);
  if (syscall(SYS_read, answered_by, &answer, 1) != 1) _exit(99);
  pthread_mutex_unlock(&turn);
}

static int open_at(int folder, const char* path, int flags, va_list more) {
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  if ((flags & (O_CREAT | O_TRUNC)) != 0) ask();
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const int opened = open_at(AT_FDCWD, path, flags, more);
  va_end(more);
  return opened;
}

int openat(int folder, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const int opened = open_at(folder, path, flags, more);
  va_end(more);
  return opened;
}

ssize_t write(int file, const void* bytes, size_t size) {
  ask();
  return syscall(SYS_write, file, bytes, size);
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  ask();
  return syscall(SYS_pwrite64, file, bytes, size, at);
}

ssize_t writev(int file, const struct iovec* parts, int count) {
  ask();
  return syscall(SYS_writev, file, parts, count);
}

int ftruncate(int file, off_t size) {
  ask();
  return (int)syscall(SYS_ftruncate, file, size);
}

int fsync(int file) {
  ask();
  return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
  ask();
  return (int)syscall(SYS_fdatasync, file);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  ask();
  return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  return renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char* from, const char* to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int folder, const char* path, int flags) {
  ask();
  return (int)syscall(SYS_unlinkat, folder, path, flags);
}

int unlink(const char* path) { return unlinkat(AT_FDCWD, path, 0); }

int mkdirat(int folder, const char* path, mode_t mode) {
  ask();
  return (int)syscall(SYS_mkdirat, folder, path, mode);
}

int mkdir(const char* path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
