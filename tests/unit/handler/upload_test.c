/*
 * upload_test.c - uploads over a fake wire: what is stored, what is refused, and that nothing is
 * ever seen of what is not whole.
 *
 * All of it is run three times: in the loop, with threads, and on a file system that has no files
 * without names (a filter makes the kernel say so).
 */
#include "handler/upload.h"

#include "../app/fake_wire.h"
#include "app/auth.h"
#include "app/chain.h"
#include "app/compress.h"
#include "app/guard.h"
#include "config/core.h"
#include "handler/file_hidden.h"
#include "handler/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct handler *const handlers[] = { &files_handler, NULL };
static const struct middleware *const middleware[] = { NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &files_group, &file_cache_group,
	&compress_group, &access_group, &auth_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

static const char config[] =
    "sites = ( { root = \"@/www\"; routes = (\n"
    "  { path = \"/read/*\"; files = { root = \"@/www\"; }; },\n"
    "  { path = \"/list/*\"; files = { root = \"@/www\"; listing = true; hidden = true; }; },\n"
    "  { path = \"/app/*\"; files = { root = \"@/app\"; write = true; write_open = true; }; },\n"
    "  { path = \"/dots/*\"; files = { write = true; write_open = true; hidden = true; }; },\n"
    "  { path = \"/links/*\"; files = { write = true; write_open = true; follow_links = true; }; "
    "},\n"
    "  { path = \"/*\"; files = { write = true; write_open = true; }; }\n"
    ") } );\n";

static bool with_threads, without_tmpfile;

static void make_link(const struct fake_worker *w, const char *to, const char *name)
{
	assert_int_equal(symlink(to, fake_path(w, name)), 0);
}

static int setup(void **state)
{
	static struct fake_worker w;
	fake_worker_init(&w, &modules, with_threads);
	fake_file(&w, "outside/x.txt", "outside");
	fake_file(&w, "app/x", "app");
	fake_file(&w, "www/index.html", "home");
	fake_file(&w, "www/a.txt", "first");
	fake_file(&w, "www/sub/x.txt", "x");
	fake_file(&w, "www/dots/x", "x");
	fake_file(&w, "www/links/x", "x");
	fake_file(&w, "www/.well-known/x", "x");
	fake_file(&w, "www/.git/config", "hidden");
	make_link(&w, "a.txt", "www/link.txt");
	make_link(&w, "nowhere", "www/dangling");
	make_link(&w, "sub", "www/sublink");
	make_link(&w, "../outside/x.txt", "www/out.txt");
	make_link(&w, "../outside", "www/up");
	make_link(&w, "../../outside", "www/links/up");
	assert_int_equal(mkfifo(fake_path(&w, "www/fifo"), 0644), 0);
	fake_worker_config(&w, config);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	fake_worker_fini(*state);
	return 0;
}

/* A request with content, and who sends it. Tests have it in static memory: one that fails leaves
 * uploads behind that still know it. */
struct client {
	struct fake_request f; /* the first member */
	struct slice left;     /* to be sent */
	size_t piece;          /* at once */
	bool asked;            /* for the content */
	bool full;             /* told to wait */
	bool ended;
	unsigned waits; /* how often */
};

static void on_read_body(struct request *r)
{
	((struct client *)CONTAINER_OF(r, struct fake_request, r))->asked = true;
}

static void on_read_on(struct request *r)
{
	((struct client *)CONTAINER_OF(r, struct fake_request, r))->full = false;
}

static struct wire wire;

static void client_init(struct client *c, const struct fake_worker *w, enum http_method method,
    const char *path, struct slice content)
{
	*c = (struct client){ .piece = 16384 };
	fake_request_init(&c->f, w->sites, path);
	fake_request_method(&c->f, method);
	wire = *c->f.r.wire;
	wire.read_body = on_read_body;
	wire.read_on = on_read_on;
	c->f.r.wire = &wire;
	c->f.r.content_length = (int64_t)content.len;
	c->left = content;
}

static bool client_sends(struct client *c)
{
	struct request *r = &c->f.r;
	if (!c->asked || c->full || c->ended || !r->sink)
		return false;
	if (c->left.len == 0) {
		c->ended = true;
		chain_app.on_end(r);
		return true;
	}
	size_t most = c->piece < c->left.len ? c->piece : c->left.len;
	c->full = true; /* unless read_on is called meanwhile */
	size_t taken = chain_app.on_body(r, slice_head(c->left, most));
	c->left = slice_tail(c->left, taken);
	c->full &= taken < most;
	c->waits += c->full;
	return true;
}

static void client_start(struct client *c)
{
	chain_app.on_head(&c->f.r);
}

static void turn(void)
{
	if (app_worker.loop)
		loop_turn(app_worker.loop, 10);
}

static void client_finish(struct client *c)
{
	for (int i = 0; i < 5000 && !c->f.done && !c->f.failed; i++)
		if (!client_sends(c))
			turn();
	assert_true(c->f.done);
	assert_int_equal(c->f.starts, 1);
}

static void client_fini(struct client *c)
{
	fake_request_fini(&c->f);
}

/* Sends it all; the client is still to be given back. */
static int run(struct client *c)
{
	client_start(c);
	client_finish(c);
	return c->f.r.response.status;
}

static int send_one(
    const struct fake_worker *w, enum http_method method, const char *path, const char *content)
{
	static struct client c;
	client_init(&c, w, method, path, slice_str(content));
	int status = run(&c);
	client_fini(&c);
	return status;
}

static void assert_get(const struct fake_worker *w, const char *path, int status, const char *text)
{
	static struct client c;
	client_init(&c, w, METHOD_GET, path, SLICE_NONE);
	int got = run(&c);
	if (got != status || (text && !slice_eq(buf_peek(&c.f.content), slice_str(text))))
		fail_msg("%s: %d '" SLICE_FMT "'", path, got, SLICE_ARG(buf_peek(&c.f.content)));
	client_fini(&c);
}

static void assert_file(const struct fake_worker *w, const char *name, const char *content)
{
	char text[64] = "";
	int fd = open(fake_path(w, name), O_RDONLY | O_NOFOLLOW);
	if (fd < 0)
		fail_msg("%s: %s", name, strerror(errno));
	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	close(fd);
	assert_string_equal(text, content);
}

static bool is_there(const struct fake_worker *w, const char *name)
{
	struct stat st;
	return lstat(fake_path(w, name), &st) == 0;
}

/* Names in a directory but "." and ".."; those of uploads under way in *scratch_out. */
static unsigned count_names(const struct fake_worker *w, const char *name, unsigned *scratch_out)
{
	DIR *dir = opendir(fake_path(w, name));
	struct dirent *entry;
	unsigned count = 0;
	*scratch_out = 0;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		count++;
		*scratch_out += strncmp(entry->d_name, SCRATCH_PREFIX, strlen(SCRATCH_PREFIX)) == 0;
	}
	closedir(dir);
	return count - 2;
}

