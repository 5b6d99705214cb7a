/*
 * cache_rules.c - see cache_rules.h. This is a shared cache in the sense of RFC 9111.
 *
 * Seconds are those of the RFC; times in the configuration are milliseconds and rounded down.
 */
#include "middleware/cache_rules.h"

#include "app/site.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/mem.h"
#include "event/loop.h"

uint64_t cache_now_ms(void)
{
	return app_worker.loop ? loop_now_ms(app_worker.loop) : clock_mono_ms();
}

time_t cache_wall_s(void)
{
	return app_worker.loop ? loop_wall_s(app_worker.loop) : (time_t)(clock_wall_ms() / 1000);
}

bool cache_has_credentials(const struct request *r)
{
	return r->fields.present & 1u << FIELD_AUTHORIZATION || exchange_of(r)->user.ptr;
}

static bool has_cookie(const struct request *r)
{
	return r->fields.present & 1u << FIELD_COOKIE;
}

bool cached_is_for(const struct cached *c, const struct request *r, const struct cache_settings *s)
{
	if (cache_has_credentials(r) && !c->terms.for_all)
		return false;
	return !c->terms.assumed || s->cookies || !has_cookie(r);
}

/* ---- freshness (section 4.2) ------------------------------------------------------------------
 */

/* -1: there is none, or it can not be read. */
static int64_t date_of(const struct fields *f, struct slice name)
{
	time_t t;
	struct slice text = fields_get_name(f, name);
	return text.ptr && date_parse_http(text, cache_wall_s(), &t) == OK ? t : -1;
}

static int64_t clamp(int64_t seconds)
{
	if (seconds < 0)
		return 0;
	return seconds < CACHE_SECONDS_MAX ? seconds : CACHE_SECONDS_MAX;
}

/* When it came it may have been on its way for a while. Without a Date it was made just now. */
static int64_t age_at_arrival(const struct fields *f)
{
	int64_t date = date_of(f, SLICE("Date"));
	int64_t apparent = date < 0 ? 0 : clamp(cache_wall_s() - date);
	int64_t told = cache_seconds(fields_get_name(f, SLICE("Age")));
	return told > apparent ? told : apparent;
}

/* What the answer itself says; -1: nothing. */
static int64_t told_lifetime(const struct fields *f, const struct cache_control *c)
{
	struct slice expires = fields_get_name(f, SLICE("Expires"));
	if (c->s_maxage >= 0)
		return c->s_maxage;
	if (c->max_age >= 0)
		return c->max_age;
	if (!expires.ptr)
		return -1;
	int64_t date = date_of(f, SLICE("Date")), until = date_of(f, SLICE("Expires"));
	return until < 0 ? 0 : clamp(until - (date < 0 ? (int64_t)cache_wall_s() : date));
}

/* Statuses whose answers may be taken to hold for a while (RFC 9110 section 15.1) where nobody says
 * so. Errors are not among them: one that passes should not stay. */
static bool assumes(int status)
{
	return status == 200 || status == 203 || status == 204 || status == 300 || status == 301 ||
	       status == 308 || status == 410;
}

static int64_t assumed_lifetime(const struct response *response, const struct cache_settings *s)
{
	int64_t modified = date_of(&response->fields, SLICE("Last-Modified"));
	if (!assumes(response->status))
		return 0;
	if (s->ttl > 0)
		return s->ttl / 1000;
	if (s->heuristic == 0 || modified < 0)
		return 0;
	return clamp(cache_wall_s() - modified) / 100 * s->heuristic;
}

static struct cache_terms terms_of(
    const struct response *response, const struct cache_settings *s, const struct cache_control *c)
{
	int64_t told = told_lifetime(&response->fields, c);
	return (struct cache_terms){
		.age = age_at_arrival(&response->fields),
		.lifetime = told >= 0 ? told : assumed_lifetime(response, s),
		.stale_while_revalidate = c->stale_while_revalidate >= 0
					      ? c->stale_while_revalidate
					      : s->stale_while_revalidate / 1000,
		.stale_if_error =
		    c->stale_if_error >= 0 ? c->stale_if_error : s->stale_if_error / 1000,
		/* s-maxage says it, too (section 5.2.2.10), unless the same answer says more. */
		.must_revalidate =
		    c->must_revalidate ||
		    (c->s_maxage >= 0 && c->stale_while_revalidate < 0 && c->stale_if_error < 0),
		.no_cache = c->no_cache,
		.for_all = c->is_public || c->must_revalidate || c->s_maxage >= 0,
		.assumed = told < 0,
	};
}

int64_t cached_age(const struct cached *c, uint64_t now_ms)
{
	return c->terms.age + (int64_t)((now_ms - c->came_ms) / 1000);
}

