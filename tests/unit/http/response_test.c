/*
 * response_test.c - responses over a fake wire: fields, content that takes the place of other
 * content, error answers by Accept.
 */
#include "http/accept.h"
#include "http/app.h"
#include "http/server.h"
#include "http/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above */
#include <cmocka.h>
#include <stdio.h>

static struct {
	unsigned starts, wakes, interims, responses, read_bodies, read_ons, sources_closed;
	unsigned owners_gone;
} seen;

static void on_start(struct request *r)
{
	assert_true(r->response.started);
	seen.starts++;
}

static void on_wake(struct request *r)
{
	(void)r;
	seen.wakes++;
}

static void on_interim(struct request *r, int status, const struct fields *fields)
{
	(void)r;
	(void)fields;
	assert_int_equal(status, 103);
	seen.interims++;
}

static void on_read_body(struct request *r)
{
	assert_non_null(r->sink);
	seen.read_bodies++;
}

static void on_read_on(struct request *r)
{
	(void)r;
	seen.read_ons++;
}

static const struct wire wire = {
	.name = "fake",
	.start = on_start,
	.wake = on_wake,
	.interim = on_interim,
	.read_body = on_read_body,
	.read_on = on_read_on,
};

static void on_response(struct request *r)
{
	assert_int_equal(seen.starts, 0);
	(void)r;
	seen.responses++;
}

static const struct app app = { .on_response = on_response };

static struct request request;

static int setup(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	memset(&request, 0, sizeof(request));
	request.wire = &wire;
	request.app = &app;
	request.version = HTTP_1_1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	response_fini(&request);
	arena_fini(&request.arena);
	return 0;
}

static void on_owner_gone(struct owner *o)
{
	(void)o;
	seen.owners_gone++;
}

static void on_source_close(struct source *s)
{
	(void)s;
	seen.sources_closed++;
}

static const struct source_ops source_ops = { .close = on_source_close };

