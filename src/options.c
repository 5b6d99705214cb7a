/*
 * options.c - reads the command line. One table names each option once, for parsing and for --help.
 */
#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPT_PID_FILE = 256, OPT_TLS, OPT_STATUS, OPT_LIST_KEYS, OPT_HASH_PASSWORD, OPT_FROM };

static const struct option_row {
	int id; /* the short letter, or OPT_* for an option that has none */
	const char *name;
	const char *argument; /* NULL: takes none */
	const char *key;      /* the configuration key that it sets; NULL: none */
	const char *help;     /* NULL: not shown */
} rows[] = {
	{ 'c', "config", "FILE", NULL, "configuration (default: " HTTPD_CONF " if it exists)" },
	{ 't', "test", NULL, NULL, "check the configuration, print every mistake, exit 0 or 1" },
	{ 'T', "dump", NULL, NULL, "print the configuration in force, defaults included" },
	{ 'p', "port", "PORT", "port", "listen on this port" },
	{ 'w', "workers", "N", "workers", "number of workers, 0: one per processor" },
	{ 'l', "log-level", "LEVEL", "log.level", "error, warning, notice, info or debug" },
	{ OPT_TLS, "tls", NULL, "tls",
	    "serve DIRECTORY over HTTPS, too, with a certificate made here" },
	{ 'd', "daemon", NULL, NULL, "detach; the parent exits 0 once connections are accepted" },
	{ OPT_PID_FILE, "pid-file", "FILE", "pid_file", "write the master's process id there" },
	{ 's', "signal", "NAME", NULL, "reload, stop, quit, reopen or upgrade the running server" },
	{ OPT_STATUS, "status", NULL, NULL, "tell what runs" },
	{ 'e', "explain", "URL", NULL, "tell what would answer this URL, and why" },
	{ 'X', "method", "METHOD", NULL, "the method to explain, in place of GET" },
	{ 'H', "header", "FIELD", NULL, "a field of the request to explain: 'Name: value'" },
	{ OPT_FROM, "from", "ADDRESS", NULL, "the client to explain, in place of 127.0.0.1" },
	{ OPT_HASH_PASSWORD, "hash-password", NULL, NULL,
	    "read a password, print a line for auth.users; the user's name may follow" },
	{ 'V', "version", NULL, NULL, "version, features and libraries" },
	{ 'h', "help", NULL, NULL, "this text" },
	{ OPT_LIST_KEYS, "list-keys", NULL, NULL, NULL },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const struct option_row *row_find(int id)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].id == id)
			return &rows[i];
	return NULL;
}

static void getopt_tables(struct option *longs, char *shorts)
{
	for (size_t i = 0; i < ROWS; i++) {
		int has = rows[i].argument ? required_argument : no_argument;
		longs[i] = (struct option){ rows[i].name, has, NULL, rows[i].id };
		if (rows[i].id >= OPT_PID_FILE)
			continue;
		*shorts++ = (char)rows[i].id;
		if (rows[i].argument)
			*shorts++ = ':';
	}
	longs[ROWS] = (struct option){ 0 };
	*shorts = '\0';
}

static void override(struct options *o, const struct option_row *row, const char *value)
{
	static const char *const spelled[OPTIONS_OVERRIDES] = { "--port", "--workers",
		"--log-level", "--pid-file", "--tls" };
	struct config_override *to = NULL;
	for (size_t i = 0; i < o->override_count; i++)
		if (strcmp(o->overrides[i].name, row->key) == 0)
			to = &o->overrides[i]; /* given twice: the last one counts */
	if (!to)
		to = &o->overrides[o->override_count++];
	to->name = row->key;
	to->value = value ? value : "true";
	for (size_t i = 0; i < OPTIONS_OVERRIDES; i++)
		if (strcmp(spelled[i] + 2, row->name) == 0)
			to->option = spelled[i];
}

