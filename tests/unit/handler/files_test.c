/*
 * files_test.c - files over a fake wire: what is found, what is refused, what is sent, and what
 * happens when files change.
 */
#include "handler/files.h"

#include "../app/fake_wire.h"
#include "app/compress.h"
#include "config/core.h"
#include "handler/file_cache.h"
#include "handler/file_find.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct handler *const handlers[] = { &files_handler, NULL };
static const struct middleware *const middleware[] = { NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &files_group, &file_cache_group,
	&compress_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

enum { LARGE = 1000000 };

static void make_large(const struct fake_worker *w, const char *name, unsigned char start)
{
	static unsigned char bytes[LARGE];
	for (size_t i = 0; i < LARGE; i++)
		bytes[i] = (unsigned char)(start + i * 7 + i / 251);
	int fd = open(fake_path(w, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_int_equal(write(fd, bytes, LARGE), LARGE);
	close(fd);
}

static const char config[] =
    "sites = ( { root = \"@/www\"; routes = (\n"
    "  { path = \"/list/*\"; files = { listing = true; }; },\n"
    "  { path = \"/app/*\"; files = { root = \"@/app\"; fallback = \"/index.html\"; max_age = "
    "\"1h\"; }; },\n"
    "  { path = \"/try/*\"; files = { root = \"@/app\"; try = [ \"$path\", \"$path.html\", "
    "\"/200.html\" ]; }; },\n"
    "  { path = \"/links/*\"; files = { follow_links = true; }; },\n"
    "  { path = \"/dots/*\"; files = { hidden = true; types = ( { suffix = \".rc\"; type = "
    "\"text/x-rc\"; } ); }; },\n"
    "  { path = \"/*\"; files = { index = [ \"index.html\", \"index.txt\" ]; }; }\n"
    ") } );\n";

static void make_files(const struct fake_worker *w)
{
	char outside[512];
	fake_file(w, "secret.txt", "secret");
	fake_file(w, "www/index.html", "home");
	fake_file(w, "www/a.txt", "hello, world");
	fake_file(w, "www/empty", "");
	fake_file(w, "www/sub/index.txt", "second index");
	fake_file(w, "www/bare/x", "x");
	fake_file(w, "www/.git/config", "hidden");
	fake_file(w, "www/.well-known/acme", "token");
	fake_file(w, "www/.well-known/.git", "hidden");
	fake_file(w, "www/name with %20 ä.html", "odd");
	fake_file(w, "www/dots/.hidden.rc", "shown");
	fake_file(w, "www/list/b.txt", "b");
	fake_file(w, "app/index.html", "app");
	fake_file(w, "app/js/x.js", "script");
	fake_file(w, "app/page.html", "page");
	fake_file(w, "app/200.html", "two hundred");
	make_large(w, "www/large.bin", 1);
	snprintf(outside, sizeof(outside), "%s", fake_path(w, "secret.txt"));
	assert_int_equal(symlink(outside, fake_path(w, "www/out.txt")), 0);
	assert_int_equal(symlink("../secret.txt", fake_path(w, "www/up.txt")), 0);
	assert_int_equal(symlink("a.txt", fake_path(w, "www/in.txt")), 0);
	assert_int_equal(symlink("loop", fake_path(w, "www/loop")), 0);
	snprintf(outside, sizeof(outside), "%s", fake_path(w, "www/a.txt"));
	assert_int_equal(symlink(outside, fake_path(w, "www/around.txt")), 0);
	assert_int_equal(mkdir(fake_path(w, "www/links"), 0755), 0);
	assert_int_equal(symlink("../../secret.txt", fake_path(w, "www/links/out.txt")), 0);
	assert_int_equal(mkfifo(fake_path(w, "www/fifo"), 0644), 0);
	fake_file(w, "www/unreadable", "x");
	chmod(fake_path(w, "www/unreadable"), 0);
}

static int setup_with(void **state, bool with_loop)
{
	static struct fake_worker w;
	fake_worker_init(&w, &modules, with_loop);
	make_files(&w);
	fake_worker_config(&w, config);
	*state = &w;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, false);
}

static int setup_loop(void **state)
{
	return setup_with(state, true);
}

static int teardown(void **state)
{
	fake_worker_fini(*state);
	return 0;
}

static void get(struct fake_request *f, const struct fake_worker *w, const char *path)
{
	fake_request_init(f, w->sites, path);
	fake_request_start(f);
	if (app_worker.loop)
		fake_request_finish(f);
	assert_true(f->done || f->failed);
}

static const struct {
	const char *path;
	int status;
	const char *content; /* or where it is redirected to; NULL: whatever */
} rows[] = {
	{ "/", 200, "home" },
	{ "/index.html", 200, "home" },
	{ "/a.txt", 200, "hello, world" },
	{ "/empty", 200, "" },
	{ "/a.txt/", 404, NULL },
	{ "/a.txt/x", 404, NULL },
	{ "/nothing", 404, NULL },
	{ "/sub/", 200, "second index" },
	{ "/sub", 301, "/sub/" },
	{ "/sub?a=b&c", 301, "/sub/?a=b&c" },
	{ "/sub?", 301, "/sub/?" },
	{ "/bare/", 403, NULL },
	{ "/bare", 301, "/bare/" },
	{ "/.git/config", 404, NULL },
	{ "/.git", 404, NULL },
	{ "/.well-known/acme", 200, "token" },
	{ "/.well-known/.git", 404, NULL },
	{ "/.well-knownish", 404, NULL },
	{ "/name with %20 ä.html", 200, "odd" },
	{ "/in.txt", 200, "hello, world" },
	{ "/around.txt", 200, "hello, world" },
	{ "/out.txt", 404, NULL },
	{ "/up.txt", 404, NULL },
	{ "/loop", 404, NULL },
	{ "/links/out.txt", 200, "secret" },
	{ "/fifo", 403, NULL },
	{ "/dots/.hidden.rc", 200, "shown" },
	{ "/app/", 200, "app" },
	{ "/app/js/x.js", 200, "script" },
	{ "/app/js", 301, "/app/js/" },
	{ "/app/js/", 200, "app" },
	{ "/app/some/where", 200, "app" },
	{ "/app/js/none.js", 404, NULL },
	{ "/app", 404, NULL },
	{ "/try/page", 200, "page" },
	{ "/try/page.html", 200, "page" },
	{ "/try/none", 200, "two hundred" },
	{ "/try/js/x.js", 200, "script" },
	{ "/try/", 200, "app" },
	{ "/list/", 200, NULL },
};

static void test_rows(void **state)
{
	const struct fake_worker *w = *state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		struct fake_request f;
		size_t n = i / 2; /* each twice: read, and out of the cache */
		get(&f, w, rows[n].path);
		struct slice got = buf_peek(&f.content);
		if (f.r.response.status == 301)
			got = slice_str(fake_response_field(&f, "Location"));
		if (f.r.response.status != rows[n].status || f.starts != 1 ||
		    (rows[n].content && !slice_eq(got, slice_str(rows[n].content))))
			fail_msg("%s: %d '" SLICE_FMT "'", rows[n].path, f.r.response.status,
			    SLICE_ARG(got));
		fake_request_fini(&f);
	}
}

static void test_unreadable(void **state)
{
	struct fake_request f;
	if (geteuid() == 0)
		skip();
	get(&f, *state, "/unreadable");
	assert_int_equal(f.r.response.status, 403);
	fake_request_fini(&f);
}

static void test_fields(void **state)
{
	struct fake_request f;
	get(&f, *state, "/a.txt");
	assert_string_equal(fake_response_field(&f, "Content-Type"), "text/plain; charset=utf-8");
	assert_string_equal(fake_response_field(&f, "X-Content-Type-Options"), "nosniff");
	assert_string_equal(fake_response_field(&f, "Accept-Ranges"), "bytes");
	assert_non_null(fake_response_field(&f, "Last-Modified"));
	assert_null(fake_response_field(&f, "Cache-Control"));
	assert_int_equal(f.r.response.length, 12);
	/* As text and as pairs it is the same, but for the case of names: HTTP/2 has only one. */
	const struct field_block *block = f.r.response.block;
	char text[1024] = "";
	for (unsigned i = 0; i < block->count; i++)
		sprintf(text + strlen(text), SLICE_FMT ": " SLICE_FMT "\r\n",
		    SLICE_ARG(block->list[i].name), SLICE_ARG(block->list[i].value));
	assert_true(slice_eq_ci(block->text, slice_str(text)));
	fake_request_fini(&f);
	get(&f, *state, "/app/other");
	assert_string_equal(fake_response_field(&f, "Content-Type"), "text/html; charset=utf-8");
	assert_string_equal(fake_response_field(&f, "Cache-Control"), "max-age=3600");
	fake_request_fini(&f);
	get(&f, *state, "/dots/.hidden.rc");
	assert_string_equal(fake_response_field(&f, "Content-Type"), "text/x-rc; charset=utf-8");
	fake_request_fini(&f);
}

static void test_methods(void **state)
{
	const struct fake_worker *w = *state;
	struct fake_request f;
	fake_request_init(&f, w->sites, "/large.bin");
	fake_request_method(&f, METHOD_HEAD);
	fake_request_start(&f);
	if (app_worker.loop)
		fake_request_finish(&f);
	assert_int_equal(f.r.response.status, 200);
	assert_int_equal(f.r.response.length, LARGE);
	assert_int_equal(f.content.len, 0);
	fake_request_fini(&f);
	fake_request_init(&f, w->sites, "/a.txt");
	fake_request_method(&f, METHOD_POST);
	fake_request_start(&f);
	assert_int_equal(f.r.response.status, 405);
	assert_string_equal(fake_response_field(&f, "Allow"), "GET, HEAD, OPTIONS");
	fake_request_fini(&f);
}

static void read_large(const struct fake_worker *w, char *to)
{
	int fd = open(fake_path(w, "www/large.bin"), O_RDONLY);
	assert_int_equal(read(fd, to, LARGE), LARGE);
	close(fd);
}

static void test_ranges(void **state)
{
	static const struct {
		const char *range;
		size_t first, length;
		const char *content_range;
	} parts[] = {
		{ "bytes=0-0", 0, 1, "bytes 0-0/1000000" },
		{ "bytes=0-1", 0, 2, "bytes 0-1/1000000" },
		{ "bytes=300-500", 300, 201, "bytes 300-500/1000000" },
		{ "bytes=1000-", 1000, LARGE - 1000, "bytes 1000-999999/1000000" },
		{ "bytes=-1000", LARGE - 1000, 1000, "bytes 999000-999999/1000000" },
		{ "bytes=999990-2000000", 999990, 10, "bytes 999990-999999/1000000" },
	};
	static char large[LARGE];
	const struct fake_worker *w = *state;
	struct fake_request f;
	read_large(w, large);
	get(&f, w, "/large.bin");
	assert_int_equal(f.content.len, LARGE);
	assert_memory_equal(f.content.data, large, LARGE);
	fake_request_fini(&f);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		fake_request_init(&f, w->sites, "/large.bin");
		fake_request_field(&f, "Range", parts[i].range);
		fake_request_start(&f);
		if (app_worker.loop)
			fake_request_finish(&f);
		assert_int_equal(f.r.response.status, 206);
		assert_int_equal(f.r.response.length, parts[i].length);
		assert_int_equal(f.content.len, parts[i].length);
		assert_memory_equal(f.content.data, large + parts[i].first, parts[i].length);
		assert_string_equal(
		    fake_response_field(&f, "Content-Range"), parts[i].content_range);
		fake_request_fini(&f);
	}
}

