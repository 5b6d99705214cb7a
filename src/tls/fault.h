/*
 * fault.h - what went wrong between us and a TLS peer, in words for the error log.
 */
#ifndef TLS_FAULT_H
#define TLS_FAULT_H

struct tls_connection;

/* Takes what OpenSSL has noted last. What peers do wrong every day is told at level info, what an
 * operator can mend as notice; each kind at most once in ten seconds. */
void fault_log(struct tls_connection *t);

/* The words for a reason of OpenSSL's (ERR_GET_REASON); never NULL. */
const char *fault_words(unsigned long error);

#endif