static void assert_no_scratch(const struct fake_worker *w, const char *name)
{
	unsigned scratch;
	count_names(w, name, &scratch);
	assert_int_equal(scratch, 0);
}

/* What is given up is cleared away by a thread. */
static void wait_for_no_scratch(const struct fake_worker *w, const char *name)
{
	unsigned scratch = 1;
	for (int i = 0; i < 500 && scratch; i++) {
		turn();
		count_names(w, name, &scratch);
	}
	assert_int_equal(scratch, 0);
}

static const struct {
	enum http_method method;
	const char *path;
	int status;
	const char *name; /* of the file that is looked at then */
	const char *content;
} rows[] = {
	{ METHOD_PUT, "/new.txt", 201, "www/new.txt", "sent" },
	{ METHOD_PUT, "/a.txt", 204, "www/a.txt", "sent" },
	{ METHOD_POST, "/new.txt", 201, "www/new.txt", "sent" },
	{ METHOD_POST, "/a.txt", 204, "www/a.txt", "sent" },
	{ METHOD_PUT, "/sub/y.txt", 201, "www/sub/y.txt", "sent" },
	{ METHOD_PUT, "/sublink/y.txt", 201, "www/sub/y.txt", "sent" },
	{ METHOD_PUT, "/name with %20 ä", 201, "www/name with %20 ä", "sent" },
	{ METHOD_PUT, "/app/x", 204, "app/x", "sent" },
	{ METHOD_PUT, "/app/y", 201, "app/y", "sent" },
	/* links: replaced, and never a way out */
	{ METHOD_PUT, "/link.txt", 204, "www/link.txt", "sent" },
	{ METHOD_PUT, "/link.txt", 204, "www/a.txt", "first" },
	{ METHOD_PUT, "/dangling", 201, "www/dangling", "sent" },
	{ METHOD_PUT, "/out.txt", 201, "www/out.txt", "sent" },
	{ METHOD_PUT, "/out.txt", 201, "outside/x.txt", "outside" },
	{ METHOD_PUT, "/up/x.txt", 409, "outside/x.txt", "outside" },
	{ METHOD_PUT, "/links/up/x.txt", 409, "outside/x.txt", "outside" },
	{ METHOD_DELETE, "/links/up/x.txt", 404, "outside/x.txt", "outside" },
	{ METHOD_DELETE, "/out.txt", 404, "outside/x.txt", "outside" },
	{ METHOD_DELETE, "/up/x.txt", 404, "outside/x.txt", "outside" },
	{ METHOD_DELETE, "/link.txt", 204, "www/a.txt", "first" },
	{ METHOD_DELETE, "/link.txt", 204, "www/link.txt", NULL },
	/* no files */
	{ METHOD_PUT, "/", 409, NULL, NULL },
	{ METHOD_PUT, "/sub", 409, "www/sub/x.txt", "x" },
	{ METHOD_PUT, "/sub/", 409, "www/sub/x.txt", "x" },
	{ METHOD_PUT, "/sublink", 409, "www/sub/x.txt", "x" },
	{ METHOD_PUT, "/none/", 409, "www/none", NULL },
	{ METHOD_PUT, "/none/x", 409, "www/none", NULL },
	{ METHOD_PUT, "/a.txt/x", 409, "www/a.txt", "first" },
	{ METHOD_PUT, "/fifo", 403, NULL, NULL },
	{ METHOD_PUT, "/line\nend", 400, NULL, NULL },
	{ METHOD_PUT, "/app/", 409, NULL, NULL },
	/* hidden */
	{ METHOD_PUT, "/.htaccess", 404, "www/.htaccess", NULL },
	{ METHOD_PUT, "/.git/config", 404, "www/.git/config", "hidden" },
	{ METHOD_PUT, "/sub/.x", 404, "www/sub/.x", NULL },
	{ METHOD_DELETE, "/.git/config", 404, "www/.git/config", "hidden" },
	{ METHOD_PUT, "/.well-known/y", 201, "www/.well-known/y", "sent" },
	{ METHOD_PUT, "/dots/.y", 201, "www/dots/.y", "sent" },
	{ METHOD_PUT, "/dots/" SCRATCH_PREFIX "1", 404, "www/dots/" SCRATCH_PREFIX "1", NULL },
	/* removal */
	{ METHOD_DELETE, "/a.txt", 204, "www/a.txt", NULL },
	{ METHOD_DELETE, "/none", 404, NULL, NULL },
	{ METHOD_DELETE, "/none/x", 404, NULL, NULL },
	{ METHOD_DELETE, "/sub", 409, "www/sub/x.txt", "x" },
	{ METHOD_DELETE, "/sub/", 409, "www/sub/x.txt", "x" },
	{ METHOD_DELETE, "/sublink", 409, "www/sub/x.txt", "x" },
	{ METHOD_DELETE, "/fifo", 403, "www/a.txt", "first" },
	{ METHOD_DELETE, "/dangling", 404, NULL, NULL },
	{ METHOD_DELETE, "/", 409, NULL, NULL },
	/* not permitted */
	{ METHOD_PUT, "/read/a.txt", 405, "www/a.txt", "first" },
	{ METHOD_POST, "/read/a.txt", 405, "www/a.txt", "first" },
	{ METHOD_DELETE, "/read/a.txt", 405, "www/a.txt", "first" },
	{ METHOD_PATCH, "/a.txt", 405, "www/a.txt", "first" },
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct fake_worker *w = *state;
		int status = send_one(w, rows[i].method, rows[i].path, "sent");
		if (status != rows[i].status)
			fail_msg("row %zu, %s: %d", i, rows[i].path, status);
		if (rows[i].name && rows[i].content)
			assert_file(w, rows[i].name, rows[i].content);
		else if (rows[i].name && is_there(w, rows[i].name))
			fail_msg("row %zu: there is %s", i, rows[i].name);
		wait_for_no_scratch(w, "www");
		teardown(state);
		setup(state);
	}
}