static void ask_range(
    struct fake_request *f, const struct fake_worker *w, const char *path, const char *range)
{
	fake_request_init(f, w->sites, path);
	fake_request_field(f, "Range", range);
	fake_request_start(f);
	if (app_worker.loop)
		fake_request_finish(f);
}

static void expect_multipart(const struct fake_worker *w, const char *path, const char *type)
{
	char wanted[1024];
	struct fake_request f;
	ask_range(&f, w, path, "bytes=0-4,-3");
	if (strcmp(path, "/a.txt") == 0) { /* so short that the gap is not worth a part */
		assert_int_equal(f.r.response.status, 206);
		assert_string_equal(f.content.data, "hello, world");
		assert_string_equal(fake_response_field(&f, "Content-Range"), "bytes 0-11/12");
		fake_request_fini(&f);
		return;
	}
	const char *content_type = fake_response_field(&f, "Content-Type");
	const char *boundary = strstr(content_type, "boundary=") + 9;
	static char large[LARGE];
	read_large(w, large);
	int len = snprintf(wanted, sizeof(wanted),
	    "--%s\r\nContent-Type: %s\r\nContent-Range: bytes 0-4/1000000\r\n\r\n%.5s"
	    "\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes 999997-999999/1000000\r\n\r\n%.3s"
	    "\r\n--%s--\r\n",
	    boundary, type, large, boundary, type, large + LARGE - 3, boundary);
	assert_int_equal(f.r.response.status, 206);
	assert_true(slice_eq(buf_peek(&f.content), slice_of(wanted, (size_t)len)));
	assert_int_equal(f.r.response.length, len);
	assert_null(fake_response_field(&f, "Content-Range"));
	fake_request_fini(&f);
}

