/// Lua patterns, matched with a budget of steps (reference manual of Lua 5.4, §6.4.1).
#ifndef HALUA_MATCHER_H
#define HALUA_MATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MATCHER_CAPTURES = 32 };

/// Lengths of a capture that is no length.
enum { CAPTURE_POSITION = -2, CAPTURE_OPEN = -1 };

struct capture {
    const char *start;
    ptrdiff_t length;
};

struct matcher {
    const char *subject;
    const char *subject_end;
    const char *pattern_end;
    /// Steps that are left; below 0 the match has been given up.
    int64_t steps;
    /// Why the match cannot go on, or NULL: the pattern is wrong, or too much work.
    const char *failure;
    int depth;
    int captures;
    struct capture capture[MATCHER_CAPTURES];
};

/// Matches the pattern at exactly that place. Returns the end of the match, or NULL: no match, or `failure` is set.
const char *matcher_run(struct matcher *matcher, const char *place, const char *pattern);

#endif
