/*
 * codings_test.c - files in content codings over a fake wire: which form is chosen, what is made of
 * it and how often, and what happens when files change.
 */
#include "handler/files.h"

#include "../app/fake_wire.h"
#include "app/compress.h"
#include "config/core.h"
#include "handler/file_cache.h"
#include "handler/file_variant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static const struct handler *const handlers[] = { &files_handler, NULL };
static const struct middleware *const middleware[] = { NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &files_group, &file_cache_group,
	&compress_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

enum { PAGE = 5000, LARGE = 200000 };

static const char config[] =
    "compress = { level = 9; };\n"
    "sites = ( { root = \"@/www\"; routes = (\n"
    "  { path = \"/off/*\"; compress = false; files = { }; },\n"
    "  { path = \"/never/*\"; compress = false; files = { precompressed = false; }; },\n"
    "  { path = \"/gzip/*\"; compress = { codings = \"gzip\"; level = 1; types = \"*/*\"; };\n"
    "    files = { max_age = \"1h\"; }; },\n"
    "  { path = \"/made/*\"; files = { precompressed = false; }; },\n"
    "  { path = \"/*\"; files = { }; }\n"
    ") } );\n";

/* Text that gains by compression, and more by more work. */
static const char *page(size_t len)
{
	static char text[LARGE + 1];
	unsigned seed = 1;
	for (size_t at = 0; at < len; at++) {
		seed = at % 16 ? seed : seed * 1103515245 + 12345;
		text[at] = at % 16 < 8 ? "<p>row: "[at % 16] : (char)('a' + (seed >> at % 16) % 16);
	}
	text[len] = '\0';
	return text;
}

static const char *noise(size_t len)
{
	static char text[LARGE + 1];
	uint64_t seed = 88172645463325252ULL;
	for (size_t at = 0; at < len; at++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		text[at] = (char)(1 + seed % 255);
	}
	text[len] = '\0';
	return text;
}

static int setup(void **state)
{
	static struct fake_worker w;
	fake_worker_init(&w, &modules, true);
	fake_file(&w, "www/page.html", page(PAGE));
	fake_file(&w, "www/large.txt", page(LARGE));
	fake_file(&w, "www/short.html", "short");
	fake_file(&w, "www/noise.txt", noise(PAGE));
	fake_file(&w, "www/picture.png", page(PAGE));
	fake_file(&w, "www/gzip/picture.png", page(PAGE));
	fake_file(&w, "www/gzip/any.bin", page(PAGE));
	fake_file(&w, "www/gzip/page.html", page(PAGE));
	fake_file(&w, "www/off/page.html", page(PAGE));
	fake_file(&w, "www/never/page.html", page(PAGE));
	fake_file(&w, "www/never/page.html.gz", "zipped");
	fake_file(&w, "www/dir/index.html", page(PAGE));
	fake_worker_config(&w, config);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	fake_worker_fini(*state);
	return 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void ask(
    struct fake_request *f, const struct fake_worker *w, const char *path, const char *accept)
{
	fake_request_init(f, w->sites, path);
	if (accept)
		fake_request_field(f, "Accept-Encoding", accept);
}

static void get(
    struct fake_request *f, const struct fake_worker *w, const char *path, const char *accept)
{
	ask(f, w, path, accept);
	fake_request_start(f);
	fake_request_finish(f);
}

static void get_with(struct fake_request *f, const struct fake_worker *w, const char *path,
    const char *name, const char *value)
{
	ask(f, w, path, "gzip");
	fake_request_field(f, name, value);
	fake_request_start(f);
	fake_request_finish(f);
}

/* The Content-Encoding; "" without. */
static const char *coding_of(const struct fake_request *f)
{
	const char *coding = fake_response_field(f, "Content-Encoding");
	return coding ? coding : "";
}

static void expect(
    const struct fake_worker *w, const char *path, const char *accept, const char *coding)
{
	struct fake_request f;
	get(&f, w, path, accept);
	if (f.r.response.status != 200 || strcmp(coding_of(&f), coding) != 0)
		fail_msg("%s for '%s': %d '%s', not '%s'", path, accept ? accept : "(none)",
		    f.r.response.status, coding_of(&f), coding);
	fake_request_fini(&f);
}

static void expect_content(const struct fake_worker *w, const char *path, const char *accept,
    const char *coding, const char *content)
{
	struct fake_request f;
	get(&f, w, path, accept);
	assert_int_equal(f.r.response.status, 200);
	assert_string_equal(coding_of(&f), coding);
	assert_true(slice_eq(buf_peek(&f.content), slice_str(content)));
	assert_int_equal(f.r.response.length, strlen(content));
	fake_request_fini(&f);
}

static void gunzip(const struct fake_request *f, const char *wanted)
{
	static char out[LARGE + 1];
	z_stream z = { .next_in = (unsigned char *)f->content.data,
		.avail_in = (unsigned)f->content.len,
		.next_out = (unsigned char *)out,
		.avail_out = sizeof(out) };
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	assert_true(slice_eq(slice_of(out, z.total_out), slice_str(wanted)));
	inflateEnd(&z);
}

/* The route is found by trying: its number is the handler's own business. */
static struct file_entry *entry_of(const char *path)
{
	struct slice rest = slice_str(path + 1);
	for (unsigned id = 0; id < 200; id++) {
		struct file_entry *e = file_cache_find(file_cache_hash(id, rest), id, rest);
		if (e)
			return e;
	}
	return NULL;
}

/* More than a second passes, for the file and for what is known of its siblings. */
static void make_stale(const char *path)
{
	static const char *const suffixes[] = { "", ".gz", ".br", ".zst" };
	char name[64];
	struct file_entry *e = entry_of(path);
	for (int c = 0; e && e->variants && c < CODING_COUNT; c++)
		e->variants->of[c].looked_ms = 1;
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		e = entry_of(name);
		if (e)
			e->checked_ms -= FILE_VALID_MS;
	}
}

static void set_time(const struct fake_worker *w, const char *name, time_t s, long ns)
{
	struct timespec times[2] = { { s, ns }, { s, ns } };
	assert_int_equal(utimensat(AT_FDCWD, fake_path(w, name), times, 0), 0);
}

/* ---- made here ------------------------------------------------------------------------------- */

static void test_choice(void **state)
{
	static const struct {
		const char *path, *accept, *coding;
	} rows[] = {
		{ "/page.html", NULL, "" },
		{ "/page.html", "", "" },
		{ "/page.html", "gzip", "gzip" },
		{ "/page.html", "x-gzip", "gzip" },
		{ "/page.html", "GZIP;q=0.1", "gzip" },
		{ "/page.html", "gzip;q=0", "" },
		{ "/page.html", "identity", "" },
		{ "/page.html", "identity;q=1, gzip;q=0.5", "" },
		{ "/page.html", "compress, deflate", "" },
		{ "/page.html", "gzip, deflate", "gzip" },
		{ "/large.txt", "gzip", "gzip" },
		{ "/short.html", "gzip", "" },  /* below min_size */
		{ "/picture.png", "gzip", "" }, /* not among the types */
		{ "/gzip/picture.png", "gzip", "" },
		{ "/gzip/any.bin", "gzip, br, zstd", "gzip" },
		{ "/noise.txt", "gzip", "" }, /* does not become smaller */
		{ "/off/page.html", "gzip", "" },
		{ "/never/page.html", "gzip", "" },
		{ "/dir/", "gzip", "gzip" },
	};
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++)
		expect(*state, rows[i / 2].path, rows[i / 2].accept, rows[i / 2].coding);
	assert_true(entry_of("/noise.txt")->variants->worthless);
	if (coding_built_in(CODING_BR))
		expect(*state, "/page.html", "gzip, zstd, br", "br");
	if (coding_built_in(CODING_ZSTD))
		expect(*state, "/page.html", "gzip;q=0.9, zstd, br;q=0.5", "zstd");
}