static void test_several_ranges(void **state)
{
	expect_multipart(*state, "/large.bin", "application/octet-stream");
	expect_multipart(*state, "/a.txt", "text/plain; charset=utf-8");
}

static void test_several_ranges_of_memory(void **state)
{
	const struct fake_worker *w = *state;
	struct fake_request f;
	static char text[3001];
	memset(text, 'a', 1000);
	memset(text + 1000, 'b', 1000);
	memset(text + 2000, 'c', 1000);
	fake_file(w, "www/three.txt", text);
	ask_range(&f, w, "/three.txt", "bytes=2995-,0-3");
	assert_int_equal(f.r.response.status, 206);
	assert_non_null(strstr(f.content.data, "bytes 2995-2999/3000\r\n\r\nccccc\r\n"));
	assert_non_null(strstr(f.content.data, "bytes 0-3/3000\r\n\r\naaaa\r\n"));
	assert_int_equal(f.r.response.length, f.content.len);
	fake_request_fini(&f);
}

static void test_range_refused(void **state)
{
	const struct fake_worker *w = *state;
	struct fake_request f;
	ask_range(&f, w, "/a.txt", "bytes=12-");
	assert_int_equal(f.r.response.status, 416);
	assert_string_equal(fake_response_field(&f, "Content-Range"), "bytes */12");
	fake_request_fini(&f);
	ask_range(&f, w, "/a.txt", "bytes=nonsense");
	assert_int_equal(f.r.response.status, 200);
	fake_request_fini(&f);
	fake_request_init(&f, w->sites, "/a.txt");
	fake_request_method(&f, METHOD_HEAD);
	fake_request_field(&f, "Range", "bytes=0-0");
	fake_request_start(&f);
	assert_int_equal(f.r.response.status, 200);
	assert_int_equal(f.r.response.length, 12);
	fake_request_fini(&f);
}

