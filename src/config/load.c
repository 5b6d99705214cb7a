/*
 * load.c - puts a snapshot together: the file's top level, environment and command line over it,
 * then the scopes that inherit from that, then the checks.
 */
#include "config/load.h"

#include "base/mem.h"
#include "config/check.h"
#include "config/core.h"
#include "config/dump.h"
#include "config/outside.h"
#include "config/route.h"
#include "config/scope.h"
#include "config/syntax.h"
#include "config/value.h"

#include <assert.h>
#include <stdio.h>

/* Twice what a source may have: a space stands before each word. */
enum { MENDED_MAX = 32 << 20 };

struct loading {
	struct reader reader;
	const struct config_request *request;
	struct outside outside;
};

static const struct path top = { NULL, NULL, -1 };

/* What a list of scopes is read into. */
struct scope_list {
	enum scope kind;
	const struct config_scope *parent;
	const struct path *path; /* of the parent */
	const char *name;
	struct config_scope **scopes_out;
	size_t count_out;
};

static struct config_scope **read_list(
    struct loading *l, struct scope_list *list, const config_setting_t *from);

static void wrong_kind(struct loading *l, const struct path *path, const config_setting_t *setting,
    const char *expected)
{
	char name[PATH_ROOM], found[VALUE_WHY_MAX / 2];
	path_format(path, NULL, name);
	value_describe(setting, found, sizeof(found));
	report_mistake(l->reader.report, reader_place(&l->reader, setting), "%s: %s is not %s",
	    name, found, expected);
}

/* Groups that a route stands in. */
static unsigned depth_of(const struct config_scope *route)
{
	unsigned depth = 0;
	while ((route = route->parent)->kind == SCOPE_ROUTE)
		depth++;
	return depth;
}

static const config_setting_t *member(const config_setting_t *s, const char *name)
{
	return config_setting_get_member((config_setting_t *)s, name);
}

static void read_routes(struct loading *l, struct config_scope *scope, const struct path *path,
    const config_setting_t *s)
{
	struct scope_list list = { SCOPE_ROUTE, scope, path, "routes", NULL, 0 };
	const config_setting_t *from = member(s, "routes");
	bool nested = scope->kind == SCOPE_ROUTE;
	if (from && nested && depth_of(scope) == ROUTE_DEPTH_MAX) {
		report_mistake(l->reader.report, reader_place(&l->reader, from),
		    "routes: groups of routes are nested more than %d deep", ROUTE_DEPTH_MAX);
		from = NULL;
	}
	scope->routes = read_list(l, &list, from);
	scope->route_count = list.count_out;
	if (nested && scope->routes && config_setting_length(from) == 0)
		report_mistake(l->reader.report, reader_place(&l->reader, from),
		    "routes: the list is empty (leave it out, or give the group routes)");
}

static void read_route(struct loading *l, struct config_scope *route, const struct path *path,
    const config_setting_t *s)
{
	route_begin(route);
	reader_scope(&l->reader, route, path, s);
	route_end(route, member(s, "routes"));
	read_routes(l, route, path, s);
}

static size_t count_routes(const struct config_scope *scope)
{
	size_t count = 0;
	for (size_t i = 0; i < scope->route_count; i++)
		count +=
		    config_scope_gathers(scope->routes[i]) ? count_routes(scope->routes[i]) : 1;
	return count;
}

static void collect_routes(struct config_scope *site, const struct config_scope *scope)
{
	for (size_t i = 0; i < scope->route_count; i++)
		if (config_scope_gathers(scope->routes[i]))
			collect_routes(site, scope->routes[i]);
		else
			site->all_routes[site->all_route_count++] = scope->routes[i];
}

static void read_site(struct loading *l, struct config_scope *site, const struct path *path,
    const config_setting_t *s)
{
	reader_scope(&l->reader, site, path, s);
	read_routes(l, site, path, s);
	site->all_routes = arena_zalloc(
	    &l->reader.snapshot->arena, (count_routes(site) + 1) * sizeof(struct config_scope *));
	collect_routes(site, site);
}

static struct config_scope *read_element(struct loading *l, const struct scope_list *list,
    const config_setting_t *s, const struct path *path)
{
	struct reader *r = &l->reader;
	struct config_scope *scope = scope_new(
	    r->snapshot, list->kind, list->parent, reader_place(r, s), (size_t)path->index);
	if (list->kind == SCOPE_SITE)
		read_site(l, scope, path, s);
	else if (list->kind == SCOPE_ROUTE)
		read_route(l, scope, path, s);
	else
		reader_scope(r, scope, path, s);
	return scope;
}

