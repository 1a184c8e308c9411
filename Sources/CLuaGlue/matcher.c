/// A backtracking matcher for Lua patterns in which every step is counted, so that no pattern can run for ever.
#include "matcher.h"

#include <ctype.h>
#include <string.h>

/// How many items that can backtrack may be tried inside each other; each takes C stack.
enum { DEEPEST = 200 };

static const char *give_up(struct matcher *matcher, const char *why) {
    if (matcher->failure == NULL) matcher->failure = why;
    return NULL;
}

/// Counts one step; false when there are none left.
static bool step(struct matcher *matcher) {
    if (--matcher->steps >= 0) return true;
    give_up(matcher, "pattern takes too many steps on this subject");
    return false;
}

/// The place behind the single item (a character, a class, a set) that begins at `pattern`; NULL when it is malformed.
static const char *item_end(struct matcher *matcher, const char *pattern) {
    char first = *pattern++;
    if (first == '%') {
        if (pattern == matcher->pattern_end) return give_up(matcher, "malformed pattern (ends with '%')");
        return pattern + 1;
    }
    if (first != '[') return pattern;
    if (pattern < matcher->pattern_end && *pattern == '^') pattern++;
    // A ']' right at the beginning stands for itself.
    do {
        if (pattern >= matcher->pattern_end) return give_up(matcher, "malformed pattern (missing ']')");
        if (*pattern++ == '%') pattern++;
    } while (pattern >= matcher->pattern_end || *pattern != ']');
    return pattern + 1;
}

static bool in_class(unsigned char character, char class) {
    bool result;
    switch (tolower((unsigned char)class)) {
    case 'a': result = isalpha(character); break;
    case 'c': result = iscntrl(character); break;
    case 'd': result = isdigit(character); break;
    case 'g': result = isgraph(character); break;
    case 'l': result = islower(character); break;
    case 'p': result = ispunct(character); break;
    case 's': result = isspace(character); break;
    case 'u': result = isupper(character); break;
    case 'w': result = isalnum(character); break;
    case 'x': result = isxdigit(character); break;
    default: return class == (char)character;
    }
    return isupper((unsigned char)class) ? !result : result;
}

/// Whether a character is in the set from `set` ('[') to `last` (its ']').
static bool in_set(unsigned char character, const char *set, const char *last) {
    bool inverted = set[1] == '^';
    const char *place = set + (inverted ? 2 : 1);
    while (place < last) {
        if (*place == '%' && place + 1 < last) {
            if (in_class(character, place[1])) return !inverted;
            place += 2;
        } else if (place[1] == '-' && place + 2 < last) {
            if ((unsigned char)place[0] <= character && character <= (unsigned char)place[2]) return !inverted;
            place += 3;
        } else {
            if ((unsigned char)*place == character) return !inverted;
            place++;
        }
    }
    return inverted;
}

/// Whether the character at `place` fits the item from `pattern` to `end`.
static bool fits(struct matcher *matcher, const char *place, const char *pattern, const char *end) {
    if (!step(matcher) || place >= matcher->subject_end) return false;
    unsigned char character = (unsigned char)*place;
    switch (*pattern) {
    case '.': return true;
    case '%': return in_class(character, pattern[1]);
    case '[':
        // A set costs by its length.
        matcher->steps -= (end - pattern) / 4;
        return in_set(character, pattern, end - 1);
    default: return (unsigned char)*pattern == character;
    }
}

/// "item*", "item+" (`least` 1): as many as possible, then fewer.
static const char *match_most(
    struct matcher *matcher, const char *place, const char *pattern, const char *end, ptrdiff_t least) {
    ptrdiff_t count = 0;
    while (fits(matcher, place + count, pattern, end)) count++;
    for (; count >= least; count--) {
        if (!step(matcher)) return NULL;
        const char *result = matcher_run(matcher, place + count, end + 1);
        if (result != NULL || matcher->failure != NULL) return result;
    }
    return NULL;
}

/// "item-": as few as possible, then more.
static const char *match_fewest(struct matcher *matcher, const char *place, const char *pattern, const char *end) {
    for (;; place++) {
        const char *result = matcher_run(matcher, place, end + 1);
        if (result != NULL || matcher->failure != NULL) return result;
        if (!fits(matcher, place, pattern, end)) return NULL;
    }
}

/// "%bxy": from an x to the y that balances it.
static const char *match_balanced(struct matcher *matcher, const char *place, const char *pattern) {
    if (pattern + 1 >= matcher->pattern_end) {
        return give_up(matcher, "malformed pattern (missing arguments to '%b')");
    }
    if (place >= matcher->subject_end || *place != pattern[0]) return NULL;
    ptrdiff_t open = 1;
    while (++place < matcher->subject_end) {
        if (!step(matcher)) return NULL;
        if (*place == pattern[1]) {
            if (--open == 0) return place + 1;
        } else if (*place == pattern[0]) {
            open++;
        }
    }
    return NULL;
}

