/*
 * web_tls.c - see web_tls.h.
 */
#include "web_tls.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "modules.h"
#include "tls/check.h"
#include "tls/context.h"
#include "tls/self.h"
#include "tls/tickets.h"
#include "web_ocsp.h"

#include <string.h>
#include <unistd.h>

enum { DAY_MS = 24 * 3600 * 1000 };

struct web_tls {
	struct tls_contexts *contexts;
	struct web_ocsp *ocsp;
	uint64_t stamp;   /* of the files, as they were read or last looked at */
	uint64_t warn_ms; /* when to warn of certificates that expire next */
};

/* What newcomers of one listen entry need for their choice. */
struct entry {
	struct tls_listen listen;
	const struct tls_contexts *contexts;
	struct site_table *sites;
	const struct protocol **protocols;
};

static bool wants(const struct snapshot *s, enum listen_tls tls)
{
	for (size_t i = 0; i < s->listen_count; i++) {
		const struct listen_settings *l = config_settings(s->listens[i], &listen_group);
		if ((enum listen_tls)l->tls == tls)
			return true;
	}
	return false;
}

static bool is_name(const char *address)
{
	return strncmp(address, "unix:", 5) != 0 && strcmp(address, "*") != 0 &&
	       strcmp(address, "::") != 0 && strcmp(address, "[::]") != 0 &&
	       strcmp(address, "0.0.0.0") != 0;
}

/* The host, what the entries listen on, and the sites' names. */
static const char **self_names(const struct snapshot *s)
{
	size_t room = 2 + s->listen_count, n = 0;
	static char host[256];
	for (size_t i = 0; i < s->site_count; i++)
		room += ((const struct site_settings *)config_settings(s->sites[i], &site_group))
			    ->names.count;
	const char **names = mem_zalloc(room * sizeof(*names));
	if (gethostname(host, sizeof(host) - 1) == 0 && host[0])
		names[n++] = host;
	for (size_t i = 0; i < s->listen_count; i++) {
		const struct listen_settings *l = config_settings(s->listens[i], &listen_group);
		if (l->tls == LISTEN_TLS_SELF && is_name(l->address))
			names[n++] = l->address;
	}
	for (size_t i = 0; i < s->site_count; i++) {
		const struct site_settings *site = config_settings(s->sites[i], &site_group);
		for (size_t k = 0; k < site->names.count; k++)
			names[n++] = site->names.list[k];
	}
	return names;
}

static void add_self(struct web_tls *w, const struct snapshot *s, struct config_report *report)
{
	static const struct config_place nowhere = { .source = "tls = \"self\"" };
	const char **names = self_names(s);
	struct certificate c;
	char path[PATH_MAX], why[CERTIFICATE_WHY];
	if (self_certificate(&c, names, path, why) < 0) {
		report_mistake(report, nowhere, "no certificate could be made");
	} else {
		tls_contexts_add_self(w->contexts, &c);
		if (path[0])
			log_notice("the certificate for https was made here; to trust it: curl "
				   "--cacert %s, or import that file into the browser",
			    path);
		else
			log_warning(
			    "the certificate for https lasts until the next start: %s", why);
	}
	mem_free(names);
}

struct web_tls *web_tls_open(const struct snapshot *s, struct config_report *report)
{
	if (!wants(s, LISTEN_TLS) && !wants(s, LISTEN_TLS_SELF))
		return NULL;
	struct web_tls *w = mem_zalloc(sizeof(*w));
	w->stamp = tls_files_stamp(s);
	w->contexts = tls_contexts_new(s, report);
	if (wants(s, LISTEN_TLS_SELF))
		add_self(w, s, report);
	if (tickets_rotate(clock_mono_ms()) < 0)
		log_warning("no keys for session tickets: no TLS session is resumed");
	w->ocsp = web_ocsp_open(w->contexts);
	return w;
}

void web_tls_close(struct web_tls **wp)
{
	struct web_tls *w = *wp;
	*wp = NULL;
	web_ocsp_close(&w->ocsp);
	tls_contexts_free(&w->contexts);
	mem_free(w);
}

bool web_tls_look(struct web_tls *w)
{
	uint64_t now = clock_mono_ms(), stamp = tls_files_stamp(w->contexts->snapshot);
	if (tickets_rotate(now) < 0)
		log_warning("no new key for session tickets: the old one stays in use");
	if (now >= w->warn_ms) {
		w->warn_ms = now + DAY_MS;
		tls_warn_of_expiry(w->contexts);
	}
	web_ocsp_look(w->ocsp, now);
	bool changed = stamp != w->stamp;
	w->stamp = stamp; /* files that can not be used are tried again when they change again */
	return changed;
}

void web_tls_status(const struct web_tls *w, struct buf *out)
{
	tls_status(w->contexts, out);
}

const struct tls_contexts *web_tls_contexts(const struct web_tls *w)
{
	return w->contexts;
}

void web_tls_mark_sites(const struct web_tls *w, struct site_table *sites)
{
	for (size_t i = 0; i < site_count(sites); i++)
		site_at(sites, i)->identity = w->contexts->by_site[i];
}

static const struct tls_context *choose(const struct tls_listen *l, struct slice name)
{
	const struct entry *e = l->owner;
	const struct site *site = site_find(e->sites, name);
	return tls_context_of(e->contexts, site->scope->index, l->fallback);
}

/* Those that ALPN may choose; without the ones that the entry does not want. */
static const struct protocol **negotiable(const struct web_tls_entry *entry, struct arena *arena)
{
	size_t count = 0, n = 0;
	while (modules.protocols[count])
		count++;
	const struct protocol **list = arena_zalloc(arena, (count + 1) * sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		const struct protocol *p = modules.protocols[i];
		bool http2 = p->alpn && strcmp(p->alpn, "h2") == 0;
		if (p->alpn && (entry->listen->http2 || !http2))
			list[n++] = p;
	}
	return list;
}

struct tls_listen *web_tls_listen(
    const struct web_tls *w, const struct web_tls_entry *entry, struct arena *arena)
{
	struct entry *e = arena_zalloc(arena, sizeof(*e));
	bool self = entry->listen->tls == LISTEN_TLS_SELF;
	e->contexts = w->contexts;
	e->sites = entry->sites;
	e->protocols = negotiable(entry, arena);
	e->listen = (struct tls_listen){
		.choose = choose,
		.fallback = self ? w->contexts->self : w->contexts->first,
		.protocols = e->protocols,
		.silent = entry->silent,
		.server = entry->server,
		.astray_server = entry->astray_server,
		.handshake_ms = entry->handshake_ms,
		.owner = e,
	};
	return &e->listen;
}
