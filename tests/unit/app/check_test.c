/*
 * check_test.c - what is wrong with sites and routes beyond the grammar.
 */
#include "app/check.h"

#include "app/compress.h"
#include "config.h"
#include "config/core.h"
#include "fake_wire.h"
#include "handler/files.h"
#include "middleware/access_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void handle(struct request *r, void *state)
{
	(void)r, (void)state;
}

static const struct handler health = { .name = "health", .handle = handle };
static const struct handler *const handlers[] = { &files_handler, &health, NULL };
static const struct middleware *const middleware[] = { &access_log_middleware, NULL };
static const struct key_group *const groups[] = { &core_group, &listen_group, &log_group,
	&limits_group, &timeouts_group, &site_group, &route_group, &files_group, &file_cache_group,
	&compress_group, NULL };
static const struct modules modules = {
	.handlers = handlers, .middleware = middleware, .groups = groups
};

#ifdef HAVE_PCRE2
#define REGEX_SAYS \
	".conf:1: sites[0].routes[0].path: '~^/x(': missing closing parenthesis (at offset 4"
#define GROUPED_SAYS ".conf:2: sites[0].routes[0].routes[0].path: '~[': missing terminating ]"
#else
#define REGEX_SAYS "regular expressions are not built in (configure httpd where PCRE2"
#define GROUPED_SAYS REGEX_SAYS
#endif

static const struct {
	const char *config;
	const char *says; /* part of the one line; NULL: nothing is wrong */
} rows[] = {
	{ "sites = ( { root = \"@\"; } );", NULL },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"/h\"; handler = \"health\"; }, { path = "
	  "\"/*\"; files = { }; } ); } );",
	    NULL },
	{ "sites = ( { } );", "neither a root nor routes" },
	{ "sites = ( { root = \"@/none\"; } );", "No such file or directory" },
	{ "sites = ( { root = \"@/file\"; } );", "Not a directory" },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"/*\"; } ); } );", "has no handler" },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"/*\"; handler = \"helth\"; } ); } );",
	    "no handler has the name 'helth' (expected one of \"health\"" },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"/*\"; handler = \"files\"; } ); } );",
	    "'files' is chosen by its own key (expected files = " },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"/*\"; files = { }; handler = "
	  "\"health\"; } ); } );",
	    "has 2 handlers (expected exactly one: files, health)" },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"/*\"; files = { indx = 1; }; } ); } );",
	    "unknown key 'indx'" },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"/a*b\"; files = { }; } ); } );",
	    "'*' may stand" },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"~^/x(\"; files = { }; } ); } );",
	    REGEX_SAYS },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"/a\";\n routes = ( { path = "
	  "\"~[\"; files = { }; } ); } ); } );",
	    GROUPED_SAYS },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"/a\"; files = { hidden = true; }; "
	  "routes = ( { path = \"/*\"; files = { }; } ); } ); } );",
	    NULL },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"/a\"; files = { }; routes = ( { path = "
	  "\"/*\"; } ); } ); } );",
	    "sites[0].routes[0].routes[0]: '/a/*' has no handler" },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"/a\"; handler = \"health\"; routes = ( "
	  "{ path = \"/*\"; files = { }; } ); } ); } );",
	    "a group of routes has no handler of its own (give 'health' to one" },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"/:a\"; routes = ( { path = \"/:a\"; "
	  "files = { }; } ); } ); } );",
	    "two parameters have the same name" },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"/*\"; files = { }; methods = [ \"get\" "
	  "]; } ); } );",
	    "'get' is not known (expected some of GET, HEAD, " },
	{ "sites = ( { root = \"@\"; names = \"example.org\"; routes = ( { path = \"/*\"; host = "
	  "\"example.com\"; files = { }; } ); } );",
	    NULL },
	{ "sites = ( { root = \"@\"; }, { root = \"@\"; names = \"*.example.org\"; routes = ( { "
	  "path "
	  "= \"/*\"; host = \"www.example.org\"; files = { }; }, { path = \"/*\"; host = "
	  "\"example.com\"; files = { }; } ); } );",
	    "sites[1].routes[1].host: 'example.com' never gets here: it is none of the site's" },
	{ "sites = ( { routes = ( { path = \"/*\"; files = { }; } ); } );",
	    "neither the route nor its site has a root" },
	{ "sites = ( { root = \"@\"; files = { index = \"../x\"; }; } );", "is not a file name" },
	{ "sites = ( { root = \"@\"; files = { fallback = \"x.html\"; }; } );",
	    "does not begin with '/'" },
	{ "sites = ( { root = \"@\"; files = { try = [ \"$path\", \"200.html\" ]; }; } );",
	    "is not a path" },
	{ "sites = ( { root = \"@\"; files = { types = ( { suffix = \".x\"; type = \"nonsense\"; } "
	  "); }; } );",
	    "is not a media type" },
	{ "sites = ( { root = \"@\"; routes = ( { path = \"/*\"; files = { root = \"@/none\"; }; } "
	  "); } );",
	    "files.root" },
	{ "log = { format = \"${nothing}\"; }; sites = ( { root = \"@\"; } );",
	    "unknown variable" },
	{ "log = { format = \"${path\"; }; sites = ( { root = \"@\"; } );", "without '}'" },
};

static void test_rows(void **state)
{
	struct fake_worker w;
	(void)state;
	fake_worker_init(&w, &modules, false);
	fake_file(&w, "file", "x");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *lines = fake_worker_mistakes(&w, rows[i].config);
		const char *end = strchr(lines, '\n');
		bool one = end && !end[1];
		if (rows[i].says ? !one || !strstr(lines, rows[i].says) : *lines)
			fail_msg("%s:\n%s", rows[i].config, lines);
	}
	fake_worker_fini(&w);
}

/* Another user than the one who asks. */
static void test_permission(void **state)
{
	struct fake_worker w;
	char config[128];
	(void)state;
	if (geteuid() != 0)
		skip();
	fake_worker_init(&w, &modules, false);
	fake_file(&w, "closed/open/file", "x");
	snprintf(config, sizeof(config), "sites = ( { root = \"%s\"; } );",
	    fake_path(&w, "closed/open"));
	chmod(w.dir, 0755);
	struct config_report *report = report_new();
	fake_worker_config(&w, config);
	app_check(w.snapshot, &modules, 65534, 65534, report);
	assert_int_equal(report_mistakes(report), 0);
	chmod(fake_path(&w, "closed"), 0700);
	app_check(w.snapshot, &modules, 65534, 65534, report);
	assert_int_equal(report_mistakes(report), 1);
	chmod(fake_path(&w, "closed"), 0711);
	app_check(w.snapshot, &modules, 65534, 65534, report);
	assert_int_equal(report_mistakes(report), 1);
	chmod(fake_path(&w, "closed/open"), 0711); /* search, but not read */
	app_check(w.snapshot, &modules, 65534, 65534, report);
	assert_int_equal(report_mistakes(report), 2);
	report_free(&report);
	fake_worker_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_permission),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
