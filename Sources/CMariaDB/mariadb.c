/// The loader of libmariadb.
#include "CMariaDB.h"

HALUA_DYNAMIC_LOADER(halua_mariadb, HALUA_MARIADB, "libmariadb.so.3")
