/*
 * media_test.c - media types by name, built in and added.
 */
#include "http/media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void expect(const struct media_table *t, const char *name, const char *type)
{
	struct slice found = media_find(t, slice_str(name));
	if (!slice_eq(found, slice_str(type)))
		fail_msg("%s: " SLICE_FMT, name, SLICE_ARG(found));
}

static void test_built_in(void **state)
{
	(void)state;
	expect(NULL, "index.html", "text/html; charset=utf-8");
	expect(NULL, "INDEX.HTM", "text/html; charset=utf-8");
	expect(NULL, "a.b.css", "text/css; charset=utf-8");
	expect(NULL, "app.mjs", "text/javascript; charset=utf-8");
	expect(NULL, "x.wasm", "application/wasm");
	expect(NULL, "x.webp", "image/webp");
	expect(NULL, "x.avif", "image/avif");
	expect(NULL, "x.woff2", "font/woff2");
	expect(NULL, "x.m3u8", "application/vnd.apple.mpegurl");
	expect(NULL, "x.webmanifest", "application/manifest+json");
	expect(NULL, "a.7z", "application/x-7z-compressed");
	expect(NULL, "a.zst", "application/zstd");
	expect(NULL, "a.tar.gz", "application/gzip");
	expect(NULL, "x.mp4", "video/mp4");
	expect(NULL, "Makefile", "application/octet-stream");
	expect(NULL, "x.unheardof", "application/octet-stream");
	expect(NULL, "x.", "application/octet-stream");
	expect(NULL, "", "application/octet-stream");
	expect(NULL, "html", "application/octet-stream");
	expect(NULL, "a-very-long-name-of-a-file-that-goes-on-and-on-and-on.html",
	    "text/html; charset=utf-8");
}

static void test_added(void **state)
{
	struct arena a;
	(void)state;
	arena_init(&a);
	struct media_table *base = media_new(&a, NULL);
	struct media_table *t = media_new(&a, base);
	media_add(base, SLICE(".foo"), SLICE("application/x-foo"));
	media_add(base, SLICE("tar.gz"), SLICE("application/x-tgz"));
	media_add(t, SLICE("FOO"), SLICE("text/x-foo"));
	media_add(t, SLICE("html"), SLICE("text/html; charset=iso-8859-1"));
	expect(base, "x.foo", "application/x-foo");
	expect(t, "x.foo", "text/x-foo; charset=utf-8");
	expect(t, "x.tar.gz", "application/x-tgz");
	expect(t, "x.gz", "application/gzip");
	expect(t, "x.html", "text/html; charset=iso-8859-1");
	media_add(t, SLICE("foo"), SLICE("image/x-foo"));
	expect(t, "x.foo", "image/x-foo");
	arena_fini(&a);
}

static void test_file(void **state)
{
	char path[] = "/tmp/httpd-media-XXXXXX";
	const char text[] = "# a comment\n"
			    "application/x-one\t\tone un\r\n"
			    "application/x-none\n"
			    "nonsense words here\n"
			    "\n"
			    "text/x-two two # and more\n"
			    "image/x-last last";
	struct arena a;
	int fd = mkstemp(path);
	(void)state;
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	arena_init(&a);
	struct media_table *t = media_new(&a, NULL);
	assert_int_equal(media_load(t, path), OK);
	expect(t, "x.one", "application/x-one");
	expect(t, "x.un", "application/x-one");
	expect(t, "x.two", "text/x-two; charset=utf-8");
	expect(t, "x.more", "application/octet-stream");
	expect(t, "x.words", "application/octet-stream");
	expect(t, "x.last", "image/x-last");
	unlink(path);
	assert_int_equal(media_load(t, path), ERR_IO);
	assert_int_equal(errno, ENOENT);
	arena_fini(&a);
}

static void test_valid(void **state)
{
	(void)state;
	assert_true(media_type_valid(SLICE("text/plain")));
	assert_true(media_type_valid(SLICE("application/vnd.x+json; charset=utf-8")));
	assert_false(media_type_valid(SLICE("text")));
	assert_false(media_type_valid(SLICE("text/")));
	assert_false(media_type_valid(SLICE("/plain")));
	assert_false(media_type_valid(SLICE("text/pl ain")));
	assert_false(media_type_valid(SLICE("text/plain\r\nX: y")));
	assert_false(media_type_valid(SLICE("text/plain;\r\nX: y")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_built_in),
		cmocka_unit_test(test_added),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_valid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