static void ask_with(
    struct fake_request *f, const struct fake_worker *w, const char *name, const char *value)
{
	fake_request_init(f, w->sites, "/a.txt");
	fake_request_field(f, name, value);
	fake_request_field(f, "Range", "bytes=0-4");
	fake_request_start(f);
}

static void test_conditions(void **state)
{
	const struct fake_worker *w = *state;
	struct fake_request f;
	char etag[64];
	get(&f, w, "/a.txt");
	strcpy(etag, fake_response_field(&f, "ETag"));
	fake_request_fini(&f);
	ask_with(&f, w, "If-None-Match", etag);
	assert_int_equal(f.r.response.status, 304);
	assert_string_equal(fake_response_field(&f, "ETag"), etag);
	assert_null(fake_response_field(&f, "Content-Type"));
	assert_int_equal(f.content.len, 0);
	fake_request_fini(&f);
	ask_with(&f, w, "If-Match", "\"other\"");
	assert_int_equal(f.r.response.status, 412);
	fake_request_fini(&f);
	ask_with(&f, w, "If-Range", etag);
	assert_int_equal(f.r.response.status, 206);
	assert_string_equal(f.content.data, "hello");
	fake_request_fini(&f);
	ask_with(&f, w, "If-Range", "\"other\"");
	assert_int_equal(f.r.response.status, 200);
	assert_string_equal(f.content.data, "hello, world");
	fake_request_fini(&f);
}

