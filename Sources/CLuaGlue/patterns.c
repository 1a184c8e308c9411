/// string.find, match, gmatch and gsub over the counting matcher, and string.rep: none can run for ever.
#include "glue.h"
#include "matcher.h"

#include <string.h>

enum {
    /// Steps that one call may take, in all places of the subject together: some 50 ms.
    STEPS = 5 * 1000 * 1000,
    /// Steps on top of it for each character of the subject, so that honest patterns run on long texts.
    STEPS_PER_CHARACTER = 16,
    /// About how many nanoseconds a step takes.
    STEP_COST = 4,
};

static void begin(struct matcher *matcher, const char *subject, size_t length, const char *pattern, size_t size) {
    matcher->subject = subject;
    matcher->subject_end = subject + length;
    matcher->pattern_end = pattern + size;
    matcher->steps = STEPS + (int64_t)length * STEPS_PER_CHARACTER;
    matcher->failure = NULL;
}

/// One attempt at one place. Raises when the pattern is wrong or takes too long.
static const char *attempt(lua_State *stack, struct matcher *matcher, const char *place, const char *pattern) {
    matcher->depth = 0;
    matcher->captures = 0;
    int64_t before = matcher->steps;
    const char *end = matcher_run(matcher, place, pattern);
    if (matcher->failure != NULL) luaL_error(stack, "%s", matcher->failure);
    halua_charge(stack, (before - matcher->steps) * STEP_COST);
    return end;
}

/// Pushes one capture; without captures, number 0 is the whole match.
static void push_capture(lua_State *stack, struct matcher *matcher, int index, const char *start, const char *end) {
    if (index >= matcher->captures) {
        if (index != 0) luaL_error(stack, "invalid capture index %%%d", index + 1);
        lua_pushlstring(stack, start, (size_t)(end - start));
        return;
    }
    struct capture capture = matcher->capture[index];
    if (capture.length == CAPTURE_OPEN) luaL_error(stack, "unfinished capture");
    if (capture.length == CAPTURE_POSITION) {
        lua_pushinteger(stack, capture.start - matcher->subject + 1);
    } else {
        lua_pushlstring(stack, capture.start, (size_t)capture.length);
    }
}

static int push_captures(lua_State *stack, struct matcher *matcher, const char *start, const char *end, bool whole) {
    int count = matcher->captures == 0 && whole ? 1 : matcher->captures;
    luaL_checkstack(stack, count, "too many captures");
    for (int index = 0; index < count; index++) push_capture(stack, matcher, index, start, end);
    return count;
}

/// A start as scripts give it (from 1, negative from the end), as an offset from 0.
static size_t offset_argument(lua_State *stack, int index, size_t length) {
    lua_Integer start = luaL_optinteger(stack, index, 1);
    if (start > 0) return (size_t)start - 1;
    if (start == 0 || start < -(lua_Integer)length) return 0;
    return length - (size_t)-start;
}

static bool is_plain(const char *pattern, size_t size) {
    for (size_t index = 0; index < size; index++) {
        if (pattern[index] != 0 && strchr("^$*+?.([%-", pattern[index]) != NULL) return false;
    }
    return true;
}

static int search(lua_State *stack, bool find) {
    size_t length, size;
    const char *subject = luaL_checklstring(stack, 1, &length);
    const char *pattern = luaL_checklstring(stack, 2, &size);
    size_t offset = offset_argument(stack, 3, length);
    if (offset > length) {
        luaL_pushfail(stack);
        return 1;
    }
    if (find && (lua_toboolean(stack, 4) || is_plain(pattern, size))) {
        halua_charge(stack, (int64_t)(length - offset) / 4);
        const char *found = memmem(subject + offset, length - offset, pattern, size);
        if (found == NULL) {
            luaL_pushfail(stack);
            return 1;
        }
        lua_pushinteger(stack, found - subject + 1);
        lua_pushinteger(stack, found - subject + (lua_Integer)size);
        return 2;
    }
    struct matcher matcher;
    begin(&matcher, subject, length, pattern, size);
    bool anchored = size > 0 && *pattern == '^';
    if (anchored) pattern++;
    for (const char *place = subject + offset; place <= matcher.subject_end; place++) {
        const char *end = attempt(stack, &matcher, place, pattern);
        if (end != NULL && !find) return push_captures(stack, &matcher, place, end, true);
        if (end != NULL) {
            lua_pushinteger(stack, place - subject + 1);
            lua_pushinteger(stack, end - subject);
            return 2 + push_captures(stack, &matcher, place, end, false);
        }
        if (anchored) break;
    }
    luaL_pushfail(stack);
    return 1;
}

static int string_find(lua_State *stack) { return search(stack, true); }

static int string_match(lua_State *stack) { return search(stack, false); }

/// Upvalues: subject, pattern, offset of the next place, offset where the last match ended (-1: none).
static int next_match(lua_State *stack) {
    size_t length, size;
    const char *subject = lua_tolstring(stack, lua_upvalueindex(1), &length);
    const char *pattern = lua_tolstring(stack, lua_upvalueindex(2), &size);
    const char *place = subject + lua_tointeger(stack, lua_upvalueindex(3));
    lua_Integer last = lua_tointeger(stack, lua_upvalueindex(4));
    struct matcher matcher;
    begin(&matcher, subject, length, pattern, size);
    for (; place <= matcher.subject_end; place++) {
        const char *end = attempt(stack, &matcher, place, pattern);
        // An empty match right behind the last match is no match of its own.
        if (end == NULL || end - subject == last) continue;
        lua_pushinteger(stack, end - subject);
        lua_copy(stack, -1, lua_upvalueindex(3));
        lua_replace(stack, lua_upvalueindex(4));
        return push_captures(stack, &matcher, place, end, true);
    }
    lua_pushinteger(stack, (lua_Integer)length + 1);
    lua_replace(stack, lua_upvalueindex(3));
    return 0;
}

