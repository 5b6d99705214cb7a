/*
 * template.c - text with ${variables}: a list of pieces, each a run of text or a function that
 * gives a value.
 *
 * A "$" that no "{" follows stands for itself. Values come from the peer: how they are written is
 * the escape's business (escape.h), what may stand where is the caller's.
 */
#include "app/template.h"

#include "app/escape.h"
#include "app/site.h"
#include "app/trace.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/number.h"
#include "config/suggest.h"
#include "event/loop.h"
#include "http/wire.h"
#include "net/transport.h"

/* Room for a value that is made on the spot: an address, a number, a date. */
enum { SCRATCH = NET_ADDR_TEXT };

struct piece;
typedef struct slice (*value_fn)(const struct request *r, const struct piece *p, char *scratch);

struct piece {
	value_fn value;    /* NULL: text */
	struct slice text; /* or the name of a field or a parameter */
	enum field_id field;
	bool encoded; /* the value is part of a URI already */
	bool ours;    /* it is made of bytes that only a URI wants escaped */
	bool shared;  /* it is the same for all who ask for the same address */
};

struct template
{
	unsigned count;
	struct piece pieces[];
};

static struct slice number(uint64_t n, char *scratch)
{
	return slice_of(scratch, number_format(n, scratch));
}

static struct slice get_method(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return r->method_name;
}

static struct slice get_target(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return r->target;
}

static struct slice get_path(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return r->path;
}

static struct slice get_query(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return r->query;
}

static struct slice get_host(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return r->host;
}

static struct slice get_port(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p;
	return number(r->port ? r->port : r->local ? net_addr_port(r->local) : 0, scratch);
}

static struct slice get_scheme(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return r->secure ? SLICE("https") : SLICE("http");
}

static struct slice get_protocol(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	if (r->version == HTTP_1_0)
		return SLICE("HTTP/1.0");
	return r->wire ? slice_str(r->wire->name) : SLICE_NONE;
}

static struct slice get_remote_addr(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p;
	return slice_of(scratch, r->peer ? net_addr_host(r->peer, scratch) : 0);
}

static struct slice get_remote_port(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p;
	return number(r->peer ? net_addr_port(r->peer) : 0, scratch);
}

static struct slice get_local_addr(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p;
	struct net_addr local;
	if (!r->wire || !r->local)
		return SLICE_NONE;
	request_local(r, &local);
	return slice_of(scratch, net_addr_host(&local, scratch));
}

static struct slice get_local_port(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p;
	return number(r->local ? net_addr_port(r->local) : 0, scratch);
}

static struct slice get_request_id(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return exchange_id(r);
}

static struct slice get_traceparent(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return exchange_traceparent(r);
}

static struct slice get_trace_id(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return exchange_trace_id(r);
}

static struct slice get_user(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return exchange_of(r) ? exchange_of(r)->user : SLICE_NONE;
}

static struct slice get_site(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return exchange_of(r) ? exchange_of(r)->site->name : SLICE_NONE;
}

static struct slice get_route(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return exchange_of(r) ? exchange_of(r)->route->pattern : SLICE_NONE;
}

static struct slice get_status(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p;
	return number((uint64_t)r->response.status, scratch);
}

static struct slice get_bytes(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p;
	return number(r->content_sent, scratch);
}

static struct slice get_received(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p;
	return number(r->content_received, scratch);
}

static uint64_t duration_us(const struct request *r)
{
	uint64_t now = clock_mono_us();
	return now > r->received_us ? now - r->received_us : 0;
}

static struct slice get_duration_ms(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p;
	return number(duration_us(r) / 1000, scratch);
}

static struct slice get_duration_us(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p;
	return number(duration_us(r), scratch);
}

/* "0.012" */
static struct slice get_duration_s(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p;
	uint64_t ms = duration_us(r) / 1000;
	size_t len = number_format(ms / 1000, scratch);
	const char fraction[] = { '.', (char)('0' + ms / 100 % 10), (char)('0' + ms / 10 % 10),
		(char)('0' + ms % 10) };
	memcpy(scratch + len, fraction, sizeof(fraction));
	return slice_of(scratch, len + sizeof(fraction));
}

/* Why it was refused, in our own words. */
static struct slice get_note(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return slice_str(r->response.note);
}

/* A line a request, many a second: the text of a second is made once, and the loop knows the time.
 */
