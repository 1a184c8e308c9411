/// Stands before the C library's malloc and its kin, and counts the calls that a program's main thread makes.
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "CAllocationCounter.h"

// The C library's own entries. Asking dlsym(3) for the next malloc would allocate while malloc is not there yet.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/// Where this thread counts: null in every thread but the main one.
///
/// The model needs no call at the first use in a thread, which would allocate.
static __thread struct halua_allocations *counter __attribute__((tls_model("initial-exec")));

static void note(void) {
  struct halua_allocations *const mine = counter;
  if (!mine) return;
  const uint64_t index = mine->count++;
  if (index >= halua_recorded_calls) return;
  // What backtrace(3) may allocate is not the program's.
  counter = NULL;
  void *frames[halua_recorded_frames];
  const int depth = backtrace(frames, halua_recorded_frames);
  memset(mine->callers[index], 0, sizeof mine->callers[index]);
  // The first frame is this function.
  for (int frame = 1; frame < depth; frame++) mine->callers[index][frame - 1] = (uintptr_t)frames[frame];
  counter = mine;
}

/// Runs in the main thread, before the program's own code.
__attribute__((constructor)) static void start(void) {
  const char *const path = getenv("HALUA_ALLOCATION_COUNTER");
  if (!path) return;
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void *const shared = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (shared == MAP_FAILED) return;
  // Programs that this one starts would count into the same file.
  unsetenv("HALUA_ALLOCATION_COUNTER");
  unsetenv("LD_PRELOAD");
  counter = shared;
}

void *malloc(size_t size) {
  note();
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  note();
  return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
  note();
  return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  note();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  note();
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
  void *const made = __libc_memalign(alignment, size);
  if (!made) return ENOMEM;
  *block = made;
  return 0;
}
