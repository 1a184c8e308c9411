/// Counts a program's allocations from outside: to be preloaded (LD_PRELOAD), read through a shared file.
#ifndef HALUA_ALLOCATION_COUNTER_H
#define HALUA_ALLOCATION_COUNTER_H

#include <stdint.h>

enum { halua_recorded_calls = 8, halua_recorded_frames = 24 };

/// What the file holds whose path is in the environment variable HALUA_ALLOCATION_COUNTER.
///
/// A reader starts a measurement by setting `count` to 0.
struct halua_allocations {
  /// Calls of malloc and its kin by the program's main thread.
  volatile uint64_t count;
  /// Return addresses of the first calls after `count` was 0, innermost first; a 0 ends each row.
  uint64_t callers[halua_recorded_calls][halua_recorded_frames];
};

#endif
