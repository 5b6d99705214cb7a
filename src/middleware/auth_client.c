/*
 * auth_client.c - a client certificate that the handshake has verified, where the site asks for one
 * without insisting (tls.verify = "optional"). The user is its common name.
 */
#include "middleware/auth_way.h"

#include "base/number.h"
#include "net/transport.h"
#include "tls/settings.h"

#include <stdio.h>

static void check(
    const struct config_scope *scope, const struct auth_settings *s, struct config_report *report)
{
	const struct tls_settings *tls = tls_settings(scope);
	bool asks = tls->client_ca && tls->verify != TLS_VERIFY_OFF;
	(void)s;
	/* At the top of the file it is for sites that may have an authority each. */
	if (!asks && scope->kind != SCOPE_GLOBAL && !config_mistaken(scope, &tls_group, NULL))
		report_mistake(report, config_place(scope, &auth_group, "client"),
		    "auth.client: the site asks nobody for a certificate (say client_ca and verify "
		    "= "
		    "\"optional\" in "
		    "its tls)");
}

static void prepare(struct auth *auth, struct arena *a)
{
	(void)auth, (void)a;
}

/* The next attribute of a name: up to a "," or "+" that no backslash stands before. */
static struct slice next_attribute(struct slice *rest)
{
	size_t i = 0;
	while (i < rest->len && rest->ptr[i] != ',' && rest->ptr[i] != '+')
		i += rest->ptr[i] == '\\' ? 2 : 1;
	struct slice attribute = slice_head(*rest, i);
	*rest = i < rest->len ? slice_tail(*rest, i + 1) : SLICE_NONE;
	return attribute;
}

/* RFC 4514 section 2.4: a backslash before two hexadecimal digits, or the character itself. */
static struct slice unescape(struct slice s, struct arena *a)
{
	char *out = arena_bytes(a, s.len + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '\\' || i + 1 == s.len) {
			out[n++] = s.ptr[i];
			continue;
		}
		uint64_t byte;
		if (number_parse_hex(slice_head(slice_tail(s, i + 1), 2), 255, &byte) == OK &&
		    i + 2 < s.len) {
			out[n++] = (char)byte;
			i += 2;
		} else {
			out[n++] = s.ptr[++i];
		}
	}
	return slice_of(out, n);
}

/* The common name; of a certificate without one, the whole subject. */
static struct slice user_of(struct request *r)
{
	struct slice subject = slice_str(r->security->client), rest = subject;
	while (rest.ptr) {
		struct slice attribute = next_attribute(&rest);
		if (slice_starts(attribute, SLICE("CN=")))
			return unescape(slice_tail(attribute, 3), &r->arena);
	}
	return subject;
}

static bool has_certificate(const struct request *r)
{
	return r->security && r->security->client;
}

static enum step enter(struct request *r, const struct auth *auth)
{
	if (has_certificate(r))
		return auth_admit(r, auth, user_of(r)) ? STEP_NEXT : STEP_ANSWERED;
	/* There is nothing that a client could send now: it would have to come again. */
	response_error(r, 403, "no client certificate");
	return STEP_ANSWERED;
}

static enum step explain(struct request *r, const struct auth *auth, char *text_out, size_t room)
{
	bool shown = has_certificate(r);
	if (shown && auth_permits(auth, user_of(r)))
		return STEP_NEXT;
	r->response.status = 403;
	snprintf(text_out, room, "403: %s",
	    shown ? "the certificate's user is not in auth.require" : "no client certificate");
	return STEP_ANSWERED;
}

const struct auth_way auth_client_way = {
	.check = check,
	.prepare = prepare,
	.enter = enter,
	.explain = explain,
};
