/*
 * pattern.c - patterns of routes: compiled when a worker starts and when a configuration is
 * checked, matched for each request. Paths are canonical by now (http/target.h): one slash, no dot
 * segments, decoded.
 */
#include "app/route.h"

#include "config/core.h"
#include "http/chars.h"

#include <stdio.h>

static int refuse(char why_out[PATTERN_WHY], const char *why)
{
	snprintf(why_out, PATTERN_WHY, "%s", why);
	return ERR_SYNTAX;
}

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

static bool has_param(const struct route_pattern *p, struct slice name)
{
	for (unsigned i = 0; i < p->segment_count; i++)
		if (p->segments[i].param && slice_eq(p->segments[i].text, name))
			return true;
	return false;
}

static unsigned param_count(const struct route_pattern *p)
{
	unsigned count = 0;
	for (unsigned i = 0; i < p->segment_count; i++)
		count += p->segments[i].param;
	return count;
}

static int add_segment(struct route_pattern *out, struct pattern_segment *to, struct slice part,
    char why_out[PATTERN_WHY])
{
	to->param = part.len > 0 && part.ptr[0] == ':';
	to->text = to->param ? slice_tail(part, 1) : part;
	if (to->param && !param_name_valid(to->text))
		return refuse(why_out, "a parameter is ':' and a name of letters, digits and '_'");
	if (to->param && has_param(out, to->text))
		return refuse(why_out, "two parameters have the same name");
	out->segment_count++;
	return OK;
}

static int compile_segments(
    struct slice text, struct arena *a, struct route_pattern *out, char why_out[PATTERN_WHY])
{
	size_t cap = 1;
	for (size_t i = 0; i < text.len; i++)
		cap += text.ptr[i] == '/';
	struct pattern_segment *list = arena_zalloc(a, cap * sizeof(*list));
	struct slice rest = slice_tail(text, 1);
	out->segments = list;
	out->text = slice_head(text, (size_t)slice_find(text, ':'));
	while (rest.ptr) {
		struct slice part = slice_split(&rest, '/');
		if (!rest.ptr && slice_eq(part, SLICE("*"))) {
			out->rest = true;
			break;
		}
		if (add_segment(out, &list[out->segment_count], part, why_out) < 0)
			return ERR_SYNTAX;
	}
	if (param_count(out) >= ROUTE_PARAMS_MAX)
		return refuse(why_out, "too many parameters (expected 15 at most)");
	return OK;
}

static bool has_params(struct slice text)
{
	for (size_t i = 1; i < text.len; i++)
		if (text.ptr[i] == ':' && text.ptr[i - 1] == '/')
			return true;
	return false;
}

static bool is_escape(struct slice s)
{
	return s.len >= 3 && s.ptr[0] == '%' && char_hex(s.ptr[1]) >= 0 && char_hex(s.ptr[2]) >= 0;
}

/* What no path of a request has (http/target.h): a route that asks for a password there would guard
 * nothing. NULL without. */
static const char *never_asked_for(struct slice text)
{
	struct slice rest = slice_tail(text, 1);
	for (size_t i = 0; i < text.len; i++)
		if (is_escape(slice_tail(text, i)))
			return "requests' paths are compared decoded (write the byte itself in "
			       "place of '%' and two digits)";
	while (rest.ptr) {
		struct slice part = slice_split(&rest, '/');
		if (part.len == 0 && rest.ptr)
			return "no path has '//' in it: requests' slashes are made one";
		if (slice_eq(part, SLICE(".")) || slice_eq(part, SLICE("..")))
			return "no path has '.' or '..' as a segment: requests' are resolved";
	}
	return NULL;
}

