/*
 * explain_url.c - from a URL and what goes with it to the listen entry that gets it and the request
 * that comes of it. See explain.h.
 */
#include "app/explain.h"

#include "base/clock.h"
#include "base/number.h"
#include "config/core.h"
#include "event/loop.h"
#include "http/check.h"
#include "http/target.h"
#include "http/wire.h"
#include "net/transport.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

enum { PORT_HTTP = 80, PORT_HTTPS = 443, TEXT_ROOM = 512 };

struct asking {
	const struct snapshot *snapshot;
	const struct explain_question *question;
	struct buf *out;
	char *why_out;
	struct request r;
	struct net_addr peer;
	struct net_addr local;
	struct security security;
	struct slice authority;
	struct slice asked_name; /* the host that TLS is told; empty for an address */
	unsigned port;           /* of the URL, also when it does not say one */
	const struct config_scope *listen;
};

/* No hook is to answer; one that does so all the same finds nobody there. */
static void on_wire(struct request *r)
{
	(void)r;
}

static const struct wire nowhere = { .name = "HTTP/1.1",
	.start = on_wire,
	.wake = on_wire,
	.read_body = on_wire,
	.read_on = on_wire };

static int refuse(struct asking *a, const char *why)
{
	snprintf(a->why_out, EXPLAIN_WHY, "%s", why);
	return ERR_SYNTAX;
}

/* Section 4.2 of RFC 9110, as clients take a URL apart: the fragment is not sent. */
static int take_url(struct asking *a)
{
	struct slice url = slice_str(a->question->url);
	url = slice_split(&url, '#');
	bool plain = slice_eq_ci(slice_head(url, 7), SLICE("http://"));
	a->r.secure = slice_eq_ci(slice_head(url, 8), SLICE("https://"));
	if (!plain && !a->r.secure)
		return refuse(a, "expected a URL: http://HOST/PATH or https://HOST/PATH");
	struct slice rest = slice_tail(url, plain ? 7 : 8);
	size_t len = 0;
	while (len < rest.len && rest.ptr[len] != '/' && rest.ptr[len] != '?')
		len++;
	a->authority = slice_head(rest, len);
	rest = slice_tail(rest, len);
	if (slice_find(a->authority, '@') >= 0)
		return refuse(a, "a name and a password in a URL are not sent as such (expected "
				 "-H 'Authorization: ...')");
	/* RFC 9112 section 3.2.4 */
	if (rest.len == 0)
		a->r.target = a->r.method == METHOD_OPTIONS ? SLICE("*") : SLICE("/");
	else if (rest.ptr[0] == '?')
		a->r.target = slice_str(arena_printf(&a->r.arena, "/" SLICE_FMT, SLICE_ARG(rest)));
	else
		a->r.target = rest;
	return OK;
}

static int take_method(struct asking *a)
{
	a->r.method_name = slice_str(a->question->method ? a->question->method : "GET");
	a->r.method = method_find(a->r.method_name);
	if (!field_name_valid(a->r.method_name)) /* both are tokens */
		return refuse(a, "the method is no word");
	return OK;
}

static int take_field(struct asking *a, const char *line)
{
	struct slice value = slice_str(line), name = slice_split(&value, ':');
	value = slice_trim(value);
	if (!field_name_valid(name) || !value.ptr || !field_value_valid(value))
		return refuse(a, "-H: expected 'Field: value'");
	fields_add(&a->r.fields, &a->r.arena, field_find_id(name), name, value);
	return OK;
}

/* What the URL names, unless there is a field Host. */
static int take_host(struct asking *a)
{
	unsigned port;
	struct slice host;
	if (host_parse(a->authority, &a->r.arena, &host, &port) < 0)
		return refuse(a, "malformed host or port in the URL");
	a->port = port ? port : a->r.secure ? PORT_HTTPS : PORT_HTTP;
	char text[INET_ADDRSTRLEN];
	struct in_addr v4;
	snprintf(text, sizeof(text), SLICE_FMT, SLICE_ARG(host));
	if (host.ptr[0] != '[' && (host.len >= sizeof(text) || inet_pton(AF_INET, text, &v4) != 1))
		a->asked_name = host;
	struct slice field = fields_get(&a->r.fields, FIELD_HOST);
	if (!field.ptr) {
		fields_add(&a->r.fields, &a->r.arena, FIELD_HOST, SLICE("Host"), a->authority);
		field = a->authority;
	}
	if (host_parse(field, &a->r.arena, &a->r.host, &a->r.port) < 0)
		return refuse(a, "-H: malformed Host");
	return OK;
}

