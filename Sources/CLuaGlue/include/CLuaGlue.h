#ifndef HALUA_CLUAGLUE_H
#define HALUA_CLUAGLUE_H
#include <lua.h>
#endif
