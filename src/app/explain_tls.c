/*
 * explain_tls.c - which certificate a client is shown, from the settings alone: private keys are
 * for the master. See explain.h; the choice itself is web_tls.c's and tls/context.c's.
 */
#include "app/explain.h"

#include "config/core.h"
#include "net/transport.h"
#include "tls/context.h"

#include <stdio.h>

/* Equal settings are one context, so one identity: that of the first site with them. NULL: the site
 * has no certificate of its own. */
static const void *identity_of(struct site_table *sites, const struct config_scope *scope)
{
	const struct tls_settings *own = tls_settings(scope);
	if (own->certificate.count == 0)
		return NULL;
	for (size_t i = 0; i < site_count(sites); i++) {
		const struct tls_settings *s = tls_settings(site_at(sites, i)->scope);
		if (tls_settings_same(s, own))
			return s;
	}
	return own;
}

static const void *first_identity(struct site_table *sites)
{
	for (size_t i = 0; i < site_count(sites); i++)
		if (site_at(sites, i)->identity)
			return site_at(sites, i)->identity;
	return NULL;
}

static void tell(const struct config_scope *scope, const struct tls_settings *s, struct buf *out)
{
	struct config_place place = config_place(scope, &tls_group, "certificate");
	for (size_t i = 0; i < s->certificate.count; i++)
		explain_line(out, "tls", s->certificate.list[i], &place, NULL);
}

void explain_certificate(struct site_table *sites, const struct config_scope *listen,
    struct slice name, struct security *security_out, struct buf *out)
{
	static const char on_the_spot; /* an identity like no other */
	const struct listen_settings *l = config_settings(listen, &listen_group);
	for (size_t i = 0; i < site_count(sites); i++)
		site_at(sites, i)->identity = identity_of(sites, site_at(sites, i)->scope);
	const struct site *site = site_find(sites, name);
	*security_out = (struct security){ .version = "TLSv1.3", .cipher = "" };
	security_out->fallback = l->tls == LISTEN_TLS_SELF ? &on_the_spot : first_identity(sites);
	security_out->identity = site->identity ? site->identity : security_out->fallback;
	for (size_t i = 0; i < site_count(sites); i++) {
		const struct config_scope *scope = site_at(sites, i)->scope;
		const struct config_scope *shown = site->identity ? site->scope : scope;
		if (security_out->identity != tls_settings(scope))
			continue;
		tell(shown, tls_settings(shown), out);
		return;
	}
	explain_line(out, "tls", "a certificate made on the spot", &listen->place, NULL);
}