static void test_content(void **state)
{
	struct fake_request f;
	get(&f, *state, "/page.html", "gzip");
	gunzip(&f, page(PAGE));
	assert_int_equal(f.r.response.length, f.content.len);
	fake_request_fini(&f);
	get(&f, *state, "/large.txt", "gzip"); /* through a descriptor */
	gunzip(&f, page(LARGE));
	fake_request_fini(&f);
}

static void test_fields(void **state)
{
	struct fake_request f, g;
	char etag[64], wanted[64];
	get(&g, *state, "/gzip/page.html", NULL);
	strcpy(etag, fake_response_field(&g, "ETag"));
	assert_string_equal(fake_response_field(&g, "Vary"), "Accept-Encoding");
	assert_string_equal(fake_response_field(&g, "Accept-Ranges"), "bytes");
	get(&f, *state, "/gzip/page.html", "gzip");
	snprintf(wanted, sizeof(wanted), "W/%.*s-gz\"", (int)strlen(etag) - 1, etag);
	assert_string_equal(fake_response_field(&f, "ETag"), wanted);
	assert_string_equal(fake_response_field(&f, "Vary"), "Accept-Encoding");
	assert_string_equal(fake_response_field(&f, "Content-Type"), "text/html; charset=utf-8");
	assert_string_equal(fake_response_field(&f, "Cache-Control"), "max-age=3600");
	assert_string_equal(fake_response_field(&f, "X-Content-Type-Options"), "nosniff");
	assert_null(fake_response_field(&f, "Accept-Ranges"));
	fake_request_fini(&f);
	fake_request_fini(&g);
	get(&f, *state, "/picture.png", "gzip"); /* what is never compressed does not vary */
	assert_null(fake_response_field(&f, "Vary"));
	fake_request_fini(&f);
	get(&f, *state, "/never/page.html", "gzip");
	assert_null(fake_response_field(&f, "Vary"));
	fake_request_fini(&f);
}

