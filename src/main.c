/*
 * main.c - the command line of httpd: reads the options and does the one thing they ask for.
 */
#include "app/explain.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/number.h"
#include "config/core.h"
#include "config/load.h"
#include "hash_password.h"
#include "modules.h"
#include "options.h"
#include "process/master.h"
#include "process/title.h"
#include "version.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

/* Far more than any configuration prints to; a bound only against runaways. */
enum { DUMP_MAX = 64 << 20 };

static void print_line(void *ctx, bool mistake, const char *place, const char *text)
{
	fprintf(ctx, "%s%s%s\n", place, report_kind(mistake), text);
}

static struct config_request request_of(const struct options *o)
{
	return (struct config_request){
		.file = o->config,
		.directory = o->directory,
		.overrides = o->overrides,
		.override_count = o->override_count,
		.groups = modules.groups,
		.environ_list = environ,
	};
}

static void on_check(void *ctx, const struct snapshot *s, struct config_report *report)
{
	(void)ctx;
	master_check(s, worker_groups, report);
}

/* The configuration, or NULL with every mistake on standard error. */
static struct snapshot *load(const struct config_request *request)
{
	struct config_report *report = report_new();
	struct snapshot *s = config_load(request, report);
	report_each(report, print_line, stderr);
	report_free(&report);
	return s;
}

static int run_test(const struct options *o)
{
	struct config_request request = request_of(o);
	request.check = on_check;
	struct snapshot *s = load(&request);
	if (!s)
		return EXIT_FAILURE;
	printf("%s: configuration is sound\n", s->file ? s->file : "no file");
	snapshot_unref(&s);
	return EXIT_SUCCESS;
}

static int run_dump(const struct options *o)
{
	struct config_request request = request_of(o);
	struct snapshot *s = load(&request);
	if (!s)
		return EXIT_FAILURE;
	struct buf out;
	buf_init(&out, DUMP_MAX);
	config_dump(s, &out);
	fwrite(out.data, 1, out.len, stdout);
	buf_fini(&out);
	snapshot_unref(&s);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Called for a configuration with mistakes, too: a server can be stopped whatever its file says. */
static void on_control(void *ctx, const struct snapshot *s, struct config_report *report)
{
	(void)report;
	const char *path = control_path(s);
	char **path_out = ctx;
	*path_out = path ? mem_strdup(path) : NULL;
}

/* What is wrong with the file is the master's to say, when it is to read it. */
static int run_command(const struct options *o, const char *command)
{
	char *path = NULL;
	struct config_request request = request_of(o);
	request.check = on_control;
	request.check_ctx = &path;
	struct config_report *report = report_new();
	struct snapshot *s = config_load(&request, report);
	const char *served = o->config ? o->config : o->directory ? o->directory : ".";
	int status = control_send(path ? path : control_path_default(served), command);
	report_free(&report);
	snapshot_unref(&s);
	mem_free(path);
	return status;
}

/* Opens what a worker would open, as the user that it would be: what he may not read is not there
 * for visitors either. */
static int explain(const struct options *o, const struct snapshot *s, struct buf *out)
{
	const struct explain_question question = { o->url, o->method, o->from, o->fields };
	char why[EXPLAIN_WHY];
	if (master_become_worker(s) < 0)
		return ERR_DENIED;
	int rc = explain_url(s, &modules, &question, out, why);
	if (rc == ERR_SYNTAX)
		fprintf(stderr, "httpd: %s\n", why);
	return rc;
}

static int run_explain(const struct options *o)
{
	struct config_request request = request_of(o);
	request.check = on_check;
	struct snapshot *s = load(&request);
	if (!s)
		return EXIT_FAILURE;
	struct buf out;
	buf_init(&out, DUMP_MAX);
	int rc = explain(o, s, &out);
	fwrite(out.data, 1, out.len, stdout);
	buf_fini(&out);
	snapshot_unref(&s);
	return fflush(stdout) == 0 && rc == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* For the manual's check: one line a key. */
static void print_key(void *ctx, const char *name, const struct key *key)
{
	(void)ctx;
	printf("%s\t%s\n", name, key->def ? key->def : "");
}

static int run_list_keys(void)
{
	config_keys_list(modules.groups, print_key, NULL);
	return EXIT_SUCCESS;
}

static const char *scheme_of(const struct snapshot *s, const struct listener *l)
{
	if (l->spec < 0 || (size_t)l->spec >= s->listen_count)
		return "http";
	const struct listen_settings *settings =
	    config_settings(s->listens[l->spec], &listen_group);
	return settings->tls != LISTEN_PLAIN ? "https" : "http";
}

static void greet_listener(const struct snapshot *s, const struct listener *l)
{
	unsigned port = net_addr_port(&l->addr);
	const char *scheme = scheme_of(s, l);
	char host[NET_ADDR_TEXT];
	net_addr_host(&l->addr, host);
	if (port == 0)
		log_notice("listening on %s", l->name);
	else if (strcmp(host, "::") == 0 || strcmp(host, "0.0.0.0") == 0)
		log_notice("open %s://localhost:%u/ (%s)", scheme, port, l->name);
	else
		log_notice("open %s://%s/", scheme, l->name);
}

/* In the foreground: the URLs to open. */
static void greet(const struct snapshot *s, const struct listener_set *listeners)
{
	for (size_t i = 0; i < listeners->count; i++)
		greet_listener(s, &listeners->list[i]);
	const struct site_settings *site = config_settings(s->sites[0], &site_group);
	char root[PATH_MAX];
	if (!s->file)
		log_notice("serving %s", realpath(site->root, root) ? root : site->root);
}

/* Values of options, by the rows of the keys that they set: with no file, nothing else can be
 * wrong.
 */
static bool values_are_sound(const struct options *o)
{
	struct config_request request = request_of(o);
	request.file = NULL;
	request.directory = NULL;
	request.environ_list = NULL;
	struct snapshot *s = load(&request);
	bool sound = s != NULL;
	snapshot_unref(&s);
	return sound;
}

static int run_server(const struct options *o)
{
	if (!values_are_sound(o)) {
		options_refer();
		return EXIT_USAGE;
	}
	struct config_request request = request_of(o);
	struct master_options options = {
		.config = &request,
		.groups = worker_groups,
		.daemon = o->daemon,
		.argv = o->argv,
		.greet = greet,
	};
	return master_run(&options);
}

int main(int argc, char **argv)
{
	struct options o;
	title_init(argv);
	if (options_parse(&o, argc, argv) < 0)
		return EXIT_USAGE;
	switch (o.action) {
	case ACTION_HELP:
		options_help(stdout);
		return EXIT_SUCCESS;
	case ACTION_VERSION:
		version_print(stdout);
		return EXIT_SUCCESS;
	case ACTION_LIST_KEYS:
		return run_list_keys();
	case ACTION_HASH_PASSWORD:
		return hash_password_run(o.user);
	case ACTION_TEST:
		return run_test(&o);
	case ACTION_DUMP:
		return run_dump(&o);
	case ACTION_SIGNAL:
		return run_command(&o, o.signal);
	case ACTION_EXPLAIN:
		return run_explain(&o);
	case ACTION_STATUS:
		return run_command(&o, "status");
	case ACTION_RUN:
		break;
	}
	return run_server(&o);
}
