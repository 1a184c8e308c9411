#ifndef HALUA_CLINUX_H
#define HALUA_CLINUX_H
#endif