static void test_head(void **state)
{
	struct fake_request f, g;
	get(&g, *state, "/gzip/page.html", "gzip");
	ask(&f, *state, "/gzip/page.html", "gzip");
	fake_request_method(&f, METHOD_HEAD);
	fake_request_start(&f);
	fake_request_finish(&f);
	assert_ptr_equal(f.r.response.block, g.r.response.block);
	assert_int_equal(f.r.response.length, g.r.response.length);
	assert_int_equal(f.content.len, 0);
	fake_request_fini(&f);
	fake_request_fini(&g);
}

static void test_conditions(void **state)
{
	static const char *const names[] = { "If-None-Match", "If-Match", "If-Range" };
	char strong[64], weak[64];
	struct fake_request f;
	get(&f, *state, "/page.html", NULL);
	strcpy(strong, fake_response_field(&f, "ETag"));
	fake_request_fini(&f);
	get(&f, *state, "/page.html", "gzip");
	strcpy(weak, fake_response_field(&f, "ETag"));
	fake_request_fini(&f);
	const struct {
		int name; /* of names */
		const char *value;
		int status;
		const char *coding;
	} rows[] = {
		{ 0, weak, 304, "" }, { 0, weak + 2, 304, "" }, /* compared weakly */
		{ 0, "*", 304, "" },
		{ 0, strong, 200, "gzip" },                   /* that is another representation */
		{ 1, weak, 412, "" }, { 1, strong, 200, "" }, /* these very bytes */
		{ 1, "\"other\"", 412, "" },
		{ 2, weak, 200, "gzip" }, /* means nothing without Range */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		get_with(&f, *state, "/page.html", names[rows[i].name], rows[i].value);
		if (f.r.response.status != rows[i].status ||
		    strcmp(coding_of(&f), rows[i].coding) != 0)
			fail_msg("%s: %s: %d %s", names[rows[i].name], rows[i].value,
			    f.r.response.status, coding_of(&f));
		if (f.r.response.status == 304) {
			assert_string_equal(fake_response_field(&f, "ETag"), weak);
			assert_string_equal(fake_response_field(&f, "Vary"), "Accept-Encoding");
			assert_null(fake_response_field(&f, "Content-Type"));
		}
		fake_request_fini(&f);
	}
}

static void test_ranges(void **state)
{
	char weak[64];
	struct fake_request f;
	get_with(&f, *state, "/page.html", "Range", "bytes=16-31");
	assert_int_equal(f.r.response.status, 206);
	assert_string_equal(coding_of(&f), "");
	assert_string_equal(fake_response_field(&f, "Content-Range"), "bytes 16-31/5000");
	assert_string_equal(fake_response_field(&f, "Vary"), "Accept-Encoding");
	assert_memory_equal(f.content.data, page(PAGE) + 16, 16);
	fake_request_fini(&f);
	get(&f, *state, "/page.html", "gzip");
	strcpy(weak, fake_response_field(&f, "ETag"));
	fake_request_fini(&f);
	ask(&f, *state, "/page.html", "gzip");
	fake_request_field(&f, "Range", "bytes=16-31");
	fake_request_field(&f, "If-Range", weak);
	fake_request_start(&f);
	fake_request_finish(&f);
	assert_int_equal(f.r.response.status, 200);
	assert_true(slice_eq(buf_peek(&f.content), slice_str(page(PAGE))));
	fake_request_fini(&f);
}