static const char *match_open(struct matcher *matcher, const char *place, const char *pattern, ptrdiff_t length) {
    if (matcher->captures >= MATCHER_CAPTURES) return give_up(matcher, "too many captures");
    matcher->capture[matcher->captures++] = (struct capture){place, length};
    const char *result = matcher_run(matcher, place, pattern);
    if (result == NULL) matcher->captures--;
    return result;
}

static const char *match_close(struct matcher *matcher, const char *place, const char *pattern) {
    int index = matcher->captures - 1;
    while (index >= 0 && matcher->capture[index].length != CAPTURE_OPEN) index--;
    if (index < 0) return give_up(matcher, "invalid pattern capture");
    matcher->capture[index].length = place - matcher->capture[index].start;
    const char *result = matcher_run(matcher, place, pattern);
    if (result == NULL) matcher->capture[index].length = CAPTURE_OPEN;
    return result;
}

/// "%1": what that capture has matched, once more.
static const char *match_again(struct matcher *matcher, const char *place, char digit) {
    int index = digit - '1';
    if (index < 0 || index >= matcher->captures || matcher->capture[index].length < 0) {
        return give_up(matcher, "invalid capture index in pattern");
    }
    ptrdiff_t length = matcher->capture[index].length;
    matcher->steps -= length / 16;
    if (!step(matcher) || matcher->subject_end - place < length) return NULL;
    return memcmp(matcher->capture[index].start, place, (size_t)length) == 0 ? place + length : NULL;
}

/// "%f[set]": nothing, between a character outside of the set and one inside. Both ends of the subject count as '\0'.
static bool at_frontier(struct matcher *matcher, const char *place, const char *set, const char *end) {
    unsigned char before = place == matcher->subject ? 0 : (unsigned char)place[-1];
    unsigned char here = place < matcher->subject_end ? (unsigned char)*place : 0;
    return !in_set(before, set, end - 1) && in_set(here, set, end - 1);
}

/// The items that are no single character. Returns true when `*pattern` was one: then `*place` is behind what it
/// matched (`*ends` when the match is decided, NULL or not).
static bool match_special(struct matcher *matcher, const char **place, const char **pattern, bool *ends) {
    const char *item = *pattern;
    *ends = true;
    if (item[0] == '(') {
        bool position = item + 1 < matcher->pattern_end && item[1] == ')';
        *place = match_open(matcher, *place, item + (position ? 2 : 1), position ? CAPTURE_POSITION : CAPTURE_OPEN);
        return true;
    }
    if (item[0] == ')') {
        *place = match_close(matcher, *place, item + 1);
        return true;
    }
    if (item[0] == '$' && item + 1 == matcher->pattern_end) {
        if (*place != matcher->subject_end) *place = NULL;
        return true;
    }
    if (item[0] != '%' || item + 1 >= matcher->pattern_end) return false;
    if (item[1] == 'b') {
        *place = match_balanced(matcher, *place, item + 2);
        *pattern = item + 4;
    } else if (item[1] == 'f') {
        if (item + 2 >= matcher->pattern_end || item[2] != '[') {
            *place = give_up(matcher, "missing '[' after '%f' in pattern");
            return true;
        }
        const char *end = item_end(matcher, item + 2);
        if (end == NULL || !at_frontier(matcher, *place, item + 2, end)) *place = NULL;
        *pattern = end;
    } else if (isdigit((unsigned char)item[1])) {
        *place = match_again(matcher, *place, item[1]);
        *pattern = item + 2;
    } else {
        return false;
    }
    *ends = *place == NULL;
    return true;
}

const char *matcher_run(struct matcher *matcher, const char *place, const char *pattern) {
    if (matcher->depth >= DEEPEST) return give_up(matcher, "pattern too complex");
    matcher->depth++;
    while (place != NULL && pattern != matcher->pattern_end) {
        bool ends = false;
        if (!step(matcher)) {
            place = NULL;
        } else if (match_special(matcher, &place, &pattern, &ends)) {
            if (ends) break;
        } else {
            const char *end = item_end(matcher, pattern);
            if (end == NULL) {
                place = NULL;
                break;
            }
            char suffix = end < matcher->pattern_end ? *end : 0;
            if (suffix == '*' || suffix == '+') {
                place = match_most(matcher, place, pattern, end, suffix == '+' ? 1 : 0);
                break;
            }
            if (suffix == '-') {
                place = match_fewest(matcher, place, pattern, end);
                break;
            }
            bool fit = fits(matcher, place, pattern, end);
            if (suffix == '?') {
                if (fit) {
                    const char *result = matcher_run(matcher, place + 1, end + 1);
                    if (result != NULL || matcher->failure != NULL) {
                        place = result;
                        break;
                    }
                }
                pattern = end + 1;
            } else {
                place = fit ? place + 1 : NULL;
                pattern = end;
            }
        }
    }
    matcher->depth--;
    return matcher->failure == NULL ? place : NULL;
}