static bool known_signal(const char *name)
{
	static const char *const names[] = { "reload", "stop", "quit", "reopen", "upgrade" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	fprintf(stderr,
	    "httpd: unknown signal '%s' (expected reload, stop, quit, reopen or upgrade)\n", name);
	return false;
}

static int add_field(struct options *o, const char *line)
{
	if (o->field_count == OPTIONS_FIELDS) {
		fprintf(stderr, "httpd: more than %d fields\n", OPTIONS_FIELDS);
		return ERR_SYNTAX;
	}
	o->fields[o->field_count++] = line;
	return OK;
}

static int apply(struct options *o, int id, const char *value)
{
	const struct option_row *row = row_find(id);
	if (!row)
		return ERR_SYNTAX; /* getopt_long has said why */
	if (row->key) {
		override(o, row, value);
		return OK;
	}
	switch (id) {
	case 'c':
		o->config = value;
		break;
	case 't':
		o->action = ACTION_TEST;
		break;
	case 'T':
		o->action = ACTION_DUMP;
		break;
	case 'd':
		o->daemon = true;
		break;
	case 's':
		o->action = ACTION_SIGNAL;
		o->signal = value;
		return known_signal(value) ? OK : ERR_SYNTAX;
	case OPT_STATUS:
		o->action = ACTION_STATUS;
		break;
	case 'e':
		o->action = ACTION_EXPLAIN;
		o->url = value;
		break;
	case 'X':
		o->method = value;
		break;
	case 'H':
		return add_field(o, value);
	case OPT_FROM:
		o->from = value;
		break;
	case 'V':
		o->action = ACTION_VERSION;
		break;
	case 'h':
		o->action = ACTION_HELP;
		break;
	case OPT_HASH_PASSWORD:
		o->action = ACTION_HASH_PASSWORD;
		break;
	case OPT_LIST_KEYS:
		o->action = ACTION_LIST_KEYS;
		break;
	}
	return OK;
}

static int take_directory(struct options *o, int argc, char **argv)
{
	bool named = o->action == ACTION_HASH_PASSWORD;
	if (optind < argc)
		*(named ? &o->user : &o->directory) = argv[optind++];
	if (optind < argc) {
		fprintf(stderr, "httpd: more than one %s: '%s'\n", named ? "user" : "directory",
		    argv[optind]);
		return ERR_SYNTAX;
	}
	if (!o->url && (o->method || o->from || o->field_count)) {
		fprintf(stderr, "httpd: -X, -H and --from need --explain URL\n");
		return ERR_SYNTAX;
	}
	if (o->directory && o->config) {
		fprintf(stderr, "httpd: either --config or a directory, not both\n");
		return ERR_SYNTAX;
	}
	if (!o->directory && !o->config && access(HTTPD_CONF, F_OK) == 0)
		o->config = HTTPD_CONF;
	return OK;
}

void options_refer(void)
{
	fprintf(stderr, "httpd: see 'httpd --help'\n");
}

int options_parse(struct options *o, int argc, char **argv)
{
	struct option longs[ROWS + 1];
	char shorts[2 * ROWS + 1];
	getopt_tables(longs, shorts);
	*o = (struct options){ .action = ACTION_RUN, .argv = argv };
	for (int id; (id = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
		if (apply(o, id, optarg) < 0) {
			options_refer();
			return ERR_SYNTAX;
		}
	}
	return take_directory(o, argc, argv);
}

void options_help(FILE *to)
{
	fprintf(to,
	    "usage: httpd [options] [DIRECTORY]\n"
	    "Serves DIRECTORY, or what the configuration says, or the current directory.\n\n");
	for (size_t i = 0; i < ROWS; i++) {
		char left[40];
		if (!rows[i].help)
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
		    rows[i].argument ? rows[i].argument : "");
		if (rows[i].id < OPT_PID_FILE)
			fprintf(to, "  -%c, %-20s  %s\n", rows[i].id, left, rows[i].help);
		else
			fprintf(to, "      %-20s  %s\n", left, rows[i].help);
	}
	fprintf(to, "\nThe manual: man httpd, man httpd.conf\n");
}
