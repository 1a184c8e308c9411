/// The script's `coroutine` library, made so that waiting and preemption pass through a script's own coroutines.
///
/// When a host function waits, or a slice ends, inside a coroutine that the script resumed itself, the plain library
/// would return into the script's resume as if the coroutine had yielded. Here each resume passes such a signal on to
/// its own resumer, down to the task, and hands the answer back up the same way.
#include "glue.h"

enum { RESUME, WRAP };

static lua_State *coroutine_argument(lua_State *stack) {
    lua_State *coroutine = lua_tothread(stack, 1);
    luaL_argexpected(stack, coroutine != NULL, 1, "coroutine");
    return coroutine;
}

/// Notes that the coroutine at index 1 waits on behalf of `stack`, or that it no longer does.
static void set_waiting(lua_State *stack, lua_State *coroutine, bool waits) {
    halua_set_busy(coroutine, waits);
    lua_rawgetp(stack, LUA_REGISTRYINDEX, &halua_waiting_key);
    if (waits) {
        lua_pushvalue(stack, 1);
    } else {
        lua_pushnil(stack);
    }
    lua_rawsetp(stack, -2, stack);
    lua_pop(stack, 1);
}

/// A wrapped coroutine failed: close it, and raise its error here, with the position as the plain library does.
static int raise_from(lua_State *stack, lua_State *coroutine) {
    if (halua_reset(halua_of(stack), coroutine) != LUA_OK) lua_xmove(coroutine, stack, 1);
    if (lua_type(stack, -1) == LUA_TSTRING) {
        luaL_where(stack, 1);
        lua_insert(stack, -2);
        lua_concat(stack, 2);
    }
    return lua_error(stack);
}

static int after_signal(lua_State *stack, int status, lua_KContext form);

/// Resumes the coroutine at index 1 with the `count` values on top.
static int resume(lua_State *stack, int count, lua_KContext form) {
    halua_state *state = halua_of(stack);
    lua_State *coroutine = lua_tothread(stack, 1);
    // Should the coroutine wait, what the wait brings passes through this stack.
    luaL_checkstack(stack, HALUA_ROOM, "too many coroutines in each other");
    if (!lua_checkstack(coroutine, count)) return luaL_error(stack, "too many arguments to resume");
    lua_xmove(stack, coroutine, count);
    bool yieldable = lua_isyieldable(stack);
    int results = 0;
    if (!yieldable) state->blocked++;
    lua_State *before = state->current;
    state->current = coroutine;
    int status = lua_resume(coroutine, stack, count, &results);
    state->current = before;
    if (!yieldable) state->blocked--;

    if (status == LUA_YIELD && state->signal != SIGNAL_NONE) {
        lua_settop(stack, 1);
        set_waiting(stack, coroutine, true);
        return lua_yieldk(stack, 0, form, after_signal);
    }
    if (status == LUA_OK || status == LUA_YIELD) {
        if (!lua_checkstack(stack, results + 1)) {
            lua_pop(coroutine, results);
            return luaL_error(stack, "too many results to resume");
        }
        if (form == RESUME) lua_pushboolean(stack, 1);
        lua_xmove(coroutine, stack, results);
        return form == RESUME ? results + 1 : results;
    }
    if (form == WRAP) {
        lua_xmove(coroutine, stack, 1);
        lua_pushvalue(stack, -1);
        lua_xmove(stack, coroutine, 1);
        return raise_from(stack, coroutine);
    }
    lua_pushboolean(stack, 0);
    lua_xmove(coroutine, stack, 1);
    return 2;
}

/// The task was resumed; the values above index 1 are meant for whoever waits further in.
static int after_signal(lua_State *stack, int status, lua_KContext form) {
    (void)status;
    halua_of(stack)->signal = SIGNAL_NONE;
    set_waiting(stack, lua_tothread(stack, 1), false);
    return resume(stack, lua_gettop(stack) - 1, form);
}

