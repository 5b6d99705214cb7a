/*
 * conditions_test.c - RFC 9110 section 13.2.2, row by row.
 */
#include "http/conditions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MODIFIED "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"

enum { MODIFIED_S = 784111777, NOW_S = MODIFIED_S + 1000 };

#define IM "If-Match"
#define INM "If-None-Match"
#define IMS "If-Modified-Since"
#define IUS "If-Unmodified-Since"

/* For a representation with the entity tag "a", changed at MODIFIED. */
static const struct {
	enum http_method method;
	const char *fields[6];
	int status;
} rows[] = {
	{ METHOD_GET, { NULL }, 0 },
	{ METHOD_GET, { INM, "\"a\"" }, 304 },
	{ METHOD_HEAD, { INM, "\"a\"" }, 304 },
	{ METHOD_PUT, { INM, "\"a\"" }, 412 },
	{ METHOD_GET, { INM, "\"b\"" }, 0 },
	{ METHOD_GET, { INM, "W/\"a\"" }, 304 },
	{ METHOD_GET, { INM, "\"b\", \"c\" ,\"a\"" }, 304 },
	{ METHOD_GET, { INM, "\"b\",, W/\"a\"" }, 304 },
	{ METHOD_GET, { INM, "\"b\"", INM, "\"a\"" }, 304 },
	{ METHOD_GET, { INM, "*" }, 304 },
	{ METHOD_PUT, { INM, "*" }, 412 },
	{ METHOD_GET, { INM, "a" }, 0 },
	{ METHOD_GET, { INM, "\"b" }, 0 },
	{ METHOD_GET, { INM, "\"b\\\", \"a\"" }, 304 },
	{ METHOD_GET, { INM, "\"b,\"a\"" }, 0 },
	{ METHOD_GET, { IMS, MODIFIED }, 304 },
	{ METHOD_GET, { IMS, AFTER }, 304 },
	{ METHOD_GET, { IMS, BEFORE }, 0 },
	{ METHOD_PUT, { IMS, MODIFIED }, 0 },
	{ METHOD_GET, { IMS, "yesterday" }, 0 },
	{ METHOD_GET, { IMS, "Sunday, 06-Nov-94 08:49:37 GMT" }, 304 },
	{ METHOD_GET, { IMS, "Sun Nov  6 08:49:37 1994" }, 304 },
	{ METHOD_GET, { IMS, MODIFIED, IMS, MODIFIED }, 0 },
	/* the entity tag counts, not the date */
	{ METHOD_GET, { INM, "\"b\"", IMS, MODIFIED }, 0 },
	{ METHOD_GET, { INM, "\"a\"", IMS, BEFORE }, 304 },
	{ METHOD_GET, { IM, "\"a\"" }, 0 },
	{ METHOD_GET, { IM, "\"b\"" }, 412 },
	{ METHOD_PUT, { IM, "\"b\", \"a\"" }, 0 },
	{ METHOD_PUT, { IM, "W/\"a\"" }, 412 },
	{ METHOD_PUT, { IM, "*" }, 0 },
	{ METHOD_PUT, { IM, "junk" }, 412 },
	{ METHOD_PUT, { IUS, MODIFIED }, 0 },
	{ METHOD_PUT, { IUS, BEFORE }, 412 },
	{ METHOD_GET, { IUS, "junk" }, 0 },
	{ METHOD_PUT, { IM, "\"a\"", IUS, BEFORE }, 0 },
	{ METHOD_GET, { IM, "\"a\"", INM, "\"a\"" }, 304 },
	{ METHOD_GET, { IM, "\"b\"", INM, "\"a\"" }, 412 },
	{ METHOD_GET, { IUS, BEFORE, IMS, MODIFIED }, 412 },
	{ METHOD_GET, { IUS, MODIFIED, IMS, MODIFIED }, 304 },
};

static void request_init(struct request *r, const char *const *fields)
{
	*r = (struct request){ .method = METHOD_GET };
	for (; fields && fields[0]; fields += 2) {
		struct slice name = slice_str(fields[0]);
		fields_add(&r->fields, &r->arena, field_find_id(name), name, slice_str(fields[1]));
	}
}

static struct validators representation(void)
{
	return (struct validators){ SLICE("\"a\""), MODIFIED_S, true };
}

static void test_rows(void **state)
{
	struct validators v = representation();
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct request r;
		request_init(&r, rows[i].fields);
		r.method = rows[i].method;
		int status = conditions_check(&r, &v, NOW_S);
		if (status != rows[i].status)
			fail_msg("row %zu (%s: %s): %d", i, rows[i].fields[0], rows[i].fields[1],
			    status);
		arena_fini(&r.arena);
	}
}

static void test_nothing_there(void **state)
{
	struct validators v = { SLICE_NONE, -1, false };
	struct request r;
	(void)state;
	request_init(&r, (const char *const[]){ IM, "*", NULL });
	r.method = METHOD_PUT;
	assert_int_equal(conditions_check(&r, &v, NOW_S), 412);
	arena_fini(&r.arena);
	request_init(&r, (const char *const[]){ INM, "*", NULL });
	r.method = METHOD_PUT;
	assert_int_equal(conditions_check(&r, &v, NOW_S), 0);
	arena_fini(&r.arena);
}

static void test_if_range(void **state)
{
	static const struct {
		const char *value;
		time_t now;
		bool applies;
	} ranges[] = {
		{ "\"a\"", NOW_S, true },
		{ "W/\"a\"", NOW_S, false },
		{ "\"b\"", NOW_S, false },
		{ MODIFIED, NOW_S, true },
		{ AFTER, NOW_S, false },
		{ BEFORE, NOW_S, false },
		{ MODIFIED, MODIFIED_S, false }, /* may change again in this second */
		{ "junk", NOW_S, false },
	};
	struct validators v = representation();
	struct request r;
	(void)state;
	request_init(&r, NULL);
	assert_true(conditions_range_applies(&r, &v, NOW_S));
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		request_init(&r, (const char *const[]){ "If-Range", ranges[i].value, NULL });
		if (conditions_range_applies(&r, &v, ranges[i].now) != ranges[i].applies)
			fail_msg("If-Range: %s", ranges[i].value);
		arena_fini(&r.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_if_range),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
