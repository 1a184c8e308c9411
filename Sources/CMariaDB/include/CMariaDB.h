/// libmariadb, loaded on first use: the calls that do not wait.
#ifndef HALUA_CMARIADB_H
#define HALUA_CMARIADB_H

// The C library's types must come from there, so that Swift sees one kind of them.
#include "CLinux.h"

#include "CDynamic.h"

#include <mariadb/errmsg.h>
#include <mariadb/mysql.h>

#define HALUA_MARIADB(each)                                                                                            \
    each(mysql_init) each(mysql_options) each(mysql_get_socket) each(mysql_real_connect_start)                         \
    each(mysql_real_connect_cont) each(mysql_real_query_start) each(mysql_real_query_cont) each(mysql_use_result)      \
    each(mysql_fetch_row_start) each(mysql_fetch_row_cont) each(mysql_fetch_fields) each(mysql_num_fields)             \
    each(mysql_fetch_lengths) each(mysql_free_result) each(mysql_more_results) each(mysql_next_result_start)           \
    each(mysql_next_result_cont) each(mysql_ping_start) each(mysql_ping_cont) each(mysql_close)                        \
    each(mysql_close_start) each(mysql_close_cont) each(mysql_errno) each(mysql_error) each(mysql_get_server_info)     \
    each(mysql_affected_rows) each(mysql_insert_id) each(mysql_real_escape_string)

struct halua_mariadb {
    HALUA_MARIADB(HALUA_DYNAMIC_MEMBER)
};

/// The table of its functions, or NULL and what is in the way.
const struct halua_mariadb *_Nullable halua_mariadb(char *_Nonnull problem, size_t size);

#endif