/// nil when the coroutine can be resumed, else why not.
static const char *refusal(lua_State *stack, lua_State *coroutine) {
    if (coroutine == stack || halua_is_busy(coroutine)) return "cannot resume non-suspended coroutine";
    int status = lua_status(coroutine);
    if (status == LUA_YIELD) return NULL;
    lua_Debug place;
    if (status != LUA_OK) return "cannot resume dead coroutine";
    if (lua_getstack(coroutine, 0, &place)) return "cannot resume non-suspended coroutine";
    return lua_gettop(coroutine) == 0 ? "cannot resume dead coroutine" : NULL;
}

static int coroutine_resume(lua_State *stack) {
    lua_State *coroutine = coroutine_argument(stack);
    const char *why = refusal(stack, coroutine);
    if (why != NULL) {
        lua_pushboolean(stack, 0);
        lua_pushstring(stack, why);
        return 2;
    }
    return resume(stack, lua_gettop(stack) - 1, RESUME);
}

static int call_wrapped(lua_State *stack) {
    lua_pushvalue(stack, lua_upvalueindex(1));
    lua_insert(stack, 1);
    const char *why = refusal(stack, lua_tothread(stack, 1));
    if (why != NULL) return luaL_error(stack, "%s", why);
    return resume(stack, lua_gettop(stack) - 1, WRAP);
}

static int coroutine_create(lua_State *stack) {
    luaL_checktype(stack, 1, LUA_TFUNCTION);
    lua_State *coroutine = lua_newthread(stack);
    halua_install_hook(coroutine);
    lua_pushvalue(stack, 1);
    lua_xmove(stack, coroutine, 1);
    return 1;
}

static int coroutine_wrap(lua_State *stack) {
    coroutine_create(stack);
    lua_pushcclosure(stack, call_wrapped, 1);
    return 1;
}

static int coroutine_yield(lua_State *stack) {
    if (stack == halua_of(stack)->root) {
        return luaL_error(stack, "coroutine.yield outside of a coroutine (to let others run, use halua.sleep(0))");
    }
    return lua_yield(stack, lua_gettop(stack));
}

static const char *status_of(lua_State *stack, lua_State *coroutine) {
    if (coroutine == stack) return "running";
    if (halua_is_busy(coroutine)) return "normal";
    int status = lua_status(coroutine);
    if (status == LUA_YIELD) return "suspended";
    if (status != LUA_OK) return "dead";
    lua_Debug place;
    if (lua_getstack(coroutine, 0, &place)) return "normal";
    return lua_gettop(coroutine) == 0 ? "dead" : "suspended";
}

static int coroutine_status(lua_State *stack) {
    lua_pushstring(stack, status_of(stack, coroutine_argument(stack)));
    return 1;
}

static int coroutine_running(lua_State *stack) {
    lua_pushthread(stack);
    lua_pushboolean(stack, stack == halua_of(stack)->root);
    return 2;
}

static int coroutine_isyieldable(lua_State *stack) {
    lua_State *coroutine = lua_isthread(stack, 1) ? lua_tothread(stack, 1) : stack;
    lua_pushboolean(stack, coroutine != halua_of(stack)->root && lua_isyieldable(coroutine));
    return 1;
}

static int coroutine_close(lua_State *stack) {
    lua_State *coroutine = coroutine_argument(stack);
    const char *status = status_of(stack, coroutine);
    if (status[0] == 'r' || status[0] == 'n') return luaL_error(stack, "cannot close a %s coroutine", status);
    // Closing may run handlers that close coroutines, and so on: each takes C stack that Lua does not count.
    if (halua_of(stack)->blocked > 100) return luaL_error(stack, "coroutines closed too deep in each other");
    if (halua_reset(halua_of(stack), coroutine) == LUA_OK) {
        lua_pushboolean(stack, 1);
        return 1;
    }
    lua_pushboolean(stack, 0);
    lua_xmove(coroutine, stack, 1);
    return 2;
}

void halua_open_coroutine(lua_State *stack) {
    static const luaL_Reg functions[] = {
        {"close", coroutine_close},     {"create", coroutine_create},           {"isyieldable", coroutine_isyieldable},
        {"resume", coroutine_resume},   {"running", coroutine_running},         {"status", coroutine_status},
        {"wrap", coroutine_wrap},       {"yield", coroutine_yield},             {NULL, NULL},
    };
    luaL_newlib(stack, functions);
    lua_setglobal(stack, "coroutine");
}
