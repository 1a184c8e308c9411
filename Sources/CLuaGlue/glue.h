/// What the files of the glue share.
#ifndef HALUA_GLUE_H
#define HALUA_GLUE_H

#include "CLuaGlue.h"

#include <lualib.h>

/// Why a coroutine yields other than by coroutine.yield.
typedef enum { SIGNAL_NONE, SIGNAL_WAIT, SIGNAL_PREEMPT } halua_signal;

struct halua_released {
    uint64_t identifier;
    int kind;
};

struct halua_state {
    lua_State *main;
    void *host;
    halua_dispatch dispatch;

    size_t used;
    size_t limit;
    /// Above 0 while Swift works on a stack: the memory limit is lifted.
    int in_host;

    /// The task that runs, and the coroutine of it that runs right now.
    lua_State *root;
    lua_State *current;
    halua_signal signal;
    /// Above 0 inside something that cannot yield although the running coroutine could.
    int blocked;
    /// The run has computed too long: every further instruction raises.
    bool doomed;
    /// The host function that waits raises the value it is resumed with.
    bool raises;
    int64_t slice_end;
    int64_t computing_end;
    /// Work done by C functions since the hook last looked, in about nanoseconds.
    int64_t work;

    /// The coroutine that the hook preempted last, and where; for messages.
    lua_State *preempted;
    char preempted_place[LUA_IDSIZE + 16];

    struct halua_released *released;
    size_t released_count;
    size_t released_capacity;
};

/// Bits in a coroutine's extra space, below the state's address.
enum { FLAG_BUSY = 1, FLAG_MASK = 7 };

halua_state *halua_of(lua_State *stack);
/// A coroutine is busy while a coroutine it resumed waits: nobody else may resume or close it.
bool halua_is_busy(lua_State *stack);
void halua_set_busy(lua_State *stack, bool busy);

int64_t halua_monotonic(void);
int64_t halua_processor_time(void);

/// The count hook: preempts, or raises where it cannot.
void halua_install_hook(lua_State *stack);
/// Tells that a C function did about so many nanoseconds of work; the hook looks at the clock soon.
void halua_charge(lua_State *stack, int64_t work);
/// Raises when the run has computed too long; for loops of C functions.
void halua_check_computing(lua_State *stack);

/// Closes what a coroutine has open, where nothing may yield. Returns the status; an error value is on its stack.
int halua_reset(halua_state *state, lua_State *coroutine);

/// Each fills or changes globals of a state; called protected while it is made.
void halua_open_coroutine(lua_State *stack);
void halua_open_patterns(lua_State *stack);
void halua_open_bounded(lua_State *stack);
void halua_open_handles(lua_State *stack);
/// Loads the allowed libraries and takes away what could block, break out, or crash.
void halua_open_sandbox(lua_State *stack);

/// Keys of tables in the registry.
extern const char halua_waiting_key;
extern const char halua_error_key;
extern const char halua_kinds_key;

#endif