static void test_no_transform(void **state)
{
	struct fake_request f;
	expect(*state, "/page.html", "gzip", "gzip");
	get_with(&f, *state, "/page.html", "Cache-Control", "no-cache, no-transform");
	assert_string_equal(coding_of(&f), "");
	fake_request_fini(&f);
	get_with(&f, *state, "/page.html", "Cache-Control", "no-cache");
	assert_string_equal(coding_of(&f), "gzip");
	fake_request_fini(&f);
}

/* The first gets a quick version, those that come later a small one. */
static void test_quick_then_small(void **state)
{
	struct fake_request f;
	get(&f, *state, "/large.txt", "gzip");
	size_t quick = f.content.len;
	fake_request_fini(&f);
	const struct file_entry *e = entry_of("/large.txt");
	for (int i = 0; i < 500 && e->variants->of[CODING_GZIP].made->body.len == quick; i++)
		loop_turn(app_worker.loop, 10);
	get(&f, *state, "/large.txt", "gzip");
	assert_true(f.content.len < quick);
	gunzip(&f, page(LARGE));
	fake_request_fini(&f);
	expect(*state, "/gzip/page.html", "gzip", "gzip"); /* level 1 is the quick one's */
	assert_false(entry_of("/gzip/page.html")->variants->of[CODING_GZIP].made->quick);
}

static void test_made_once(void **state)
{
	enum { VISITORS = 50 };
	static struct fake_request f[VISITORS];
	for (int i = 0; i < VISITORS; i++) {
		ask(&f[i], *state, "/page.html", "gzip");
		fake_request_start(&f[i]);
		assert_false(f[i].done);
	}
	fake_request_fini(&f[0]); /* one that leaves takes nothing from the others */
	for (int i = 1; i < VISITORS; i++) {
		fake_request_finish(&f[i]);
		assert_ptr_equal(f[i].r.response.body.ptr, f[1].r.response.body.ptr);
	}
	gunzip(&f[1], page(PAGE));
	for (int i = 1; i < VISITORS; i++)
		fake_request_fini(&f[i]);
}

static struct encoding *encoding_of(const char *path)
{
	const struct file_variants *v = entry_of(path)->variants;
	return v ? v->of[CODING_GZIP].encoding : NULL;
}

static void test_nobody_left(void **state)
{
	struct fake_request f;
	ask(&f, *state, "/page.html", "gzip");
	fake_request_start(&f);
	while (!f.done && !encoding_of("/page.html"))
		loop_turn(app_worker.loop, 10);
	fake_request_fini(&f);
	while (encoding_of("/page.html"))
		loop_turn(app_worker.loop, 10);
	assert_non_null(entry_of("/page.html")->variants->of[CODING_GZIP].made);
}

/* Many files at once: some wait for a thread, each gets its own; and where too many wait the others
 * do not. */
static void test_queue(void **state)
{
	enum { FILES = 300, IN_HAND = 2 + 256 };
	static struct fake_request f[FILES];
	static char names[FILES][32];
	char *copy = strdup(page(PAGE));
	for (int i = 0; i < FILES; i++) {
		snprintf(names[i], sizeof(names[i]), "www/made/%03d.html", i);
		memcpy(copy, names[i], strlen(names[i]));
		fake_file(*state, names[i], copy);
		ask(&f[i], *state, names[i] + 3, "gzip");
		fake_request_start(&f[i]);
		assert_int_equal(f[i].done, i >= IN_HAND);
	}
	for (int i = 0; i < FILES; i++) {
		memcpy(copy, names[i], strlen(names[i]));
		fake_request_finish(&f[i]);
		assert_string_equal(coding_of(&f[i]), i < IN_HAND ? "gzip" : "");
		if (i < IN_HAND)
			gunzip(&f[i], copy);
		fake_request_fini(&f[i]);
	}
	free(copy);
}

