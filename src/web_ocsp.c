/*
 * web_ocsp.c - see web_ocsp.h.
 *
 * A helper is two processes. The first may write to the state directory, reads the certificate and
 * waits; the second is the workers' user and talks to the responder, so whatever an answer does to
 * a parser, it does to somebody with no power. Both end with the master.
 */
#include "web_ocsp.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "process/intake.h"
#include "process/privileges.h"
#include "process/signals.h"
#include "process/title.h"
#include "tls/ocsp_fetch.h"
#include "tls/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

enum {
	/* Between two tries for one certificate; doubled each time. The first bounds how often a
	 * responder with nonsense in its dates can make workers be renewed. */
	RETRY_MS = 5 * 60 * 1000,
	RETRY_MAX_MS = 60 * 60 * 1000,
	HELPER_S = 2 * OCSP_FETCH_S, /* with the search for its address */
};

/* A certificate whose response is fetched. */
struct fetch {
	const struct tls_context *context;
	size_t index; /* of its certificate */
	uint64_t due_ms;
	uint64_t pause_ms;
};

struct web_ocsp {
	const struct snapshot *snapshot;
	struct fetch *list;
	size_t count;
};

static const char *certificate_file(const struct fetch *f)
{
	return f->context->settings->certificate.list[f->index];
}

/* ---- the second process -------------------------------------------------------------------- */

static bool is_newer(const struct staple *got, const struct fetch *f)
{
	const struct staple *have = &f->context->staples.list[f->index];
	return got->len != have->len || !have->der || memcmp(got->der, have->der, (size_t)got->len);
}

static void become_worker(const struct snapshot *s)
{
	struct privileges p;
	struct config_report *ignored = report_new(); /* it was told at the start */
	if (intake_privileges(s, &p, ignored) < 0 || privileges_drop(&p) < 0) {
		log_error("cannot give up privileges to fetch OCSP responses: %s", strerror(errno));
		_exit(EXIT_FAILURE);
	}
	report_free(&ignored);
}

static void end_with_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

static _Noreturn void ask(const struct fetch *f, const struct certificate *c, int fd)
{
	struct staple got;
	char why[STAPLE_WHY];
	alarm(HELPER_S);
	int rc = ocsp_fetch(c, &got, why);
	if (rc < 0)
		log_warning("no OCSP response for '%s': %s; tried again in %u minutes",
		    certificate_file(f), why, (unsigned)(f->pause_ms / 60000));
	if (rc < 0 || !is_newer(&got, f))
		_exit(EXIT_FAILURE);
	if (write(fd, got.der, (size_t)got.len) != got.len) {
		log_warning("cannot keep the OCSP response for '%s': %s", certificate_file(f),
		    strerror(errno));
		_exit(EXIT_FAILURE);
	}
	log_notice("a new OCSP response for '%s' was fetched", certificate_file(f));
	_exit(EXIT_SUCCESS);
}

/* ---- the first process --------------------------------------------------------------------- */

/* A listening socket that stayed open here would take connections that nobody accepts. */
static void close_sockets(void)
{
	DIR *all = opendir("/proc/self/fd");
	struct dirent *entry;
	struct stat st;
	closelog();
	while (all && (entry = readdir(all))) {
		int fd = atoi(entry->d_name);
		if (fd > STDERR_FILENO && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
			close(fd);
	}
	if (all)
		closedir(all);
}

static bool fetch_into(const struct web_ocsp *w, const struct fetch *f, int fd)
{
	struct certificate c;
	char why[CERTIFICATE_WHY];
	int status = 0;
	if (certificate_read(
		&c, certificate_file(f), tls_key_file(f->context->settings, f->index), why) < 0)
		return false; /* whoever took the configuration up has told of it */
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		become_worker(w->snapshot);
		end_with_parent(parent);
		ask(f, &c, fd);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return false;
	if (WIFSIGNALED(status))
		log_warning("no OCSP response for '%s': %s", certificate_file(f),
		    WTERMSIG(status) == SIGALRM ? "the responder is not reached in time"
						: strsignal(WTERMSIG(status)));
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

static _Noreturn void help(const struct web_ocsp *w, const struct fetch *f, pid_t master)
{
	char room[PATH_MAX], aside[PATH_MAX + 8];
	signals_reset();
	title_set("httpd: OCSP helper");
	log_set_name("OCSP helper");
	end_with_parent(master);
	close_sockets();
	const char *path = tls_staple_file(f->context->settings, f->index, room);
	snprintf(aside, sizeof(aside), "%s.new", path);
	unlink(aside);
	int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		log_warning(
		    "no OCSP response is fetched: cannot write '%s': %s", aside, strerror(errno));
		_exit(EXIT_FAILURE);
	}
	if (fetch_into(w, f, fd) && rename(aside, path) == 0)
		_exit(EXIT_SUCCESS);
	unlink(aside);
	_exit(EXIT_FAILURE);
}

/* ---- the master ---------------------------------------------------------------------------- */

/* The master reaps it; what it has brought is seen by who looks at the files. */
static void start(const struct web_ocsp *w, struct fetch *f, uint64_t now_ms)
{
	pid_t master = getpid();
	f->pause_ms = f->pause_ms ? f->pause_ms * 2 : RETRY_MS;
	if (f->pause_ms > RETRY_MAX_MS)
		f->pause_ms = RETRY_MAX_MS;
	f->due_ms = now_ms + f->pause_ms;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		help(w, f, master);
	if (pid < 0)
		log_warning("cannot start a helper to fetch OCSP responses: %s", strerror(errno));
}

void web_ocsp_look(struct web_ocsp *w, uint64_t now_ms)
{
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);
	for (size_t i = 0; i < w->count; i++) {
		struct fetch *f = &w->list[i];
		if (now_ms >= f->due_ms && now_s >= f->context->staples.list[f->index].refresh_s)
			start(w, f, now_ms);
	}
}

/* One that was brought a moment ago, by the generation before this, is not asked for again even if
 * it is no good. */
static uint64_t first_due(const struct fetch *f)
{
	char room[PATH_MAX];
	struct stat st;
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);
	if (stat(tls_staple_file(f->context->settings, f->index, room), &st) < 0 ||
	    now_s - st.st_mtime >= RETRY_MS / 1000 || st.st_mtime > now_s)
		return 0;
	return clock_mono_ms() + RETRY_MS;
}

static void add(struct web_ocsp *w, const struct tls_context *c, size_t i)
{
	struct fetch f = { .context = c, .index = i };
	if (!tls_staple_is_fetched(c->settings, i) || !c->leaves[i])
		return;
	f.due_ms = first_due(&f);
	w->list = mem_realloc(w->list, (w->count + 1) * sizeof(*w->list));
	w->list[w->count++] = f;
}

struct web_ocsp *web_ocsp_open(const struct tls_contexts *contexts)
{
	struct web_ocsp *w = mem_zalloc(sizeof(*w));
	w->snapshot = contexts->snapshot;
	for (size_t i = 0; i < contexts->count; i++)
		for (size_t k = 0; k < contexts->list[i]->staples.count; k++)
			add(w, contexts->list[i], k);
	return w;
}

void web_ocsp_close(struct web_ocsp **wp)
{
	struct web_ocsp *w = *wp;
	*wp = NULL;
	mem_free(w->list);
	mem_free(w);
}