static void test_allow(void **state)
{
	static const char *const allowed[][2] = {
		{ "/read/a.txt", "GET, HEAD, OPTIONS" },
		{ "/a.txt", "GET, HEAD, POST, PUT, DELETE, OPTIONS" },
	};
	for (size_t i = 0; i < 2; i++) {
		static struct client c;
		client_init(&c, *state, METHOD_OPTIONS, allowed[i][0], SLICE_NONE);
		assert_int_equal(run(&c), 204);
		assert_string_equal(fake_response_field(&c.f, "Allow"), allowed[i][1]);
		client_fini(&c);
	}
}

/* The answer to one GET, PUT or DELETE with a field. */
static int with_field(const struct fake_worker *w, enum http_method method, const char *path,
    const char *name, const char *value)
{
	static struct client c;
	client_init(&c, w, method, path, SLICE("conditional"));
	fake_request_field(&c.f, name, value);
	int status = run(&c);
	if (status >= 400)
		assert_false(c.asked); /* without a 100 */
	client_fini(&c);
	return status;
}

static void get_etag(const struct fake_worker *w, const char *path, char etag[64])
{
	static struct client c;
	client_init(&c, w, METHOD_HEAD, path, SLICE_NONE);
	assert_int_equal(run(&c), 200);
	snprintf(etag, 64, "%s", fake_response_field(&c.f, "ETag"));
	client_fini(&c);
}