static void test_fields_are_checked(void **state)
{
	static const struct {
		const char *name, *value;
		int rc;
	} rows[] = {
		{ "X-A", "b", OK },
		{ "X-A", "", OK },
		{ "X-A", "b\tc \303\251", OK },
		{ "", "b", ERR_SYNTAX },
		{ "X A", "b", ERR_SYNTAX },
		{ "X-A:", "b", ERR_SYNTAX },
		{ "X-A", "b\r\nX-B: c", ERR_SYNTAX },
		{ "X-A", "b\nc", ERR_SYNTAX },
		{ "X-A", "b\rc", ERR_SYNTAX },
		{ "X-A\r\n", "b", ERR_SYNTAX },
		{ "X-A", "\001", ERR_SYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    response_add(&request, slice_str(rows[i].name), slice_str(rows[i].value)),
		    rows[i].rc);
	assert_int_equal(response_add(&request, SLICE("X-A"), SLICE("b\0c")), ERR_SYNTAX);
	assert_int_equal(request.response.fields.count, 3);
}

static void test_fields_are_copied(void **state)
{
	char name[] = "date", value[] = "b";

	(void)state;
	assert_int_equal(response_add(&request, slice_str(name), slice_str(value)), OK);
	name[0] = value[0] = 'x';
	assert_true(slice_eq(fields_get(&request.response.fields, FIELD_DATE), SLICE("b")));
}

static void test_start(void **state)
{
	(void)state;
	request.response.status = 200;
	response_set_body(&request, SLICE("hello"), NULL);
	response_start(&request);
	assert_int_equal(request.response.length, 5);
	assert_int_equal(seen.responses, 1);
	assert_int_equal(seen.starts, 1);
	response_wake(&request);
	assert_int_equal(seen.wakes, 1);
}

static void test_content_takes_the_place_of_content(void **state)
{
	struct owner owner = { .refs = 1, .on_last = on_owner_gone };
	struct source source = { &source_ops };

	(void)state;
	response_set_body(&request, SLICE("a"), &owner);
	assert_int_equal(owner.refs, 2);
	response_set_body(&request, SLICE("b"), &owner);
	assert_int_equal(owner.refs, 2);
	response_set_source(&request, &source, -1);
	assert_int_equal(owner.refs, 1);
	assert_int_equal(request.response.length, -1);
	response_set_body(&request, SLICE("c"), NULL);
	assert_int_equal(seen.sources_closed, 1);
	response_set_body(&request, SLICE("d"), &owner);
	owner_release(&owner);
	assert_int_equal(seen.owners_gone, 0);
	response_fini(&request);
	assert_int_equal(seen.owners_gone, 1);
}

static void test_interim(void **state)
{
	(void)state;
	response_interim(&request, 103, NULL);
	assert_int_equal(seen.interims, 1);
	request.version = HTTP_1_0;
	response_interim(&request, 103, NULL);
	assert_int_equal(seen.interims, 1);
}

static void test_body(void **state)
{
	struct sink sink = { NULL };

	(void)state;
	request_read_body(&request, &sink);
	request_read_on(&request);
	assert_int_equal(seen.read_bodies, 1);
	assert_int_equal(seen.read_ons, 1);
}

/* What the client accepts, and the type of the error answer it gets. */
static void test_error_forms(void **state)
{
	static const struct {
		const char *accept, *type, *begins;
	} rows[] = {
		{ NULL, "text/html; charset=utf-8", "<!doctype html>" },
		{ "*/*", "text/html; charset=utf-8", "<!doctype html>" },
		{ "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8", "<!d" },
		{ "application/json", "application/problem+json", "{\"type\":\"about:blank\"," },
		{ "application/problem+json", "application/problem+json", "{" },
		{ "application/*", "application/problem+json", "{" },
		{ "application/json, text/html;q=0.9", "application/problem+json", "{" },
		{ "application/json;q=0.5, text/html", "text/html; charset=utf-8", "<" },
		{ "text/plain", "text/plain; charset=utf-8", "404 Not Found\n" },
		{ "text/plain, */*;q=0.1", "text/plain; charset=utf-8", "404" },
		{ "image/png", "text/html; charset=utf-8", "<" },
		{ "text/html;q=0, */*", "application/problem+json", "{" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setup(state);
		if (rows[i].accept)
			fields_add(&request.fields, &request.arena, FIELD_ACCEPT, SLICE("Accept"),
			    slice_str(rows[i].accept));
		response_error(&request, 404, "why");
		const struct response *response = &request.response;
		assert_int_equal(response->status, 404);
		assert_string_equal(response->note, "why");
		assert_true(slice_eq(
		    fields_get(&response->fields, FIELD_CONTENT_TYPE), slice_str(rows[i].type)));
		assert_true(slice_starts(response->body, slice_str(rows[i].begins)));
		assert_null(memmem(response->body.ptr, response->body.len, "why", 3));
		teardown(state);
	}
	setup(state);
}

/* An engine that refuses says what was wrong with the message; it has no app. */
static void test_error_of_the_engine(void **state)
{
	(void)state;
	request.app = NULL;
	response_error(&request, 400, "no Host field (RFC 9112 3.2)");
	struct slice body = request.response.body;
	assert_non_null(memmem(body.ptr, body.len, "no Host field", 13));
	assert_int_equal(seen.starts, 1);
}

static void test_error_keeps_fields(void **state)
{
	(void)state;
	assert_int_equal(response_add(&request, SLICE("Allow"), SLICE("GET")), OK);
	assert_int_equal(response_add(&request, SLICE("Content-Type"), SLICE("image/png")), OK);
	response_error(&request, 405, NULL);
	const struct fields *f = &request.response.fields;
	assert_true(slice_eq(fields_get_name(f, SLICE("allow")), SLICE("GET")));
	assert_int_equal(fields_count(f, FIELD_CONTENT_TYPE), 1);
	assert_true(slice_eq(fields_get_name(f, SLICE("vary")), SLICE("Accept")));
}

static void test_accept(void **state)
{
	static const struct {
		const char *accept, *type;
		unsigned quality;
	} rows[] = {
		{ "", "text/html", 1000 },
		{ "text/html", "text/html", 1000 },
		{ "TEXT/HTML", "text/html", 1000 },
		{ "text/html", "text/plain", 0 },
		{ "text/*;q=0.5", "text/plain", 500 },
		{ "*/*;q=0.1", "text/plain", 100 },
		{ "*/*, text/*;q=0.2, text/html;q=0.3", "text/html", 300 },
		{ "text/html;q=0.3, text/*;q=0.9", "text/html", 300 },
		{ "text/html; level=1; q=0.25", "text/html", 250 },
		{ "text/html;q=1.000", "text/html", 1000 },
		{ "text/html;q=0.001", "text/html", 1 },
		{ "text/html;q=1.001", "text/html", 0 },
		{ "text/html;q=2", "text/html", 0 },
		{ "text/html;q=", "text/html", 0 },
		{ "text/html;q=.5", "text/html", 0 },
		{ "text/html;q=0.1234", "text/html", 0 },
		{ "text", "text/html", 0 },
		{ "*", "text/html", 0 },
		{ "tex*/html", "text/html", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(accept_quality(slice_str(rows[i].accept), slice_str(rows[i].type)),
		    rows[i].quality);
}

static const char *vary(void)
{
	static char text[64];
	snprintf(text, sizeof(text), SLICE_FMT,
	    SLICE_ARG(fields_get_name(&request.response.fields, SLICE("Vary"))));
	return text;
}

static void test_vary(void **state)
{
	(void)state;
	response_vary(&request, SLICE("Accept"));
	assert_string_equal(vary(), "Accept");
	response_vary(&request, SLICE("accept"));
	assert_string_equal(vary(), "Accept");
	response_vary(&request, SLICE("Accept-Encoding"));
	response_vary(&request, SLICE("Origin"));
	assert_string_equal(vary(), "Accept, Accept-Encoding, Origin");
	assert_int_equal(request.response.fields.count, 1);
}

static void test_vary_by_everything(void **state)
{
	(void)state;
	response_add_static(&request, FIELD_OTHER, SLICE("vary"), SLICE("*"));
	response_vary(&request, SLICE("Accept"));
	assert_string_equal(vary(), "*");
}

static void test_answers_to_newcomers(void **state)
{
	const struct slice *const answers[] = { &http_busy_answer, &http_address_answer };

	(void)state;
	http_answers_set_time(784111777);
	for (int i = 0; i < 2; i++) {
		struct slice answer = *answers[i];
		const char *body = memmem(answer.ptr, answer.len, "\r\n\r\n", 4);
		assert_non_null(body);
		assert_int_equal(answer.ptr + answer.len - (body + 4), 44);
		assert_non_null(memmem(answer.ptr, answer.len, "\r\nContent-Length: 44\r\n", 22));
		assert_non_null(memmem(
		    answer.ptr, answer.len, "\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 39));
	}
	assert_true(slice_starts(http_busy_answer, SLICE("HTTP/1.1 503 ")));
	assert_true(slice_starts(http_address_answer, SLICE("HTTP/1.1 429 ")));
}

static const struct field block_list[] = {
	{ { "etag", 4 }, { "\"a:b\"", 5 }, FIELD_OTHER },
	{ { "vary", 4 }, { "Accept-Encoding", 15 }, FIELD_OTHER },
	{ { "content-type", 12 }, { "text/css", 8 }, FIELD_CONTENT_TYPE },
};
#define BLOCK_TEXT "ETag: \"a:b\"\r\nVary: Accept-Encoding\r\nContent-Type: text/css\r\n"
static const struct field_block block = {
	.text = { BLOCK_TEXT, sizeof(BLOCK_TEXT) - 1 },
	.list = block_list,
	.count = 3,
};

static void expect_fields(const char *wanted)
{
	char got[512] = "";
	size_t len = 0;
	for (unsigned i = 0; i < request.response.fields.count; i++) {
		const struct field *f = &request.response.fields.list[i];
		assert_int_equal(f->id, field_find_id(f->name));
		len += (size_t)snprintf(got + len, sizeof(got) - len, SLICE_FMT ": " SLICE_FMT "\n",
		    SLICE_ARG(f->name), SLICE_ARG(f->value));
	}
	assert_string_equal(got, wanted);
}

/* Ready-made fields stay together until one of them has to change. */
static void test_block_is_taken_apart(void **state)
{
	(void)state;
	request.response.block = &block;
	response_add_static(&request, FIELD_OTHER, SLICE("X-A"), SLICE("b"));
	response_remove(&request, SLICE("x-none"));
	assert_ptr_equal(request.response.block, &block);
	response_remove(&request, SLICE("x-a"));
	assert_ptr_equal(request.response.block, &block);
	response_add_static(&request, FIELD_OTHER, SLICE("X-A"), SLICE("b"));
	response_replace(&request, FIELD_CONTENT_TYPE, SLICE("Content-Type"), SLICE("text/plain"));
	assert_null(request.response.block);
	expect_fields("ETag: \"a:b\"\nVary: Accept-Encoding\nX-A: b\nContent-Type: text/plain\n");
}

static void test_vary_of_a_block(void **state)
{
	(void)state;
	request.response.block = &block;
	response_vary(&request, SLICE("accept-encoding"));
	assert_ptr_equal(request.response.block, &block);
	response_vary(&request, SLICE("Origin"));
	expect_fields("ETag: \"a:b\"\nVary: Accept-Encoding, Origin\nContent-Type: text/css\n");
}

static void test_server_is_another(void **state)
{
	(void)state;
	assert_false(request.response.own_server);
	response_remove(&request, SLICE("server"));
	assert_true(request.response.own_server);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_fields_are_checked),
		CASE(test_block_is_taken_apart),
		CASE(test_vary_of_a_block),
		CASE(test_server_is_another),
		CASE(test_fields_are_copied),
		CASE(test_start),
		CASE(test_content_takes_the_place_of_content),
		CASE(test_interim),
		CASE(test_body),
		CASE(test_error_forms),
		CASE(test_error_of_the_engine),
		CASE(test_error_keeps_fields),
		CASE(test_accept),
		CASE(test_vary),
		CASE(test_vary_by_everything),
		CASE(test_answers_to_newcomers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
