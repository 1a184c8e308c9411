/// The loader of libcurl, and the calls that need C.
#include "CCurl.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

HALUA_DYNAMIC_LOADER(halua_curl, HALUA_CURL, "libcurl.so.4")

// The header checks the types of these by macros of the same names, which a member of a table has not.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

int halua_curl_set_number(const struct halua_curl *library, CURL *easy, CURLoption option, long value) {
    return (int)library->curl_easy_setopt(easy, option, value);
}

int halua_curl_set_text(const struct halua_curl *library, CURL *easy, CURLoption option, const char *value) {
    return (int)library->curl_easy_setopt(easy, option, value);
}

int halua_curl_set_list(const struct halua_curl *library, CURL *easy, CURLoption option, struct curl_slist *value) {
    return (int)library->curl_easy_setopt(easy, option, value);
}

int halua_curl_set_octets(
    const struct halua_curl *library, CURL *easy, CURLoption option, const void *octets, size_t count) {
    struct curl_blob blob = {(void *)octets, count, CURL_BLOB_COPY};
    return (int)library->curl_easy_setopt(easy, option, &blob);
}

int halua_curl_set_body(const struct halua_curl *library, CURL *easy, const void *octets, size_t count) {
    library->curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return (int)library->curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, count == 0 ? "" : (const char *)octets);
}

void halua_curl_set_receivers(
    const struct halua_curl *library, CURL *easy, halua_curl_octets body, halua_curl_octets head, void *context) {
    library->curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body);
    library->curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
    library->curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, head);
    library->curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
}

static curl_socket_t make_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    struct halua_curl_socket *socket_options = context;
    int made = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (made >= 0 && socket_options->interface[0] != 0) {
        size_t length = strlen(socket_options->interface) + 1;
        if (setsockopt(made, SOL_SOCKET, SO_BINDTODEVICE, socket_options->interface, (socklen_t)length) != 0) {
            socket_options->error = errno;
            close(made);
            return CURL_SOCKET_BAD;
        }
    }
    if (made < 0) socket_options->error = errno;
    return made;
}

void halua_curl_set_socket(const struct halua_curl *library, CURL *easy, struct halua_curl_socket *socket) {
    library->curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, make_socket);
    library->curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, socket);
}

void halua_curl_set_error_text(const struct halua_curl *library, CURL *easy, char *text) {
    text[0] = 0;
    library->curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, text);
}

long halua_curl_number(const struct halua_curl *library, CURL *easy, CURLINFO info) {
    long value = 0;
    library->curl_easy_getinfo(easy, info, &value);
    return value;
}

int64_t halua_curl_span(const struct halua_curl *library, CURL *easy, CURLINFO info) {
    curl_off_t value = 0;
    library->curl_easy_getinfo(easy, info, &value);
    return value;
}

const char *halua_curl_text(const struct halua_curl *library, CURL *easy, CURLINFO info) {
    char *value = NULL;
    library->curl_easy_getinfo(easy, info, &value);
    return value;
}

curl_socket_t halua_curl_socket_of(const struct halua_curl *library, CURL *easy) {
    curl_socket_t socket = CURL_SOCKET_BAD;
    library->curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket);
    return socket;
}

CURLcode halua_curl_result(const CURLMsg *message) { return message->data.result; }

void halua_curl_set_callbacks(
    const struct halua_curl *library, CURLM *multi, halua_curl_watch watch, halua_curl_timer timer, void *context) {
    library->curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch);
    library->curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
    library->curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer);
    library->curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
}

void halua_curl_set_idle(const struct halua_curl *library, CURLM *multi, long connections) {
    library->curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections);
}
