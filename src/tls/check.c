/*
 * check.c - see check.h.
 */
#include "tls/check.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/core.h"
#include "tls/ocsp_fetch.h"
#include "tls/state.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { DAY_S = 86400, NAMES_TEXT = 512 };

/* One certificate of one site. */
struct look {
	const struct snapshot *snapshot;
	struct config_report *report;
	const struct config_scope *site;
	struct config_place at;
	const char *file;
	const struct certificate *certificate;
};

static int64_t now_s(void)
{
	return (int64_t)(clock_wall_ms() / 1000);
}

static void look_at_dates(const struct look *l)
{
	int64_t end = certificate_ends_in(l->certificate->leaf, now_s());
	int64_t begin = certificate_begins_in(l->certificate->leaf, now_s());
	if (end <= 0)
		report_warning(l->report, l->at,
		    "tls: the certificate in '%s' has expired %lld days ago", l->file,
		    (long long)(-end / DAY_S));
	else if (begin > 0)
		report_warning(l->report, l->at,
		    "tls: the certificate in '%s' is not yet valid, but in %lld days (is the clock "
		    "right?)",
		    l->file, (long long)((begin + DAY_S - 1) / DAY_S));
	else if (end < (int64_t)CERTIFICATE_WARN_DAYS * DAY_S)
		report_warning(l->report, l->at,
		    "tls: the certificate in '%s' expires in %lld days", l->file,
		    (long long)(end / DAY_S));
}

static void look_at_names(const struct look *l)
{
	const struct site_settings *site = config_settings(l->site, &site_group);
	char missing[NAMES_TEXT] = "";
	size_t len = 0;
	for (size_t i = 0; i < site->names.count; i++)
		if (!certificate_names(l->certificate->leaf, site->names.list[i]) &&
		    len < sizeof(missing))
			len += (size_t)snprintf(missing + len, sizeof(missing) - len, "%s'%s'",
			    len ? ", " : "", site->names.list[i]);
	if (len > 0)
		report_warning(l->report, l->at,
		    "tls: the certificate in '%s' does not have the site's name %s", l->file,
		    missing);
}

static void look_at_form(const struct look *l)
{
	char why[CERTIFICATE_WHY];
	if (certificate_weak(l->certificate, why))
		report_mistake(
		    l->report, l->at, "tls: the certificate in '%s' is %s", l->file, why);
	if (!certificate_chain_in_order(l->certificate))
		report_warning(l->report, l->at,
		    "tls: the chain in '%s' is out of order: each certificate is to be followed by "
		    "the one that signed it",
		    l->file);
}

static void look_at_mode(const struct look *l, const char *key_file)
{
	struct stat st;
	if (stat(key_file, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IROTH))
		report_warning(l->report, l->at,
		    "tls: everybody on this machine can read the private key in '%s' (chmod 600)",
		    key_file);
}

/* Whether a site before this one has the same file, so that it was looked at. */
static bool seen_before(const struct look *l, const char *file)
{
	for (size_t i = 0; i < l->site->index; i++) {
		const struct tls_settings *s = tls_settings(l->snapshot->sites[i]);
		for (size_t k = 0; k < s->certificate.count; k++)
			if (strcmp(s->certificate.list[k], file) == 0)
				return true;
	}
	return false;
}

static void check_staple(const struct look *l, const struct tls_settings *s, size_t i)
{
	struct staple staple;
	char why[STAPLE_WHY];
	if (staple_read(&staple, s->ocsp_stapling.list[i], NULL, why) == OK)
		staple_fini(&staple);
	else
		report_warning(l->report, config_place(l->site, &tls_group, "ocsp_stapling"),
		    "tls.ocsp_stapling: %s", why);
}

/* Whether there is somebody to ask. */
static void check_responder(const struct look *l)
{
	char why[STAPLE_WHY];
	if (!ocsp_can_fetch(l->certificate, why))
		report_warning(l->report, config_place(l->site, &tls_group, "ocsp_stapling"),
		    "tls.ocsp_stapling: the certificate in '%s' %s: nothing can be fetched",
		    l->file, why);
}

static int check_certificate(struct look *l, size_t i, int *kind_out)
{
	const struct tls_settings *s = tls_settings(l->site);
	struct certificate c;
	char why[CERTIFICATE_WHY];
	l->file = s->certificate.list[i];
	l->certificate = &c;
	int rc = certificate_read(&c, l->file, tls_key_file(s, i), why);
	if (rc < 0) {
		report_mistake(l->report, l->at, "tls: %s", why);
	} else {
		*kind_out = EVP_PKEY_get_base_id(c.key);
		look_at_names(l);
		if (i < s->ocsp_stapling.count && tls_staple_is_fetched(s, i))
			check_responder(l);
		if (!seen_before(l, l->file)) {
			look_at_form(l);
			look_at_dates(l);
			look_at_mode(l, tls_key_file(s, i));
		}
	}
	certificate_fini(&c);
	return rc;
}