static void test_answer_has_validators(void **state)
{
	static struct client c;
	char etag[64], date[64];
	client_init(&c, *state, METHOD_PUT, "/sub/n ew", SLICE("new"));
	assert_int_equal(run(&c), 201);
	assert_string_equal(fake_response_field(&c.f, "Location"), "/sub/n%20ew");
	snprintf(etag, sizeof(etag), "%s", fake_response_field(&c.f, "ETag"));
	snprintf(date, sizeof(date), "%s", fake_response_field(&c.f, "Last-Modified"));
	client_fini(&c);
	client_init(&c, *state, METHOD_GET, "/sub/n ew", SLICE_NONE);
	assert_int_equal(run(&c), 200);
	assert_string_equal(fake_response_field(&c.f, "ETag"), etag);
	assert_string_equal(fake_response_field(&c.f, "Last-Modified"), date);
	client_fini(&c);
	client_init(&c, *state, METHOD_PUT, "/sub/n ew", SLICE("two"));
	assert_int_equal(run(&c), 204);
	assert_null(fake_response_field(&c.f, "Location"));
	assert_string_not_equal(fake_response_field(&c.f, "ETag"), etag);
	client_fini(&c);
}

static void test_conditions(void **state)
{
	const struct fake_worker *w = *state;
	const char *old = "Sun, 06 Nov 1994 08:49:37 GMT", *late = "Sun, 06 Nov 2094 08:49:37 GMT";
	char etag[64];
	assert_int_equal(with_field(w, METHOD_PUT, "/a.txt", "If-None-Match", "*"), 412);
	assert_int_equal(with_field(w, METHOD_PUT, "/a.txt", "If-Match", "\"other\""), 412);
	assert_int_equal(with_field(w, METHOD_PUT, "/a.txt", "If-Unmodified-Since", old), 412);
	assert_int_equal(with_field(w, METHOD_PUT, "/none.txt", "If-Match", "*"), 412);
	assert_int_equal(with_field(w, METHOD_DELETE, "/a.txt", "If-Match", "\"other\""), 412);
	assert_int_equal(with_field(w, METHOD_DELETE, "/none.txt", "If-Match", "*"), 404);
	assert_file(w, "www/a.txt", "first");
	get_etag(w, "/a.txt", etag);
	assert_int_equal(with_field(w, METHOD_PUT, "/a.txt", "If-None-Match", etag), 412);
	assert_int_equal(with_field(w, METHOD_PUT, "/a.txt", "If-Match", etag), 204);
	assert_int_equal(with_field(w, METHOD_PUT, "/a.txt", "If-Match", etag), 412);
	assert_int_equal(with_field(w, METHOD_PUT, "/a.txt", "If-Unmodified-Since", late), 204);
	assert_int_equal(with_field(w, METHOD_PUT, "/none.txt", "If-None-Match", "*"), 201);
	assert_int_equal(with_field(w, METHOD_PUT, "/none.txt", "If-None-Match", "*"), 412);
	get_etag(w, "/link.txt", etag); /* that of what it leads to: the client knows no links */
	assert_int_equal(with_field(w, METHOD_DELETE, "/link.txt", "If-Match", etag), 204);
	assert_file(w, "www/a.txt", "conditional");
}

