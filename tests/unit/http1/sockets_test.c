/*
 * sockets_test.c - the vectors again, through the whole engine: each status goes out and can be
 * read, and the connection stays or goes as the row says; also where every call moves a few bytes
 * only.
 */
#include "harness.h"
#include "vectors.h"

#include <stdio.h>
#include <unistd.h>

static bool is_known(const struct vector *v)
{
	struct slice line = slice_of(v->bytes, v->len), word;

	while (line.len > 0 && (line.ptr[0] == '\r' || line.ptr[0] == '\n'))
		line = slice_tail(line, 1);
	word = slice_split(&line, ' ');
	enum http_method m = method_find(word);
	return m != METHOD_OTHER;
}

static void check(bool condition, const struct vector *v, const char *what)
{
	if (condition)
		return;
	print_error("%s: \"%.*s\"\ngot \"%s\"%s\n", what, (int)v->len, v->bytes, harness.got,
	    harness.eof ? " and the end" : "");
	fail();
}

/* A kept connection answers once more. */
static void check_kept(const struct vector *v, int fd)
{
	check(!harness.eof, v, "closed");
	check(!strstr(harness.got, "Connection: close"), v, "says close and stays");
	harness_forget();
	SEND(fd, GET("/again"));
	harness_settle(fd);
	check(strncmp(harness.got, "HTTP/1.1 200 ", 13) == 0, v, "no second answer");
}

static void check_closed(const struct vector *v, int fd)
{
	check(strstr(harness.got, "Connection: close") != NULL, v, "does not say close");
	harness_receive_end(fd);
	check(harness.eof && !harness.reset, v, "not closed in order");
}

/* The final response: cut short, a client's content can look as if it waited for the interim one.
 */
static const char *final_response(void)
{
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
	size_t len = sizeof(interim) - 1;

	return strncmp(harness.got, interim, len) == 0 ? harness.got + len : harness.got;
}

static void run_row(const struct vector *v)
{
	char expected[32];
	unsigned refusals = harness.refusals, aborts = harness.aborts;

	harness_forget();
	int fd = harness_talk(v->bytes, v->len);
	snprintf(expected, sizeof(expected), "HTTP/1.1 %d ",
	    v->status     ? v->status
	    : is_known(v) ? 200
			  : 501);
	check(slice_starts(slice_str(final_response()), slice_str(expected)), v, "wrong status");
	check(strstr(harness.got, "\r\nDate: ") != NULL, v, "no Date");
	if (v->status == 0 && v->keep)
		check_kept(v, fd);
	else
		check_closed(v, fd);
	close(fd);
	check(v->status == 0 || harness.refusals + harness.aborts == refusals + aborts + 1, v,
	    "refusal not told once");
	loop_turn(harness.net.loop, 0);
}

static void run_all(size_t cut)
{
	harness_start();
	harness.cut = cut;
	for (const struct vectors *const *list = all_vectors; *list; list++)
		for (size_t i = 0; i < (*list)->count; i++)
			run_row(&(*list)->list[i]);
	harness_stop();
}

static void test_whole(void **state)
{
	(void)state;
	run_all(0);
}

static void test_cut_short(void **state)
{
	(void)state;
	run_all(3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
