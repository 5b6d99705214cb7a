/*
 * error_page.c - error answers in the server's own plain style: HTML for people, problem details
 * (RFC 9457) for programs, text for terminals.
 *
 * Called by handlers, middleware and engines through response_error. A site's own pages (`errors`)
 * are put in place by app/.
 */
#include "http/accept.h"
#include "http/response.h"

#include "http/request.h"
#include "http/status.h"

#include <assert.h>

enum form { FORM_HTML, FORM_JSON, FORM_TEXT, FORMS };

enum { STATUS_LAST = 599 };

/* One sentence for a person, where the phrase alone does not help. */
static const struct {
	int status;
	const char *text;
} hints[] = {
	{ 400, "The server could not make sense of this request." },
	{ 401, "This page asks for a name and a password." },
	{ 403, "This page is not for everyone." },
	{ 404, "There is nothing at this address." },
	{ 405, "This page can not be used that way." },
	{ 408, "The request took too long to arrive." },
	{ 413, "What was sent is larger than the server takes." },
	{ 414, "The address is longer than the server takes." },
	{ 421, "This connection was opened for another site. Please try again." },
	{ 429, "Too many requests came from here. Please wait a little." },
	{ 431, "The request's header fields are larger than the server takes." },
	{ 500, "Something went wrong on the server." },
	{ 501, "The server does not know how to do that." },
	{ 502, "The server behind this one gave no proper answer." },
	{ 503, "The server is busy. Please try again in a moment." },
	{ 504, "The server behind this one took too long to answer." },
	{ 507, "There is no room left on the server." },
};

static const char *hint_of(int status)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (hints[i].status == status)
			return hints[i].text;
	return "";
}

/* HTML unless the client says that it likes another form better. */
static enum form choose_form(struct request *r)
{
	struct slice accept = fields_join(&r->fields, FIELD_ACCEPT, &r->arena);
	unsigned html = accept_quality(accept, SLICE("text/html"));
	unsigned text = accept_quality(accept, SLICE("text/plain"));
	unsigned json = accept_quality(accept, SLICE("application/problem+json"));
	unsigned plain_json = accept_quality(accept, SLICE("application/json"));

	if (plain_json > json)
		json = plain_json;
	if (html >= json && html >= text)
		return FORM_HTML;
	return json >= text ? FORM_JSON : FORM_TEXT;
}

static const char page[] = "<!doctype html>\n"
			   "<html lang=\"en\">\n"
			   "<meta charset=\"utf-8\">\n"
			   "<meta name=\"viewport\" content=\"width=device-width\">\n"
			   "<meta name=\"color-scheme\" content=\"light dark\">\n"
			   "<title>%d %s</title>\n"
			   "<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:34em;"
			   "margin:15vh auto;padding:0 1em}h1{font-weight:500}</style>\n"
			   "<h1>%d %s</h1>\n"
			   "<p>%s</p>\n";

/* All that is put in is our own text, without a character that HTML or JSON would want escaped. */
static struct slice build(struct arena *a, int status, enum form form, const char *detail)
{
	const char *phrase = status_reason(status);
	const char *text;

	if (form == FORM_HTML)
		text = arena_printf(a, page, status, phrase, status, phrase, detail);
	else if (form == FORM_JSON)
		text = arena_printf(a,
		    "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d%s%s%s}\n", phrase,
		    status, *detail ? ",\"detail\":\"" : "", detail, *detail ? "\"" : "");
	else
		text = arena_printf(a, "%d %s\n%s%s", status, phrase, detail, *detail ? "\n" : "");
	return slice_str(text);
}

/* Made when first asked for and kept: a scan for holes in a site costs a thousand 404s a second. */
static struct slice usual_answer(int status, enum form form)
{
	static struct slice made[FORMS][STATUS_LAST + 1];
	static struct arena arena;
	struct slice *answer = &made[form][status];

	if (!answer->ptr)
		*answer = build(&arena, status, form, hint_of(status));
	return *answer;
}

/*
 * The note is shown where the engine itself refuses: what was wrong with the message. A handler's
 * note may speak of the configuration and is for the log.
 */
static struct slice choose_answer(struct request *r, int status, enum form form, const char *note)
{
	if (r->app == NULL && note)
		return build(&r->arena, status, form, note);
	return usual_answer(status, form);
}

void response_error(struct request *r, int status, const char *note)
{
	static const struct slice types[] = {
		[FORM_HTML] = { "text/html; charset=utf-8", 24 },
		[FORM_JSON] = { "application/problem+json", 24 },
		[FORM_TEXT] = { "text/plain; charset=utf-8", 25 },
	};
	enum form form = choose_form(r);

	assert(status >= 0 && status <= STATUS_LAST);
	r->response.status = status;
	r->response.note = note;
	r->response.plain_error = true;
	r->response.block = NULL;
	fields_remove_name(&r->response.fields, SLICE("Content-Type"));
	response_add_static(r, FIELD_CONTENT_TYPE, SLICE("Content-Type"), types[form]);
	response_add_static(r, FIELD_OTHER, SLICE("Vary"), SLICE("Accept"));
	response_set_body(r, choose_answer(r, status, form, note), NULL);
	response_start(r);
}