static int compile_path(
    struct slice text, struct arena *a, struct route_pattern *out, char why_out[PATTERN_WHY])
{
	ptrdiff_t star = slice_find(text, '*');
	out->text = text;
	if (text.len == 0 || text.ptr[0] != '/')
		return refuse(why_out, "a path begins with '/' or '*'");
	const char *never = never_asked_for(text);
	if (never)
		return refuse(why_out, never);
	if (star >= 0 && (size_t)star != text.len - 1)
		return refuse(why_out, "'*' may stand at the beginning or at the end only");
	if (has_params(text) && star > 0 && text.ptr[star - 1] != '/')
		return refuse(why_out, "beside parameters '*' stands for whole segments: \"/*\"");
	if (has_params(text)) {
		out->kind = PATTERN_SEGMENTS;
		return compile_segments(text, a, out, why_out);
	}
	if (star > 0) {
		out->kind = PATTERN_PREFIX;
		out->text = slice_head(text, (size_t)star);
	}
	return OK;
}

static int compile_regex(
    struct slice text, struct arena *a, struct route_pattern *out, char why_out[PATTERN_WHY])
{
	unsigned names;
	if (regex_compile(text, a, &out->regex, why_out) < 0)
		return ERR_SYNTAX;
	out->kind = PATTERN_REGEX;
	const struct regex_name *name = regex_names(out->regex, &names);
	if (param_count(out) + regex_group_count(out->regex) + names >= ROUTE_PARAMS_MAX)
		refuse(why_out, "too many groups and names (expected 15 together at most)");
	else
		why_out[0] = '\0';
	for (unsigned i = 0; i < names; i++)
		if (has_param(out, name[i].name))
			refuse(why_out, "two parameters have the same name");
	if (!why_out[0])
		return OK;
	regex_free(&out->regex);
	return ERR_SYNTAX;
}

/* What is fixed of it gets a slash behind it: so it is a directory of the index. */
static int compile_group(
    struct slice group, struct arena *a, struct route_pattern *out, char why_out[PATTERN_WHY])
{
	if (group.len > 0 && compile_path(group, a, out, why_out) < 0)
		return ERR_SYNTAX;
	if (out->kind == PATTERN_LITERAL && group.len > 0)
		out->text = slice_str(arena_printf(a, SLICE_FMT "/", SLICE_ARG(group)));
	return OK;
}

int pattern_compile(struct slice group, struct slice own, struct arena *a,
    struct route_pattern *out, char why_out[PATTERN_WHY])
{
	*out = (struct route_pattern){ .kind = PATTERN_LITERAL };
	if (own.len == 0 || (own.ptr[0] != '*' && own.ptr[0] != '~')) {
		struct slice whole = own;
		if (group.len > 0)
			whole = slice_str(
			    arena_printf(a, SLICE_FMT SLICE_FMT, SLICE_ARG(group), SLICE_ARG(own)));
		return compile_path(whole, a, out, why_out);
	}
	if (compile_group(group, a, out, why_out) < 0)
		return ERR_SYNTAX;
	struct slice tail = slice_tail(own, 1);
	if (own.ptr[0] == '~')
		return compile_regex(tail, a, out, why_out);
	if (slice_find(tail, '*') >= 0)
		return refuse(why_out, "'*' may stand at the beginning or at the end only");
	out->kind = PATTERN_SUFFIX;
	out->suffix = tail;
	return OK;
}

void pattern_release(struct route_pattern *p)
{
	regex_free(&p->regex);
}

int pattern_of_route(const struct config_scope *route, struct arena *a, struct route_pattern *out,
    char why_out[PATTERN_WHY])
{
	const struct route_settings *s = config_settings(route, &route_group);
	if (config_scope_gathers(route))
		return pattern_compile(SLICE_NONE, slice_str(s->path), a, out, why_out);
	return pattern_compile(slice_str(s->group_path), slice_str(s->own_path), a, out, why_out);
}

static const char *name_of_group(unsigned i)
{
	static const char *const names[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10",
		"11", "12", "13", "14", "15" };
	return names[i];
}

