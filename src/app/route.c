/*
 * route.c - which route of a site answers: patterns, hosts, methods.
 *
 * Routes are tried in the order written; a personal site has a handful, so nothing cleverer than a
 * list is worth its memory. Paths are canonical by now (http/target.h): one slash, no dot segments,
 * decoded.
 */
#include "app/route.h"

static bool param_name_valid(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];
		bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
		if (!letter && c != '_' && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return name.len > 0;
}

static int compile_segments(
    struct slice pattern, struct arena *a, struct route_pattern *out, const char **reason_out)
{
	size_t cap = 1;
	for (size_t i = 0; i < pattern.len; i++)
		cap += pattern.ptr[i] == '/';
	struct pattern_segment *list = arena_zalloc(a, cap * sizeof(*list));
	unsigned params = 0;
	struct slice rest = slice_tail(pattern, 1);
	while (rest.ptr) {
		struct slice part = slice_split(&rest, '/');
		if (!rest.ptr && slice_eq(part, SLICE("*"))) {
			out->rest = true;
			break;
		}
		struct pattern_segment *s = &list[out->segment_count++];
		s->param = part.len > 0 && part.ptr[0] == ':';
		s->text = s->param ? slice_tail(part, 1) : part;
		params += s->param;
		if (s->param && !param_name_valid(s->text)) {
			*reason_out = "a parameter is ':' and a name of letters, digits and '_'";
			return ERR_SYNTAX;
		}
	}
	if (params >= ROUTE_PARAMS_MAX) {
		*reason_out = "too many parameters (expected 15 at most)";
		return ERR_SYNTAX;
	}
	out->kind = PATTERN_SEGMENTS;
	out->segments = list;
	ptrdiff_t colon = slice_find(pattern, ':');
	out->text = slice_head(pattern, (size_t)colon);
	return OK;
}

static bool has_params(struct slice pattern)
{
	for (size_t i = 1; i < pattern.len; i++)
		if (pattern.ptr[i] == ':' && pattern.ptr[i - 1] == '/')
			return true;
	return false;
}

int pattern_compile(
    struct slice pattern, struct arena *a, struct route_pattern *out, const char **reason_out)
{
	*out = (struct route_pattern){ .kind = PATTERN_LITERAL, .text = pattern };
	if (pattern.len > 0 && pattern.ptr[0] == '~') {
		*reason_out = "regular expressions are not built in";
		return ERR_SYNTAX;
	}
	ptrdiff_t star = slice_find(pattern, '*');
	if (star == 0 && slice_find(slice_tail(pattern, 1), '*') < 0) {
		out->kind = PATTERN_SUFFIX;
		out->text = slice_tail(pattern, 1);
		return OK;
	}
	if (pattern.len == 0 || pattern.ptr[0] != '/') {
		*reason_out = "a path begins with '/' or '*'";
		return ERR_SYNTAX;
	}
	if (star >= 0 && (size_t)star != pattern.len - 1) {
		*reason_out = "'*' may stand at the beginning or at the end only";
		return ERR_SYNTAX;
	}
	if (has_params(pattern) && star > 0 && pattern.ptr[star - 1] != '/') {
		*reason_out = "beside parameters '*' stands for whole segments: \"/*\"";
		return ERR_SYNTAX;
	}
	if (has_params(pattern))
		return compile_segments(pattern, a, out, reason_out);
	if (star > 0) {
		out->kind = PATTERN_PREFIX;
		out->text = slice_head(pattern, (size_t)star);
	}
	return OK;
}

static void param_add(struct exchange *x, struct slice name, struct slice value)
{
	x->params[x->param_count++] = (struct route_param){ name, value };
}

static bool match_segments(const struct route_pattern *p, struct slice path, struct exchange *x)
{
	struct slice rest = slice_tail(path, 1);
	for (unsigned i = 0; i < p->segment_count; i++) {
		if (!rest.ptr)
			return false;
		struct slice part = slice_split(&rest, '/');
		const struct pattern_segment *s = &p->segments[i];
		if (s->param ? part.len == 0 : !slice_eq(part, s->text))
			return false;
		if (s->param)
			param_add(x, s->text, part);
	}
	if (p->rest && rest.ptr)
		param_add(x, SLICE("*"), rest);
	return p->rest == (rest.ptr != NULL);
}

bool pattern_match(const struct route_pattern *p, struct slice path, struct exchange *x)
{
	x->param_count = 0;
	switch (p->kind) {
	case PATTERN_LITERAL:
		return slice_eq(path, p->text);
	case PATTERN_PREFIX:
		if (!slice_starts(path, p->text))
			return false;
		param_add(x, SLICE("*"), slice_tail(path, p->text.len));
		return true;
	case PATTERN_SUFFIX:
		if (!slice_ends(path, p->text))
			return false;
		param_add(x, SLICE("*"), slice_head(path, path.len - p->text.len));
		return true;
	case PATTERN_SEGMENTS:
		if (slice_starts(path, p->text) && match_segments(p, path, x))
			return true;
		x->param_count = 0;
	}
	return false;
}

bool host_matches(struct slice pattern, struct slice host)
{
	if (pattern.len > 1 && pattern.ptr[0] == '*')
		return host.len >= pattern.len && slice_ends(host, slice_tail(pattern, 1));
	return pattern.len == 0 || slice_eq(pattern, host);
}

static bool place_matches(const struct route *route, struct request *r)
{
	return host_matches(route->host, r->host) &&
	       pattern_match(route->compiled, r->path, exchange_of(r));
}

struct route *route_find(struct site *site, struct request *r)
{
	for (unsigned i = 0; i < site->route_count; i++)
		if (place_matches(&site->routes[i], r))
			return &site->routes[i];
	return NULL;
}

struct route *route_match(struct site *site, struct request *r, unsigned *allow_out)
{
	*allow_out = 0;
	for (unsigned i = 0; i < site->route_count; i++) {
		struct route *route = &site->routes[i];
		if (!place_matches(route, r))
			continue;
		if (route->methods == 0 || route->methods & 1u << r->method)
			return route;
		*allow_out |= route->methods;
	}
	exchange_of(r)->param_count = 0;
	return NULL;
}

struct slice exchange_param(const struct request *r, struct slice name)
{
	const struct exchange *x = exchange_of(r);
	for (unsigned i = 0; x && i < x->param_count; i++)
		if (slice_eq(x->params[i].name, name))
			return x->params[i].value;
	return SLICE_NONE;
}
