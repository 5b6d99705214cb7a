/*
 * spool_test.c - content in memory and in a file, read back more than once; failures; freed while
 * its bytes are still queued.
 */
#include "http/spool.h"

#include "net/conn.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>
/* cmocka wants the first four of them */
#include <cmocka.h>

enum { MEMORY = 16 };

static int result;
static unsigned results;

static void on_end(struct spool *s, int rc, void *ctx)
{
	assert_non_null(s);
	assert_ptr_equal(ctx, &result);
	result = rc;
	results++;
}

static struct spool *make(const char *directory)
{
	results = 0;
	return spool_new(&(struct spool_spec){
	    .memory_max = MEMORY, .directory = directory, .on_end = on_end, .ctx = &result });
}

static void push(struct spool *s, const char *text)
{
	struct sink *sink = spool_sink(s);

	assert_int_equal(sink->ops->push(sink, slice_str(text)), strlen(text));
}

static void end(struct spool *s)
{
	spool_sink(s)->ops->end(spool_sink(s));
	assert_int_equal(results, 1);
}

/* Everything that a queue holds, through a socket, as an engine would send it. */
static void assert_queue(struct outq *q, const char *expected)
{
	static char got[4096];
	int fds[2];
	size_t len = strlen(expected);

	assert_int_equal(q->bytes, len);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	struct conn c = {
		.watch = { .fd = fds[0] }, .transport = &transport_plain, .flags = CONN_WRITABLE
	};
	assert_int_equal(outq_flush(q, &c), OK);
	close(fds[0]);
	assert_int_equal(recv(fds[1], got, sizeof(got), MSG_WAITALL), len);
	assert_memory_equal(got, expected, len);
	close(fds[1]);
}

static void pull_all(struct spool *s, struct outq *q)
{
	struct source *source = spool_source(s);

	assert_int_equal(source->ops->pull(source, q, 1), PULL_END);
	source->ops->close(source);
}

static void test_memory(void **state)
{
	struct spool *s = make(NULL);
	struct outq q = { 0 };

	(void)state;
	push(s, "hello ");
	push(s, "world");
	end(s);
	assert_int_equal(result, OK);
	assert_int_equal(spool_size(s), 11);
	assert_true(slice_eq(spool_peek(s), SLICE("hello world")));
	pull_all(s, &q);
	assert_queue(&q, "hello world");
	spool_free(&s);
	assert_null(s);
}

static void test_file(void **state)
{
	struct spool *s = make("/tmp");
	struct outq q = { 0 };

	(void)state;
	push(s, "0123456789");
	push(s, "abcdefghij");
	push(s, "ABCDEFGHIJ");
	end(s);
	assert_int_equal(result, OK);
	assert_int_equal(spool_size(s), 30);
	assert_null(spool_peek(s).ptr);
	for (int i = 0; i < 2; i++) {
		pull_all(s, &q);
		assert_queue(&q, "0123456789abcdefghijABCDEFGHIJ");
	}
	spool_free(&s);
}

static void test_threshold(void **state)
{
	struct spool *s = make("/tmp");

	(void)state;
	push(s, "0123456789abcdef");
	assert_non_null(spool_peek(s).ptr);
	push(s, "g");
	assert_null(spool_peek(s).ptr);
	spool_free(&s);
}

static void test_empty(void **state)
{
	struct spool *s = make(NULL);
	struct outq q = { 0 };

	(void)state;
	end(s);
	assert_int_equal(spool_size(s), 0);
	assert_non_null(spool_peek(s).ptr);
	pull_all(s, &q);
	assert_true(outq_empty(&q));
	spool_free(&s);
}

static void test_freed_before_sent(void **state)
{
	static const char *const texts[] = { "short", "longer than what memory may take" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct spool *s = make("/tmp");
		struct outq q = { 0 };
		push(s, texts[i]);
		end(s);
		struct source *source = spool_source(s);
		spool_free(&s);
		assert_int_equal(source->ops->pull(source, &q, 4096), PULL_END);
		source->ops->close(source);
		assert_queue(&q, texts[i]);
	}
}

static void test_no_directory(void **state)
{
	struct spool *s = make("/nonexistent");

	(void)state;
	push(s, "0123456789");
	push(s, "0123456789");
	push(s, "0123456789"); /* swallowed */
	end(s);
	assert_int_equal(result, ERR_IO);
	assert_int_equal(errno, ENOENT);
	spool_free(&s);
}

static void test_abort(void **state)
{
	struct spool *s = make("/tmp");

	(void)state;
	push(s, "0123456789");
	push(s, "0123456789");
	spool_sink(s)->ops->abort(spool_sink(s));
	assert_int_equal(results, 1);
	assert_int_equal(result, ERR_CLOSED);
	spool_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_threshold),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_freed_before_sent),
		cmocka_unit_test(test_no_directory),
		cmocka_unit_test(test_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
