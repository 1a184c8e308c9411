/// Opens a shared library and looks its functions up.
#include "CDynamic.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/// The script thread loads, and the one that replaces it when it hangs may do so at the same time.
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

static bool load(struct halua_dynamic_library *library, char *problem, size_t size) {
    void *handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        const char *text = dlerror();
        snprintf(problem, size, "%s", text != NULL ? text : library->file);
        return false;
    }
    for (size_t index = 0; index < library->count; index++) {
        void *address = dlsym(handle, library->names[index]);
        if (address == NULL) {
            snprintf(problem, size, "%s has no %s", library->file, library->names[index]);
            dlclose(handle);
            return false;
        }
        memcpy((char *)library->table + index * sizeof address, &address, sizeof address);
    }
    return true;
}

bool halua_dynamic_load(struct halua_dynamic_library *library, char *problem, size_t size) {
    pthread_mutex_lock(&guard);
    if (!library->is_loaded) library->is_loaded = load(library, problem, size);
    bool is_loaded = library->is_loaded;
    pthread_mutex_unlock(&guard);
    return is_loaded;
}
