/// Starts programs by a clone that borrows this process's memory, as vfork does.
///
/// posix_spawn cannot change the user, and a fork of a process with locked memory copies its page tables and makes the
/// advert thread fault on every page afterwards. The child here runs on a stack of its own inside the same memory while
/// the calling thread stands still. So it makes raw system calls only: no locks, no allocation, and none of the C
/// library's set-user-ID calls, which would change this process.
#include "CLinux.h"

#include <grp.h>
#include <linux/close_range.h>

enum { STACK_SIZE = 32 * 1024, LAST_SIGNAL = 64 };

struct start {
    const struct halua_spawn *request;
    /// What the child found, while it still shares memory with us.
    volatile int error;
    volatile enum halua_spawn_step step;
};

static int fail(struct start *start, enum halua_spawn_step step) {
    start->error = errno;
    start->step = step;
    return -1;
}

/// Puts the streams where they belong. Sources below 3 are moved out of the way first: they could be each other's place.
static int place_streams(const struct halua_spawn *request) {
    int sources[3];
    for (int index = 0; index < 3; index++) {
        sources[index] = request->streams[index];
        if (sources[index] == HALUA_STREAM_NULL) sources[index] = open("/dev/null", O_RDWR);
        if (sources[index] == HALUA_STREAM_INHERITED) continue;
        if (sources[index] >= 0 && sources[index] < 3) sources[index] = fcntl(sources[index], F_DUPFD, 3);
        if (sources[index] < 0) return -1;
    }
    for (int index = 0; index < 3; index++) {
        if (sources[index] >= 0 && dup2(sources[index], index) < 0) return -1;
    }
    return 0;
}

/// All handlers are of this process's code: none may run in the child.
static void reset_signals(void) {
    struct sigaction standard;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number <= LAST_SIGNAL; number++) sigaction(number, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int become(struct start *start, const struct halua_spawn *request) {
    if (request->changes_user) {
        if (syscall(SYS_setgroups, request->group_count, request->groups) != 0) return fail(start, HALUA_SPAWN_GROUPS);
        if (syscall(SYS_setresgid, request->group, request->group, request->group) != 0) {
            return fail(start, HALUA_SPAWN_GROUPS);
        }
        if (syscall(SYS_setresuid, request->user, request->user, request->user) != 0) {
            return fail(start, HALUA_SPAWN_USER);
        }
    }
    if (request->forbids_new_privileges) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail(start, HALUA_SPAWN_PRIVILEGES);
        // Absent on kernels that know no ambient capabilities.
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    }
    return 0;
}

static int prepare(struct start *start) {
    const struct halua_spawn *request = start->request;
    setsid();
    if (request->mask >= 0) umask((mode_t)request->mask);
    if (place_streams(request) != 0) return fail(start, HALUA_SPAWN_STREAMS);
    if (syscall(SYS_close_range, 3, ~0U, 0) != 0) return fail(start, HALUA_SPAWN_DESCRIPTORS);
    if (become(start, request) != 0) return -1;
    // Changing the user takes the signal away, so it comes after.
    if (request->end_signal != 0) prctl(PR_SET_PDEATHSIG, request->end_signal, 0, 0, 0);
    if (request->directory != NULL && chdir(request->directory) != 0) return fail(start, HALUA_SPAWN_DIRECTORY);
    return 0;
}

static int child(void *data) {
    struct start *start = data;
    if (prepare(start) == 0) {
        reset_signals();
        execve(start->request->path, start->request->arguments, start->request->environment);
        fail(start, HALUA_SPAWN_EXECUTE);
    }
    _exit(127);
}

/// Where children are ignored, the kernel collects them itself, and nobody could tell how they ended.
static void collect_children(void) {
    struct sigaction action;
    if (sigaction(SIGCHLD, NULL, &action) != 0 || action.sa_handler != SIG_IGN) return;
    action.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &action, NULL);
}

int halua_spawn(const struct halua_spawn *request, pid_t *process, int *descriptor, enum halua_spawn_step *step) {
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    _Alignas(16) char stack[STACK_SIZE];
    struct start start = {.request = request, .error = 0, .step = HALUA_SPAWN_CLONE};

    pthread_mutex_lock(&one_at_a_time);
    collect_children();
    // A signal handler must not run in the child, in the memory of this process.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
    *process = clone(child, stack + sizeof stack, flags, &start, descriptor);
    int error = *process < 0 ? errno : start.error;
    // While the child is another user in our memory, nobody may trace it: the kernel takes that right away, from us too.
    if (request->changes_user && dumpable == 1) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_mutex_unlock(&one_at_a_time);

    *step = start.step;
    if (*process >= 0 && error != 0) {
        siginfo_t information;
        while (waitid(P_PIDFD, (id_t)*descriptor, &information, WEXITED) != 0 && errno == EINTR) {}
        close(*descriptor);
        *descriptor = -1;
    }
    return error;
}