static void test_refused_fields(void **state)
{
	const struct fake_worker *w = *state;
	assert_int_equal(with_field(w, METHOD_PUT, "/a.txt", "Content-Range", "bytes 0-1/5"), 400);
	assert_int_equal(with_field(w, METHOD_POST, "/a.txt", "Content-Range", "what"), 400);
	assert_int_equal(with_field(w, METHOD_PUT, "/a.txt", "Content-Encoding", "gzip"), 415);
	assert_file(w, "www/a.txt", "first");
	assert_int_equal(with_field(w, METHOD_PUT, "/a.txt", "Content-Encoding", "identity"), 204);
	assert_file(w, "www/a.txt", "conditional");
}

static void test_long_names(void **state)
{
	char path[8192];
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[300] = '\0';
	assert_int_equal(send_one(*state, METHOD_PUT, path, "x"), 414);
	assert_int_equal(send_one(*state, METHOD_DELETE, path, ""), 414);
	path[300] = 'x';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(send_one(*state, METHOD_PUT, path, "x"), 414);
}

/* Whatever was remembered of the file. */
static void test_seen_at_once(void **state)
{
	const struct fake_worker *w = *state;
	for (int i = 0; i < 20; i++) {
		char text[16];
		snprintf(text, sizeof(text), "new %02d", i);
		assert_int_equal(send_one(w, METHOD_PUT, "/index.html", text), 204);
		assert_get(w, "/index.html", 200, text);
		assert_get(w, "/", 200, text);
		assert_get(w, "/read/index.html", 200, text);
	}
	assert_get(w, "/new.txt", 404, NULL);
	assert_int_equal(send_one(w, METHOD_PUT, "/new.txt", "new"), 201);
	assert_get(w, "/new.txt", 200, "new");
	assert_int_equal(send_one(w, METHOD_DELETE, "/new.txt", ""), 204);
	assert_get(w, "/new.txt", 404, NULL);
}

static mode_t mode_of(const struct fake_worker *w, const char *name)
{
	struct stat st;
	assert_int_equal(lstat(fake_path(w, name), &st), 0);
	return st.st_mode & 07777;
}

static void test_modes(void **state)
{
	const struct fake_worker *w = *state;
	mode_t before = umask(0027);
	assert_int_equal(send_one(w, METHOD_PUT, "/new.txt", "new"), 201);
	umask(before);
	assert_int_equal(mode_of(w, "www/new.txt"), 0640);
	assert_int_equal(chmod(fake_path(w, "www/a.txt"), 04751), 0);
	assert_int_equal(send_one(w, METHOD_PUT, "/a.txt", "new"), 204);
	assert_int_equal(mode_of(w, "www/a.txt"), 0751);
}

enum { LARGE = 3000000 };
static char large[LARGE];

static void fill_large(unsigned start)
{
	for (size_t i = 0; i < LARGE; i++)
		large[i] = (char)(start + i * 7 + i / 251);
}

static void assert_large(const struct fake_worker *w, const char *name)
{
	static char got[LARGE + 1];
	int fd = open(fake_path(w, name), O_RDONLY);
	assert_int_equal(read(fd, got, sizeof(got)), LARGE);
	close(fd);
	assert_memory_equal(got, large, LARGE);
}

static void test_large(void **state)
{
	static const size_t pieces[] = { 1000, 16384, 131072, 131073, LARGE };
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		static struct client c;
		fill_large((unsigned)i);
		client_init(&c, *state, METHOD_PUT, "/large", slice_of(large, LARGE));
		c.f.r.content_length = i % 2 ? -1 : LARGE;
		c.piece = pieces[i];
		assert_int_equal(run(&c), i ? 204 : 201);
		client_fini(&c);
		assert_large(*state, "www/large");
	}
}

static void test_empty(void **state)
{
	assert_int_equal(send_one(*state, METHOD_PUT, "/empty", ""), 201);
	assert_file(*state, "www/empty", "");
	assert_get(*state, "/empty", 200, "");
}

/* As an engine does it: the content is over before anybody has asked for it. */
static void test_empty_ends_before_it_is_asked_for(void **state)
{
	static struct client c;
	client_init(&c, *state, METHOD_PUT, "/empty", SLICE_NONE);
	client_start(&c);
	if (!c.asked)
		chain_app.on_end(&c.f.r);
	client_finish(&c);
	assert_int_equal(c.f.r.response.status, 201);
	client_fini(&c);
}

static void wait_until_asked(struct client *c)
{
	client_start(c);
	for (int i = 0; i < 500 && !c->asked; i++)
		turn();
	assert_true(c->asked);
}

