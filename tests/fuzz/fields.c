/*
 * fields.c - fuzz target: field lines, lists, and what is read from Accept.
 */
#include "http/accept.h"
#include "http1/parse.h"

#include <stdint.h>
#include <stdlib.h>

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void walk_list(struct slice value)
{
	struct slice rest = value, member;
	size_t total = 0;

	while (field_list_next(&rest, &member)) {
		require(member.len > 0 && slice_trim(member).len == member.len);
		total += member.len;
	}
	require(total <= value.len);
	require(accept_quality(value, SLICE("text/html")) <= 1000);
}

static void store(struct slice name, struct slice value)
{
	struct fields fields = { 0 };
	struct arena arena;

	arena_init(&arena);
	enum field_id id = field_find_id(name);
	for (unsigned i = 0; i < 3; i++)
		fields_add(&fields, &arena, id, name, value);
	require(slice_eq(fields_get_name(&fields, name), value));
	require(fields_count(&fields, id) == 3);
	if (id != FIELD_OTHER)
		require(fields_join(&fields, id, &arena).len <= 3 * value.len + 4);
	fields_has_token(&fields, id, SLICE("close"));
	fields_remove_name(&fields, name);
	require(fields.count == 0 && fields.present == 0);
	arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice line = slice_of((const char *)data, size), name, value;

	walk_list(line);
	if (h1_parse_field(line, &name, &value) == NULL) {
		require(field_name_valid(name) && field_value_valid(value));
		walk_list(value);
		store(name, value);
	}
	return 0;
}