static int take_peer(struct asking *a)
{
	const char *from = a->question->from ? a->question->from : "127.0.0.1";
	a->peer.v4.sin_family = AF_INET;
	if (inet_pton(AF_INET, from, &a->peer.v4.sin_addr) == 1)
		return OK;
	a->peer.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	if (inet_pton(AF_INET6, from, &a->peer.v6.sin6_addr) == 1)
		return OK;
	return refuse(a, "--from: expected an address, such as 192.0.2.1");
}

static int take_question(struct asking *a)
{
	if (take_method(a) < 0 || take_url(a) < 0 || take_peer(a) < 0)
		return ERR_SYNTAX;
	for (const char *const *f = a->question->fields; f && *f; f++)
		if (take_field(a, *f) < 0)
			return ERR_SYNTAX;
	return take_host(a);
}

static const struct listen_settings *settings_of(const struct config_scope *listen)
{
	return config_settings(listen, &listen_group);
}

static bool speaks_http(const struct listen_settings *l)
{
	return strcmp(l->protocol, "http") == 0 && strncmp(l->address, "unix:", 5) != 0;
}

static bool is_any(const char *address)
{
	return strcmp(address, "*") == 0 || strcmp(address, "0.0.0.0") == 0 ||
	       strcmp(address, "::") == 0 || strcmp(address, "[::]") == 0;
}

static struct slice without_brackets(struct slice s)
{
	bool has = s.len > 2 && s.ptr[0] == '[';
	return has ? slice_of(s.ptr + 1, s.len - 2) : s;
}

/* 0: the entry does not get it; else the greater, the surer. */
static int fitness(const struct asking *a, const struct listen_settings *l)
{
	struct slice host = a->authority;
	host = host.len && host.ptr[0] == '[' ? slice_head(host, (size_t)slice_find(host, ']') + 1)
					      : slice_split(&host, ':');
	bool same = slice_eq_ci(without_brackets(host), without_brackets(slice_str(l->address)));
	bool is_address = a->asked_name.len == 0;
	if (!speaks_http(l) || l->port != a->port)
		return 0;
	if (!same && is_address && !is_any(l->address))
		return 0;
	int scheme = (l->tls != LISTEN_PLAIN) == a->r.secure;
	return 1 + scheme + 2 * same + (is_any(l->address) || same);
}

static const struct config_scope *listen_of_scheme(const struct asking *a)
{
	for (size_t i = 0; i < a->snapshot->listen_count; i++) {
		const struct listen_settings *l = settings_of(a->snapshot->listens[i]);
		if (speaks_http(l) && (l->tls != LISTEN_PLAIN) == a->r.secure)
			return a->snapshot->listens[i];
	}
	return NULL;
}

static int give_up(struct asking *a, const char *text)
{
	explain_line(a->out, "answer", text, NULL, NULL);
	return ERR_NOTFOUND;
}

static void tell_listen(struct asking *a, bool exact)
{
	char text[TEXT_ROOM], why[TEXT_ROOM];
	const struct listen_settings *l = settings_of(a->listen);
	struct config_place place = config_place(a->listen, &listen_group, "port");
	bool brackets = strchr(l->address, ':') && l->address[0] != '[';
	snprintf(text, sizeof(text), "%s%s%s:%u%s", brackets ? "[" : "", l->address,
	    brackets ? "]" : "", (unsigned)l->port, l->tls != LISTEN_PLAIN ? " HTTPS" : "");
	snprintf(why, sizeof(why), "instead: no entry listens there on port %u", a->port);
	explain_line(a->out, "listener", text, &place, exact ? NULL : why);
}

