/// Running tasks: host functions, slices, the hook that ends a slice, and cancelling.
#include "glue.h"

#include <stdio.h>
#include <time.h>

enum {
    /// Instructions between two looks at the clock.
    HOOK_COUNT = 1000,
    /// Work of C functions (about nanoseconds) after which the hook looks at the clock at once.
    HURRY = 250 * 1000,
    /// How deep coroutines can wait for each other; Lua allows fewer C calls than that.
    DEEPEST_CHAIN = 256,
};

static int64_t read_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t halua_monotonic(void) { return read_clock(CLOCK_MONOTONIC); }

int64_t halua_processor_time(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

static bool can_yield(halua_state *state, lua_State *stack) { return state->blocked == 0 && lua_isyieldable(stack); }

bool halua_can_wait(lua_State *stack) { return can_yield(halua_of(stack), stack); }

// MARK: the hook

static void hook(lua_State *stack, lua_Debug *place);

/// Every instruction from now on raises, so that no pcall can hold the error.
static int doom(lua_State *stack) {
    halua_of(stack)->doomed = true;
    lua_sethook(stack, hook, LUA_MASKCOUNT, 1);
    return luaL_error(stack, "computed for too long where it cannot be interrupted");
}

/// Notes where a task is preempted: afterwards the stack shows the instruction before, which may be on another line.
static void note_place(halua_state *state, lua_State *stack, lua_Debug *place) {
    lua_getinfo(stack, "Sl", place);
    state->preempted = stack;
    snprintf(state->preempted_place, sizeof state->preempted_place, "%s:%d", place->short_src, place->currentline);
}

static void hook(lua_State *stack, lua_Debug *place) {
    halua_state *state = halua_of(stack);
    state->work = 0;
    if (can_yield(state, stack)) {
        // A doomed run that is back where it can yield goes away for good: the scheduler cancels it.
        if (!state->doomed && halua_monotonic() < state->slice_end) {
            if (lua_gethookcount(stack) != HOOK_COUNT) halua_install_hook(stack);
            return;
        }
        state->signal = SIGNAL_PREEMPT;
        note_place(state, stack, place);
        lua_yield(stack, 0);
        return;
    }
    if (state->doomed) {
        doom(stack);
        return;
    }
    if (lua_gethookcount(stack) != HOOK_COUNT) halua_install_hook(stack);
    if (halua_monotonic() >= state->slice_end && halua_processor_time() >= state->computing_end) doom(stack);
}

void halua_install_hook(lua_State *stack) { lua_sethook(stack, hook, LUA_MASKCOUNT, HOOK_COUNT); }

void halua_charge(lua_State *stack, int64_t work) {
    halua_state *state = halua_of(stack);
    state->work += work;
    // The stack may be one that the plugin did not make (the main one); it has no hook and never runs scripts.
    if (state->work < HURRY || lua_gethook(stack) == NULL) return;
    state->work = 0;
    lua_sethook(stack, hook, LUA_MASKCOUNT, 1);
}

void halua_check_computing(lua_State *stack) {
    halua_state *state = halua_of(stack);
    if (state->doomed || halua_processor_time() >= state->computing_end) doom(stack);
}

// MARK: host functions

/// Goes on after a wait: what the task was resumed with is what the host function returns, or raises.
static int after_wait(lua_State *stack, int status, lua_KContext before) {
    (void)status;
    halua_state *state = halua_of(stack);
    if (state->raises) {
        state->raises = false;
        return lua_error(stack);
    }
    return lua_gettop(stack) - (int)before;
}

/// Calls Swift's side of a host function. Returns how many results are on top, or HALUA_WAIT; raises otherwise.
static int dispatch(lua_State *stack, int function) {
    halua_state *state = halua_of(stack);
    luaL_checkstack(stack, HALUA_ROOM, "too many arguments");
    state->in_host++;
    int result = state->dispatch(state->host, stack, function);
    state->in_host--;
    if (state->in_host == 0 && state->used > state->limit) {
        lua_gc(stack, LUA_GCCOLLECT);
        if (state->used > state->limit) return luaL_error(stack, "not enough memory");
    }
    return result == HALUA_RAISE ? lua_error(stack) : result;
}

static int call_host(lua_State *stack) {
    halua_state *state = halua_of(stack);
    int result = dispatch(stack, (int)lua_tointeger(stack, lua_upvalueindex(1)));
    if (result != HALUA_WAIT) return result;
    if (!can_yield(state, stack)) return luaL_error(stack, "cannot wait here");
    state->signal = SIGNAL_WAIT;
    return lua_yieldk(stack, 0, lua_gettop(stack), after_wait);
}

void halua_push_function(lua_State *stack, int function) {
    lua_pushinteger(stack, function);
    lua_pushcclosure(stack, call_host, 1);
}

/// The module has run, or failed: Swift is told, and the module or the error goes to who required it.
static int after_module(lua_State *stack, int status, lua_KContext context) {
    (void)context;
    bool failed = status != LUA_OK && status != LUA_YIELD;
    // The name and the value or error become: the name, whether the module ran, the value or error.
    lua_pushboolean(stack, !failed);
    lua_insert(stack, 2);
    int result = dispatch(stack, (int)lua_tointeger(stack, lua_upvalueindex(2)));
    if (!failed) return result;
    lua_settop(stack, 3);
    return lua_error(stack);
}

/// require(name): Swift finds the module, or compiles its file; the code runs here, where it may be preempted.
static int require(lua_State *stack) {
    lua_settop(stack, 1);
    int result = dispatch(stack, (int)lua_tointeger(stack, lua_upvalueindex(1)));
    if (result != 2) return result;
    // The name, and from the top the function of the file and the path; the file is told both.
    lua_rotate(stack, 2, 2);
    lua_settop(stack, 3);
    lua_pushvalue(stack, 1);
    lua_insert(stack, 3);
    return after_module(stack, lua_pcallk(stack, 2, 1, 0, 0, after_module), 0);
}

void halua_push_require(lua_State *stack, int find, int loaded) {
    lua_pushinteger(stack, find);
    lua_pushinteger(stack, loaded);
    lua_pushcclosure(stack, require, 2);
}

/// tostring may run script code, so it happens here and never while Swift works on the stack.
static int call_host_with_text(lua_State *stack) {
    for (int index = lua_gettop(stack); index > 0; index--) {
        if (lua_istable(stack, index)) {
            if (luaL_getmetafield(stack, index, "__tostring") == LUA_TNIL) continue;
            lua_pop(stack, 1);
        }
        luaL_tolstring(stack, index, NULL);
        lua_replace(stack, index);
    }
    return call_host(stack);
}

void halua_push_text_function(lua_State *stack, int function) {
    lua_pushinteger(stack, function);
    lua_pushcclosure(stack, call_host_with_text, 1);
}

// MARK: tasks

halua_outcome halua_resume(
    halua_state *state, lua_State *task, int values, bool raises, int64_t slice, int64_t computing, int64_t *used,
    int *results) {
    int64_t began = halua_processor_time();
    state->slice_end = halua_monotonic() + slice;
    state->computing_end = began + computing;
    state->root = task;
    state->current = task;
    state->signal = SIGNAL_NONE;
    state->blocked = 0;
    state->doomed = false;
    state->raises = raises;
    state->work = 0;
    state->preempted = NULL;
    int before = state->in_host;
    state->in_host = 0;
    int status = lua_resume(task, NULL, values, results);
    state->in_host = before;
    state->current = NULL;
    state->root = NULL;
    *used = halua_processor_time() - began;
    if (status == LUA_OK) return HALUA_DONE;
    if (status != LUA_YIELD) return HALUA_FAILED;
    return state->signal == SIGNAL_WAIT ? HALUA_WAITING : HALUA_PREEMPTED;
}

bool halua_was_stopped(const halua_state *state) { return state->doomed; }

int halua_reset(halua_state *state, lua_State *coroutine) {
    lua_State *before = state->current;
    state->current = coroutine;
    state->blocked++;
    int status = lua_resetthread(coroutine);
    state->blocked--;
    state->current = before;
    return status;
}

void halua_cancel(halua_state *state, lua_State *task, int64_t computing) {
    lua_State *chain[DEEPEST_CHAIN] = {task};
    int count = 1;
    lua_State *stack = state->main;
    int top = lua_gettop(stack);
    lua_rawgetp(stack, LUA_REGISTRYINDEX, &halua_waiting_key);
    while (count < DEEPEST_CHAIN && lua_rawgetp(stack, -1, chain[count - 1]) == LUA_TTHREAD) {
        chain[count++] = lua_tothread(stack, -1);
        lua_pop(stack, 1);
    }
    int64_t began = halua_processor_time();
    state->slice_end = halua_monotonic();
    state->computing_end = began + computing;
    state->root = task;
    state->blocked = 0;
    state->doomed = false;
    int before = state->in_host;
    // Every coroutine stays anchored meanwhile: its resumer's stack is reset after it.
    for (int index = count - 1; index >= 0; index--) {
        halua_install_hook(chain[index]);
        halua_set_busy(chain[index], false);
        state->in_host = 0;
        halua_reset(state, chain[index]);
        state->in_host = before;
        if (index > 0) {
            lua_rawgetp(stack, LUA_REGISTRYINDEX, &halua_waiting_key);
            lua_pushnil(stack);
            lua_rawsetp(stack, -2, chain[index - 1]);
        }
    }
    lua_settop(stack, top);
    state->root = NULL;
}
