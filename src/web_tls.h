/*
 * web_tls.h - HTTPS of the web workers: joins certificates, sites and listening sockets. Private to
 * web.c.
 */
#ifndef WEB_TLS_H
#define WEB_TLS_H

#include "app/site.h"
#include "base/buf.h"
#include "config/core.h"
#include "tls/handshake.h"

struct web_tls;

/* Master: see struct worker_group. */
struct web_tls *web_tls_open(const struct snapshot *s, struct config_report *report);
void web_tls_close(struct web_tls **w);
bool web_tls_look(struct web_tls *w);
void web_tls_status(const struct web_tls *w, struct buf *out);

/* Worker: what its certificates are. */
const struct tls_contexts *web_tls_contexts(const struct web_tls *w);

/* Worker: tells the sites which certificate is theirs. */
void web_tls_mark_sites(const struct web_tls *w, struct site_table *sites);

/* Worker: what the newcomers of a listen entry get. */
struct web_tls_entry {
	const struct listen_settings *listen;
	struct site_table *sites;
	const struct protocol *silent;
	void *server;
	void *astray_server;
	uint64_t handshake_ms;
};
struct tls_listen *web_tls_listen(
    const struct web_tls *w, const struct web_tls_entry *entry, struct arena *arena);

#endif
