/// Starting a program as another user, with nothing of this process open in it.
#ifndef HALUA_SPAWN_H
#define HALUA_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/// Where a standard stream of the child leads, other than to a descriptor of this process.
enum { HALUA_STREAM_NULL = -1, HALUA_STREAM_INHERITED = -2 };

/// What to start, and in which surroundings.
struct halua_spawn {
    /// The file; nothing is searched for.
    const char *path;
    char *const *arguments;
    char *const *environment;
    /// NULL: this process's own.
    const char *directory;
    /// A descriptor of this process, or HALUA_STREAM_….
    int streams[3];
    /// Become this user, with these groups.
    bool changes_user;
    uid_t user;
    gid_t group;
    const gid_t *groups;
    size_t group_count;
    /// No set-user-ID program and no file capability gives it more than it has; and ambient capabilities go.
    bool forbids_new_privileges;
    /// The signal it gets when the thread that started it ends; 0 for none.
    int end_signal;
    /// -1: this process's own.
    int mask;
};

/// The step that failed, for messages.
enum halua_spawn_step {
    HALUA_SPAWN_CLONE,
    HALUA_SPAWN_STREAMS,
    HALUA_SPAWN_DESCRIPTORS,
    HALUA_SPAWN_GROUPS,
    HALUA_SPAWN_USER,
    HALUA_SPAWN_PRIVILEGES,
    HALUA_SPAWN_DIRECTORY,
    HALUA_SPAWN_EXECUTE,
};

/// Starts it in a session of its own, with default signals. Returns 0 with its number and a pidfd, or an error number
/// with the step. The calling thread waits until the program has been loaded, and no longer; one start at a time.
int halua_spawn(const struct halua_spawn *request, pid_t *process, int *descriptor, enum halua_spawn_step *step);

#endif
