/// Libraries of the distribution that not every daemon needs: loaded on first use into a table of typed functions.
///
/// A target for a library lists the functions it wants once, in a macro:
///
///     #define HALUA_ZIP(each) each(zip_open) each(zip_close)
///     struct halua_zip { HALUA_ZIP(HALUA_DYNAMIC_MEMBER) };
///     const struct halua_zip *_Nullable halua_zip(char *_Nonnull problem, size_t size);
///
/// and defines the loader in its C file:
///
///     HALUA_DYNAMIC_LOADER(halua_zip, HALUA_ZIP, "libzip.so.4")
///
/// The types come from the library's own header, so that a wrong call does not compile.
#ifndef HALUA_CDYNAMIC_H
#define HALUA_CDYNAMIC_H

#include <stdbool.h>
#include <stddef.h>

#define HALUA_DYNAMIC_MEMBER(name) __typeof__(name) *_Nonnull name;
#define HALUA_DYNAMIC_NAME(name) #name,

/// A library, and where the addresses of its functions go. `is_loaded` guards the table.
struct halua_dynamic_library {
    const char *_Nonnull file;
    const char *_Nonnull const *_Nonnull names;
    size_t count;
    void *_Nonnull table;
    bool is_loaded;
};

/// Loads the library unless it is loaded, and fills its table. False: `problem` says why, and the next call tries anew.
/// Any thread may call it. A loaded library stays loaded.
bool halua_dynamic_load(struct halua_dynamic_library *_Nonnull library, char *_Nonnull problem, size_t size);

/// Defines `const struct NAME *NAME(char *problem, size_t size)`, which returns the table, or NULL and says why.
#define HALUA_DYNAMIC_LOADER(name, list, soname)                                                                       \
    const struct name *_Nullable name(char *_Nonnull problem, size_t size) {                                           \
        static const char *_Nonnull const names[] = {list(HALUA_DYNAMIC_NAME)};                                        \
        static struct name table;                                                                                      \
        static struct halua_dynamic_library library = {soname, names, sizeof names / sizeof *names, &table, false};    \
        _Static_assert(sizeof table == sizeof names, "one pointer for each name");                                     \
        return halua_dynamic_load(&library, problem, size) ? &table : NULL;                                            \
    }

#endif