/* A client that is faster than the disk is held back, and no more than two buffers are taken. */
static void test_client_is_held_back(void **state)
{
	static struct client c;
	if (!with_threads)
		skip();
	client_init(&c, *state, METHOD_PUT, "/large", slice_of(large, LARGE));
	wait_until_asked(&c);
	while (client_sends(&c))
		;
	assert_true(c.full);
	assert_in_range(LARGE - c.left.len, 131072, 2 * 131072);
	client_finish(&c);
	assert_true(c.waits > 1);
	assert_int_equal(c.f.r.response.status, 201);
	client_fini(&c);
	assert_large(*state, "www/large");
}

/* Sends a part, so that it lies in the file. */
static void send_half(struct client *c, const struct fake_worker *w, const char *path)
{
	client_init(c, w, METHOD_PUT, path, slice_of(large, LARGE));
	wait_until_asked(c);
	while (c->left.len > LARGE / 2)
		if (!client_sends(c))
			turn();
}

static void test_nothing_is_seen_half_way(void **state)
{
	const struct fake_worker *w = *state;
	unsigned before, half, after, scratch;
	static struct client c;
	before = count_names(w, "www", &scratch);
	send_half(&c, w, "/a.txt");
	half = count_names(w, "www", &scratch);
	assert_int_equal(scratch, without_tmpfile ? 1 : 0);
	assert_int_equal(half, before + scratch);
	assert_file(w, "www/a.txt", "first");
	assert_get(w, "/a.txt", 200, "first");
	client_fini(&c); /* the client goes away */
	wait_for_no_scratch(w, "www");
	after = count_names(w, "www", &scratch);
	assert_int_equal(after, before);
	assert_file(w, "www/a.txt", "first");
}

/* Not even where hidden names are shown. */
static void test_scratch_is_not_shown(void **state)
{
	static struct client c, list;
	fake_file(*state, "www/" SCRATCH_PREFIX "0123", "part");
	assert_get(*state, "/list/" SCRATCH_PREFIX "0123", 404, NULL);
	assert_get(*state, "/" SCRATCH_PREFIX "0123", 404, NULL);
	send_half(&c, *state, "/new.txt");
	unlink(fake_path(*state, "www/index.html"));
	client_init(&list, *state, METHOD_GET, "/list/?format=json", SLICE_NONE);
	assert_int_equal(run(&list), 200);
	assert_non_null(strstr(list.f.content.data, ".git"));
	assert_null(strstr(list.f.content.data, SCRATCH_PREFIX));
	client_fini(&list);
	client_fini(&c);
}

static void test_gone_at_every_moment(void **state)
{
	const struct fake_worker *w = *state;
	for (int moment = 0; moment < 12; moment++) {
		static struct client c;
		client_init(&c, w, METHOD_PUT, "/sub/gone", slice_of(large, 400000));
		client_start(&c);
		for (int i = 0; i < moment; i++)
			if (!client_sends(&c))
				turn();
		bool sent = c.ended;
		client_fini(&c);
		wait_for_no_scratch(w, "www/sub");
		for (int i = 0; i < 500 && sent && !is_there(w, "www/sub/gone"); i++)
			turn();
		/* What has arrived whole is stored. */
		assert_int_equal(is_there(w, "www/sub/gone"), sent);
		unlink(fake_path(w, "www/sub/gone"));
	}
}

static void test_gone_after_all_is_sent(void **state)
{
	static struct client c;
	if (!with_threads)
		skip();
	client_init(&c, *state, METHOD_PUT, "/gone", SLICE("all of it"));
	wait_until_asked(&c);
	while (client_sends(&c))
		;
	assert_true(c.ended);
	client_fini(&c);
	for (int i = 0; i < 500 && !is_there(*state, "www/gone"); i++)
		turn();
	assert_file(*state, "www/gone", "all of it");
}

/* Also when the worker ends. */
static void test_worker_ends(void **state)
{
	struct fake_worker *w = *state;
	static struct client whole, half;
	send_half(&half, w, "/half");
	client_init(&whole, w, METHOD_PUT, "/whole", SLICE("all of it"));
	wait_until_asked(&whole);
	while (client_sends(&whole))
		;
	client_fini(&whole);
	client_fini(&half);
	site_table_free(&w->sites);
	assert_file(w, "www/whole", "all of it");
	assert_false(is_there(w, "www/half"));
	assert_no_scratch(w, "www");
}