/* Elements that are no groups are left out; `from` may be NULL. */
static struct config_scope **read_list(
    struct loading *l, struct scope_list *list, const config_setting_t *from)
{
	struct path path = { list->path, list->name, -1 };
	if (!from || config_setting_type(from) == CONFIG_TYPE_NONE)
		return NULL;
	if (!config_setting_is_list(from)) {
		wrong_kind(l, &path, from, "a list of groups (expected ( { ... }, { ... } ))");
		return NULL;
	}
	size_t length = (size_t)config_setting_length(from);
	struct config_scope **scopes =
	    arena_zalloc(&l->reader.snapshot->arena, (length + 1) * sizeof(struct config_scope *));
	for (size_t i = 0; i < length; i++) {
		const config_setting_t *s = config_setting_get_elem(from, (unsigned)i);
		path.index = (ptrdiff_t)i;
		if (config_setting_is_group(s))
			scopes[list->count_out++] = read_element(l, list, s, &path);
		else
			wrong_kind(l, &path, s, "a group (expected { key = value; })");
	}
	return scopes;
}

static void read_top_list(struct loading *l, const config_setting_t *root, struct scope_list *list)
{
	const config_setting_t *from =
	    config_setting_get_member((config_setting_t *)root, list->name);
	list->parent = l->reader.snapshot->global;
	list->path = &top;
	list->scopes_out = read_list(l, list, from);
	if (from && config_setting_is_list(from) && config_setting_length(from) == 0)
		report_mistake(l->reader.report, reader_place(&l->reader, from),
		    "%s: the list is empty (leave it out for the default)", list->name);
}

static void read_top(struct loading *l, const config_setting_t *root)
{
	struct snapshot *s = l->reader.snapshot;
	struct scope_list listens = { .kind = SCOPE_LISTEN, .name = "listen" };
	struct scope_list sites = { .kind = SCOPE_SITE, .name = "sites" };
	read_top_list(l, root, &listens);
	read_top_list(l, root, &sites);
	if (!s->listens) {
		s->listens = listens.scopes_out;
		s->listen_count = listens.count_out;
	}
	if (!s->sites) {
		s->sites = sites.scopes_out;
		s->site_count = sites.count_out;
	}
}

/* What a missing list stands for, in the language of the file: so it goes the way of all settings.
 */

static const char *listing_text(const struct snapshot *s)
{
	for (size_t i = 0; s->groups[i]; i++) {
		const struct key_group *g = s->groups[i];
		if (!g->name || strcmp(g->name, "files") != 0 || !key_find(g, "listing"))
			continue;
		if (g->scopes & SCOPE_SITE)
			return "sites = ( { files = { listing = true; }; } );";
		return "sites = ( { routes = ( { path = \"/*\"; files = { listing = true; }; } ); "
		       "} );";
	}
	return "sites = ( { } );";
}

/* HTTPS stands on a port of its own, beside that of HTTP. */
static const char *listen_text(const struct loading *l)
{
	return l->outside.tls.text ? "listen = ( { }, { port = 8443; tls = \"self\"; } );"
				   : "listen = ( { } );";
}

static void read_default(struct loading *l, const char *text)
{
	const struct source *source = l->reader.source;
	config_t tree;
	config_init(&tree);
	int rc = config_read_string(&tree, text);
	assert(rc == CONFIG_TRUE);
	l->reader.source = NULL;
	l->reader.origin = "default";
	read_top(l, config_root_setting(&tree));
	l->reader.source = source;
	config_destroy(&tree);
}

static void apply(struct loading *l, struct config_scope *scope, const struct key_group *g,
    const char *key, const struct text_value *value)
{
	reader_text(&l->reader, scope, scope_group(l->reader.snapshot, g), key_find(g, key), value);
}

/* The port goes to the first entry that has one. */
static void apply_port(struct loading *l)
{
	struct snapshot *s = l->reader.snapshot;
	const struct text_value *port = &l->outside.port;
	for (size_t i = 0; port->text && i < s->listen_count; i++) {
		const struct listen_settings *listen =
		    config_settings(s->listens[i], &listen_group);
		if (strncmp(listen->address, "unix:", 5) != 0) {
			apply(l, s->listens[i], &listen_group, "port", port);
			return;
		}
	}
	if (port->text)
		report_warning(l->reader.report, (struct config_place){ .source = port->source },
		    "%s: no listen entry has a port", port->name);
}

static void warn_root(struct loading *l)
{
	const struct text_value *root = &l->outside.root;
	if (root->text)
		report_warning(l->reader.report, (struct config_place){ .source = root->source },
		    "%s: without effect, the file has sites of its own", root->name);
}

