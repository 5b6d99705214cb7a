/* support.c - see support.h. */
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const colours[] = { "red", "green", "blue", NULL };

static const struct key inner_keys[] = {
	{ .name = "path",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct all_inner, path),
	    .required = true,
	    .help = "where to ask" },
	{ .name = "interval",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct all_inner, interval),
	    .def = "5s",
	    .min = 1000,
	    .max = 60000,
	    .help = "how often" },
	{ .name = "active",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct all_inner, active),
	    .def = "true",
	    .help = "whether at all" },
	KEYS_END,
};
const struct key_group all_inner_group = {
	.keys = inner_keys,
	.size = sizeof(struct all_inner),
	.shorthand = "path",
};

static const struct key all_keys[] = {
	{ .name = "truth",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct all_settings, truth),
	    .def = "false",
	    .help = "a truth" },
	{ .name = "number",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct all_settings, number),
	    .def = "7",
	    .min = -10,
	    .max = INT64_C(9000000000),
	    .help = "a number" },
	{ .name = "ratio",
	    .type = KEY_FLOAT,
	    .offset = KEY_AT(struct all_settings, ratio),
	    .def = "0.5",
	    .min = 0,
	    .max = 10,
	    .help = "a ratio" },
	{ .name = "rate",
	    .type = KEY_RATE,
	    .offset = KEY_AT(struct all_settings, rate),
	    .def = "600/m",
	    .min = 0,
	    .max = 1000,
	    .help = "a rate" },
	{ .name = "text",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct all_settings, text),
	    .help = "a text" },
	{ .name = "duration",
	    .type = KEY_DURATION,
	    .offset = KEY_AT(struct all_settings, duration),
	    .def = "90s",
	    .help = "a duration" },
	{ .name = "size",
	    .type = KEY_SIZE,
	    .offset = KEY_AT(struct all_settings, size),
	    .def = "16k",
	    .max = INT64_C(8) << 30,
	    .help = "a size" },
	{ .name = "choice",
	    .type = KEY_CHOICE,
	    .offset = KEY_AT(struct all_settings, choice),
	    .def = "green",
	    .choices = colours,
	    .help = "a choice" },
	{ .name = "mode",
	    .type = KEY_MODE,
	    .offset = KEY_AT(struct all_settings, mode),
	    .def = "0640",
	    .help = "a mode" },
	{ .name = "strings",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct all_settings, strings),
	    .def = "a, b",
	    .help = "some strings" },
	{ .name = "ints",
	    .type = KEY_INTS,
	    .offset = KEY_AT(struct all_settings, ints),
	    .def = "404,500",
	    .min = 100,
	    .max = 999,
	    .help = "some numbers" },
	{ .name = "inner",
	    .type = KEY_GROUP,
	    .offset = KEY_AT(struct all_settings, inner),
	    .group = &all_inner_group,
	    .help = "a group" },
	{ .name = "many",
	    .type = KEY_GROUPS,
	    .offset = KEY_AT(struct all_settings, many),
	    .group = &all_inner_group,
	    .help = "many groups" },
	KEYS_END,
};
const struct key_group all_group = {
	.name = "all",
	.scopes = SCOPE_GLOBAL | SCOPE_SITE | SCOPE_ROUTE,
	.keys = all_keys,
	.size = sizeof(struct all_settings),
	.shorthand = "truth",
};

static const struct key files_keys[] = {
	{ .name = "index",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct files_settings, index),
	    .def = "index.html",
	    .help = "names of index files" },
	{ .name = "listing",
	    .type = KEY_BOOL,
	    .offset = KEY_AT(struct files_settings, listing),
	    .def = "false",
	    .help = "whether directories are listed" },
	{ .name = "root",
	    .type = KEY_STRING,
	    .offset = KEY_AT(struct files_settings, root),
	    .help = "a root of its own" },
	KEYS_END,
};
const struct key_group files_group = {
	.name = "files",
	.scopes = SCOPE_SITE | SCOPE_ROUTE,
	.keys = files_keys,
	.size = sizeof(struct files_settings),
};