enum cache_use cached_use(
    const struct cached *c, const struct cache_control *wishes, uint64_t now_ms)
{
	const struct cache_terms *t = &c->terms;
	int64_t age = cached_age(c, now_ms), over = age - t->lifetime;
	if (wishes->no_cache || t->no_cache || (wishes->max_age >= 0 && age > wishes->max_age))
		return CACHE_ASK;
	if (over < 0)
		return wishes->min_fresh > -over ? CACHE_ASK : CACHE_FRESH;
	if (t->must_revalidate || wishes->min_fresh >= 0)
		return CACHE_ASK;
	if (wishes->max_stale >= over)
		return CACHE_FRESH;
	return over < t->stale_while_revalidate ? CACHE_STALE : CACHE_ASK;
}

bool cached_stands_in(const struct cached *c, const struct cache_control *wishes, uint64_t now_ms)
{
	const struct cache_terms *t = &c->terms;
	int64_t most = t->stale_if_error;
	if (wishes->stale_if_error >= 0 && wishes->stale_if_error < most)
		most = wishes->stale_if_error;
	return !t->must_revalidate && !t->no_cache && cached_age(c, now_ms) - t->lifetime < most;
}

/* ---- what may be kept (section 3) ---------------------------------------------------------------
 */

/* A part, an answer to a condition, one about this very request: never. The rest if it says for how
 * long. */
static bool is_final(int status)
{
	return status >= 200 && status != 206 && status != 304 && status != 401 && status != 407 &&
	       status != 412 && status != 416 && status != 417;
}

static bool varies_too_much(const struct fields *f)
{
	unsigned count = 0;
	for (unsigned i = 0; i < f->count; i++) {
		struct slice rest = f->list[i].value, name;
		if (!slice_eq_ci(f->list[i].name, SLICE("Vary")))
			continue;
		while (field_list_next(&rest, &name))
			if (slice_eq(name, SLICE("*")) || ++count > CACHE_VARY_MAX)
				return true;
	}
	return false;
}

static bool has_validator(const struct fields *f)
{
	return fields_get_name(f, SLICE("ETag")).ptr ||
	       fields_get_name(f, SLICE("Last-Modified")).ptr;
}

/* By whom: everybody, or nobody. */
static bool is_for_everybody(const struct request *r, const struct cache_settings *s,
    const struct cache_control *c, const struct cache_terms *terms)
{
	const struct fields *f = &r->response.fields;
	if (c->is_private || (fields_get_name(f, SLICE("Set-Cookie")).ptr && !s->set_cookie))
		return false;
	if (terms->assumed && r->response.personal)
		return false;
	return (terms->for_all || !cache_has_credentials(r)) &&
	       (!terms->assumed || s->cookies || !has_cookie(r));
}

/* One that is stale at once is of use if it can be confirmed, or may be given stale. */
static bool is_of_use(const struct fields *f, const struct cache_terms *t)
{
	if (t->assumed && t->lifetime == 0)
		return false;
	return (t->lifetime > t->age && !t->no_cache) || has_validator(f) ||
	       (!t->must_revalidate && (t->stale_while_revalidate > 0 || t->stale_if_error > 0));
}

bool cache_may_keep(
    const struct request *r, const struct cache_settings *s, struct cache_terms *terms_out)
{
	const struct response *response = &r->response;
	const struct fields *f = &response->fields;
	struct cache_control c = cache_control_read(f);
	int64_t length = response->source ? response->length : (int64_t)response->body.len;
	*terms_out = terms_of(response, s, &c);
	return r->method == METHOD_GET && is_final(response->status) && !response->plain_error &&
	       !response->block && !c.no_store && length <= s->object_size &&
	       !(f->present & 1u << FIELD_CONTENT_RANGE) && !varies_too_much(f) &&
	       is_for_everybody(r, s, &c, terms_out) && is_of_use(f, terms_out);
}

/* ---- what is kept (section 3.1) -----------------------------------------------------------------
 */

/* Of the connection, or made anew each time. */
static bool is_passing(const struct fields *f, const struct field *field, bool set_cookie)
{
	static const char *const others[] = { "Age", "Cache-Status", "Proxy-Authenticate",
		"Proxy-Authentication-Info", "Proxy-Authorization", "Proxy-Connection" };
	const uint32_t known = 1u << FIELD_CONNECTION | 1u << FIELD_CONTENT_LENGTH |
			       1u << FIELD_DATE | 1u << FIELD_KEEP_ALIVE | 1u << FIELD_SERVER |
			       1u << FIELD_TE | 1u << FIELD_TRAILER |
			       1u << FIELD_TRANSFER_ENCODING | 1u << FIELD_UPGRADE;
	if (field->id != FIELD_OTHER)
		return known >> field->id & 1;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (slice_eq_ci(field->name, slice_str(others[i])))
			return true;
	return (!set_cookie && slice_eq_ci(field->name, SLICE("Set-Cookie"))) ||
	       fields_has_token(f, FIELD_CONNECTION, field->name);
}

/* What a new answer is put together from, before its memory is one piece. */
struct parts {
	struct fields fields;
	struct fields selected;
	struct slice vary;
	size_t text; /* bytes of all of it */
};

