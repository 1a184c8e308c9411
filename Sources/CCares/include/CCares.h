/// c-ares, loaded on first use: name lookups that do not wait.
#ifndef HALUA_CCARES_H
#define HALUA_CCARES_H

/// Later versions call some of these deprecated; the version of Debian 12 has nothing else.
#define CARES_NO_DEPRECATED

// The socket types must come from there, so that Swift sees one kind of them.
#include "CLinux.h"

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

/// Its results: macros in the version of Debian 12, an enumeration in later ones.
static const int halua_ares_success = ARES_SUCCESS;
static const int halua_ares_no_data = ARES_ENODATA;
static const int halua_ares_server_failed = ARES_ESERVFAIL;
static const int halua_ares_not_found = ARES_ENOTFOUND;
static const int halua_ares_refused = ARES_EREFUSED;
static const int halua_ares_bad_name = ARES_EBADNAME;
static const int halua_ares_bad_answer = ARES_EBADRESP;
static const int halua_ares_unreachable = ARES_ECONNREFUSED;
static const int halua_ares_timeout = ARES_ETIMEOUT;

/// The table of its functions, or NULL and what is in the way.
const struct halua_cares *_Nullable halua_cares(char *_Nonnull problem, size_t size);

#endif