static const struct key gate_keys[] = {
	{ .name = "allow",
	    .type = KEY_STRINGS,
	    .offset = KEY_AT(struct gate_settings, allow),
	    .help = "who may come in" },
	{ .name = "burst",
	    .type = KEY_INT,
	    .offset = KEY_AT(struct gate_settings, burst),
	    .def = "5",
	    .min = 1,
	    .max = 100,
	    .help = "how many at once" },
	KEYS_END,
};

static void check_gate(
    const struct config_scope *scope, const void *settings, struct config_report *report)
{
	const struct gate_settings *gate = settings;
	if (gate->allow.count > 2)
		report_mistake(report, config_place(scope, &gate_group, "allow"),
		    "allow: %zu are too many", gate->allow.count);
}

const struct key_group gate_group = {
	.scopes = SCOPE_SITE | SCOPE_ROUTE,
	.keys = gate_keys,
	.size = sizeof(struct gate_settings),
	.check = check_gate,
};

static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &all_group, &files_group,
	&gate_group, NULL };

void support_init(struct support *t)
{
	*t = (struct support){ .dir = "/tmp/httpd-config-XXXXXX", .request = { .groups = groups } };
	assert_non_null(mkdtemp(t->dir));
	buf_init(&t->lines, 1 << 20);
}

void support_fini(struct support *t)
{
	char path[512];
	DIR *dir = opendir(t->dir);
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		snprintf(path, sizeof(path), "%s/%s", t->dir, e->d_name);
		if (e->d_name[0] != '.')
			unlink(path);
	}
	closedir(dir);
	rmdir(t->dir);
	snapshot_unref(&t->snapshot);
	buf_fini(&t->lines);
}

void support_file(const struct support *t, const char *name, const char *text)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", t->dir, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

static void add_line(struct support *t, const char *text)
{
	size_t prefix = strlen(t->dir);
	for (const char *c = text; *c; c++) {
		if (strncmp(c, t->dir, prefix) == 0 && c[prefix] == '/')
			c += prefix + 1;
		assert_int_equal(buf_byte(&t->lines, *c), OK);
	}
}

static void on_line(void *ctx, bool mistake, const char *place, const char *text)
{
	add_line(ctx, place);
	add_line(ctx, report_kind(mistake));
	add_line(ctx, text);
	add_line(ctx, "\n");
}

struct snapshot *support_load(struct support *t, const char *text)
{
	char path[512];
	struct config_report *report = report_new();
	snapshot_unref(&t->snapshot);
	buf_clear(&t->lines);
	snprintf(path, sizeof(path), "%s/httpd.conf", t->dir);
	if (text) {
		support_file(t, "httpd.conf", text);
		t->request.file = path;
	}
	t->snapshot = config_load(&t->request, report);
	t->request.file = NULL;
	report_each(report, on_line, t);
	t->mistakes = report_mistakes(report);
	t->warnings = report_warnings(report);
	report_free(&report);
	assert_int_equal(t->snapshot == NULL, t->mistakes > 0);
	return t->snapshot;
}

const char *support_lines(struct support *t)
{
	return t->lines.len ? t->lines.data : "";
}

void support_expect(struct support *t, const char *text, const char *lines)
{
	support_load(t, text);
	if (strcmp(support_lines(t), lines) == 0)
		return;
	/* cmocka cuts what is long. */
	fprintf(stderr, "of:\n%s\nfound:\n%sexpected:\n%s", text ? text : "(no file)",
	    support_lines(t), lines);
	fail();
}

const char *support_dump(struct support *t, struct buf *out)
{
	assert_non_null(t->snapshot);
	buf_init(out, 1 << 20);
	config_dump(t->snapshot, out);
	return out->data;
}
