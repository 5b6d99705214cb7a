/*
 * fault.c - see fault.h.
 */
#include "tls/fault.h"

#include "base/log.h"
#include "tls/connection.h"

#include <openssl/err.h>
#include <openssl/x509.h>

static struct fault {
	int reason;
	enum log_level level;
	const char *words;
	struct log_gate gate;
} faults[] = {
	{ SSL_R_UNSUPPORTED_PROTOCOL, LOG_LEVEL_NOTICE,
	    "the client's TLS is older than tls.min_version allows", { 0, 0 } },
	{ SSL_R_NO_SHARED_CIPHER, LOG_LEVEL_NOTICE,
	    "the client and tls.ciphers (or the kind of our key) have no cipher in common",
	    { 0, 0 } },
	{ SSL_R_NO_SUITABLE_KEY_SHARE, LOG_LEVEL_NOTICE,
	    "the client and tls.curves have no group in common", { 0, 0 } },
	{ SSL_R_NO_SUITABLE_GROUPS, LOG_LEVEL_NOTICE,
	    "the client and tls.curves have no group in common", { 0, 0 } },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, LOG_LEVEL_NOTICE,
	    "the client takes no signature that our key can make", { 0, 0 } },
	{ SSL_R_NO_APPLICATION_PROTOCOL, LOG_LEVEL_NOTICE,
	    "the client speaks no protocol that is spoken here (ALPN)", { 0, 0 } },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, LOG_LEVEL_NOTICE,
	    "the client showed no certificate (tls.verify requires one)", { 0, 0 } },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA, LOG_LEVEL_NOTICE,
	    "the client does not trust our certificate's authority", { 0, 0 } },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, LOG_LEVEL_NOTICE,
	    "the client does not accept our certificate", { 0, 0 } },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, LOG_LEVEL_NOTICE,
	    "the client does not accept our certificate", { 0, 0 } },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, LOG_LEVEL_NOTICE,
	    "for the client our certificate has expired", { 0, 0 } },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, LOG_LEVEL_NOTICE,
	    "the client wants another version of TLS", { 0, 0 } },
	{ SSL_R_WRONG_VERSION_NUMBER, LOG_LEVEL_INFO, "the peer does not speak TLS", { 0, 0 } },
	{ SSL_R_UNKNOWN_PROTOCOL, LOG_LEVEL_INFO, "the peer does not speak TLS", { 0, 0 } },
	{ SSL_R_HTTP_REQUEST, LOG_LEVEL_INFO, "the peer speaks plain HTTP", { 0, 0 } },
	{ SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, LOG_LEVEL_INFO,
	    "a record was damaged on its way", { 0, 0 } },
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING, LOG_LEVEL_DEBUG, "the peer hung up", { 0, 0 } },
};

static struct fault other = { 0, LOG_LEVEL_INFO, NULL, { 0, 0 } };
static struct fault bad_client = { 0, LOG_LEVEL_NOTICE, NULL, { 0, 0 } };

static struct fault *find(unsigned long error)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (ERR_GET_LIB(error) == ERR_LIB_SSL && faults[i].reason == ERR_GET_REASON(error))
			return &faults[i];
	return &other;
}

const char *fault_words(unsigned long error)
{
	const struct fault *f = find(error);
	const char *words = f->words ? f->words : ERR_reason_error_string(error);
	return words ? words : "the peer broke the rules of TLS";
}

void fault_log(struct tls_connection *t)
{
	unsigned long error = ERR_peek_error();
	char peer[NET_ADDR_TEXT];
	net_addr_host(&t->conn->peer, peer);
	if (error == 0) {
		log_debug("TLS with %s: the connection broke", peer);
		return;
	}
	struct fault *f = find(error);
	const char *words = fault_words(error);
	if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
		f = &bad_client;
		words = X509_verify_cert_error_string(SSL_get_verify_result(t->ssl));
	}
	log_gated(&f->gate, f->level, "TLS with %s: %s%s", peer,
	    f == &bad_client ? "the client's certificate: " : "", words);
	ERR_clear_error();
}
