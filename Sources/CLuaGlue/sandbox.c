/// The libraries a script gets: an allow list, and for what is missing an error that says what to use instead.
#include "glue.h"

static int absent(lua_State *stack) {
    return luaL_error(
        stack, "%s is not available to plugins: %s", lua_tostring(stack, lua_upvalueindex(1)),
        lua_tostring(stack, lua_upvalueindex(2)));
}

/// io.anything, debug.anything: upvalues are the library's name and the advice.
static int absent_field(lua_State *stack) {
    return luaL_error(
        stack, "%s.%s is not available to plugins: %s", lua_tostring(stack, lua_upvalueindex(1)),
        luaL_tolstring(stack, 2, NULL), lua_tostring(stack, lua_upvalueindex(2)));
}

static void push_absent(lua_State *stack, lua_CFunction function, const char *name, const char *advice) {
    lua_pushstring(stack, name);
    lua_pushstring(stack, advice);
    lua_pushcclosure(stack, function, 2);
}

/// Gives the table on top a metatable whose look-up raises.
static void make_helpful(lua_State *stack, const char *name, const char *advice) {
    lua_createtable(stack, 0, 2);
    push_absent(stack, absent_field, name, advice);
    lua_setfield(stack, -2, "__index");
    lua_pushboolean(stack, 0);
    lua_setfield(stack, -2, "__metatable");
    lua_setmetatable(stack, -2);
}

/// Copies the named fields of the library `name` into a new table, which becomes the global of that name.
static void keep_only(
    lua_State *stack, const char *name, lua_CFunction open, const char *const *fields, const char *advice) {
    luaL_requiref(stack, name, open, 0);
    lua_newtable(stack);
    for (; *fields != NULL; fields++) {
        lua_getfield(stack, -2, *fields);
        lua_setfield(stack, -2, *fields);
    }
    make_helpful(stack, name, advice);
    lua_setglobal(stack, name);
    lua_pop(stack, 1);
}

/// Makes the global a table that only explains why the library is not there.
static void leave_out(lua_State *stack, const char *name, const char *advice) {
    lua_newtable(stack);
    make_helpful(stack, name, advice);
    lua_setglobal(stack, name);
}

static void open_base(lua_State *stack) {
    static const char *const files[] = {"dofile", "loadfile", NULL};
    luaL_requiref(stack, LUA_GNAME, luaopen_base, 1);
    for (const char *const *name = files; *name != NULL; name++) {
        push_absent(stack, absent, *name, "use require, or halua.file.read");
        lua_setfield(stack, -2, *name);
    }
    lua_pushnil(stack);
    lua_setfield(stack, -2, "warn");
    lua_pop(stack, 1);
}

static void open_strings(lua_State *stack) {
    luaL_requiref(stack, LUA_STRLIBNAME, luaopen_string, 1);
    push_absent(stack, absent, "string.dump", "bytecode is refused");
    lua_setfield(stack, -2, "dump");
    lua_pop(stack, 1);
    // All plugins of a state share the metatable of strings.
    lua_pushliteral(stack, "");
    lua_getmetatable(stack, -1);
    lua_pushboolean(stack, 0);
    lua_setfield(stack, -2, "__metatable");
    lua_pop(stack, 2);
}

void halua_open_sandbox(lua_State *stack) {
    static const char *const times[] = {"clock", "date", "difftime", "getenv", "time", NULL};
    static const char *const debugging[] = {"traceback", NULL};
    open_base(stack);
    luaL_requiref(stack, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(stack, LUA_MATHLIBNAME, luaopen_math, 1);
    luaL_requiref(stack, LUA_UTF8LIBNAME, luaopen_utf8, 1);
    lua_settop(stack, 0);
    open_strings(stack);
    keep_only(stack, LUA_OSLIBNAME, luaopen_os, times, "it would block the script thread or change the daemon");
    keep_only(stack, LUA_DBLIBNAME, luaopen_debug, debugging, "it could break the limits");
    leave_out(stack, LUA_IOLIBNAME, "it would block the script thread; use halua.file.read");
    leave_out(stack, LUA_LOADLIBNAME, "modules come by require, from where halua loads plugins");
    halua_open_coroutine(stack);
    halua_open_patterns(stack);
    halua_open_bounded(stack);
    halua_open_handles(stack);
}
