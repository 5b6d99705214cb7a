/*
 * compress_test.c - what passes through compress: which answers change, into what, and that nothing
 * is held back or lost on the way.
 */
#include "middleware/compress.h"

#include "../app/fake_wire.h"
#include "app/compress.h"
#include "config/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

enum { LONG = 1 << 20, PIECES_MAX = 8 };

/* What the handler of these tests answers. */
static struct {
	int status;
	const char *type;
	const char *fields[3][2];
	struct slice body;
	/* In place of the body: pieces of a stream; a NULL one: it waits. */
	const char *pieces[PIECES_MAX];
	unsigned piece_count;
	int fd; /* of a file that is the body */
	bool fails;
} answer;

static struct stream {
	struct source source;
	unsigned at;
	unsigned closed;
} stream;

static enum pull stream_pull(struct source *source, struct outq *q, size_t max)
{
	(void)source, (void)max;
	if (answer.fd > 0) {
		outq_file(q, answer.fd, 0, answer.body.len, NULL);
		return PULL_END;
	}
	if (stream.at == answer.piece_count)
		return answer.fails ? PULL_ERROR : PULL_END;
	const char *piece = answer.pieces[stream.at];
	if (!piece)
		return PULL_WAIT; /* until the test goes on */
	outq_copy(q, slice_str(piece));
	stream.at++;
	bool waits = stream.at < answer.piece_count && !answer.pieces[stream.at];
	return waits ? PULL_WAIT : PULL_MORE;
}

static void stream_close(struct source *source)
{
	(void)source;
	stream.closed++;
}

static const struct source_ops stream_ops = { stream_pull, stream_close };

static void handle(struct request *r, void *state)
{
	(void)state;
	r->response.status = answer.status;
	if (answer.type)
		response_add_static(
		    r, FIELD_CONTENT_TYPE, SLICE("Content-Type"), slice_str(answer.type));
	for (unsigned i = 0; i < 3 && answer.fields[i][0]; i++)
		assert_int_equal(
		    response_add(r, slice_str(answer.fields[i][0]), slice_str(answer.fields[i][1])),
		    OK);
	if (answer.piece_count || answer.fd > 0) {
		stream = (struct stream){ .source = { &stream_ops } };
		response_set_source(r, &stream.source, -1);
	} else {
		response_set_body(r, answer.body, NULL);
	}
	response_start(r);
}

