/// Library functions whose work no instruction count sees, with a bound or a charge; and loading of text only.
#include "glue.h"

enum {
    /// Elements that one call of the table library may work on: some 50 ms.
    MOST_ELEMENTS = 1000 * 1000,
    /// About how many nanoseconds an element takes.
    ELEMENT_COST = 20,
    /// Octets of source that `load` takes: the compiler cannot be interrupted.
    LARGEST_CHUNK = 256 * 1024,
};

/// Calls the plain library function, which is the first upvalue, with the same arguments.
static int call_plain(lua_State *stack) { return lua_tocfunction(stack, lua_upvalueindex(1))(stack); }

static void charge_elements(lua_State *stack, lua_Integer count) {
    if (count > MOST_ELEMENTS) luaL_error(stack, "too many elements (at most %d in one call)", (int)MOST_ELEMENTS);
    if (count > 0) halua_charge(stack, count * ELEMENT_COST);
}

/// table.concat, insert, remove, sort, unpack: they work on up to all elements of their first argument.
static int by_length(lua_State *stack) {
    if (lua_istable(stack, 1)) charge_elements(stack, luaL_len(stack, 1));
    return call_plain(stack);
}

/// table.move(from, first, last, …)
static int by_range(lua_State *stack) {
    lua_Integer first = luaL_checkinteger(stack, 2);
    lua_Integer last = luaL_checkinteger(stack, 3);
    if (last >= first) {
        lua_Unsigned count = (lua_Unsigned)last - (lua_Unsigned)first;
        charge_elements(stack, count > MOST_ELEMENTS ? MOST_ELEMENTS + 1 : (lua_Integer)count + 1);
    }
    return call_plain(stack);
}

/// A finalizer runs where no limit holds, so none is accepted.
static int set_metatable(lua_State *stack) {
    if (lua_istable(stack, 1) && lua_istable(stack, 2)) {
        lua_settop(stack, 2);
        lua_pushliteral(stack, "__gc");
        if (lua_rawget(stack, 2) != LUA_TNIL) {
            return luaL_error(stack, "__gc is not available: use a <close> variable and __close");
        }
        lua_pop(stack, 1);
    }
    return call_plain(stack);
}

/// The message handler of xpcall (the upvalue), left out once the run is doomed: it would run inside of the hook that
/// raised, where no hook can stop it.
static int handle_message(lua_State *stack) {
    if (halua_of(stack)->doomed) return 1;
    lua_pushvalue(stack, lua_upvalueindex(1));
    lua_insert(stack, 1);
    lua_call(stack, lua_gettop(stack) - 1, 1);
    return 1;
}

/// xpcall(function, handler, …)
static int call_with_handler(lua_State *stack) {
    luaL_checktype(stack, 2, LUA_TFUNCTION);
    lua_pushvalue(stack, 2);
    lua_pushcclosure(stack, handle_message, 1);
    lua_replace(stack, 2);
    return call_plain(stack);
}

/// load(text [, name [, mode [, environment]]])
static int load_text(lua_State *stack) {
    size_t length;
    if (!lua_isstring(stack, 1)) return luaL_error(stack, "load takes a string here, not a %s", luaL_typename(stack, 1));
    const char *text = lua_tolstring(stack, 1, &length);
    const char *name = luaL_optstring(stack, 2, text);
    bool has_environment = !lua_isnone(stack, 4);
    if (length > LARGEST_CHUNK) return luaL_error(stack, "load takes at most %d octets", (int)LARGEST_CHUNK);
    halua_charge(stack, (int64_t)length * 50);
    if (luaL_loadbufferx(stack, text, length, name, "t") != LUA_OK) {
        luaL_pushfail(stack);
        lua_insert(stack, -2);
        return 2;
    }
    if (has_environment) {
        lua_pushvalue(stack, 4);
        lua_setupvalue(stack, -2, 1);
    }
    return 1;
}

/// collectgarbage("count") and ("collect"): the collector itself is halua's to steer.
static int collect_garbage(lua_State *stack) {
    static const char *const options[] = {"collect", "count", NULL};
    if (luaL_checkoption(stack, 1, "collect", options) == 1) {
        lua_pushnumber(stack, (lua_Number)halua_of(stack)->used / 1024);
        return 1;
    }
    halua_charge(stack, (int64_t)halua_of(stack)->used);
    lua_gc(stack, LUA_GCCOLLECT);
    lua_pushinteger(stack, 0);
    return 1;
}

/// Replaces a field of the table on top by `function`, with the plain one as its upvalue.
static void wrap(lua_State *stack, const char *name, lua_CFunction function) {
    lua_getfield(stack, -1, name);
    lua_pushcclosure(stack, function, 1);
    lua_setfield(stack, -2, name);
}

void halua_open_bounded(lua_State *stack) {
    lua_getglobal(stack, "table");
    wrap(stack, "concat", by_length);
    wrap(stack, "insert", by_length);
    wrap(stack, "remove", by_length);
    wrap(stack, "sort", by_length);
    wrap(stack, "move", by_range);
    lua_pop(stack, 1);

    lua_pushglobaltable(stack);
    wrap(stack, "setmetatable", set_metatable);
    wrap(stack, "xpcall", call_with_handler);
    wrap(stack, "load", load_text);
    wrap(stack, "collectgarbage", collect_garbage);
    lua_pop(stack, 1);
}