unsigned pattern_params(
    const struct route_pattern *p, const char *out[ROUTE_PARAMS_MAX], struct arena *a)
{
	unsigned n = 0, names;
	for (unsigned i = 0; i < p->segment_count; i++)
		if (p->segments[i].param)
			out[n++] = arena_dup(a, p->segments[i].text).ptr;
	if (p->rest || p->kind == PATTERN_PREFIX || p->kind == PATTERN_SUFFIX)
		out[n++] = "*";
	if (!p->regex)
		return n;
	const struct regex_name *name = regex_names(p->regex, &names);
	for (unsigned i = 1; i <= regex_group_count(p->regex); i++)
		out[n++] = name_of_group(i);
	for (unsigned i = 0; i < names; i++)
		out[n++] = name[i].name.ptr;
	return n;
}

bool route_takes_rest(const struct config_scope *scope)
{
	const struct route_settings *s = config_settings(scope, &route_group);
	struct slice own = slice_str(s->own_path);
	return own.len > 0 && own.ptr[0] != '~' && slice_ends(own, SLICE("*"));
}

static void param_add(struct exchange *x, struct slice name, struct slice value)
{
	x->params[x->param_count++] = (struct route_param){ name, value };
}

/* What stands behind the segments, without its slash; ptr NULL if nothing does. */
static bool take_segments(const struct route_pattern *p, struct slice *path, struct exchange *x)
{
	struct slice rest = slice_tail(*path, 1);
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
	*path = rest;
	return true;
}

static bool match_segments(const struct route_pattern *p, struct slice path, struct exchange *x)
{
	if (!take_segments(p, &path, x))
		return false;
	if (p->rest && path.ptr)
		param_add(x, SLICE("*"), path);
	return p->rest == (path.ptr != NULL);
}

/* Leaves in *path what the groups around do not take, with its slash. */
static bool take_group(const struct route_pattern *p, struct slice *path, struct exchange *x)
{
	if (!slice_starts(*path, p->text))
		return false;
	if (p->segment_count == 0) {
		*path = slice_tail(*path, p->text.len ? p->text.len - 1 : 0);
		return true;
	}
	if (!take_segments(p, path, x) || !path->ptr)
		return false;
	*path = slice_of(path->ptr - 1, path->len + 1);
	return true;
}

static bool match_suffix(const struct route_pattern *p, struct slice path, struct exchange *x)
{
	if (!take_group(p, &path, x) || !slice_ends(path, p->suffix))
		return false;
	param_add(x, SLICE("*"), slice_head(path, path.len - p->suffix.len));
	return true;
}

static enum match match_regex(const struct route_pattern *p, struct slice path, struct exchange *x)
{
	struct slice groups[REGEX_GROUPS_MAX + 1];
	unsigned names;
	if (!take_group(p, &path, x))
		return MATCH_NO;
	enum match m = regex_match(p->regex, path, groups);
	if (m != MATCH_YES)
		return m;
	for (unsigned i = 1; i <= regex_group_count(p->regex); i++)
		param_add(x, slice_str(name_of_group(i)), groups[i]);
	const struct regex_name *name = regex_names(p->regex, &names);
	for (unsigned i = 0; i < names; i++)
		param_add(x, name[i].name, groups[name[i].group]);
	return m;
}

static enum match match(const struct route_pattern *p, struct slice path, struct exchange *x)
{
	switch (p->kind) {
	case PATTERN_LITERAL:
		return slice_eq(path, p->text) ? MATCH_YES : MATCH_NO;
	case PATTERN_PREFIX:
		if (!slice_starts(path, p->text))
			return MATCH_NO;
		param_add(x, SLICE("*"), slice_tail(path, p->text.len));
		return MATCH_YES;
	case PATTERN_SUFFIX:
		return match_suffix(p, path, x) ? MATCH_YES : MATCH_NO;
	case PATTERN_SEGMENTS:
		return slice_starts(path, p->text) && match_segments(p, path, x) ? MATCH_YES
										 : MATCH_NO;
	case PATTERN_REGEX:
		return match_regex(p, path, x);
	}
	return MATCH_NO;
}

enum match pattern_match(const struct route_pattern *p, struct slice path, struct exchange *x)
{
	x->param_count = 0;
	enum match m = match(p, path, x);
	if (m != MATCH_YES)
		x->param_count = 0;
	return m;
}
