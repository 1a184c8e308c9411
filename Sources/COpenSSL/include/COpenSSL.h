/// OpenSSL, loaded on first use, with the few of its macros that Swift cannot call.
#ifndef HALUA_COPENSSL_H
#define HALUA_COPENSSL_H

// The C library's types must come from there, so that Swift sees one kind of them.
#include "CLinux.h"

#include "CDynamic.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// libssl brings libcrypto along, so that one table serves both.
#define HALUA_OPENSSL(each)                                                                                            \
    each(OPENSSL_init_ssl) each(TLS_client_method) each(SSL_CTX_new) each(SSL_CTX_free) each(SSL_CTX_ctrl)             \
    each(SSL_CTX_set_verify) each(SSL_CTX_set_default_verify_paths) each(SSL_CTX_load_verify_file)                     \
    each(SSL_CTX_load_verify_dir) each(SSL_CTX_use_certificate_chain_file) each(SSL_CTX_use_PrivateKey_file)           \
    each(SSL_CTX_check_private_key) each(SSL_CTX_set_default_passwd_cb) each(SSL_new) each(SSL_free) each(SSL_ctrl)    \
    each(SSL_set_bio) each(SSL_set_connect_state) each(SSL_get0_param) each(SSL_set1_host) each(SSL_do_handshake)      \
    each(SSL_read) each(SSL_write) each(SSL_shutdown) each(SSL_get_error) each(SSL_get_verify_result)                  \
    each(X509_verify_cert_error_string) each(X509_VERIFY_PARAM_set_hostflags) each(X509_VERIFY_PARAM_set1_ip_asc)      \
    each(ERR_get_error) each(ERR_clear_error) each(ERR_reason_error_string) each(BIO_new) each(BIO_free)               \
    each(BIO_get_new_index) each(BIO_meth_new) each(BIO_meth_set_read) each(BIO_meth_set_write)                        \
    each(BIO_meth_set_ctrl) each(BIO_set_data) each(BIO_get_data) each(BIO_set_init) each(BIO_set_flags)               \
    each(BIO_clear_flags)                                                                                              \
    each(EVP_Digest) each(EVP_sha1) each(EVP_sha256) each(EVP_sha512) each(HMAC)                                       \
    each(EVP_MAC_fetch) each(EVP_MAC_free) each(EVP_MAC_CTX_new) each(EVP_MAC_CTX_free) each(EVP_MAC_init)             \
    each(EVP_MAC_update) each(EVP_MAC_final) each(CRYPTO_memcmp)

struct halua_openssl {
    HALUA_OPENSSL(HALUA_DYNAMIC_MEMBER)
};

/// The table of its functions, or NULL and what is in the way.
const struct halua_openssl *_Nullable halua_openssl(char *_Nonnull problem, size_t size);

/// A context for clients: TLS 1.2 or newer, partial writes, never a question for a password. NULL without memory.
SSL_CTX *_Nullable halua_tls_context(const struct halua_openssl *_Nonnull library);

/// The connected socket below a session. It outlives the session; the descriptor is not closed with it.
struct halua_tls_socket {
    int descriptor;
    /// What the kernel said last, when it was an error.
    int error;
    /// The peer has ended the connection below TLS.
    bool has_ended;
};

/// A session over a socket, ready for its handshake as a client. NULL without memory.
/// `name`: sent as the server's name when not NULL.
SSL *_Nullable halua_tls_session(
    const struct halua_openssl *_Nonnull library, SSL_CTX *_Nonnull context, struct halua_tls_socket *_Nonnull socket,
    const char *_Nullable name);

/// HMAC-SHA-256 (RFC 2104) with a key that stays, for many short messages.
struct halua_hmac;

/// NULL without memory, or when OpenSSL's configuration does not allow it.
struct halua_hmac *_Nullable halua_hmac_new(
    const struct halua_openssl *_Nonnull library, const uint8_t *_Nonnull key, size_t length);

/// Computes the 32 octets of one message. False: OpenSSL failed, and nothing was written.
bool halua_hmac_compute(
    struct halua_hmac *_Nonnull hmac, const void *_Nonnull message, size_t length, uint8_t digest[_Nonnull 32]);

/// Compares octets in a time that does not tell how far they are the same.
bool halua_hmac_equal(struct halua_hmac *_Nonnull hmac, const void *_Nonnull a, const void *_Nonnull b, size_t length);

void halua_hmac_free(struct halua_hmac *_Nullable hmac);

#endif
