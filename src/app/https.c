/*
 * https.c - see https.h.
 */
#include "app/https.h"

#include "config/core.h"
#include "http/target.h"

#include <stdio.h>
#include <string.h>

enum { PORT_HTTPS = 443 };

static const struct key https_keys[] = {
	{
	    .name = "redirect_https",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct https_settings, redirect_https),
	    .def = "false",
	    .help = "whether plain HTTP is answered with a redirect to HTTPS",
	},
	KEYS_END,
};

const struct key_group https_group = {
	.scopes = SCOPE_SITE,
	.keys = https_keys,
	.size = sizeof(struct https_settings),
	.help = "HTTPS in place of HTTP",
};

unsigned https_port(const struct snapshot *s)
{
	for (size_t i = 0; i < s->listen_count; i++) {
		const struct listen_settings *l = config_settings(s->listens[i], &listen_group);
		if (l->tls != LISTEN_PLAIN && strncmp(l->address, "unix:", 5) != 0)
			return (unsigned)l->port;
	}
	return 0;
}

/* The path as it was understood, so that nothing odd gets into a header field. */
static char *secure_url(struct request *r, unsigned port)
{
	struct slice path = target_encode(r->path, &r->arena);
	char tail[16] = "";
	if (port != PORT_HTTPS)
		snprintf(tail, sizeof(tail), ":%u", port);
	return arena_printf(&r->arena, "https://" SLICE_FMT "%s" SLICE_FMT "%s" SLICE_FMT,
	    SLICE_ARG(r->host), tail, SLICE_ARG(path), r->query.ptr ? "?" : "",
	    SLICE_ARG(r->query));
}

const char *https_location(struct request *r, unsigned port, int *status_out)
{
	bool safe = r->method == METHOD_GET || r->method == METHOD_HEAD;
	if (r->host.len == 0 || r->path.len == 0 || r->path.ptr[0] != '/' || port == 0)
		return NULL;
	/* 301 lets clients change POST into GET, 308 does not; very old ones know 301 only. */
	*status_out = safe ? 301 : 308;
	return secure_url(r, port);
}

int https_redirect(struct request *r, unsigned port)
{
	int status = 0;
	const char *url = https_location(r, port, &status);
	if (!url)
		return ERR_NOTFOUND;
	r->response.status = status;
	response_add_static(r, FIELD_OTHER, SLICE("Location"), slice_str(url));
	response_set_body(r, SLICE_NONE, NULL);
	response_start(r);
	return OK;
}

void https_explain(struct request *r, unsigned port)
{
	bool known = r->host.len > 0 && r->path.len > 0 && r->path.ptr[0] == '/';
	char *text = arena_printf(&r->arena, "This port speaks HTTPS.%s%s\n", known ? " Try " : "",
	    known ? secure_url(r, port) : "");
	r->response.status = 400;
	r->response.note = "plain HTTP on a TLS port";
	response_add_static(
	    r, FIELD_CONTENT_TYPE, SLICE("Content-Type"), SLICE("text/plain; charset=utf-8"));
	response_set_body(r, slice_str(text), NULL);
	response_start(r);
}