static int string_gmatch(lua_State *stack) {
    size_t length;
    luaL_checklstring(stack, 1, &length);
    luaL_checkstring(stack, 2);
    size_t offset = offset_argument(stack, 3, length);
    if (offset > length) offset = length + 1;
    lua_settop(stack, 2);
    lua_pushinteger(stack, (lua_Integer)offset);
    lua_pushinteger(stack, -1);
    lua_pushcclosure(stack, next_match, 4);
    return 1;
}

/// Adds a replacement string, with %0 to %9 and %% filled in.
static void add_template(
    lua_State *stack, luaL_Buffer *buffer, struct matcher *matcher, const char *start, const char *end) {
    size_t size;
    const char *text = lua_tolstring(stack, 3, &size);
    for (const char *place = text; place < text + size; place++) {
        if (*place != '%') {
            luaL_addchar(buffer, *place);
            continue;
        }
        char next = place + 1 < text + size ? *++place : 0;
        if (next == '%') {
            luaL_addchar(buffer, '%');
        } else if (next == '0') {
            luaL_addlstring(buffer, start, (size_t)(end - start));
        } else if (next >= '1' && next <= '9') {
            push_capture(stack, matcher, next - '1', start, end);
            luaL_tolstring(stack, -1, NULL);
            lua_remove(stack, -2);
            luaL_addvalue(buffer);
        } else {
            luaL_error(stack, "invalid use of '%%' in replacement string");
        }
    }
}

/// Adds what replaces a match. Returns whether it is something else than the match itself.
static bool add_replacement(
    lua_State *stack, luaL_Buffer *buffer, struct matcher *matcher, const char *start, const char *end) {
    switch (lua_type(stack, 3)) {
    case LUA_TFUNCTION:
        lua_pushvalue(stack, 3);
        lua_call(stack, push_captures(stack, matcher, start, end, true), 1);
        break;
    case LUA_TTABLE:
        push_capture(stack, matcher, 0, start, end);
        lua_gettable(stack, 3);
        break;
    default:
        add_template(stack, buffer, matcher, start, end);
        return true;
    }
    if (!lua_toboolean(stack, -1)) {
        lua_pop(stack, 1);
        luaL_addlstring(buffer, start, (size_t)(end - start));
        return false;
    }
    if (!lua_isstring(stack, -1)) {
        luaL_error(stack, "invalid replacement value (a %s)", luaL_typename(stack, -1));
    }
    luaL_addvalue(buffer);
    return true;
}

static int string_gsub(lua_State *stack) {
    size_t length, size;
    const char *subject = luaL_checklstring(stack, 1, &length);
    const char *pattern = luaL_checklstring(stack, 2, &size);
    int kind = lua_type(stack, 3);
    luaL_argexpected(
        stack, kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION || kind == LUA_TTABLE, 3,
        "string/function/table");
    lua_Integer most = luaL_optinteger(stack, 4, (lua_Integer)length + 1);
    bool anchored = size > 0 && *pattern == '^';
    struct matcher matcher;
    begin(&matcher, subject, length, pattern, size);
    if (anchored) pattern++;
    luaL_Buffer buffer;
    luaL_buffinit(stack, &buffer);
    const char *place = subject;
    const char *last = NULL;
    bool changed = false;
    lua_Integer count = 0;
    while (count < most) {
        const char *end = attempt(stack, &matcher, place, pattern);
        if (end != NULL && end != last) {
            count++;
            changed = add_replacement(stack, &buffer, &matcher, place, end) || changed;
            place = last = end;
        } else if (place < matcher.subject_end) {
            luaL_addchar(&buffer, *place++);
        } else {
            break;
        }
        if (anchored) break;
    }
    if (changed) {
        luaL_addlstring(&buffer, place, (size_t)(matcher.subject_end - place));
        luaL_pushresult(&buffer);
    } else {
        lua_pushvalue(stack, 1);
    }
    lua_pushinteger(stack, count);
    return 2;
}

/// The size is known before the work begins, and the copying doubles, so that many empty or short strings cost nothing.
static int string_rep(lua_State *stack) {
    size_t length, separator_length;
    const char *text = luaL_checklstring(stack, 1, &length);
    lua_Integer count = luaL_checkinteger(stack, 2);
    const char *separator = luaL_optlstring(stack, 3, "", &separator_length);
    size_t unit = length + separator_length;
    if (count <= 0 || unit == 0) {
        lua_pushliteral(stack, "");
        return 1;
    }
    if ((uint64_t)count > halua_of(stack)->limit / unit + 1) return luaL_error(stack, "not enough memory");
    size_t total = unit * (size_t)count - separator_length;
    luaL_Buffer buffer;
    char *place = luaL_buffinitsize(stack, &buffer, total);
    memcpy(place, text, length);
    if (count > 1) memcpy(place + length, separator, separator_length);
    size_t filled = count > 1 ? unit : total;
    while (filled < total) {
        size_t more = filled < total - filled ? filled : total - filled;
        memcpy(place + filled, place, more);
        filled += more;
    }
    luaL_pushresultsize(&buffer, total);
    return 1;
}

void halua_open_patterns(lua_State *stack) {
    static const luaL_Reg functions[] = {
        {"find", string_find}, {"match", string_match}, {"gmatch", string_gmatch},
        {"gsub", string_gsub}, {"rep", string_rep},     {NULL, NULL},
    };
    lua_getglobal(stack, "string");
    luaL_setfuncs(stack, functions, 0);
    lua_pop(stack, 1);
}
