#include <microhttpd.h>

/* MHD_start_daemon takes a list of options of any length, which Swift cannot call. A thread per connection: one that
 * waits for haluad, or for a slow client, keeps nobody else waiting. MHD_USE_ITC: the end of a connection frees its place
 * at once, and not only when the next client comes. */
static inline struct MHD_Daemon *halua_http_start(
    int listener, unsigned connections, unsigned idle_seconds, size_t memory, size_t stack,
    MHD_AccessHandlerCallback answer, MHD_NotifyConnectionCallback notify, void *context)
{
    return MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ITC, 0, NULL, NULL,
        answer, context,
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT,
        idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory, MHD_OPTION_THREAD_STACK_SIZE, stack,
        MHD_OPTION_NOTIFY_CONNECTION, notify, context, MHD_OPTION_END);
}

/* Which information is asked for is a list of any length, too. */
static inline const union MHD_ConnectionInfo *halua_http_descriptor(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
}
