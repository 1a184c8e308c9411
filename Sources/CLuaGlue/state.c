/// A state's life: its memory, its main stack, compiling, and values kept for Swift.
#include "glue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Bytes of one allocation above which it counts as work: filling it takes time that no instruction counts.
enum { LARGE_ALLOCATION = 32 * 1024 };

/// The allocator of all states. `data` is the state.
static void *allocate(void *data, void *block, size_t old_size, size_t new_size) {
    halua_state *state = data;
    if (block == NULL) old_size = 0;
    if (new_size == 0) {
        free(block);
        state->used -= old_size;
        return NULL;
    }
    bool grows = new_size > old_size;
    if (grows && state->in_host == 0 && state->used + (new_size - old_size) > state->limit) return NULL;
    void *result = realloc(block, new_size);
    if (result == NULL) {
        // Lua relies on shrinking never failing; and while Swift works on the stack a failure would jump over it.
        if (grows && state->in_host == 0) return NULL;
        fputs("halua: the system has no memory left\n", stderr);
        abort();
    }
    state->used = state->used + new_size - old_size;
    if (new_size >= LARGE_ALLOCATION && grows && state->current != NULL) {
        halua_charge(state->current, (int64_t)(new_size / 8));
    }
    return result;
}

/// Reached only if the glue itself is wrong: an error outside of everything protected.
static int panic(lua_State *stack) {
    const char *message = lua_tostring(stack, -1);
    fprintf(stderr, "halua: unprotected error in Lua: %s\n", message ? message : "(no message)");
    abort();
}

static int open_protected(lua_State *stack) {
    lua_newtable(stack);
    lua_rawsetp(stack, LUA_REGISTRYINDEX, &halua_waiting_key);
    halua_open_sandbox(stack);
    return 0;
}

const char halua_waiting_key = 0;

halua_state *halua_open(void *host, halua_dispatch dispatch, size_t memory_limit) {
    halua_state *state = calloc(1, sizeof *state);
    if (state == NULL) return NULL;
    state->host = host;
    state->dispatch = dispatch;
    state->limit = memory_limit;
    state->in_host = 1;
    state->main = lua_newstate(allocate, state);
    if (state->main == NULL) {
        free(state);
        return NULL;
    }
    *(uintptr_t *)lua_getextraspace(state->main) = (uintptr_t)state;
    lua_atpanic(state->main, panic);
    lua_pushcfunction(state->main, open_protected);
    if (lua_pcall(state->main, 0, 0, 0) != LUA_OK) {
        halua_close(state);
        return NULL;
    }
    return state;
}

void halua_close(halua_state *state) {
    state->in_host = 1;
    state->current = NULL;
    lua_close(state->main);
    free(state->released);
    free(state);
}

lua_State *halua_builder(halua_state *state) { return state->main; }

size_t halua_memory(const halua_state *state) { return state->used; }

void halua_collect(halua_state *state) { lua_gc(state->main, LUA_GCCOLLECT); }

halua_state *halua_of(lua_State *stack) {
    return (halua_state *)(*(uintptr_t *)lua_getextraspace(stack) & ~(uintptr_t)FLAG_MASK);
}

bool halua_is_busy(lua_State *stack) { return (*(uintptr_t *)lua_getextraspace(stack) & FLAG_BUSY) != 0; }

void halua_set_busy(lua_State *stack, bool busy) {
    uintptr_t *word = lua_getextraspace(stack);
    *word = busy ? (*word | FLAG_BUSY) : (*word & ~(uintptr_t)FLAG_BUSY);
}

int halua_load(lua_State *stack, const char *text, size_t length, const char *name) {
    halua_state *state = halua_of(stack);
    int before = state->in_host;
    state->in_host = 0;
    int status = luaL_loadbufferx(stack, text, length, name, "t");
    state->in_host = before;
    return status;
}

int halua_keep(lua_State *stack) { return luaL_ref(stack, LUA_REGISTRYINDEX); }

void halua_push_kept(lua_State *stack, int reference) { lua_rawgeti(stack, LUA_REGISTRYINDEX, reference); }

void halua_release(halua_state *state, int reference) { luaL_unref(state->main, LUA_REGISTRYINDEX, reference); }

lua_State *halua_new_task(halua_state *state, int *reference) {
    lua_State *task = lua_newthread(state->main);
    *reference = halua_keep(state->main);
    halua_install_hook(task);
    return task;
}

/// Writes where the innermost Lua function of one coroutine is; leaves the text alone when it has none.
static void innermost_line(lua_State *stack, char *text, size_t size) {
    lua_Debug place;
    for (int level = 0; lua_getstack(stack, level, &place); level++) {
        lua_getinfo(stack, "Sl", &place);
        if (place.currentline > 0) {
            snprintf(text, size, "%s:%d", place.short_src, place.currentline);
            return;
        }
    }
}

void halua_where(lua_State *stack, char *text, size_t size) {
    if (size > 0) text[0] = 0;
    halua_state *state = halua_of(stack);
    // Down to the coroutine that really waits, which may have no Lua function of its own; by way of the builder, because
    // a script's stack may be full.
    lua_State *builder = state->main;
    lua_State *inner = stack;
    int top = lua_gettop(builder);
    lua_rawgetp(builder, LUA_REGISTRYINDEX, &halua_waiting_key);
    innermost_line(inner, text, size);
    while (lua_rawgetp(builder, top + 1, inner) == LUA_TTHREAD) {
        inner = lua_tothread(builder, -1);
        lua_pop(builder, 1);
        innermost_line(inner, text, size);
    }
    lua_settop(builder, top);
    if (state->preempted == inner) snprintf(text, size, "%s", state->preempted_place);
}

void halua_push_traceback(lua_State *stack, lua_State *task, const char *message) {
    luaL_traceback(stack, task, message, 0);
}