static void check_site(struct look *l)
{
	const struct tls_settings *s = tls_settings(l->site);
	int kinds[8] = { 0 };
	l->at = config_place(l->site, &tls_group, "certificate");
	for (size_t i = 0; i < s->certificate.count && i < 8; i++) {
		if (check_certificate(l, i, &kinds[i]) < 0)
			continue;
		for (size_t k = 0; k < i; k++)
			if (kinds[k] == kinds[i])
				report_mistake(l->report, l->at,
				    "tls: '%s' and '%s' have keys of the same kind: only one of "
				    "them would be used",
				    s->certificate.list[k], l->file);
	}
	for (size_t i = 0; i < s->ocsp_stapling.count; i++)
		if (!tls_staple_is_fetched(s, i))
			check_staple(l, s, i);
}

static void check_listens(const struct snapshot *s, bool any, struct config_report *report)
{
	bool wanted = false;
	for (size_t i = 0; i < s->listen_count; i++) {
		const struct listen_settings *l = config_settings(s->listens[i], &listen_group);
		wanted |= l->tls != LISTEN_PLAIN;
		if (l->tls == LISTEN_TLS && !any)
			report_mistake(report, config_place(s->listens[i], &listen_group, "tls"),
			    "listen.tls: no site has a certificate (give one 'tls = { certificate "
			    "= "
			    "...; key = ...; }', or say tls = \"self\" here)");
	}
	if (any && !wanted)
		report_warning(report, config_place(s->global, &core_group, "listen"),
		    "tls: there are certificates, but no listen entry has tls = true");
}

static bool is_used(const struct snapshot *s)
{
	bool used = config_given(s->global, &tls_group, NULL);
	for (size_t i = 0; i < s->listen_count; i++) {
		const struct listen_settings *l = config_settings(s->listens[i], &listen_group);
		used |= l->tls != LISTEN_PLAIN;
	}
	for (size_t i = 0; i < s->site_count; i++)
		used |= config_given(s->sites[i], &tls_group, NULL);
	return used;
}

void tls_check(const struct snapshot *s, struct config_report *report)
{
	bool any = false;
	if (!is_used(s))
		return; /* a server without TLS does not pay for the library's start */
	tls_context_check(s->global, report);
	for (size_t i = 0; i < s->site_count; i++) {
		struct look l = { .snapshot = s, .report = report, .site = s->sites[i] };
		if (config_given(l.site, &tls_group, NULL))
			tls_context_check(l.site, report);
		any |= tls_settings(l.site)->certificate.count > 0;
		check_site(&l);
	}
	check_listens(s, any, report);
}

static void add_file(uint64_t *stamp, const char *file)
{
	struct stat st;
	uint64_t parts[4] = { 0 };
	if (file && stat(file, &st) == 0) {
		parts[0] = (uint64_t)st.st_ino;
		parts[1] = (uint64_t)st.st_size;
		parts[2] = (uint64_t)st.st_mtim.tv_sec;
		parts[3] = (uint64_t)st.st_mtim.tv_nsec;
	}
	for (size_t i = 0; i < 4; i++)
		*stamp = (*stamp ^ parts[i]) * 0x100000001b3;
}

uint64_t tls_files_stamp(const struct snapshot *s)
{
	char room[PATH_MAX];
	uint64_t stamp = 0xcbf29ce484222325;
	for (size_t i = 0; i < s->site_count; i++) {
		const struct tls_settings *t = tls_settings(s->sites[i]);
		for (size_t k = 0; k < t->certificate.count; k++) {
			add_file(&stamp, t->certificate.list[k]);
			add_file(&stamp, tls_key_file(t, k));
		}
		for (size_t k = 0; k < t->ocsp_stapling.count; k++)
			add_file(&stamp, tls_staple_file(t, k, room));
		add_file(&stamp, t->client_ca);
	}
	return stamp;
}

void tls_each_certificate(const struct tls_contexts *t, tls_certificate_fn fn, void *ctx)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct tls_context *c = t->list[i];
		for (size_t k = 0; k < c->leaf_count; k++)
			if (c->leaves[k])
				fn(ctx, c == t->self ? NULL : c->settings->certificate.list[k],
				    certificate_ends_in(c->leaves[k], 0));
	}
}

static void on_warn(void *ctx, const char *file, int64_t ends_s)
{
	int64_t left_s = ends_s - now_s();
	(void)ctx;
	if (!file || left_s >= (int64_t)CERTIFICATE_WARN_DAYS * DAY_S)
		return;
	if (left_s <= 0)
		log_warning("the certificate in '%s' has expired", file);
	else
		log_warning("the certificate in '%s' expires in %lld days", file,
		    (long long)(left_s / DAY_S));
}

void tls_warn_of_expiry(const struct tls_contexts *t)
{
	tls_each_certificate(t, on_warn, NULL);
}

static void on_status(void *ctx, const char *file, int64_t ends_s)
{
	struct buf *out = ctx;
	int64_t left_s = ends_s - now_s();
	int rc = left_s > 0 ? buf_printf(out, "certificate: %s, %lld days left\n",
				  file ? file : "made on the spot", (long long)(left_s / DAY_S))
			    : buf_printf(out, "certificate: %s, expired\n", file);
	if (rc < 0)
		return; /* the bound is far away */
}

void tls_status(const struct tls_contexts *t, struct buf *out)
{
	tls_each_certificate(t, on_status, out);
}