static void test_changes(void **state)
{
	struct fake_request f;
	expect(*state, "/page.html", "gzip", "gzip");
	char *changed = strdup(page(PAGE));
	changed[0] = 'C';
	fake_file(*state, "www/page.html", changed);
	make_stale("/page.html");
	get(&f, *state, "/page.html", "gzip");
	gunzip(&f, changed);
	fake_request_fini(&f);
	free(changed);
}

/* What a thread has read of it is thrown away; the visitor gets what is there now. */
static void test_changes_while_made(void **state)
{
	char *changed = strdup(page(LARGE));
	memcpy(changed, "changed", 7);
	expect(*state, "/large.txt", NULL, ""); /* its descriptor is kept, and seen in this turn */
	struct fake_request f;
	fake_file(*state, "www/large.txt", changed);
	ask(&f, *state, "/large.txt", "gzip");
	fake_request_start(&f);
	assert_false(f.done);
	fake_request_finish(&f);
	assert_int_equal(f.r.response.status, 200);
	assert_string_equal(coding_of(&f), "");
	assert_true(slice_eq(buf_peek(&f.content), slice_str(changed)));
	fake_request_fini(&f);
	get(&f, *state, "/large.txt", "gzip");
	gunzip(&f, changed);
	fake_request_fini(&f);
	free(changed);
}

static void test_gone_while_made(void **state)
{
	struct fake_request f;
	expect(*state, "/large.txt", NULL, "");
	fake_file(*state, "www/large.txt", "x");
	unlink(fake_path(*state, "www/large.txt"));
	ask(&f, *state, "/large.txt", "gzip");
	fake_request_start(&f);
	fake_request_finish(&f);
	assert_int_equal(f.r.response.status, 404);
	fake_request_fini(&f);
}

static void test_without_cache(void **state)
{
	struct file_cache_limits none = { 0 };
	struct fake_request f;
	file_cache_init(&none);
	get(&f, *state, "/page.html", "gzip");
	gunzip(&f, page(PAGE));
	fake_request_fini(&f);
	fake_file(*state, "www/page.html.gz", "sibling");
	expect_content(*state, "/page.html", "gzip", "gzip", "sibling");
	assert_int_equal(file_cache_use().entries, 0);
	assert_int_equal(file_cache_use().bytes, 0);
}

static void test_counted(void **state)
{
	expect(*state, "/large.txt", NULL, "");
	size_t before = file_cache_use().bytes;
	expect(*state, "/large.txt", "gzip", "gzip");
	const struct file_entry *e = entry_of("/large.txt");
	assert_true(file_cache_use().bytes >= before + e->variants->of[CODING_GZIP].made->body.len);
	fake_file(*state, "www/large.txt.gz", page(100000));
	make_stale("/large.txt");
	expect(*state, "/large.txt", "gzip", "gzip");
	e = entry_of("/large.txt");
	assert_int_equal(e->carried_descriptors, 1);
	assert_int_equal(file_cache_use().descriptors, 3); /* its own, the sibling's twice */
	file_cache_fini();
	assert_int_equal(file_cache_use().bytes, 0);
	assert_int_equal(file_cache_use().descriptors, 0);
}

/* ---- compressed beforehand ------------------------------------------------------------------- */

static void test_siblings(void **state)
{
	const struct fake_worker *w = *state;
	fake_file(w, "www/off/page.html.gz", "zipped");
	expect_content(w, "/off/page.html", "gzip", "gzip", "zipped");
	expect_content(w, "/off/page.html", "gzip, br", "gzip", "zipped");
	expect(w, "/off/page.html", NULL, "");
	expect(w, "/off/page.html", "br", "");
	fake_file(w, "www/off/page.html.br", "brotli");
	expect(w, "/off/page.html", "br", ""); /* within its second */
	make_stale("/off/page.html");
	expect_content(w, "/off/page.html", "br", "br", "brotli");
	expect_content(w, "/off/page.html", "gzip, br", "br", "brotli");
	expect_content(w, "/off/page.html", "gzip, br;q=0.5", "gzip", "zipped");
	unlink(fake_path(w, "www/off/page.html.br"));
	make_stale("/off/page.html");
	expect_content(w, "/off/page.html", "gzip, br", "gzip", "zipped");
	fake_file(w, "www/off/page.html.gz", "again");
	make_stale("/off/page.html");
	expect_content(w, "/off/page.html", "gzip", "gzip", "again");
	expect_content(w, "/off/page.html.gz", "gzip", "", "again"); /* asked for by its name */
}

