/*
 * listing_test.c - what stands on the page of a directory, and that no name of a file becomes more
 * than a name.
 */
#include "handler/listing_write.h"

#include "../app/fake_wire.h"
#include "app/compress.h"
#include "config/core.h"
#include "handler/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
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

static int setup_with(void **state, bool with_loop)
{
	static struct fake_worker w;
	char target[512];
	fake_worker_init(&w, &modules, with_loop);
	fake_file(&w, "outside", "x");
	fake_file(&w, "www/img10.png", "0123456789");
	fake_file(&w, "www/img2.png", "01");
	fake_file(&w, "www/Zebra/x", "x");
	fake_file(&w, "www/apple/x", "x");
	fake_file(&w, "www/.hidden", "x");
	fake_file(&w, "www/<script>alert(1)</script>",
	    "x"); /* a folder and a file: there is a slash in it */
	fake_file(&w, "www/a \"quoted\" & 100% #1?.txt", "x");
	fake_file(&w, "www/javascript:alert(1)", "x");
	fake_file(&w, "www/bad\xff\x1b[31mutf8", "x");
	fake_file(&w, "www/\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d.txt", "x");
	fake_file(&w, "www/README.md", "# <Title>\n\ttab & more\r\nlast");
	fake_file(&w, "www/README", "not this one");
	fake_file(&w, "www/empty/.keep", "");
	snprintf(target, sizeof(target), "%s", fake_path(&w, "outside"));
	assert_int_equal(symlink(target, fake_path(&w, "www/out")), 0);
	assert_int_equal(symlink("img2.png", fake_path(&w, "www/in")), 0);
	assert_int_equal(mkfifo(fake_path(&w, "www/fifo"), 0644), 0);
	fake_worker_config(&w, "sites = ( { root = \"@/www\"; files = { listing = true; }; } );");
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

static void get(
    struct fake_request *f, const struct fake_worker *w, const char *path, const char *accept)
{
	fake_request_init(f, w->sites, path);
	if (accept)
		fake_request_field(f, "Accept", accept);
	fake_request_start(f);
	if (app_worker.loop)
		fake_request_finish(f);
	assert_int_equal(f->r.response.status, 200);
}

static void test_page(void **state)
{
	static const char *const there[] = {
		"<title>/</title>",
		"<a href=\"./apple/\"><bdi>apple</bdi>/</a>",
		"<a href=\"./img2.png\"><bdi>img2.png</bdi></a></td><td>2 B</td>",
		"<a href=\"./in\"><bdi>in</bdi></a></td><td>2 B</td>",
		"<a href=\"./a%20%22quoted%22%20%26%20100%25%20%231%3F.txt\"><bdi>a "
		"&quot;quoted&quot; "
		"&amp; 100% #1?.txt</bdi>",
		"<a href=\"./%3Cscript%3Ealert%281%29%3C/\"><bdi>&lt;script&gt;alert(1)&lt;</bdi>/",
		"<a href=\"./javascript%3Aalert%281%29\">",
		"<a href=\"./bad%FF%1B%5B31mutf8\"><bdi>bad\xef\xbf\xbd\xef\xbf\xbd[31mutf8</bdi>",
		"<a "
		"href=\"./"
		"%D7%A9%D7%9C%D7%95%D7%9D.txt\"><bdi>\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d.txt</bdi>",
		"<pre># &lt;Title&gt;\n\ttab &amp; more\nlast</pre>",
		"aria-sort=\"ascending\"><a href=\"?sort=name&amp;order=desc\">",
	};
	static const char *const not_there[] = { "<script", "\x1b", "hidden", "fifo", "./out\"",
		"href=\"javascript", "../", "not this one", "page 1" };
	struct fake_request f;
	get(&f, *state, "/", NULL);
	for (size_t i = 0; i < sizeof(there) / sizeof(*there); i++)
		if (!strstr(f.content.data, there[i]))
			fail_msg("missing: %s in\n%s", there[i], f.content.data);
	for (size_t i = 0; i < sizeof(not_there) / sizeof(*not_there); i++)
		if (strstr(f.content.data, not_there[i]))
			fail_msg("there: %s in\n%s", not_there[i], f.content.data);
	assert_string_equal(fake_response_field(&f, "Content-Type"), "text/html; charset=utf-8");
	assert_string_equal(fake_response_field(&f, "Vary"), "Accept");
	assert_non_null(fake_response_field(&f, "Content-Security-Policy"));
	fake_request_fini(&f);
}

static void test_below(void **state)
{
	struct fake_request f;
	get(&f, *state, "/apple/", NULL);
	assert_non_null(strstr(f.content.data, "<a href=\"/\">example.org</a> / "
					       "<a href=\"/apple/\"><bdi>apple</bdi></a></nav>"));
	assert_non_null(strstr(f.content.data, "<a href=\"../\">../</a>"));
	assert_null(strstr(f.content.data, "<pre>"));
	fake_request_fini(&f);
	get(&f, *state, "/empty/", NULL);
	assert_non_null(strstr(f.content.data, "Nothing here."));
	fake_request_fini(&f);
}

/* The first words of these names, in the order in which they stand. */
static void expect_order(const struct fake_worker *w, const char *path, const char *const *names)
{
	struct fake_request f;
	get(&f, w, path, NULL);
	const char *at = f.content.data;
	for (; *names; names++) {
		char link[64];
		snprintf(link, sizeof(link), "href=\"./%s", *names);
		at = strstr(at, link);
		if (!at)
			fail_msg("%s: %s is not in its place in\n%s", path, *names, f.content.data);
	}
	fake_request_fini(&f);
}

static void test_order(void **state)
{
	static const char *const by_name[] = { "%3Cscript", "apple/", "empty/", "Zebra/", "a%20",
		"bad", "img2.png", "img10.png", "in\"", "README\"", "README.md", NULL };
	static const char *const down[] = { "Zebra/", "empty/", "apple/", "README.md", "README\"",
		"in\"", "img10.png", "img2.png", NULL };
	static const char *const by_size[] = { "apple/", "Zebra/", "a%20", "img2.png", "in\"",
		"img10.png", "README.md", NULL };
	expect_order(*state, "/", by_name);
	expect_order(*state, "/?sort=name&order=desc", down);
	expect_order(*state, "/?order=asc&sort=size", by_size);
	expect_order(*state, "/?sort=nonsense&order=x&page=-1&page=99", by_name);
}

static void test_json(void **state)
{
	struct fake_request f;
	get(&f, *state, "/apple/?format=json", NULL);
	assert_string_equal(fake_response_field(&f, "Content-Type"), "application/json");
	assert_true(slice_starts(buf_peek(&f.content),
	    SLICE(
		"{\"path\":\"/apple/\",\"complete\":true,\"entries\":[\n"
		"{\"name\":\"x\",\"href\":\"./x\",\"type\":\"file\",\"size\":1,\"modified\":\"2")));
	fake_request_fini(&f);
	get(&f, *state, "/", "application/json");
	assert_non_null(strstr(f.content.data, "{\"name\":\"a \\\"quoted\\\" & 100% #1?.txt\","));
	assert_non_null(strstr(f.content.data, "{\"name\":\"bad\xef\xbf\xbd\\u001b[31mutf8\","
					       "\"href\":\"./bad%FF%1B%5B31mutf8\""));
	assert_non_null(strstr(f.content.data, "\"href\":\"./apple/\",\"type\":\"directory\""));
	fake_request_fini(&f);
	get(&f, *state, "/?format=html", "application/json");
	assert_string_equal(fake_response_field(&f, "Content-Type"), "text/html; charset=utf-8");
	fake_request_fini(&f);
	get(&f, *state, "/", "text/html,*/*;q=0.8");
	assert_string_equal(fake_response_field(&f, "Content-Type"), "text/html; charset=utf-8");
	fake_request_fini(&f);
}

static void test_pages(void **state)
{
	const struct fake_worker *w = *state;
	struct fake_request f;
	for (int i = 0; i < 2500; i++) {
		char name[32];
		snprintf(name, sizeof(name), "www/many/f%d", i);
		fake_file(w, name, "");
	}
	get(&f, w, "/many/", NULL);
	assert_non_null(strstr(f.content.data, "\"./f999\""));
	assert_null(strstr(f.content.data, "\"./f1000\""));
	assert_non_null(strstr(f.content.data, "page 1 of 3, 2500 entries"));
	assert_non_null(strstr(f.content.data, "?sort=name&amp;order=asc&amp;page=2\">on"));
	assert_null(strstr(f.content.data, "back</a>"));
	fake_request_fini(&f);
	get(&f, w, "/many/?page=3", NULL);
	assert_null(strstr(f.content.data, "\"./f1999\""));
	assert_non_null(strstr(f.content.data, "\"./f2000\""));
	assert_non_null(strstr(f.content.data, "\"./f2499\""));
	assert_non_null(strstr(f.content.data, "back</a>"));
	fake_request_fini(&f);
}

static void test_names(void **state)
{
	static const char *const sorted[] = { "", "0", "1", "01", "2", "10", "100", "a", "A", "a1",
		"a2", "a10", "a10b", "b", "z" };
	enum { COUNT = sizeof(sorted) / sizeof(*sorted) };
	(void)state;
	for (int i = 0; i < COUNT; i++)
		for (int k = 0; k < COUNT; k++) {
			int d = listing_compare_names(sorted[i], sorted[k]);
			int back = listing_compare_names(sorted[k], sorted[i]);
			if ((d < 0) != (back > 0) || (d == 0) != (i == k))
				fail_msg("%s and %s: %d, %d", sorted[i], sorted[k], d, back);
			bool alike = (i == 2 && k == 3) || (i == 7 && k == 8);
			if (i < k && !alike && d >= 0)
				fail_msg("%s stands before %s", sorted[k], sorted[i]);
		}
}

static void test_gone(void **state)
{
	const struct fake_worker *w = *state;
	struct fake_request f;
	fake_request_init(&f, w->sites, "/apple/");
	fake_request_start(&f);
	fake_request_fini(&f); /* before the thread is done */
	for (int i = 0; i < 5; i++)
		loop_turn(app_worker.loop, 10);
	get(&f, w, "/apple/", NULL);
	fake_request_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_names),
	};
	const struct CMUnitTest loop_tests[] = {
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_gone),
	};
	int failed = cmocka_run_group_tests(tests, setup, teardown);
	return failed + cmocka_run_group_tests(loop_tests, setup_loop, teardown);
}