static const struct handler test_handler = { .name = "test", .handle = handle };
static const struct handler *const handlers[] = { &test_handler, NULL };
static const struct middleware *const middleware[] = { &compress_middleware, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &compress_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static const char config[] = "compress = { codings = [ \"gzip\", \"br\", \"zstd\" ]; };\n"
			     "sites = ( { routes = (\n"
			     "  { path = \"/off\"; compress = false; handler = \"test\"; },\n"
			     "  { path = \"/gzip\"; compress = { codings = \"gzip\"; min_size = 0; "
			     "}; handler = \"test\"; },\n"
			     "  { path = \"/typed\"; compress = { types = [ \"text/*\", "
			     "\"a/b\" ]; min_size = \"2k\"; }; handler = \"test\"; },\n"
			     "  { path = \"/*\"; handler = \"test\"; }\n"
			     ") } );\n";

static char text[LONG + 1];

static int set_up(void **state)
{
	static struct fake_worker w;
	for (size_t at = 0; at < LONG; at++)
		text[at] = (char)('a' + (at * at >> 7) % 23);
	fake_worker_init(&w, &modules, true);
	fake_worker_config(&w, config);
	*state = &w;
	return 0;
}

static int tear_down(void **state)
{
	fake_worker_fini(*state);
	return 0;
}

static void answer_text(size_t len)
{
	memset(&answer, 0, sizeof(answer));
	answer.status = 200;
	answer.type = "text/html; charset=utf-8";
	answer.body = slice_of(text, len);
}

static void ask(struct fake_request *f, struct fake_worker *w, const char *path, const char *accept)
{
	fake_request_init(f, w->sites, path);
	if (accept)
		fake_request_field(f, "Accept-Encoding", accept);
}

static const char *coding_of(const struct fake_request *f)
{
	const char *coding = fake_response_field(f, "Content-Encoding");
	return coding ? coding : "none";
}

/* What a client can make of the bytes that have come so far. */
static const char *decoded(const struct fake_request *f, bool *ended_out)
{
	static char to[2 * LONG];
	z_stream z = { .next_in = (unsigned char *)f->content.data,
		.avail_in = (unsigned)f->content.len,
		.next_out = (unsigned char *)to,
		.avail_out = sizeof(to) - 1 };
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	int rc = inflate(&z, Z_SYNC_FLUSH);
	assert_true(rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR);
	*ended_out = rc == Z_STREAM_END && z.avail_in == 0;
	to[z.total_out] = '\0';
	inflateEnd(&z);
	return to;
}

static void expect_decoded(const struct fake_request *f, struct slice wanted)
{
	bool ended;
	const char *got = decoded(f, &ended);
	assert_true(ended);
	assert_int_equal(strlen(got), wanted.len);
	assert_memory_equal(got, wanted.ptr, wanted.len);
}

static void test_short_body(void **state)
{
	struct fake_request f;
	answer_text(5000);
	answer.fields[0][0] = "ETag", answer.fields[0][1] = "\"one\"";
	answer.fields[1][0] = "Accept-Ranges", answer.fields[1][1] = "bytes";
	answer.fields[2][0] = "Vary", answer.fields[2][1] = "Accept";
	ask(&f, *state, "/gzip", "gzip");
	fake_request_start(&f);
	assert_true(f.done);
	assert_null(f.r.response.source);
	assert_int_equal(f.r.response.length, f.content.len); /* so it has a Content-Length */
	assert_string_equal(coding_of(&f), "gzip");
	assert_string_equal(fake_response_field(&f, "ETag"), "W/\"one\"");
	assert_string_equal(fake_response_field(&f, "Vary"), "Accept, Accept-Encoding");
	assert_null(fake_response_field(&f, "Accept-Ranges"));
	expect_decoded(&f, answer.body);
	fake_request_fini(&f);
}

static void test_choice(void **state)
{
	static const struct {
		const char *path, *accept, *coding;
	} cases[] = {
		{ "/", "gzip;q=0.5, br;q=0, zstd;q=0", "gzip" },
		{ "/", "gzip;q=0.2, br;q=0.8", "br" },
		{ "/", "br, gzip, zstd", "zstd" }, /* the cheapest of equals */
		{ "/", "*", "zstd" },
		{ "/gzip", "br, zstd", "none" },
		{ "/", "identity, gzip;q=0", "none" },
		{ "/", NULL, "none" },
	};
	if (!coding_built_in(CODING_BR) || !coding_built_in(CODING_ZSTD))
		skip();
	answer_text(5000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fake_request f;
		ask(&f, *state, cases[i].path, cases[i].accept);
		fake_request_start(&f);
		assert_string_equal(coding_of(&f), cases[i].coding);
		assert_string_equal(fake_response_field(&f, "Vary"), "Accept-Encoding");
		if (strcmp(cases[i].coding, "none") == 0)
			assert_int_equal(f.content.len, 5000);
		fake_request_fini(&f);
	}
}

/* Asked for gzip, each of these comes as it is, and does not vary. */
static void test_never(void **state)
{
	static const struct {
		const char *path, *type, *name, *value;
		int status;
		size_t len;
	} cases[] = {
		{ "/off", "text/html", NULL, NULL, 200, 5000 },
		{ "/", NULL, NULL, NULL, 200, 5000 },
		{ "/", "image/png", NULL, NULL, 200, 5000 },
		{ "/", "text/html", NULL, NULL, 200, 1023 },
		{ "/gzip", "text/html", NULL, NULL, 200, 0 },
		{ "/", "text/html", NULL, NULL, 204, 0 },
		{ "/", "text/html", NULL, NULL, 206, 5000 },
		{ "/", "text/html", "Content-Range", "bytes 0-4999/10000", 200, 5000 },
		{ "/", "text/html", "Content-Encoding", "x-own", 200, 5000 },
		{ "/", "text/html", "Cache-Control", "public, no-transform", 200, 5000 },
		{ "/", "text/html", "Content-Digest", "sha-256=:x:", 200, 5000 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fake_request f;
		answer_text(cases[i].len);
		answer.status = cases[i].status;
		answer.type = cases[i].type;
		answer.fields[0][0] = cases[i].name;
		answer.fields[0][1] = cases[i].value;
		ask(&f, *state, cases[i].path, "gzip");
		fake_request_start(&f);
		assert_null(fake_response_field(&f, "Vary"));
		assert_int_equal(f.content.len, cases[i].len);
		fake_request_fini(&f);
	}
}

static void expect_explained(
    struct fake_worker *w, const char *path, const char *accept, const char *wanted)
{
	struct fake_request f;
	char told[128] = "";
	answer_text(5000);
	ask(&f, w, path, accept);
	fake_request_start(&f);
	const struct route *route = exchange_of(&f.r)->route;
	if (route->step_count)
		assert_int_equal(
		    compress_middleware.explain(&f.r, route->steps[0].state, told, sizeof(told)),
		    STEP_NEXT);
	assert_string_equal(told, wanted);
	fake_request_fini(&f);
}

static void test_explained(void **state)
{
	expect_explained(*state, "/typed", "br, gzip", "from 2048 bytes on: text/*, a/b");
	expect_explained(
	    *state, "/", "identity", "nothing: the client takes no coding that is made");
	expect_explained(*state, "/off", "gzip", "");
}

static void test_no_transform_of_client(void **state)
{
	struct fake_request f;
	answer_text(5000);
	ask(&f, *state, "/", "gzip");
	fake_request_field(&f, "Cache-Control", "no-transform");
	fake_request_start(&f);
	assert_string_equal(coding_of(&f), "none");
	fake_request_fini(&f);
}

static void test_head(void **state)
{
	struct fake_request f;
	answer_text(5000);
	ask(&f, *state, "/", "gzip");
	fake_request_method(&f, METHOD_HEAD);
	fake_request_start(&f);
	assert_string_equal(coding_of(&f), "gzip");
	assert_string_equal(fake_response_field(&f, "Vary"), "Accept-Encoding");
	assert_int_equal(f.r.response.length, -1);
	fake_request_fini(&f);
}

static void test_unchanged(void **state)
{
	static const struct {
		const char *held, *tag;
	} cases[] = {
		{ "W/\"one\"", "W/\"one\"" },
		{ "\"other\", W/\"one\"", "W/\"one\"" },
		{ "\"one\"", "\"one\"" },
		{ "W/\"other\"", "\"one\"" },
		{ "*", "\"one\"" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fake_request f;
		answer_text(0);
		answer.status = 304;
		answer.fields[0][0] = "ETag", answer.fields[0][1] = "\"one\"";
		ask(&f, *state, "/", "gzip");
		fake_request_field(&f, "If-None-Match", cases[i].held);
		fake_request_start(&f);
		assert_string_equal(fake_response_field(&f, "ETag"), cases[i].tag);
		fake_request_fini(&f);
	}
}

/* Longer than a share: the source rests in between, and others get their turn. */
static void test_long_body(void **state)
{
	struct fake_request f;
	answer_text(LONG);
	ask(&f, *state, "/", "gzip");
	fake_request_start(&f);
	assert_false(f.done);
	fake_request_finish(&f);
	assert_int_equal(f.r.response.length, -1);
	expect_decoded(&f, answer.body);
	fake_request_fini(&f);
}

/* The request ends while the source rests: nothing of it is touched later. */
static void test_gone_while_resting(void **state)
{
	struct fake_request f;
	answer_text(LONG);
	ask(&f, *state, "/", "gzip");
	fake_request_start(&f);
	assert_false(f.done);
	fake_request_fini(&f);
	loop_turn(app_worker.loop, 0);
}

static void test_stream(void **state)
{
	static const char *const want[] = { "data: 1\n\n", "data: 1\n\ndata: 2\n\n",
		"data: 1\n\ndata: 2\n\ndata: 3\n\n" };
	struct fake_request f;
	bool ended;
	answer_text(0);
	answer.type = "text/event-stream";
	answer.pieces[0] = "data: 1\n\n";
	answer.pieces[2] = "data: 2\n\n";
	answer.pieces[4] = "data: 3\n\n";
	answer.piece_count = 5;
	ask(&f, *state, "/", "gzip");
	fake_request_start(&f);
	for (unsigned event = 0; event < 2; event++) {
		assert_string_equal(decoded(&f, &ended), want[event]);
		size_t had = f.content.len;
		response_wake(&f.r); /* for nothing: no empty flush goes out */
		assert_int_equal(f.content.len, had);
		stream.at++; /* past the wait */
		response_wake(&f.r);
	}
	assert_true(f.done);
	assert_string_equal(decoded(&f, &ended), want[2]);
	assert_true(ended);
	assert_int_equal(stream.closed, 1);
	fake_request_fini(&f);
	assert_int_equal(stream.closed, 1);
}

static void test_stream_fails(void **state)
{
	struct fake_request f;
	answer_text(0);
	answer.pieces[0] = "some";
	answer.piece_count = 1;
	answer.fails = true;
	ask(&f, *state, "/", "gzip");
	fake_request_start(&f);
	assert_true(f.failed);
	fake_request_fini(&f);
	assert_int_equal(stream.closed, 1);
}

static void test_file_range(void **state)
{
	struct fake_request f;
	answer_text(100000);
	answer.fd = memfd_create("body", 0);
	assert_int_equal(write(answer.fd, text, 100000), 100000);
	ask(&f, *state, "/", "gzip");
	fake_request_start(&f);
	fake_request_finish(&f);
	expect_decoded(&f, answer.body);
	fake_request_fini(&f);
	assert_int_equal(ftruncate(answer.fd, 50000), 0); /* shorter than promised */
	ask(&f, *state, "/", "gzip");
	fake_request_start(&f);
	fake_request_finish(&f);
	assert_true(f.failed);
	fake_request_fini(&f);
	close(answer.fd);
}

/* Each stream holds an encoder: beyond a number they go out as they are. */
static void test_many_streams(void **state)
{
	enum { MANY = 300 };
	struct fake_request *list = calloc(MANY, sizeof(*list));
	unsigned encoded = 0;
	answer_text(0);
	answer.pieces[0] = "some";
	answer.piece_count = 2;
	for (unsigned i = 0; i < MANY; i++) {
		ask(&list[i], *state, "/", "gzip");
		fake_request_start(&list[i]);
		encoded += strcmp(coding_of(&list[i]), "gzip") == 0;
		assert_string_equal(fake_response_field(&list[i], "Vary"), "Accept-Encoding");
	}
	assert_int_equal(encoded, 256);
	for (unsigned i = 0; i < MANY; i++)
		fake_request_fini(&list[i]);
	ask(&list[0], *state, "/", "gzip");
	fake_request_start(&list[0]);
	assert_string_equal(coding_of(&list[0]), "gzip");
	fake_request_fini(&list[0]);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_body),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_explained),
		cmocka_unit_test(test_no_transform_of_client),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_unchanged),
		cmocka_unit_test(test_long_body),
		cmocka_unit_test(test_gone_while_resting),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_fails),
		cmocka_unit_test(test_file_range),
		cmocka_unit_test(test_many_streams),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