static void test_sibling_of_index(void **state)
{
	fake_file(*state, "www/dir/index.html.zst", "standard");
	expect_content(*state, "/dir/", "zstd", "zstd", "standard");
	expect_content(*state, "/dir/index.html", "zstd", "zstd", "standard");
}

static void test_sibling_before_made(void **state)
{
	struct fake_request f;
	fake_file(*state, "www/page.html.gz", "zipped");
	expect_content(*state, "/page.html", "gzip", "gzip", "zipped");
	get_with(&f, *state, "/page.html", "Cache-Control", "no-transform");
	assert_string_equal(coding_of(&f), "gzip"); /* nothing is transformed */
	fake_request_fini(&f);
}

static void test_sibling_fields(void **state)
{
	struct fake_request f;
	char etag[64];
	fake_file(*state, "www/off/page.html.gz", "zipped");
	get(&f, *state, "/off/page.html", "gzip");
	strcpy(etag, fake_response_field(&f, "ETag"));
	assert_memory_equal(etag, "W/\"", 3);
	assert_string_equal(fake_response_field(&f, "Content-Type"), "text/html; charset=utf-8");
	assert_string_equal(fake_response_field(&f, "Vary"), "Accept-Encoding");
	fake_request_fini(&f);
	get_with(&f, *state, "/off/page.html", "If-None-Match", etag);
	assert_int_equal(f.r.response.status, 304);
	fake_request_fini(&f);
	get(&f, *state, "/off/page.html.gz", NULL);
	assert_string_equal(fake_response_field(&f, "Content-Type"), "application/gzip");
	assert_null(fake_response_field(&f, "Vary"));
	fake_request_fini(&f);
}

static void test_sibling_ages(void **state)
{
	static const struct {
		long long ns; /* how much younger than the original, which is of 1000.123456789 */
		bool good;
	} rows[] = {
		{ 0, true },
		{ 1, true },
		{ 1000000000, true },
		{ -1, false },
		{ -1000, false },
		{ -123456789, true }, /* cut to the second */
		{ -789, true },       /* and to the microsecond */
		{ -1000000000, false },
		{ -1123456789, false },
	};
	const struct fake_worker *w = *state;
	fake_file(w, "www/off/page.html.gz", "zipped");
	set_time(w, "www/off/page.html", 1000, 123456789);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		long long t = 1000123456789LL + rows[i].ns;
		set_time(w, "www/off/page.html.gz", t / 1000000000, t % 1000000000);
		make_stale("/off/page.html");
		expect(w, "/off/page.html", "gzip", rows[i].good ? "gzip" : "");
	}
}

static void test_no_siblings(void **state)
{
	const struct fake_worker *w = *state;
	assert_int_equal(mkdir(fake_path(w, "www/off/page.html.gz"), 0755), 0);
	fake_file(w, "www/off/page.html.br", "");
	expect(w, "/off/page.html", "gzip, br", "");
}

/* Off the loop's way: a link that is absolute is always looked at by a thread. */
static void test_slow_siblings(void **state)
{
	const struct fake_worker *w = *state;
	char place[512];
	struct fake_request f, g, h;
	fake_file(w, "www/elsewhere", "far away");
	strcpy(place, fake_path(w, "www/elsewhere"));
	assert_int_equal(symlink(place, fake_path(w, "www/off/page.html.gz")), 0);
	expect(w, "/off/page.html", NULL, "");
	ask(&f, w, "/off/page.html", "gzip");
	ask(&g, w, "/off/page.html", "gzip");
	ask(&h, w, "/off/page.html", NULL);
	fake_request_start(&f);
	fake_request_start(&g);
	assert_false(f.done || g.done);
	fake_request_start(&h);
	assert_true(h.done); /* who does not ask for it does not wait */
	fake_request_fini(&h);
	fake_request_fini(&f);
	fake_request_finish(&g);
	assert_string_equal(g.content.data, "far away");
	fake_request_fini(&g);
}