static void test_changed_meanwhile(void **state)
{
	const struct fake_worker *w = *state;
	static struct client c;
	char etag[64];
	get_etag(w, "/a.txt", etag);
	client_init(&c, w, METHOD_PUT, "/a.txt", SLICE("mine"));
	fake_request_field(&c.f, "If-Match", etag);
	wait_until_asked(&c);
	fake_file(w, "www/a.txt", "somebody else's");
	client_finish(&c);
	assert_int_equal(c.f.r.response.status, 412);
	client_fini(&c);
	assert_file(w, "www/a.txt", "somebody else's");

	client_init(&c, w, METHOD_PUT, "/new", SLICE("mine"));
	fake_request_field(&c.f, "If-None-Match", "*");
	wait_until_asked(&c);
	fake_file(w, "www/new", "somebody else's");
	client_finish(&c);
	assert_int_equal(c.f.r.response.status, 412);
	client_fini(&c);
	assert_file(w, "www/new", "somebody else's");

	client_init(&c, w, METHOD_PUT, "/dir", SLICE("mine"));
	wait_until_asked(&c);
	fake_file(w, "www/dir/x", "x");
	client_finish(&c);
	assert_int_equal(c.f.r.response.status, 409);
	client_fini(&c);
	wait_for_no_scratch(w, "www");
}

/* All that name the same state, sent at once: one wins. */
static void test_one_wins(void **state)
{
	enum { CLIENTS = 4, ROUNDS = 8 };
	static const char *const texts[CLIENTS] = { "one", "two", "three", "four" };
	static struct client c[CLIENTS];
	const struct fake_worker *w = *state;
	for (int round = 0; round < ROUNDS; round++) {
		int winner = -1;
		char etag[64];
		get_etag(w, "/a.txt", etag);
		for (int i = 0; i < CLIENTS; i++) {
			client_init(&c[i], w, METHOD_PUT, "/a.txt", slice_str(texts[i]));
			fake_request_field(&c[i].f, "If-Match", etag);
			wait_until_asked(&c[i]);
		}
		for (int i = 0; i < CLIENTS; i++) /* send, but do not look for the answer yet */
			while (client_sends(&c[i]))
				;
		for (int i = 0; i < CLIENTS; i++) {
			client_finish(&c[i]);
			int status = c[i].f.r.response.status;
			assert_true(status == 412 || (status == 204 && winner < 0));
			winner = status == 204 ? i : winner;
			client_fini(&c[i]);
		}
		assert_true(winner >= 0);
		assert_file(w, "www/a.txt", texts[winner]);
	}
	wait_for_no_scratch(w, "www");
}

static void test_new_ones_at_once(void **state)
{
	static struct client a, b;
	client_init(&a, *state, METHOD_PUT, "/new", SLICE("aaaa"));
	client_init(&b, *state, METHOD_PUT, "/new", SLICE("bb"));
	wait_until_asked(&a);
	wait_until_asked(&b);
	while (client_sends(&a) || client_sends(&b))
		;
	client_finish(&a);
	client_finish(&b);
	assert_int_equal(a.f.r.response.status + b.f.r.response.status, 201 + 204);
	client_fini(&a);
	client_fini(&b);
	assert_no_scratch(*state, "www");
}

/* The disk says no in the middle: a limit of the process stands for a full one. */
static void test_write_fails(void **state)
{
	struct rlimit old, limit;
	static struct client c;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit){ 1000000, old.rlim_max };
	client_init(&c, *state, METHOD_PUT, "/a.txt", slice_of(large, LARGE));
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	client_start(&c);
	client_finish(&c);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, handler);
	assert_int_equal(c.f.r.response.status, 413);
	assert_false(c.ended);
	client_fini(&c);
	wait_for_no_scratch(*state, "www");
	assert_file(*state, "www/a.txt", "first");
}

static void test_no_room(void **state)
{
	static struct client c;
	client_init(&c, *state, METHOD_PUT, "/a.txt", SLICE("x"));
	c.f.r.content_length = INT64_MAX;
	assert_int_equal(run(&c), 507);
	assert_false(c.asked);
	client_fini(&c);
	wait_for_no_scratch(*state, "www");
}

