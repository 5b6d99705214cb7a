/*
 * load.h - reads a configuration file (libconfig), the environment and the command line into a
 * snapshot.
 */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include "config/report.h"
#include "config/snapshot.h"

/*
 * Includes: `@include "FILE"` on a line of its own; FILE is relative to the directory of the file
 * that has the line.
 *
 * Environment: HTTPD_KEY and HTTPD_GROUP_KEY for the keys of the global scope (HTTPD_LOG_LEVEL); an
 * empty value is as if unset. HTTPD_PORT and the override "port" set the port of the first listen
 * entry that is not a unix socket; the override "tls" adds an entry for HTTPS to the ones by
 * default; HTTPD_ROOT and the override "root" set the root of the site that is made when the file
 * has no `sites`, and without effect otherwise are a warning.
 */

/* A setting from the command line: "port" = "8080" and the like. Names as in the environment, lower
 * case, with dots: "log.level". */
struct config_override {
	const char *name;
	const char *value;
	const char *option; /* "--port": for messages */
};

struct config_request {
	const char *file; /* NULL: none */
	/* Serve this one: a site whose root it is, listing on. NULL with a file; both NULL: "." */
	const char *directory;
	const struct config_override *overrides;
	size_t override_count;
	/* NULL-terminated; those of core.h are to be among them. */
	const struct key_group *const *groups;
	char **environ_list; /* environ, or NULL to read no environment */
	/*
	 * Further checks, by layers above; NULL for none. Called also when there are mistakes
	 * already, so that all are told in one go: then a mistaken key has the value it had without
	 * the file, and config_mistaken says so. Not called when the file is not even well formed.
	 */
	void (*check)(void *ctx, const struct snapshot *s, struct config_report *report);
	void *check_ctx;
};

/*
 * Reads and checks all. Every mistake goes to the report; returns NULL if there was one. Without a
 * `listen` it listens on "*" port 8080 (HTTPD_PORT, --port); without `sites` one site has the root
 * given (HTTPD_ROOT, the directory, else "."), listing on.
 */
struct snapshot *config_load(const struct config_request *request, struct config_report *report);

/* Writes the configuration in force in the file's own language, each value of a place outside the
 * file or a default with a comment that says so. */
struct buf;
void config_dump(const struct snapshot *s, struct buf *out);

/* Names the keys that differ and need a restart; calls fn with the dotted name of each ("user",
 * "pid_file"). */
void config_compare(const struct snapshot *running, const struct snapshot *wanted,
    void (*fn)(void *ctx, const char *key), void *ctx);

#endif