static void test_large_sibling_changes(void **state)
{
	const struct fake_worker *w = *state;
	fake_file(w, "www/off/page.html.gz", page(100000));
	expect_content(w, "/off/page.html", "gzip", "gzip", page(100000));
	loop_turn(app_worker.loop, 2);
	fake_file(w, "www/off/page.html.gz", "short");
	loop_turn(app_worker.loop, 2);
	expect_content(w, "/off/page.html", "gzip", "gzip", "short");
}

/* ---- settings -------------------------------------------------------------------------------- */

static void test_suits(void **state)
{
	static const struct {
		const char *type;
		bool suits;
	} rows[] = {
		{ "text/html; charset=utf-8", true },
		{ "TEXT/Plain", true },
		{ "text/", true },
		{ "application/json", true },
		{ "application/ld+json", true },
		{ "application/json5", false },
		{ "image/svg+xml", true },
		{ "application/atom+xml;q=1", true },
		{ "image/png", false },
		{ "application/gzip", false },
		{ "application/octet-stream", false },
		{ "", false },
	};
	const struct fake_worker *w = *state;
	struct compress c;
	compress_of(w->snapshot->sites[0], &c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (compress_suits(&c, slice_str(rows[i].type)) != rows[i].suits)
			fail_msg("%s", rows[i].type);
	const char *all[] = { "*/*" };
	c.types = (struct config_strings){ all, 1 };
	assert_true(compress_suits(&c, SLICE("application/octet-stream")));
	assert_false(compress_suits(&c, SLICE("image/jpeg")));
	assert_false(compress_suits(&c, SLICE("video/mp4")));
	assert_false(compress_suits(&c, SLICE("application/epub+zip")));
	assert_true(compress_suits(&c, SLICE("image/svg+xml")));
}

static void test_settings(void **state)
{
	struct fake_worker *w = *state;
	struct compress c;
	compress_of(w->snapshot->sites[0]->routes[0], &c);
	assert_false(c.enabled);
	compress_of(w->snapshot->sites[0]->routes[2], &c);
	assert_true(c.enabled);
	assert_int_equal(c.codings, CODING_BIT(CODING_GZIP));
	assert_int_equal(c.level, 1);
	assert_int_equal(c.min_size, 1024);
	compress_of(w->snapshot->sites[0]->routes[4], &c);
	assert_true(c.enabled); /* from the global scope */
	fake_worker_config(w, "sites = ( { root = \"@/www\"; } );");
	compress_of(w->snapshot->sites[0], &c);
	assert_false(c.enabled);
	fake_worker_config(w, "sites = ( { root = \"@/www\"; compress = true; } );");
	compress_of(w->snapshot->sites[0], &c);
	assert_true(c.enabled);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *compress, *says;
	} rows[] = {
		{ "{ types = [ \"text\" ]; }", "'text' is not a media type" },
		{ "{ types = [ \"*/x*\" ]; }", "'*/x*' is not a media type" },
		{ "{ codings = \"deflate\"; }", "'deflate' is not a coding" },
		{ "{ codings = [ \"gzip\", \"identity\" ]; }", "'identity' is not a coding" },
		{ "{ level = 0; }", "compress.level" },
		{ "{ level = 10; }", "compress.level" },
		{ "\"yes please\"", "compress" },
	};
	char text[256];
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(text, sizeof(text), "sites = ( { root = \"@\"; compress = %s; } );",
		    rows[i].compress);
		const char *mistakes = fake_worker_mistakes(*state, text);
		if (!strstr(mistakes, rows[i].says))
			fail_msg("%s: %s", rows[i].compress, mistakes);
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_choice),
		CASE(test_content),
		CASE(test_fields),
		CASE(test_head),
		CASE(test_conditions),
		CASE(test_ranges),
		CASE(test_no_transform),
		CASE(test_quick_then_small),
		CASE(test_made_once),
		CASE(test_nobody_left),
		CASE(test_queue),
		CASE(test_changes),
		CASE(test_changes_while_made),
		CASE(test_gone_while_made),
		CASE(test_without_cache),
		CASE(test_counted),
		CASE(test_siblings),
		CASE(test_sibling_of_index),
		CASE(test_sibling_before_made),
		CASE(test_sibling_fields),
		CASE(test_sibling_ages),
		CASE(test_no_siblings),
		CASE(test_slow_siblings),
		CASE(test_large_sibling_changes),
		CASE(test_suits),
		CASE(test_settings),
		CASE(test_mistakes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
