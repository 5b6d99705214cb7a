/*
 * files_keys.c - the settings of files: rows, and what can be wrong with them.
 */
#include "handler/files_keys.h"

#include "app/guard.h"
#include "config/core.h"
#include "http/media.h"

#include <errno.h>
#include <sys/stat.h>

static const struct key type_keys[] = {
	{ .name = "suffix",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct files_type, suffix),
	    .required = true,
	    .help = "end of a file name, such as .foo" },
	{ .name = "type",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct files_type, type),
	    .required = true,
	    .help = "media type of such files" },
	KEYS_END,
};

static const struct key_group type_group = {
	.name = "types",
	.keys = type_keys,
	.size = sizeof(struct files_type),
	.help = "media types by suffix",
};

static const struct key age_keys[] = {
	{ .name = "types",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct files_age, types),
	    .required = true,
	    .help = "media types, such as image/png or text/*" },
	{ .name = "max_age",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct files_age, max_age),
	    .required = true,
	    .help = "how long a client may use its copy without asking" },
	KEYS_END,
};

static const struct key_group age_group = {
	.name = "ages",
	.keys = age_keys,
	.size = sizeof(struct files_age),
	.help = "max_age of some media types",
};

static const struct key files_keys[] = {
	{ .name = "root",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct files_settings, root),
	    .help =
		"directory that takes what the route's * stands for, instead of the site's root" },
	{ .name = "index",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct files_settings, index),
	    .def = "index.html",
	    .help = "files that stand for their directory, the first that is there" },
	{ .name = "try",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct files_settings, try_list),
	    .help = "paths to try in order, with $path for the one asked for" },
	{ .name = "fallback",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct files_settings, fallback),
	    .help = "file that answers for unknown paths whose last part has no dot" },
	{ .name = "listing",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct files_settings, listing),
	    .def = "false",
	    .help = "show what is in a directory without an index" },
	{ .name = "follow_links",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct files_settings, follow_links),
	    .def = "false",
	    .help = "follow symbolic links out of the root" },
	{ .name = "hidden",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct files_settings, hidden),
	    .def = "false",
	    .help = "serve names that begin with a dot" },
	{ .name = "precompressed",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct files_settings, precompressed),
	    .def = "true",
	    .help = "send FILE.br, FILE.zst or FILE.gz for FILE to clients that take it" },
	{ .name = "write",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct files_settings, write),
	    .def = "false",
	    .help = "take files by PUT and POST, remove them by DELETE" },
	{ .name = "write_open",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct files_settings, write_open),
	    .def = "false",
	    .help = "whoever reaches the server may write: needed for write without allow" },
	{ .name = "max_age",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct files_settings, max_age),
	    .def = "0s",
	    .help =
		"how long a client may use its copy without asking; 0 leaves it to the client" },
	{ .name = "ages",
	    .type = KEY_GROUPS,
	    .offset = KEY_AT(struct files_settings, ages),
	    .group = &age_group,
	    .help = "max_age of some media types, before max_age" },
	{ .name = "immutable",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct files_settings, immutable),
	    .def = "false",
	    .help = "files with a fingerprint in their names are kept for a year without asking" },
	{ .name = "types",
	    .type = KEY_GROUPS,
	    .offset = KEY_AT(struct files_settings, types),
	    .group = &type_group,
	    .help = "media types by suffix, before mime_types and those built in" },
	KEYS_END,
};

const struct key_group files_group = {
	.name = "files",
	.scopes = SCOPE_SITE | SCOPE_ROUTE,
	.keys = files_keys,
	.size = sizeof(struct files_settings),
	.help = "files of a directory",
};

static const struct key file_cache_keys[] = {
	{ .name = "entries",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct file_cache_settings, entries),
	    .def = "4096",
	    .min = 0,
	    .max = 1 << 20,
	    .help = "paths that a worker remembers" },
	{ .name = "size",
	    .type = KEY_SIZE,
	    .offset = KEY_AT(struct file_cache_settings, size),
	    .def = "32M",
	    .help = "memory for what is remembered, small files included, a worker" },
	KEYS_END,
};

const struct key_group file_cache_group = {
	.name = "file_cache",
	.scopes = SCOPE_GLOBAL,
	.keys = file_cache_keys,
	.size = sizeof(struct file_cache_settings),
	.help = "hot files",
};