/* Each has descriptors that connections need, too. */
static void test_too_many(void **state)
{
	enum { MANY = 32 };
	static struct client c[MANY + 1];
	struct fake_worker *w = *state;
	struct rlimit old, limit;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = (struct rlimit){ MANY * 8, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	fake_worker_config(w, config);
	for (int i = 0; i <= MANY; i++)
		client_init(&c[i], w, METHOD_PUT, "/sub/new", SLICE("content"));
	for (int i = 0; i < MANY; i++)
		wait_until_asked(&c[i]);
	assert_int_equal(run(&c[MANY]), 503);
	client_finish(&c[0]);
	assert_int_equal(c[0].f.r.response.status, 201);
	for (int i = 0; i <= MANY; i++)
		client_fini(&c[i]);
	wait_for_no_scratch(w, "www/sub");
	assert_int_equal(send_one(w, METHOD_PUT, "/sub/new", "content"), 204);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static const struct {
	const char *settings;
	const char *says;
	const char *beside; /* of the route */
} checks[] = {
	{ "write = true;", "files.write: anybody could change these files", NULL },
	{ "write = true; write_open = false;", "write_open = true beside it", NULL },
	{ "write = true; write_open = true;", NULL, NULL },
	{ "write = true; write_open = 7;", "write_open", NULL },
	{ "write_open = true;", NULL, NULL },
	{ "write = true;", NULL, "allow = \"192.0.2.0/24\";" },
	{ "write = true;", "anybody could", "allow = [ \"192.0.2.0/24\", \"all\" ];" },
	{ "write = true;", "anybody could", "allow = [ \"0.0.0.0/0\", \"::/0\" ];" },
	{ "write = true;", "anybody could", "deny = \"192.0.2.0/24\";" },
	{ "write = true;", NULL, "deny = \"all\";" },
};

static void test_check(void **state)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		char text[256];
		snprintf(text, sizeof(text),
		    "sites = ( { root = \"@\"; routes = ( { path = \"/*\"; files = { %s }; %s } ); "
		    "} );",
		    checks[i].settings, checks[i].beside ? checks[i].beside : "");
		const char *got = fake_worker_mistakes(*state, text);
		if (checks[i].says ? !strstr(got, checks[i].says) : *got != '\0')
			fail_msg("%s: '%s'", checks[i].settings, got);
		const char *end = strchr(got, '\n');
		assert_true(!end || end[1] == '\0'); /* one line */
	}
}

struct roots {
	unsigned read;
	unsigned written;
};

static void on_root(void *ctx, const char *path, bool write)
{
	struct roots *roots = ctx;
	if (write)
		assert_null(strstr(path, "outside"));
	if (write && strcmp(path, "/") == 0)
		fail_msg("all of the machine may be written");
	roots->read += !write;
	roots->written += write;
}

static void test_roots(void **state)
{
	const struct fake_worker *w = *state;
	struct roots roots = { 0 };
	files_each_root(w->snapshot->sites[0], on_root, &roots);
	assert_int_equal(roots.read, 1 + 2 + 1); /* the site's, two routes', all of the machine */
	assert_int_equal(roots.written, 4);
}

/* From now on this process' kernel has no files without names. */
static void refuse_tmpfile(void)
{
	const unsigned flag = O_TMPFILE & ~(unsigned)O_DIRECTORY;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, args) + 2 * sizeof(uint64_t)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flag, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
	assert_int_equal(open("/tmp", O_TMPFILE | O_WRONLY, 0600), -1);
	without_tmpfile = true;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest uploads[] = {
		TEST(test_rows),
		TEST(test_allow),
		TEST(test_answer_has_validators),
		TEST(test_conditions),
		TEST(test_refused_fields),
		TEST(test_long_names),
		TEST(test_seen_at_once),
		TEST(test_modes),
		TEST(test_large),
		TEST(test_empty),
		TEST(test_empty_ends_before_it_is_asked_for),
		TEST(test_client_is_held_back),
		TEST(test_nothing_is_seen_half_way),
		TEST(test_scratch_is_not_shown),
		TEST(test_gone_at_every_moment),
		TEST(test_gone_after_all_is_sent),
		TEST(test_worker_ends),
		TEST(test_changed_meanwhile),
		TEST(test_one_wins),
		TEST(test_new_ones_at_once),
		TEST(test_write_fails),
		TEST(test_no_room),
		TEST(test_too_many),
		TEST(test_check),
		TEST(test_roots),
	};
	int failed = cmocka_run_group_tests_name("upload in the loop", uploads, NULL, NULL);
	with_threads = true;
	failed += cmocka_run_group_tests_name("upload with threads", uploads, NULL, NULL);
	refuse_tmpfile();
	failed += cmocka_run_group_tests_name("upload under a name", uploads, NULL, NULL);
	return failed;
}