/* More than a second passes. */
static void make_stale(const struct fake_worker *w, const char *path)
{
	struct slice rest = slice_tail(slice_str(path), 1);
	(void)w;
	for (unsigned id = 0; id < 200; id++) {
		struct file_entry *e = file_cache_find(file_cache_hash(id, rest), id, rest);
		if (e)
			e->checked_ms -= FILE_VALID_MS;
	}
}

static void expect_now(
    const struct fake_worker *w, const char *path, int status, const char *content)
{
	struct fake_request f;
	get(&f, w, path);
	if (f.r.response.status != status || (content && strcmp(f.content.data, content) != 0))
		fail_msg("%s: %d %s", path, f.r.response.status, f.content.data);
	fake_request_fini(&f);
}

static void test_changes(void **state)
{
	const struct fake_worker *w = *state;
	char temporary[512];
	fake_file(w, "www/c.txt", "first");
	expect_now(w, "/c.txt", 200, "first");
	fake_file(w, "www/new", "second");
	strcpy(temporary, fake_path(w, "www/new"));
	assert_int_equal(rename(temporary, fake_path(w, "www/c.txt")), 0);
	expect_now(w, "/c.txt", 200, "first"); /* within its second */
	make_stale(w, "/c.txt");
	expect_now(w, "/c.txt", 200, "second");
	assert_int_equal(truncate(fake_path(w, "www/c.txt"), 3), 0);
	make_stale(w, "/c.txt");
	expect_now(w, "/c.txt", 200, "sec");
	fake_file(w, "www/c.txt", "tri"); /* of the same length */
	make_stale(w, "/c.txt");
	expect_now(w, "/c.txt", 200, "tri");
	unlink(fake_path(w, "www/c.txt"));
	make_stale(w, "/c.txt");
	expect_now(w, "/c.txt", 404, NULL);
	fake_file(w, "www/c.txt", "back");
	expect_now(w, "/c.txt", 404, NULL); /* that it is missing is known for a second, too */
	make_stale(w, "/c.txt");
	expect_now(w, "/c.txt", 200, "back");
	unlink(fake_path(w, "www/c.txt"));
	assert_int_equal(mkdir(fake_path(w, "www/c.txt"), 0755), 0);
	make_stale(w, "/c.txt");
	expect_now(w, "/c.txt", 301, NULL);
}

static void test_large_changes(void **state)
{
	const struct fake_worker *w = *state;
	char temporary[512];
	make_large(w, "www/l.bin", 1);
	expect_now(w, "/l.bin", 200, NULL);
	/* A descriptor is kept, and looked at each time: no second is waited for. */
	fake_file(w, "www/l.bin", "short");
	expect_now(w, "/l.bin", 200, "short");
	make_large(w, "www/l.bin", 2);
	make_stale(w, "/l.bin");
	expect_now(w, "/l.bin", 200, NULL);
	make_large(w, "www/other.bin", 3);
	strcpy(temporary, fake_path(w, "www/other.bin"));
	assert_int_equal(rename(temporary, fake_path(w, "www/l.bin")), 0);
	make_stale(w, "/l.bin");
	struct fake_request f;
	get(&f, w, "/l.bin");
	assert_int_equal((unsigned char)f.content.data[0], 3);
	fake_request_fini(&f);
}

