/// libcurl, loaded on first use, with its variadic functions by the types of their arguments.
#ifndef HALUA_CCURL_H
#define HALUA_CCURL_H

// The C library's types must come from there, so that Swift sees one kind of them.
#include "CLinux.h"

#include "CDynamic.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#define HALUA_CURL(each)                                                                                               \
    each(curl_global_init) each(curl_easy_init) each(curl_easy_cleanup) each(curl_easy_setopt) each(curl_easy_getinfo) \
    each(curl_easy_strerror) each(curl_multi_init) each(curl_multi_cleanup) each(curl_multi_setopt)                    \
    each(curl_multi_add_handle) each(curl_multi_remove_handle) each(curl_multi_socket_action)                          \
    each(curl_multi_info_read) each(curl_easy_send) each(curl_easy_recv) each(curl_slist_append) each(curl_slist_free_all) each(curl_url) each(curl_url_cleanup) \
    each(curl_url_set) each(curl_url_get) each(curl_free)

struct halua_curl {
    HALUA_CURL(HALUA_DYNAMIC_MEMBER)
};

/// The table of its functions, or NULL and what is in the way.
const struct halua_curl *_Nullable halua_curl(char *_Nonnull problem, size_t size);

// MARK: Options by type; 0 is success.

int halua_curl_set_number(const struct halua_curl *_Nonnull library, CURL *_Nonnull easy, CURLoption option, long value);
/// Copied by libcurl, except CURLOPT_POSTFIELDS.
int halua_curl_set_text(
    const struct halua_curl *_Nonnull library, CURL *_Nonnull easy, CURLoption option, const char *_Nullable value);
int halua_curl_set_list(
    const struct halua_curl *_Nonnull library, CURL *_Nonnull easy, CURLoption option,
    struct curl_slist *_Nullable value);
/// Copied by libcurl.
int halua_curl_set_octets(
    const struct halua_curl *_Nonnull library, CURL *_Nonnull easy, CURLoption option, const void *_Nonnull octets,
    size_t count);
/// A body of that many octets, copied by libcurl.
int halua_curl_set_body(
    const struct halua_curl *_Nonnull library, CURL *_Nonnull easy, const void *_Nullable octets, size_t count);

/// Gets octets, takes octets: returns how many were used; fewer than given end the transfer.
typedef size_t (*halua_curl_octets)(char *_Nonnull octets, size_t size, size_t count, void *_Nullable context);

/// Where what arrives goes: the octets of the body, and each line of the head.
void halua_curl_set_receivers(
    const struct halua_curl *_Nonnull library, CURL *_Nonnull easy, halua_curl_octets _Nonnull body,
    halua_curl_octets _Nonnull head, void *_Nonnull context);

/// How a transfer's sockets are made: closed on exec, and bound to an interface when `interface` is not empty.
struct halua_curl_socket {
    char interface[16];
    /// errno of the last socket that could not be made.
    int error;
};
/// `socket` must outlive the transfer.
void halua_curl_set_socket(
    const struct halua_curl *_Nonnull library, CURL *_Nonnull easy, struct halua_curl_socket *_Nonnull socket);

/// `text` gets the sentence of an error: CURL_ERROR_SIZE characters that outlive the transfer.
void halua_curl_set_error_text(
    const struct halua_curl *_Nonnull library, CURL *_Nonnull easy, char *_Nonnull text);

// MARK: What became of it

long halua_curl_number(const struct halua_curl *_Nonnull library, CURL *_Nonnull easy, CURLINFO info);
int64_t halua_curl_span(const struct halua_curl *_Nonnull library, CURL *_Nonnull easy, CURLINFO info);
/// NULL when there is none; belongs to libcurl.
const char *_Nullable halua_curl_text(const struct halua_curl *_Nonnull library, CURL *_Nonnull easy, CURLINFO info);
CURLcode halua_curl_result(const CURLMsg *_Nonnull message);
/// The socket of a transfer that was only to connect; CURL_SOCKET_BAD when it has none any more.
curl_socket_t halua_curl_socket_of(const struct halua_curl *_Nonnull library, CURL *_Nonnull easy);

// MARK: The multi handle

/// `what`: CURL_POLL_IN, CURL_POLL_OUT, CURL_POLL_INOUT or CURL_POLL_REMOVE.
typedef int (*halua_curl_watch)(CURL *_Nullable easy, curl_socket_t socket, int what, void *_Nullable context,
    void *_Nullable unused);
/// Wants to be called after so many milliseconds; -1: no more.
typedef int (*halua_curl_timer)(CURLM *_Nullable multi, long milliseconds, void *_Nullable context);

void halua_curl_set_callbacks(
    const struct halua_curl *_Nonnull library, CURLM *_Nonnull multi, halua_curl_watch _Nonnull watch,
    halua_curl_timer _Nonnull timer, void *_Nonnull context);
void halua_curl_set_idle(const struct halua_curl *_Nonnull library, CURLM *_Nonnull multi, long connections);

/// Macros that Swift cannot read.
static const long halua_curl_global_default = CURL_GLOBAL_DEFAULT;
static const unsigned long halua_curl_auth_basic = CURLAUTH_BASIC;
static const curl_socket_t halua_curl_timeout = CURL_SOCKET_TIMEOUT;

#endif