static struct slice get_time_local(const struct request *r, const struct piece *p, char *scratch)
{
	static char text[32];
	static time_t made;
	static size_t len;
	(void)r, (void)p, (void)scratch;
	time_t now = app_worker.loop ? (time_t)loop_wall_s(app_worker.loop)
				     : (time_t)(clock_wall_ms() / 1000);
	if (now != made) {
		date_format_clf(now, text);
		len = strlen(text);
		made = now;
	}
	return slice_of(text, len);
}

static struct slice get_time_iso(const struct request *r, const struct piece *p, char *scratch)
{
	(void)r, (void)p;
	uint64_t now = clock_wall_ms();
	date_format_iso((time_t)(now / 1000), (unsigned)(now % 1000), scratch);
	return slice_str(scratch);
}

static struct slice get_time_unix(const struct request *r, const struct piece *p, char *scratch)
{
	(void)r, (void)p;
	return number(clock_wall_ms() / 1000, scratch);
}

/* Plain connections have none of these. */
static struct slice get_tls_version(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return slice_str(r->security ? r->security->version : NULL);
}

static struct slice get_tls_cipher(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return slice_str(r->security ? r->security->cipher : NULL);
}

static struct slice get_tls_client(const struct request *r, const struct piece *p, char *scratch)
{
	(void)p, (void)scratch;
	return slice_str(r->security ? r->security->client : NULL);
}

static struct slice get_field(const struct request *r, const struct piece *p, char *scratch)
{
	(void)scratch;
	if (p->field != FIELD_OTHER)
		return fields_get(&r->fields, p->field);
	return fields_get_name(&r->fields, p->text);
}

/* Of the response; those that the engine adds (Date, Server, Content-Length) are not among them. */
static struct slice get_sent(const struct request *r, const struct piece *p, char *scratch)
{
	const struct field_block *block = r->response.block;
	struct slice value = fields_get_name(&r->response.fields, p->text);
	(void)scratch;
	for (unsigned i = 0; block && !value.ptr && i < block->count; i++)
		if (slice_eq_ci(block->list[i].name, p->text))
			value = block->list[i].value;
	return value;
}

static struct slice get_param(const struct request *r, const struct piece *p, char *scratch)
{
	(void)scratch;
	return exchange_param(r, p->text);
}

static struct slice get_claim(const struct request *r, const struct piece *p, char *scratch)
{
	const struct exchange *x = exchange_of(r);
	(void)scratch;
	for (unsigned i = 0; x && i < x->claim_count; i++)
		if (slice_eq(x->claims[i].name, p->text))
			return x->claims[i].value;
	return SLICE_NONE;
}

static const struct variable {
	const char *name;
	value_fn value;
	bool encoded;
	bool ours;
	bool shared;
} variables[] = {
	{ "bytes", get_bytes, false, true, false },
	{ "bytes_received", get_received, false, true, false },
	{ "duration_ms", get_duration_ms, false, true, false },
	{ "duration_s", get_duration_s, false, true, false },
	{ "duration_us", get_duration_us, false, true, false },
	{ "host", get_host, true, false, true },
	{ "local_addr", get_local_addr, false, true, false },
	{ "local_port", get_local_port, false, true, false },
	{ "method", get_method, false, false, true },
	{ "note", get_note, false, false, false },
	{ "path", get_path, false, false, true },
	{ "port", get_port, false, true, false },
	{ "protocol", get_protocol, false, true, false },
	{ "query", get_query, true, false, true },
	{ "remote_addr", get_remote_addr, false, true, false },
	{ "remote_port", get_remote_port, false, true, false },
	{ "request_id", get_request_id, false, true, false },
	{ "route", get_route, false, false, true },
	{ "scheme", get_scheme, false, true, true },
	{ "site", get_site, false, false, true },
	{ "status", get_status, false, true, true },
	{ "target", get_target, true, false, false },
	{ "time_iso", get_time_iso, false, true, true },
	{ "time_local", get_time_local, false, true, true },
	{ "time_unix", get_time_unix, false, true, true },
	{ "tls_cipher", get_tls_cipher, false, true, false },
	{ "tls_client_subject", get_tls_client, false, false, false },
	{ "tls_version", get_tls_version, false, true, false },
	{ "trace_id", get_trace_id, false, true, false },
	{ "traceparent", get_traceparent, false, true, false },
	{ "user", get_user, false, false, false },
};

static bool known_param(const char *const *params, struct slice name)
{
	for (; params && *params; params++)
		if (slice_eq(slice_str(*params), name))
			return true;
	return false;
}