static void test_promise(void **state)
{
	const struct fake_worker *w = *state;
	struct fake_request f;
	make_large(w, "www/p.bin", 1);
	fake_request_init(&f, w->sites, "/p.bin");
	fake_request_method(&f, METHOD_HEAD); /* so that the fake wire pulls nothing */
	fake_request_start(&f);
	if (app_worker.loop)
		fake_request_finish(&f);
	struct source *source = f.r.response.source;
	assert_int_equal(source->ops->pull(source, &f.conn.out, 1), PULL_MORE);
	assert_int_equal(f.conn.out.bytes, 512 << 10);
	assert_int_equal(truncate(fake_path(w, "www/p.bin"), 600000), 0);
	assert_int_equal(source->ops->pull(source, &f.conn.out, 1), PULL_ERROR);
	fake_request_fini(&f);
}

static void test_growing_log(void **state)
{
	const struct fake_worker *w = *state;
	struct fake_request f;
	make_large(w, "www/g.log", 1);
	fake_request_init(&f, w->sites, "/g.log");
	fake_request_method(&f, METHOD_HEAD);
	fake_request_start(&f);
	if (app_worker.loop)
		fake_request_finish(&f);
	struct source *source = f.r.response.source;
	assert_int_equal(source->ops->pull(source, &f.conn.out, 1), PULL_MORE);
	int fd = open(fake_path(w, "www/g.log"), O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "more", 4), 4);
	close(fd);
	assert_int_equal(source->ops->pull(source, &f.conn.out, 1), PULL_END);
	assert_int_equal(f.conn.out.bytes, LARGE);
	fake_request_fini(&f);
}

/* A response keeps what it sends from, whatever becomes of the cache. */
static void test_outlives_cache(void **state)
{
	const struct fake_worker *w = *state;
	struct file_cache_limits none = { 0 };
	struct fake_request f;
	get(&f, w, "/a.txt");
	file_cache_init(&none);
	assert_true(slice_eq(f.r.response.body, SLICE("hello, world")));
	assert_true(slice_starts(f.r.response.block->text, SLICE("ETag: ")));
	fake_request_fini(&f);
	expect_now(w, "/a.txt", 200, "hello, world"); /* and it works without */
}

/* Not in the page cache: a thread reads it, run by run. */
static void test_cold(void **state)
{
	static char large[LARGE];
	const struct fake_worker *w = *state;
	struct fake_request f;
	read_large(w, large);
	int fd = open(fake_path(w, "www/large.bin"), O_RDONLY);
	for (int round = 0; round < 3; round++) {
		fsync(fd);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		get(&f, w, "/large.bin");
		assert_true(f.done);
		assert_int_equal(f.content.len, LARGE);
		assert_memory_equal(f.content.data, large, LARGE);
		fake_request_fini(&f);
		make_stale(w, "/large.bin");
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	fake_request_init(&f, w->sites, "/large.bin");
	fake_request_start(&f);
	fake_request_fini(&f); /* gone while the thread reads */
	for (int i = 0; i < 5; i++)
		loop_turn(app_worker.loop, 10);
	close(fd);
}

static void test_gone_while_waiting(void **state)
{
	const struct fake_worker *w = *state;
	struct fake_request f, g;
	/* A link that is absolute is always looked at by a thread. */
	fake_request_init(&f, w->sites, "/around.txt");
	fake_request_init(&g, w->sites, "/around.txt");
	make_stale(w, "/around.txt");
	fake_request_start(&f);
	fake_request_start(&g);
	assert_false(f.done);
	fake_request_fini(&f); /* the peer has gone */
	fake_request_finish(&g);
	assert_string_equal(g.content.data, "hello, world");
	fake_request_fini(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_several_ranges),
		cmocka_unit_test(test_several_ranges_of_memory),
		cmocka_unit_test(test_range_refused),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_large_changes),
		cmocka_unit_test(test_promise),
		cmocka_unit_test(test_growing_log),
		cmocka_unit_test(test_outlives_cache),
	};
	const struct CMUnitTest loop_tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_several_ranges),
		cmocka_unit_test(test_cold),
		cmocka_unit_test(test_gone_while_waiting),
	};
	int failed = cmocka_run_group_tests(tests, setup, teardown);
	return failed + cmocka_run_group_tests(loop_tests, setup_loop, teardown);
}
