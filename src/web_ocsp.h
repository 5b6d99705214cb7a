/*
 * web_ocsp.h - keeps the OCSP responses that are fetched (tls.ocsp_stapling = "fetch") fresh.
 * Private to web_tls.c.
 *
 * The master neither waits nor parses: a helper process asks the responder and puts what is good
 * into the state directory, where tls_files_stamp sees it like a certificate that was renewed.
 */
#ifndef WEB_OCSP_H
#define WEB_OCSP_H

#include "tls/context.h"

struct web_ocsp;

struct web_ocsp *web_ocsp_open(const struct tls_contexts *contexts);
void web_ocsp_close(struct web_ocsp **w);

/* To be called at the start and now and then: starts helpers where a response is due. */
void web_ocsp_look(struct web_ocsp *w, uint64_t now_ms);

#endif