/* http_user_agent is the field User-Agent. */
static void set_field(struct piece *p, value_fn value, struct slice name, struct arena *a)
{
	p->text = arena_dup(a, name);
	for (size_t i = 0; i < p->text.len; i++)
		if (p->text.ptr[i] == '_')
			((char *)p->text.ptr)[i] = '-';
	p->field = field_find_id(p->text);
	p->value = value;
}

static int set_variable(
    struct piece *p, struct slice name, struct arena *a, const char *const *params)
{
	if (known_param(params, name)) {
		*p = (struct piece){ .value = get_param, .text = name, .shared = true };
		return OK;
	}
	if (slice_starts(name, SLICE("http_")) && name.len > 5) {
		set_field(p, get_field, slice_tail(name, 5), a);
		return OK;
	}
	if (slice_starts(name, SLICE("sent_http_")) && name.len > 10) {
		set_field(p, get_sent, slice_tail(name, 10), a);
		return OK;
	}
	if (slice_starts(name, SLICE("claim_")) && name.len > 6) {
		*p = (struct piece){ .value = get_claim, .text = slice_tail(name, 6) };
		return OK;
	}
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		if (!slice_eq(slice_str(variables[i].name), name))
			continue;
		p->value = variables[i].value;
		p->encoded = variables[i].encoded;
		p->ours = variables[i].ours;
		p->shared = variables[i].shared;
		return OK;
	}
	return ERR_NOTFOUND;
}

static const char *unknown_variable(struct slice name, struct arena *a, const char *const *params)
{
	struct suggestion near;
	suggest_start(&near, arena_dup(a, name).ptr);
	for (; params && *params; params++)
		suggest_try(&near, *params);
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		suggest_try(&near, variables[i].name);
	/* Parameters have any names: only a slip in three letters is taken for one. */
	if (!near.name || near.distance * 3 > name.len)
		return "unknown variable";
	return arena_printf(a, "unknown variable (did you mean ${%s}?)", near.name);
}

/* Where the next "${" stands; the end without one. */
static size_t next_variable(struct slice text, size_t from)
{
	for (size_t i = from; i + 1 < text.len; i++)
		if (text.ptr[i] == '$' && text.ptr[i + 1] == '{')
			return i;
	return text.len;
}

int template_compile(struct slice text, struct arena *a, const char *const *params,
    const struct template **out, struct template_error *error_out)
{
	size_t most = 1;
	for (size_t i = next_variable(text, 0); i < text.len; i = next_variable(text, i + 2))
		most += 2;
	struct template *t = arena_zalloc(a, sizeof(*t) + most * sizeof(t->pieces[0]));
	struct slice copy = arena_dup(a, text);
	size_t at = 0;
	while (at < copy.len) {
		size_t dollar = next_variable(copy, at);
		if (dollar > at)
			t->pieces[t->count++].text = slice_of(copy.ptr + at, dollar - at);
		if (dollar == copy.len)
			break;
		struct slice rest = slice_tail(copy, dollar + 2);
		ptrdiff_t close = slice_find(rest, '}');
		error_out->at = dollar;
		error_out->reason = "'${' without '}'";
		if (close < 0)
			return ERR_SYNTAX;
		struct slice name = slice_head(rest, (size_t)close);
		if (set_variable(&t->pieces[t->count++], name, a, params) < 0) {
			error_out->reason = unknown_variable(name, a, params);
			return ERR_SYNTAX;
		}
		at = dollar + 2 + (size_t)close + 1;
	}
	*out = t;
	return OK;
}

static int append_value(
    struct buf *out, const struct piece *p, struct slice value, enum template_escape how)
{
	bool in_uri = how == ESCAPE_URL || how == ESCAPE_PATH;
	if (p->ours && value.len > 0 && !in_uri)
		return buf_append(out, value);
	return escape_append(out, value, p->encoded && in_uri ? ESCAPE_HEADER : how);
}

int template_expand(
    const struct template *t, const struct request *r, enum template_escape how, struct buf *out)
{
	char scratch[SCRATCH];
	for (unsigned i = 0; i < t->count; i++) {
		const struct piece *p = &t->pieces[i];
		int rc = p->value ? append_value(out, p, p->value(r, p, scratch), how)
				  : buf_append(out, p->text);
		if (rc < 0)
			return rc;
	}
	return OK;
}

bool template_is_personal(const struct template *t)
{
	for (unsigned i = 0; i < t->count; i++)
		if (t->pieces[i].value && !t->pieces[i].shared)
			return true;
	return false;
}
