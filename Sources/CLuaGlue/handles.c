/// Userdata that stand for Swift's objects, and the table that marks the API's error objects.
#include "glue.h"

#include <stdlib.h>

const char halua_error_key = 0;
const char halua_kinds_key = 0;

struct handle {
    uint64_t identifier;
    int kind;
};

/// The only finalizer there is. It runs wherever the collector works, so it only takes a note.
static int released(lua_State *stack) {
    halua_state *state = halua_of(stack);
    struct handle *handle = lua_touserdata(stack, 1);
    if (handle == NULL || handle->identifier == 0) return 0;
    if (state->released_count == state->released_capacity) {
        size_t capacity = state->released_capacity == 0 ? 64 : 2 * state->released_capacity;
        struct halua_released *list = realloc(state->released, capacity * sizeof *list);
        // Without memory for the note the object lives on until its state is closed.
        if (list == NULL) return 0;
        state->released = list;
        state->released_capacity = capacity;
    }
    state->released[state->released_count++] = (struct halua_released){handle->identifier, handle->kind};
    handle->identifier = 0;
    return 0;
}

bool halua_next_released(halua_state *state, int *kind, uint64_t *identifier) {
    if (state->released_count == 0) return false;
    struct halua_released last = state->released[--state->released_count];
    *kind = last.kind;
    *identifier = last.identifier;
    return true;
}

void halua_push_kind(lua_State *stack, int kind) {
    lua_rawgetp(stack, LUA_REGISTRYINDEX, &halua_kinds_key);
    if (lua_rawgeti(stack, -1, kind) != LUA_TTABLE) {
        lua_pop(stack, 1);
        lua_newtable(stack);
        lua_pushcfunction(stack, released);
        lua_setfield(stack, -2, "__gc");
        lua_pushboolean(stack, 0);
        lua_setfield(stack, -2, "__metatable");
        lua_pushvalue(stack, -1);
        lua_rawseti(stack, -3, kind);
    }
    lua_remove(stack, -2);
}

void halua_push_handle(lua_State *stack, int kind, uint64_t identifier) {
    struct handle *handle = lua_newuserdatauv(stack, sizeof *handle, 0);
    *handle = (struct handle){identifier, kind};
    halua_push_kind(stack, kind);
    lua_setmetatable(stack, -2);
}

uint64_t halua_handle(lua_State *stack, int index, int kind) {
    struct handle *handle = lua_touserdata(stack, index);
    if (handle == NULL || lua_type(stack, index) != LUA_TUSERDATA || !lua_getmetatable(stack, index)) return 0;
    halua_push_kind(stack, kind);
    bool same = lua_rawequal(stack, -1, -2);
    lua_pop(stack, 2);
    return same ? handle->identifier : 0;
}

void halua_push_error_kind(lua_State *stack) { lua_rawgetp(stack, LUA_REGISTRYINDEX, &halua_error_key); }

bool halua_is_error(lua_State *stack, int index) {
    if (!lua_istable(stack, index) || !lua_getmetatable(stack, index)) return false;
    halua_push_error_kind(stack);
    bool same = lua_rawequal(stack, -1, -2);
    lua_pop(stack, 2);
    return same;
}

void halua_open_handles(lua_State *stack) {
    lua_newtable(stack);
    lua_rawsetp(stack, LUA_REGISTRYINDEX, &halua_kinds_key);
    lua_newtable(stack);
    lua_pushboolean(stack, 0);
    lua_setfield(stack, -2, "__metatable");
    lua_rawsetp(stack, LUA_REGISTRYINDEX, &halua_error_key);
}
