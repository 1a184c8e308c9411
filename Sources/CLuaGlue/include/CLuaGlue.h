/// Everything of Lua that can jump. Swift calls only what is declared here, and plain reads and raw pushes of lua.h.
///
/// lua_error and lua_yield are longjmp, and no longjmp may cross a Swift frame. So a host function (Lua calls Swift)
/// returns a number that says what to do, and only the C behind it raises or yields; and Lua code runs only inside
/// halua_resume, halua_load and halua_cancel, which are protected.
///
/// The memory limit holds while Lua code runs. It is lifted while Swift works on a stack, because a refused allocation
/// would jump; if the limit is passed then, the script gets "not enough memory" right after.
#ifndef HALUA_CLUAGLUE_H
#define HALUA_CLUAGLUE_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// One Lua state with its limits. Used by one thread at a time.
typedef struct halua_state halua_state;

/// What a host function asks for, other than to return so many values from the top of the stack (0 or more).
enum {
    /// Raise the value on top of the stack.
    HALUA_RAISE = -1,
    /// Suspend the task; the values it is resumed with are what the function returns.
    HALUA_WAIT = -2,
};

/// How many values Swift may push when a host function is called, and again when the task that waits is resumed.
enum { HALUA_ROOM = 100 };

/// Swift's side of every host function. `host` is what halua_open got, `function` what halua_push_function got.
typedef int (*halua_dispatch)(void *host, lua_State *stack, int function);

/// A state with the allowed libraries, or NULL when there is no memory.
halua_state *halua_open(void *host, halua_dispatch dispatch, size_t memory_limit);
/// Frees everything. No script code runs: finalizers are refused to scripts.
void halua_close(halua_state *state);
/// The main stack, for building values; no script runs on it.
lua_State *halua_builder(halua_state *state);
/// Bytes in use.
size_t halua_memory(const halua_state *state);

/// Runs a whole collection, so that unused handles are found.
void halua_collect(halua_state *state);

/// Pushes the host function with that number.
void halua_push_function(lua_State *stack, int function);
/// The same, with every argument as text first (except tables that have no text of their own).
void halua_push_text_function(lua_State *stack, int function);
/// Pushes `require`. `find`: the host function that returns a module, or the function of its file and the path; `loaded`:
/// the one that is told the name, whether the file ran, and its value or the error, and returns the module.
void halua_push_require(lua_State *stack, int find, int loaded);
/// Compiles text (never bytecode) and pushes the function, or the message. Returns LUA_OK or the status.
int halua_load(lua_State *stack, const char *text, size_t length, const char *name);

/// Makes a coroutine for a task and anchors it; `reference` frees it by halua_release.
lua_State *halua_new_task(halua_state *state, int *reference);
void halua_release(halua_state *state, int reference);
/// Takes the value on top of the stack and keeps it; returns its reference.
int halua_keep(lua_State *stack);
/// Pushes a kept value.
void halua_push_kept(lua_State *stack, int reference);

/// How halua_resume ended.
typedef enum {
    /// The function returned; its results are on the stack.
    HALUA_DONE,
    /// A host function asked to wait.
    HALUA_WAITING,
    /// The slice is over; resume it with no values to go on.
    HALUA_PREEMPTED,
    /// An error; its value is on top of the stack, and the stack still shows where.
    HALUA_FAILED,
} halua_outcome;

/// Starts or goes on with a task, for one slice.
///
/// `values`: how many values on top of the stack the waiting host function returns; with `raises` it raises the last.
/// `slice`: nanoseconds after which it is preempted. `computing`: nanoseconds of processor time after which even code
/// that cannot be preempted is stopped by an error. `used`: the processor time it took. `results`: how many values it
/// left, when HALUA_DONE.
halua_outcome halua_resume(
    halua_state *state, lua_State *task, int values, bool raises, int64_t slice, int64_t computing, int64_t *used,
    int *results);
/// True when the last resume was stopped because it computed for too long where it could not be preempted.
bool halua_was_stopped(const halua_state *state);
/// Ends a task wherever it is: runs its pending <close> handlers, innermost first, for at most `computing` nanoseconds
/// of processor time in all. It can never be resumed again.
void halua_cancel(halua_state *state, lua_State *task, int64_t computing);
/// True when a host function called on this stack may wait.
bool halua_can_wait(lua_State *stack);

/// Writes "file.lua:41", where the innermost Lua function of a task is; an empty string when there is none.
void halua_where(lua_State *stack, char *text, size_t size);
/// Pushes a traceback of `task` onto `stack`, with `message` on top of it.
void halua_push_traceback(lua_State *stack, lua_State *task, const char *message);

/// A userdata that stands for something of Swift's. `kind` is from 1 to HALUA_KINDS.
enum { HALUA_KINDS = 16 };
void halua_push_handle(lua_State *stack, int kind, uint64_t identifier);
/// The identifier, or 0 when the value is no handle of that kind.
uint64_t halua_handle(lua_State *stack, int index, int kind);
/// Pushes the metatable of a kind; made at the first call.
void halua_push_kind(lua_State *stack, int kind);
/// The next handle that the garbage collector found unused; false when there is none.
bool halua_next_released(halua_state *state, int *kind, uint64_t *identifier);

/// Pushes the metatable that marks the API's error objects.
void halua_push_error_kind(lua_State *stack);
/// True for an error object of the API.
bool halua_is_error(lua_State *stack, int index);

/// LUA_REGISTRYINDEX, which Swift cannot read.
static const int halua_registry = LUA_REGISTRYINDEX;

#endif