static void add_part(struct parts *p, struct request *r, struct fields *to, const struct field *f)
{
	fields_add(to, &r->arena, f->id, f->name, f->value);
	p->text += f->name.len + f->value.len;
}

static void add_selected(struct parts *p, struct request *r)
{
	for (struct slice rest = p->vary, name; field_list_next(&rest, &name);) {
		struct field f = { .name = name, .value = cache_selecting_value(r, name) };
		add_part(p, r, &p->selected, &f);
	}
}

static struct slice join_vary(struct request *r, const struct fields *f)
{
	struct slice all = SLICE("");
	for (unsigned i = 0; i < f->count; i++)
		if (slice_eq_ci(f->list[i].name, SLICE("Vary")))
			all = all.len ? slice_str(arena_printf(&r->arena, SLICE_FMT ", " SLICE_FMT,
					    SLICE_ARG(all), SLICE_ARG(f->list[i].value)))
				      : f->list[i].value;
	return all;
}

static struct slice copy(char **at, struct slice s)
{
	char *to = *at;
	if (!s.ptr)
		return SLICE_NONE;
	if (s.len)
		memcpy(to, s.ptr, s.len);
	*at += s.len;
	return slice_of(to, s.len);
}

static struct field *copy_list(struct field *to, char **at, const struct fields *from)
{
	for (unsigned i = 0; i < from->count; i++)
		to[i] = (struct field){ .name = copy(at, from->list[i].name),
			.value = copy(at, from->list[i].value),
			.id = from->list[i].id };
	return to;
}

static void on_unused(struct owner *o)
{
	struct cached *c = CONTAINER_OF(o, struct cached, owner);
	if (c->body)
		owner_release(&c->body->owner);
	mem_free(c);
}

void cached_set_body(struct cached *c, struct cache_body *body)
{
	owner_hold(&body->owner);
	c->body = body;
	c->bytes += sizeof(*body) + body->len;
}

static struct cached *build(const struct parts *p, const struct cache_terms *terms, int status)
{
	size_t lists = (p->fields.count + p->selected.count) * sizeof(struct field);
	size_t bytes = sizeof(struct cached) + lists + p->vary.len + p->text;
	struct cached *c = mem_alloc(bytes);
	struct field *list = (struct field *)(c + 1);
	char *at = (char *)c + sizeof(*c) + lists;
	*c = (struct cached){ .owner = { .refs = 1, .on_last = on_unused },
		.terms = *terms,
		.came_ms = cache_now_ms(),
		.status = status,
		.selected_count = p->selected.count,
		.field_count = p->fields.count,
		.bytes = bytes };
	list_init(&c->node);
	c->vary = copy(&at, p->vary);
	c->fields = copy_list(list, &at, &p->fields);
	c->selected = copy_list(list + p->fields.count, &at, &p->selected);
	struct fields f = { .list = c->fields, .count = c->field_count };
	c->validators = (struct validators){ .etag = fields_get_name(&f, SLICE("ETag")),
		.modified = date_of(&f, SLICE("Last-Modified")),
		.exists = true };
	return c;
}

struct cached *cached_new(
    struct request *r, const struct cache_settings *s, const struct cache_terms *terms)
{
	const struct fields *f = &r->response.fields;
	struct parts p = { .vary = join_vary(r, f) };
	for (unsigned i = 0; i < f->count; i++)
		if (!is_passing(f, &f->list[i], s->set_cookie))
			add_part(&p, r, &p.fields, &f->list[i]);
	add_selected(&p, r);
	return build(&p, terms, r->response.status);
}

/* Fields of the 304 take the place of old ones by name, but for those that are of the content. */
static bool is_replaced(const struct fields *now, const struct field *old)
{
	if (old->id == FIELD_CONTENT_TYPE || old->id == FIELD_CONTENT_ENCODING)
		return false;
	return fields_get_name(now, old->name).ptr;
}

struct cached *cached_confirmed(
    struct request *r, const struct cache_settings *s, const struct cached *old)
{
	struct response *response = &r->response;
	struct fields now = response->fields, all = { 0 };
	struct cache_terms terms;
	for (unsigned i = 0; i < old->field_count; i++)
		if (!is_replaced(&now, &old->fields[i]))
			fields_add(&all, &r->arena, old->fields[i].id, old->fields[i].name,
			    old->fields[i].value);
	for (unsigned i = 0; i < now.count; i++)
		if (now.list[i].id != FIELD_CONTENT_TYPE &&
		    now.list[i].id != FIELD_CONTENT_ENCODING)
			fields_add(
			    &all, &r->arena, now.list[i].id, now.list[i].name, now.list[i].value);
	response->fields = all;
	response->status = old->status;
	response->block = NULL;
	if (!cache_may_keep(r, s, &terms))
		return NULL;
	struct cached *c = cached_new(r, s, &terms);
	cached_set_body(c, old->body);
	return c;
}
