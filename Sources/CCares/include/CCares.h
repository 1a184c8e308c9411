/// c-ares, loaded on first use: name lookups that do not wait.
#ifndef HALUA_CCARES_H
#define HALUA_CCARES_H

/// Later versions call some of these deprecated; the version of Debian 12 has nothing else.
#define CARES_NO_DEPRECATED

#include "CDynamic.h"

#include <arpa/nameser.h>
#include <ares.h>
#include <netdb.h>
#include <sys/socket.h>

#define HALUA_CARES(each)                                                                                              \
    each(ares_init_options) each(ares_destroy) each(ares_set_servers_ports_csv) each(ares_strerror)                    \
    each(ares_getaddrinfo) each(ares_freeaddrinfo) each(ares_gethostbyaddr) each(ares_query) each(ares_timeout)        \
    each(ares_process_fd) each(ares_parse_srv_reply) each(ares_parse_txt_reply_ext) each(ares_parse_ptr_reply)         \
    each(ares_free_data) each(ares_free_hostent)

struct halua_cares {
    HALUA_CARES(HALUA_DYNAMIC_MEMBER)
};

/// The table of its functions, or NULL and what is in the way.
const struct halua_cares *_Nullable halua_cares(char *_Nonnull problem, size_t size);

#endif
