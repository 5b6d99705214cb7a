/*
 * request_id.c - a name for each request, shared with those before and behind this server: taken
 * from X-Request-ID or made, told in the response; and the trace it belongs to.
 *
 * What names look like, and that they are made only where somebody asks, is app/trace.h's.
 */
#include "middleware/request_id.h"

#include "app/guard.h"
#include "app/trace.h"
#include "base/mem.h"
#include "net/prefix.h"

struct request_id_settings {
	bool enabled;
	struct config_strings trust;
	bool trace;
};

static const struct key keys[] = {
	{ .name = "enabled",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct request_id_settings, enabled),
	    .def = "true",
	    .help = "take the client's X-Request-ID, and tell it in the response" },
	{ .name = "trust",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct request_id_settings, trust),
	    .def = "all",
	    .help = "whose X-Request-ID is taken: addresses, networks, \"unix\" or \"all\"" },
	{ .name = "trace",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct request_id_settings, trace),
	    .def = "false",
	    .help = "begin a trace where the client has begun none" },
	KEYS_END,
};

const struct key_group request_id_group = {
	.name = "request_id",
	.scopes = SCOPE_GLOBAL | SCOPE_SITE | SCOPE_ROUTE,
	.keys = keys,
	.size = sizeof(struct request_id_settings),
	.shorthand = "enabled",
	.help = "a name for each request",
};

struct request_id {
	const struct net_prefix_table *trusted;
	bool trace;
};

static void check(const struct config_scope *scope, struct config_report *report)
{
	const struct request_id_settings *s = config_settings(scope, &request_id_group);
	if (config_given(scope, &request_id_group, "trust"))
		guard_check_addresses(&s->trust, "request_id.trust",
		    config_place(scope, &request_id_group, "trust"), report);
}

static void *prepare(const struct config_scope *route, struct arena *a)
{
	const struct request_id_settings *s = config_settings(route, &request_id_group);
	if (!s->enabled)
		return NULL;
	struct request_id *state = arena_zalloc(a, sizeof(*state));
	struct net_prefix *list = mem_alloc((s->trust.count + 1) * sizeof(*list));
	size_t count = 0;
	for (size_t i = 0; i < s->trust.count; i++)
		count += net_prefix_parse(slice_str(s->trust.list[i]), &list[count]) == OK;
	state->trusted = net_prefix_table_new(list, count, a);
	state->trace = s->trace;
	mem_free(list);
	return state;
}

static enum step enter(struct request *r, void *state)
{
	const struct request_id *s = state;
	/* Of several none is the one; then, and where it is not fit, one is made. */
	if (fields_count(&r->fields, FIELD_X_REQUEST_ID) == 1 &&
	    (r->internal || net_prefix_table_find(s->trusted, r->peer) >= 0))
		(void)!exchange_take_id(r, fields_get(&r->fields, FIELD_X_REQUEST_ID));
	if (s->trace)
		exchange_begin_trace(r);
	return STEP_NEXT;
}

/* It answers nobody, and what it notes goes with the request. */
static enum step explain(struct request *r, void *state, char *text_out, size_t room)
{
	(void)text_out, (void)room;
	return enter(r, state);
}

static void head(struct request *r, void *state)
{
	(void)state;
	if (fields_count(&r->response.fields, FIELD_X_REQUEST_ID))
		fields_remove_name(&r->response.fields, SLICE("X-Request-ID"));
	response_add_static(r, FIELD_X_REQUEST_ID, SLICE("X-Request-ID"), exchange_id(r));
}

static const struct key_group *const groups[] = { &request_id_group, NULL };

const struct middleware request_id_middleware = {
	.name = "request_id",
	.groups = groups,
	.check = check,
	.prepare = prepare,
	.enter = enter,
	.head = head,
	.explain = explain,
};