const char *files_root_of(const struct config_scope *scope, const struct files_settings *s)
{
	const struct site_settings *site = config_settings(scope, &site_group);
	return s->root ? s->root : site->root;
}

static void check_root(
    const struct config_scope *scope, const struct files_settings *s, struct config_report *report)
{
	struct stat st;
	const char *root = files_root_of(scope, s);
	struct config_place place = config_place(scope, &files_group, s->root ? "root" : NULL);
	if (!root) {
		if (!config_mistaken(scope, &files_group, "root"))
			report_mistake(
			    report, place, "files: neither the route nor its site has a root");
		return;
	}
	if (!s->root)
		return; /* the site's: checked with the site */
	if (stat(root, &st) < 0)
		report_mistake(report, place, "files.root: '%s': %s", root, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		report_mistake(report, place, "files.root: '%s' is not a directory", root);
}

/* Relative, and no step up: it is joined to a directory's path. */
static bool name_is_plain(const char *name)
{
	return name[0] && name[0] != '/' && !strstr(name, "..");
}

static void check_names(
    const struct config_scope *scope, const struct files_settings *s, struct config_report *report)
{
	for (size_t i = 0; i < s->index.count; i++)
		if (!name_is_plain(s->index.list[i]))
			report_mistake(report, config_place(scope, &files_group, "index"),
			    "files.index: '%s' is not a file name (expected \"index.html\")",
			    s->index.list[i]);
	for (size_t i = 0; i < s->try_list.count; i++)
		if (s->try_list.list[i][0] != '/' && strncmp(s->try_list.list[i], "$path", 5) != 0)
			report_mistake(report, config_place(scope, &files_group, "try"),
			    "files.try: '%s' is not a path (expected \"$path.html\" or "
			    "\"/200.html\")",
			    s->try_list.list[i]);
	if (s->fallback && s->fallback[0] != '/')
		report_mistake(report, config_place(scope, &files_group, "fallback"),
		    "files.fallback: '%s' does not begin with '/' (expected \"/index.html\")",
		    s->fallback);
}

static void check_types(
    const struct config_scope *scope, const struct files_settings *s, struct config_report *report)
{
	const struct files_type *rows = s->types.list;
	for (size_t i = 0; i < s->types.count; i++)
		if (rows[i].type && !media_type_valid(slice_str(rows[i].type)))
			report_mistake(report, s->types.places[i],
			    "files.types: '%s' is not a media type (expected \"text/plain\")",
			    rows[i].type);
	(void)scope;
}

/* Whether something stands between anybody and the files, or the operator said that nothing need.
 */
static bool is_guarded(const struct config_scope *scope, const struct files_settings *s)
{
	return s->write_open || scope_is_guarded(scope);
}

static void check_write(
    const struct config_scope *scope, const struct files_settings *s, struct config_report *report)
{
	if (s->write && !is_guarded(scope, s) &&
	    !config_mistaken(scope, &files_group, "write_open"))
		report_mistake(report, config_place(scope, &files_group, "write"),
		    "files.write: anybody could change these files (say who may with allow; if "
		    "anybody may, say write_open = true beside it)");
}

const char *files_writes(const struct config_scope *scope)
{
	const struct files_settings *s = config_settings(scope, &files_group);
	return s->write ? files_root_of(scope, s) : NULL;
}

void files_check(const struct config_scope *scope, struct config_report *report)
{
	const struct files_settings *s = config_settings(scope, &files_group);
	check_root(scope, s, report);
	check_names(scope, s, report);
	check_types(scope, s, report);
	check_write(scope, s, report);
}

static void each_root_of(const struct config_scope *scope,
    void (*fn)(void *ctx, const char *path, bool write), void *ctx)
{
	const struct files_settings *s = config_settings(scope, &files_group);
	const char *root = files_root_of(scope, s);
	if (!root)
		return;
	/* Links out of the root lead anywhere, but only those who read. */
	if (s->follow_links)
		fn(ctx, "/", false);
	if (s->write || !s->follow_links)
		fn(ctx, root, s->write);
}

void files_each_root(
    const struct config_scope *site, void (*fn)(void *ctx, const char *path, bool write), void *ctx)
{
	each_root_of(site, fn, ctx);
	for (size_t i = 0; i < site->all_route_count; i++)
		each_root_of(site->all_routes[i], fn, ctx);
}