static void warn_tls(struct loading *l)
{
	const struct text_value *tls = &l->outside.tls;
	if (tls->text)
		report_warning(l->reader.report, (struct config_place){ .source = tls->source },
		    "%s: without effect, the file has listen entries of its own", tls->name);
}

static void apply_root(struct loading *l)
{
	static const struct text_value here = { ".", "root", "default" };
	struct snapshot *s = l->reader.snapshot;
	const struct text_value *root = l->outside.root.text ? &l->outside.root : &here;
	apply(l, s->sites[0], &site_group, "root", root);
}

static void read_tree(struct loading *l, const config_setting_t *root)
{
	struct snapshot *s = l->reader.snapshot;
	s->global = scope_new(s, SCOPE_GLOBAL, NULL,
	    (struct config_place){ s->file, 0, s->file ? NULL : "default" }, 0);
	reader_scope(&l->reader, s->global, &top, root);
	outside_apply(&l->reader, s->global, l->request, &l->outside);
	read_top(l, root);
	if (!config_setting_get_member((config_setting_t *)root, "listen"))
		read_default(l, listen_text(l));
	else
		warn_tls(l);
	apply_port(l);
	if (config_setting_get_member((config_setting_t *)root, "sites")) {
		warn_root(l);
	} else {
		read_default(l, listing_text(s));
		apply_root(l);
	}
}

static void read_text(struct loading *l, config_t *tree)
{
	const struct source *source = l->reader.source;
	struct buf text;
	buf_init(&text, MENDED_MAX);
	enum syntax syntax = syntax_check(source, &text);
	l->reader.partial = syntax != SYNTAX_SOUND;
	if (syntax != SYNTAX_BROKEN && text.len > 0 && !config_read_string(tree, text.data)) {
		/* What syntax.c lets pass and the library does not. */
		l->reader.partial = true;
		report_mistake(l->reader.report,
		    source_place(source, (unsigned)config_error_line(tree)), "%s",
		    config_error_text(tree));
	}
	buf_fini(&text);
}

static void read_file(struct loading *l, struct source *source, config_t *tree)
{
	struct snapshot *s = l->reader.snapshot;
	l->reader.source = source;
	if (!l->request->file)
		return;
	s->file = arena_strdup(&s->arena, l->request->file);
	if (source_read(source, s->file, &s->arena, l->reader.report) == OK)
		read_text(l, tree);
	else
		l->reader.partial = true;
}

static void check_routes_read(
    struct loading *l, const struct config_scope *scope, const struct path *path)
{
	for (size_t i = 0; i < scope->route_count; i++) {
		struct path inner = { path, "routes", (ptrdiff_t)i };
		reader_check(&l->reader, scope->routes[i], &inner);
		check_routes_read(l, scope->routes[i], &inner);
	}
}

static void check_all(struct loading *l)
{
	struct snapshot *s = l->reader.snapshot;
	struct reader *r = &l->reader;
	check_fold_names(s);
	reader_check(r, s->global, &top);
	for (size_t i = 0; i < s->listen_count; i++) {
		struct path path = { &top, "listen", (ptrdiff_t)i };
		reader_check(r, s->listens[i], &path);
	}
	for (size_t i = 0; i < s->site_count; i++) {
		struct path path = { &top, "sites", (ptrdiff_t)i };
		reader_check(r, s->sites[i], &path);
		check_routes_read(l, s->sites[i], &path);
	}
	check_scopes(s, r->report);
	if (l->request->check && !r->partial)
		l->request->check(l->request->check_ctx, s, r->report);
}

/* 64 bits of FNV-1a: equal configurations are to be told from others, nobody attacks. */
static void set_digest(struct snapshot *s)
{
	struct buf text;
	uint64_t hash = 0xcbf29ce484222325;
	buf_init(&text, DUMP_MAX);
	dump_canonical(s, &text);
	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.data[i]) * 0x100000001b3;
	snprintf(s->digest, sizeof(s->digest), "%016llx", (unsigned long long)hash);
	buf_fini(&text);
}

struct snapshot *config_load(const struct config_request *request, struct config_report *report)
{
	struct snapshot *s = mem_zalloc(sizeof(*s));
	size_t mistakes = report_mistakes(report);
	struct source source = { 0 };
	config_t tree;
	struct loading l = { .reader = { .snapshot = s, .report = report }, .request = request };
	s->refs = 1;
	s->groups = request->groups;
	arena_init(&s->arena);
	config_init(&tree);
	read_file(&l, &source, &tree);
	read_tree(&l, config_root_setting(&tree));
	config_destroy(&tree);
	source_fini(&source);
	check_all(&l);
	if (report_mistakes(report) > mistakes)
		snapshot_unref(&s);
	else
		set_digest(s);
	return s;
}
