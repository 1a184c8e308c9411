/// The loader of c-ares.
#include "CCares.h"

HALUA_DYNAMIC_LOADER(halua_cares, HALUA_CARES, "libcares.so.2")
