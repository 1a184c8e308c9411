/// The loader of OpenSSL, and a session over a non-blocking socket that never raises SIGPIPE.
#include "COpenSSL.h"

HALUA_DYNAMIC_LOADER(halua_openssl, HALUA_OPENSSL, "libssl.so.3")

/// An encrypted key would otherwise ask for its password on the terminal, and wait.
static int no_password(char *text, int size, int writes, void *context) {
    (void)text, (void)size, (void)writes, (void)context;
    return -1;
}

SSL_CTX *halua_tls_context(const struct halua_openssl *library) {
    // Handlers at exit would pull the library away from under the script thread.
    library->OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL);
    SSL_CTX *context = library->SSL_CTX_new(library->TLS_client_method());
    if (context == NULL) return NULL;
    library->SSL_CTX_set_default_passwd_cb(context, no_password);
    library->SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL);
    long mode = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS;
    library->SSL_CTX_ctrl(context, SSL_CTRL_MODE, mode, NULL);
    return context;
}

/// The callbacks of the BIO get no table by argument.
static const struct halua_openssl *_Atomic table;

static struct halua_tls_socket *socket_of(BIO *bio) { return table->BIO_get_data(bio); }

/// Says how a call of the kernel went: that it is to be tried again, or why not.
static int conclude(BIO *bio, ssize_t count, int direction) {
    struct halua_tls_socket *socket = socket_of(bio);
    if (count >= 0) return (int)count;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        table->BIO_set_flags(bio, direction | BIO_FLAGS_SHOULD_RETRY);
    } else {
        socket->error = errno;
    }
    return -1;
}

static int bio_read(BIO *bio, char *data, int size) {
    struct halua_tls_socket *socket = socket_of(bio);
    table->BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    ssize_t count = recv(socket->descriptor, data, (size_t)size, MSG_DONTWAIT);
    if (count == 0) socket->has_ended = true;
    return conclude(bio, count, BIO_FLAGS_READ);
}

static int bio_write(BIO *bio, const char *data, int size) {
    table->BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
    ssize_t count = send(socket_of(bio)->descriptor, data, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
    return conclude(bio, count, BIO_FLAGS_WRITE);
}

static long bio_control(BIO *bio, int command, long number, void *pointer) {
    (void)number, (void)pointer;
    if (command == BIO_CTRL_EOF) return socket_of(bio)->has_ended;
    // There is no buffer to flush.
    return command == BIO_CTRL_FLUSH;
}

/// Made once; a second thread that makes one too loses a few octets and nothing else.
static BIO_METHOD *method(void) {
    static BIO_METHOD *_Atomic made;
    if (made == NULL) {
        BIO_METHOD *fresh = table->BIO_meth_new(table->BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "halua");
        if (fresh == NULL) return NULL;
        table->BIO_meth_set_read(fresh, bio_read);
        table->BIO_meth_set_write(fresh, bio_write);
        table->BIO_meth_set_ctrl(fresh, bio_control);
        made = fresh;
    }
    return made;
}

SSL *halua_tls_session(
    const struct halua_openssl *library, SSL_CTX *context, struct halua_tls_socket *socket, const char *name) {
    table = library;
    BIO_METHOD *kind = method();
    BIO *bio = kind == NULL ? NULL : library->BIO_new(kind);
    SSL *session = bio == NULL ? NULL : library->SSL_new(context);
    if (session == NULL) {
        if (bio != NULL) library->BIO_free(bio);
        return NULL;
    }
    library->BIO_set_data(bio, socket);
    library->BIO_set_init(bio, 1);
    library->SSL_set_bio(session, bio, bio);
    library->SSL_set_connect_state(session);
    if (name != NULL) {
        library->SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (void *)name);
    }
    return session;
}
