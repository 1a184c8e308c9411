/// HMAC-SHA-256 whose key is prepared once: OpenSSL's one call for everything looks the algorithm up each time.
#include "COpenSSL.h"

#include <stdlib.h>

struct halua_hmac {
    const struct halua_openssl *library;
    EVP_MAC_CTX *context;
};

struct halua_hmac *halua_hmac_new(const struct halua_openssl *library, const uint8_t *key, size_t length) {
    struct halua_hmac *hmac = calloc(1, sizeof *hmac);
    EVP_MAC *method = library->EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (hmac != NULL && method != NULL) {
        hmac->library = library;
        hmac->context = library->EVP_MAC_CTX_new(method);
    }
    // A context keeps its method.
    library->EVP_MAC_free(method);
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_END};
    if (hmac == NULL || hmac->context == NULL || !library->EVP_MAC_init(hmac->context, key, length, parameters)) {
        halua_hmac_free(hmac);
        return NULL;
    }
    return hmac;
}

bool halua_hmac_compute(struct halua_hmac *hmac, const void *message, size_t length, uint8_t digest[32]) {
    size_t written = 0;
    // Without a key it begins anew with the one it has.
    return hmac->library->EVP_MAC_init(hmac->context, NULL, 0, NULL)
        && hmac->library->EVP_MAC_update(hmac->context, message, length)
        && hmac->library->EVP_MAC_final(hmac->context, digest, &written, 32) && written == 32;
}

bool halua_hmac_equal(struct halua_hmac *hmac, const void *a, const void *b, size_t length) {
    return hmac->library->CRYPTO_memcmp(a, b, length) == 0;
}

void halua_hmac_free(struct halua_hmac *hmac) {
    if (hmac != NULL && hmac->context != NULL) hmac->library->EVP_MAC_CTX_free(hmac->context);
    free(hmac);
}
