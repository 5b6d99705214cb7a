/*
 * compress.c - see compress.h.
 */
#include "app/compress.h"

#include "http/media.h"

static const struct key compress_keys[] = {
	{ .name = "enabled",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct compress_settings, enabled),
	    .def = "true",
	    .help = "whether anything is compressed here" },
	{ .name = "types",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct compress_settings, types),
	    .def = "text/*,application/json,application/*+json,application/javascript,"
		   "application/xml,application/*+xml,application/wasm,image/svg+xml,image/bmp,"
		   "image/vnd.microsoft.icon,font/ttf,font/otf",
	    .help = "media types that gain by it, * for any text" },
	{ .name = "min_size",
	    .type = KEY_SIZE,
	    .offset = KEY_AT(struct compress_settings, min_size),
	    .def = "1k",
	    .help = "smaller content is sent as it is" },
	{ .name = "codings",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct compress_settings, codings),
	    .def = "br,zstd,gzip",
	    .help = "content codings to make, of br, zstd and gzip" },
	{ .name = "level",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct compress_settings, level),
	    .def = "6",
	    .min = 1,
	    .max = 9,
	    .help = "how small what is kept is made: 1 is quick, 9 is small" },
	KEYS_END,
};

/* "type/subtype", of which one star stands for a part; or any type at all. */
static bool pattern_valid(struct slice pattern)
{
	if (slice_eq(pattern, SLICE("*/*")))
		return true;
	ptrdiff_t slash = slice_find(pattern, '/');
	return slash > 0 && (size_t)slash + 1 < pattern.len && slice_find(pattern, ';') < 0 &&
	       slice_find(pattern, '*') == slice_find_last(pattern, '*');
}

static void check_types(const struct config_scope *scope, const struct compress_settings *s,
    struct config_report *report)
{
	for (size_t i = 0; i < s->types.count; i++)
		if (!pattern_valid(slice_str(s->types.list[i])))
			report_mistake(report, config_place(scope, &compress_group, "types"),
			    "compress.types: '%s' is not a media type (expected \"text/*\" or "
			    "\"application/json\")",
			    s->types.list[i]);
}

static void check_codings(const struct config_scope *scope, const struct compress_settings *s,
    struct config_report *report)
{
	for (size_t i = 0; i < s->codings.count; i++) {
		struct config_place place = config_place(scope, &compress_group, "codings");
		int c = coding_find(slice_str(s->codings.list[i]));
		if (c <= CODING_IDENTITY)
			report_mistake(report, place,
			    "compress.codings: '%s' is not a coding (expected \"br\", \"zstd\" or "
			    "\"gzip\")",
			    s->codings.list[i]);
		else if (!coding_built_in((enum coding)c) &&
			 config_given(scope, &compress_group, "codings"))
			report_warning(report, place,
			    "compress.codings: '%s' is not built in, so it is not made "
			    "(configure httpd where its library is installed)",
			    s->codings.list[i]);
	}
}

static void check(
    const struct config_scope *scope, const void *settings, struct config_report *report)
{
	check_types(scope, settings, report);
	check_codings(scope, settings, report);
}

const struct key_group compress_group = {
	.name = "compress",
	.scopes = SCOPE_GLOBAL | SCOPE_SITE | SCOPE_ROUTE,
	.keys = compress_keys,
	.size = sizeof(struct compress_settings),
	.shorthand = "enabled",
	.help = "compress content for clients that take it",
	.check = check,
};

static bool said_anywhere(const struct config_scope *scope)
{
	while (scope && !config_given(scope, &compress_group, NULL))
		scope = scope->parent;
	return scope;
}

void compress_of(const struct config_scope *route, struct compress *out)
{
	const struct compress_settings *s = config_settings(route, &compress_group);
	*out = (struct compress){
		.enabled = s->enabled && said_anywhere(route),
		.level = (int)s->level,
		.min_size = (uint64_t)s->min_size,
		.types = s->types,
	};
	for (size_t i = 0; i < s->codings.count; i++) {
		int c = coding_find(slice_str(s->codings.list[i]));
		if (c > CODING_IDENTITY && coding_built_in((enum coding)c))
			out->codings |= CODING_BIT(c);
	}
}

/* Compressed by their nature: a pattern like "image" with a star is not meant for them. */
static const char *const never[] = {
	"image/jpeg",
	"image/png",
	"image/apng",
	"image/gif",
	"image/webp",
	"image/avif",
	"image/hei*",
	"image/jxl",
	"audio/*",
	"video/*",
	"font/woff*",
	"application/*zip",
	"application/*zip2",
	"application/*zstd",
	"application/*compressed",
	"application/x-xz",
	"application/vnd.rar",
	"application/java-archive",
	"application/vnd.android.package-archive",
	"application/vnd.debian.binary-package",
	"application/vnd.oasis.opendocument.*",
	"application/vnd.openxmlformats-*",
};

bool compress_suits(const struct compress *c, struct slice type)
{
	struct slice bare = slice_trim(slice_split(&type, ';'));
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		if (media_matches(bare, slice_str(never[i])))
			return false;
	for (size_t i = 0; i < c->types.count; i++)
		if (media_matches(bare, slice_str(c->types.list[i])))
			return true;
	return false;
}

int compress_level(enum coding c, int level)
{
	switch (c) {
	case CODING_BR:
		return level + 2; /* 3 to 11: below, gzip is smaller */
	case CODING_ZSTD:
		return 2 * level + 1; /* 3 to 19 */
	default:
		return level;
	}
}

/* All about as quick as gzip at this level's half: some 10 ns a byte at 6. */
int compress_level_passing(enum coding c, int level)
{
	switch (c) {
	case CODING_BR:
		return (level + 2) / 2; /* 1 to 5 */
	case CODING_ZSTD:
		return (level + 3) / 3; /* 1 to 4 */
	default:
		return (level + 2) / 2; /* 1 to 5 */
	}
}