static int choose_listen(struct asking *a)
{
	int best = 0;
	for (size_t i = 0; i < a->snapshot->listen_count; i++) {
		int fit = fitness(a, settings_of(a->snapshot->listens[i]));
		if (fit <= best)
			continue;
		best = fit;
		a->listen = a->snapshot->listens[i];
	}
	if (!a->listen)
		a->listen = listen_of_scheme(a);
	if (!a->listen)
		return give_up(a, a->r.secure ? "nobody: no listen entry speaks HTTPS"
					      : "nobody: no listen entry speaks plain HTTP");
	tell_listen(a, best > 0);
	const struct listen_settings *l = settings_of(a->listen);
	a->local.v4.sin_family = AF_INET;
	a->local.v4.sin_port = htons((uint16_t)l->port);
	if (a->r.secure && l->tls == LISTEN_PLAIN)
		return give_up(a, "nobody: this listen entry does not speak HTTPS");
	a->r.astray = !a->r.secure && l->tls != LISTEN_PLAIN;
	return OK;
}

/* In the order in which an engine looks. */
static struct http_fault check_request(struct asking *a)
{
	const struct limits_settings *limits = config_settings(a->snapshot->global, &limits_group);
	struct http_fault fault = http_check_method(&a->r);
	struct target target;
	const char *reason;
	if (fault.status)
		return fault;
	if ((int64_t)a->r.target.len > limits->uri)
		return (struct http_fault){ 414, "the URL is longer than limits.uri" };
	if (target_parse(a->r.target, a->r.method, &a->r.arena, &target, &reason) < 0)
		return (struct http_fault){ 400, reason };
	a->r.path = target.path;
	a->r.query = target.query;
	return http_check_expect(&a->r);
}

static int refuse_request(struct asking *a, struct http_fault fault)
{
	char text[TEXT_ROOM];
	snprintf(text, sizeof(text), "%d, before a site is asked: %s", fault.status, fault.reason);
	return give_up(a, text);
}

/* Logs are not opened, nor anything else that is for those who run: a step that can not be asked
 * is not made ready either. */
static const struct middleware **askable(const struct modules *m, struct arena *arena)
{
	size_t count = 0, n = 0;
	while (m->middleware[count])
		count++;
	const struct middleware **list = arena_zalloc(arena, (count + 1) * sizeof(*list));
	for (size_t i = 0; i < count; i++)
		if (m->middleware[i]->enter || m->middleware[i]->explain)
			list[n++] = m->middleware[i];
	return list;
}

static void ask_sites(struct asking *a, const struct modules *m)
{
	struct modules some = *m;
	struct explanation e;
	struct loop *loop = loop_new();
	some.middleware = askable(m, &a->r.arena);
	app_worker = (struct app_worker){ .loop = loop, .snapshot = a->snapshot };
	struct site_table *sites = site_table_new(a->snapshot, &some);
	if (a->r.secure) {
		explain_certificate(sites, a->listen, a->asked_name, &a->security, a->out);
		a->r.security = &a->security;
	}
	a->r.server = sites;
	a->r.received_us = clock_mono_us();
	explain_request(&a->r, a->out, &e);
	response_fini(&a->r);
	site_table_free(&sites);
	loop_free(&loop);
	app_worker = (struct app_worker){ 0 };
}

int explain_url(const struct snapshot *s, const struct modules *m,
    const struct explain_question *question, struct buf *out, char why_out[EXPLAIN_WHY])
{
	struct asking a = { .snapshot = s, .question = question, .out = out, .why_out = why_out };
	a.r.wire = &nowhere;
	a.r.version = HTTP_1_1;
	a.r.peer = &a.peer;
	a.r.local = &a.local;
	int rc = take_question(&a);
	if (rc == OK) {
		(void)!buf_printf(
		    out, SLICE_FMT " %s\n", SLICE_ARG(a.r.method_name), question->url);
		rc = choose_listen(&a);
	}
	if (rc == OK) {
		struct http_fault fault = check_request(&a);
		if (fault.status)
			rc = refuse_request(&a, fault);
		else
			ask_sites(&a, m);
	}
	arena_fini(&a.r.arena);
	return rc;
}
