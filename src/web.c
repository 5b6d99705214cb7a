/*
 * web.c - what a web worker is: sites over HTTP on the listening sockets that the master holds.
 *
 * In the master it says which sockets and files are needed; in the child it joins the loop, the
 * acceptors, the protocol engines and the application. Nothing here happens once per request.
 */
#include "web.h"

#include "app/chain.h"
#include "app/check.h"
#include "app/logfile.h"
#include "app/site.h"
#include "app/stats.h"
#include "base/log.h"
#include "base/scoreboard.h"
#include "config/core.h"
#include "event/offload.h"
#include "handler/files.h"
#include "http/server.h"
#include "modules.h"
#include "net/acceptor.h"
#include "net/protocol.h"
#include "process/worker.h"
#include "tls/check.h"
#include "tls/transport_tls.h"
#include "web_tls.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	/* Disk reads and directory walks: more would only queue at the same disk. */
	OFFLOAD_THREADS = 4,
	/* Waiting jobs; each is a visitor that is better told 503 than kept for minutes. */
	OFFLOAD_QUEUE = 1024,
};

struct web {
	struct worker *worker;
	struct net_worker net;
	struct http_server servers[2]; /* for listeners without HTTP/2 and with it */
	struct http_server astray;     /* for plain HTTP on TLS ports */
	struct site_table *sites;
	struct arena arena; /* of what the listen entries are given */
	struct timer notice;
};

static const struct listen_settings *listen_settings(const struct snapshot *s, size_t index)
{
	return config_settings(s->listens[index], &listen_group);
}

static const struct protocol *protocol_find(const char *name)
{
	for (const struct protocol *const *p = modules.protocols; *p; p++)
		if ((*p)->name && strcmp((*p)->name, name) == 0)
			return *p;
	return NULL;
}

static const struct protocol *protocol_find_alpn(const char *alpn)
{
	for (const struct protocol *const *p = modules.protocols; *p; p++)
		if ((*p)->alpn && strcmp((*p)->alpn, alpn) == 0)
			return *p;
	return NULL;
}

static unsigned web_count(const struct snapshot *s)
{
	int64_t wanted = core_settings(s)->workers;
	if (wanted > 0)
		return (unsigned)wanted;
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

/* "user" or "user:group"; what is not given stays as it is. False if a name is not known. */
static bool find_owner(const char *text, struct arena *a, uid_t *user_out, gid_t *group_out)
{
	*user_out = (uid_t)-1;
	*group_out = (gid_t)-1;
	if (!text)
		return true;
	struct slice group = slice_str(text);
	struct slice user = slice_split(&group, ':');
	const struct passwd *pw = getpwnam(arena_dup(a, user).ptr);
	if (pw) {
		*user_out = pw->pw_uid;
		*group_out = pw->pw_gid;
	}
	const struct group *gr = group.len ? getgrnam(group.ptr) : NULL;
	if (gr)
		*group_out = gr->gr_gid;
	return pw && (gr || group.len == 0);
}

static size_t web_listens(const struct snapshot *s, const struct listen_spec **specs_out)
{
	struct arena *a = (struct arena *)&s->arena; /* grows only; the settings stay as they are */
	struct listen_spec *specs = arena_zalloc(a, (s->listen_count + 1) * sizeof(*specs));
	for (size_t i = 0; i < s->listen_count; i++) {
		const struct listen_settings *l = listen_settings(s, i);
		specs[i] = (struct listen_spec){
			.address = l->address,
			.port = (unsigned)l->port,
			.backlog = (int)l->backlog,
			.mode = (mode_t)l->mode,
			.defer_accept = true, /* a client of HTTP speaks first */
		};
		/* Unknown names were mistakes before; one that is gone since then changes nothing.
		 */
		(void)find_owner(l->owner, a, &specs[i].owner, &specs[i].group);
	}
	*specs_out = specs;
	return s->listen_count;
}

/* Here, before there are workers: they only look their places up. */
static void count_sites(const struct snapshot *s)
{
	for (size_t i = 0; i < s->site_count; i++) {
		if (score_site_add(site_name(s->sites[i])) == OK)
			continue;
		log_notice("more than %d sites have had counters since the start: the others are "
			   "counted together",
		    SCORE_SITES - 1);
		return;
	}
}

static void open_log(const struct config_scope *scope, struct config_report *report)
{
	const struct log_settings *log = config_settings(scope, &log_group);
	struct config_place at = config_place(scope, &log_group, "access");
	int rc = strcmp(log->access, "off") == 0 ? OK : logfile_open(log->access);
	if (rc == ERR_FULL)
		report_mistake(report, at,
		    "log.access: '%s' is one file too many (at most %d in the life of a server)",
		    log->access, LOGFILES_MAX);
	else if (rc < 0)
		report_mistake(
		    report, at, "log.access: cannot open '%s': %s", log->access, strerror(errno));
}

static void open_logs_below(
    struct config_scope *const *list, size_t count, struct config_report *report)
{
	for (size_t i = 0; i < count; i++) {
		if (config_given(list[i], &log_group, "access"))
			open_log(list[i], report);
		open_logs_below(list[i]->routes, list[i]->route_count, report);
	}
}

static void *web_open(const struct snapshot *s, struct config_report *report)
{
	open_log(s->global, report);
	open_logs_below(s->sites, s->site_count, report);
	count_sites(s);
	return web_tls_open(s, report);
}

static void web_close(void *opened)
{
	struct web_tls *tls = opened;
	web_tls_close(&tls);
}

static bool web_look(void *opened)
{
	return web_tls_look(opened);
}

static void web_status(const void *opened, struct buf *out)
{
	if (opened)
		web_tls_status(opened, out);
	stats_write(out);
}

static void check_listen(const struct snapshot *s, size_t index, struct config_report *report)
{
	const struct listen_settings *l = listen_settings(s, index);
	struct arena a;
	uid_t user;
	gid_t group;
	if (!protocol_find(l->protocol))
		report_mistake(report, config_place(s->listens[index], &listen_group, "protocol"),
		    "listen.protocol: '%s' is not spoken here (expected \"http\")", l->protocol);
	arena_init(&a);
	if (!find_owner(l->owner, &a, &user, &group))
		report_mistake(report, config_place(s->listens[index], &listen_group, "owner"),
		    "listen[%zu].owner: '%s': there is no such user or group (expected \"user\" "
		    "or \"user:group\")",
		    index, l->owner);
	arena_fini(&a);
}

/* Its file is made at the start, its directory is not. */
static void check_error_log(const struct snapshot *s, struct config_report *report)
{
	const struct log_settings *log = config_settings(s->global, &log_group);
	char path[PATH_MAX];
	if (log->error[0] != '/' || strlen(log->error) >= sizeof(path))
		return;
	memcpy(path, log->error, strlen(log->error) + 1);
	const char *directory = dirname(path);
	if (access(directory, F_OK) < 0)
		report_mistake(report, config_place(s->global, &log_group, "error"),
		    "log.error: '%s': %s", directory, strerror(errno));
}

/* A warning: the types that are built in do without it. */
static void check_mime_types(const struct snapshot *s, struct config_report *report)
{
	const char *path = core_settings(s)->mime_types;
	if (path && access(path, R_OK) < 0)
		report_warning(report, config_place(s->global, &core_group, "mime_types"),
		    "mime_types: cannot read '%s': %s", path, strerror(errno));
}

static void web_check(const struct snapshot *s, uid_t uid, gid_t gid, struct config_report *report)
{
	for (size_t i = 0; i < s->listen_count; i++)
		check_listen(s, i, report);
	check_error_log(s, report);
	check_mime_types(s, report);
	app_check(s, &modules, uid, gid, report);
	tls_check(s, report);
}

struct opening {
	void (*allow)(void *ctx, const char *path, bool write);
	void *ctx;
};

/* Its directory, and that of what it leads to if it is a link. */
static void open_file(void *ctx, const char *path, struct config_place place)
{
	const struct opening *o = ctx;
	char copy[PATH_MAX], real[PATH_MAX];
	(void)place;
	snprintf(copy, sizeof(copy), "%s", path);
	o->allow(o->ctx, dirname(copy), false);
	if (realpath(path, real))
		o->allow(o->ctx, dirname(real), false);
}

static void web_sandbox(
    const struct snapshot *s, void (*allow)(void *ctx, const char *path, bool write), void *ctx)
{
	struct opening opening = { allow, ctx };
	app_each_file(s, &modules, open_file, &opening);
	for (size_t i = 0; i < s->site_count; i++)
		files_each_root(s->sites[i], allow, ctx);
	allow(ctx, "/etc/localtime", false); /* access logs tell local time */
}

/* By the index that `reopened` will use. */
static size_t web_keep(int *fds_out, size_t room)
{
	size_t n = 0;
	for (; n < room && logfile_at((int)n); n++)
		fds_out[n] = logfile_at((int)n)->fd;
	return n;
}

static void server_init(struct web *web, const struct snapshot *s)
{
	const struct limits_settings *l = config_settings(s->global, &limits_group);
	const struct timeouts_settings *t = config_settings(s->global, &timeouts_group);
	web->sites = site_table_new(s, &modules);
	http_answers_set_time(loop_wall_s(web->worker->loop));
	web->servers[false] = (struct http_server){
		.app = &chain_app,
		.sites = web->sites,
		.limits = {
			.uri = (size_t)l->uri,
			.header_size = (size_t)l->header_size,
			.headers = (unsigned)l->headers,
			.pipeline = (size_t)l->pipeline,
			.keepalive_requests = (unsigned)l->keepalive_requests,
		},
		.timeouts = {
			.header_ms = t->header,
			.idle_ms = t->idle,
			.adaptive = t->adaptive,
		},
		.terms = site_terms(s->global),
		.connections_max = (unsigned)l->connections,
	};
	web->servers[true] = web->servers[false];
	web->servers[true].http2 = protocol_find_alpn("h2");
	web->astray = web->servers[false];
	web->astray.astray = true;
	if (web->worker->heritage->opened)
		web_tls_mark_sites(web->worker->heritage->opened, web->sites);
}

/* Who is turned away on a TLS port hears nothing: words in the clear would only confuse. */
static struct acceptor_spec over_tls(
    struct web *web, const struct listen_settings *listen, const struct acceptor_spec *plain)
{
	struct web_tls_entry entry = {
		.listen = listen,
		.sites = web->sites,
		.silent = plain->protocol,
		.server = plain->server,
		.astray_server = &web->astray,
		.handshake_ms = (uint64_t)web->servers[false].timeouts.header_ms,
	};
	return (struct acceptor_spec){
		.listener = plain->listener,
		.protocol = &tls_handshake,
		.transport = &transport_tls,
		.server = web_tls_listen(web->worker->heritage->opened, &entry, &web->arena),
	};
}

static int start_accepting(struct web *web)
{
	const struct heritage *h = web->worker->heritage;
	for (size_t i = 0; i < h->listeners->count; i++) {
		const struct listener *l = &h->listeners->list[i];
		if (l->spec < 0)
			continue;
		const struct listen_settings *settings =
		    listen_settings(h->snapshot, (size_t)l->spec);
		struct acceptor_spec spec = {
			.listener = l,
			.protocol = protocol_find(settings->protocol),
			.transport = &transport_plain,
			.server = &web->servers[settings->http2],
			.refuse = { http_busy_answer, http_address_answer },
		};
		if (settings->tls != LISTEN_PLAIN)
			spec = over_tls(web, settings, &spec);
		if (net_worker_accept(&web->net, &spec) < 0) {
			log_error("cannot accept on %s: %s", l->name, strerror(errno));
			return ERR_IO;
		}
	}
	return OK;
}

static void on_empty(struct net_worker *net)
{
	struct web *web = net->owner;
	loop_stop(web->worker->loop);
}

static void on_notice_over(struct timer *t)
{
	struct web *web = CONTAINER_OF(t, struct web, notice);
	net_worker_drain(&web->net, true);
}

/* A server that stops may go on for a while, so that whoever asks for its health sends newcomers
 * elsewhere before it takes no more. */
static void on_drain(struct worker *w, bool stop)
{
	struct web *web = w->state;
	const struct timeouts_settings *t =
	    config_settings(app_worker.snapshot->global, &timeouts_group);
	app_worker.stopping = stop;
	web->notice.on_due = on_notice_over;
	if (stop && t->notice > 0)
		timer_set(w->loop, &web->notice, loop_now_ms(w->loop) + (uint64_t)t->notice);
	else
		net_worker_drain(&web->net, stop);
}

static void on_cut(struct worker *w)
{
	struct web *web = w->state;
	net_worker_cut(&web->net);
	loop_stop(w->loop);
}

static void on_reopened(struct worker *w, int index, int fd)
{
	(void)w;
	logfile_replace(index, fd);
}

static const struct worker_orders web_orders = {
	.drain = on_drain,
	.cut = on_cut,
	.reopened = on_reopened,
};

static void web_start(struct web *web, struct snapshot *s)
{
	struct loop *loop = web->worker->loop;
	const struct web_tls *opened = web->worker->heritage->opened;
	app_worker = (struct app_worker){
		.loop = loop,
		.pool = offload_new(loop, OFFLOAD_THREADS, OFFLOAD_QUEUE),
		.snapshot = s,
		.certificates = opened ? web_tls_contexts(opened) : NULL,
	};
	const struct limits_settings *l = config_settings(s->global, &limits_group);
	struct net_limits limits = { (unsigned)l->connections, (unsigned)l->per_address };
	net_worker_init(&web->net, loop, &limits);
	web->net.owner = web;
	web->net.on_empty = on_empty;
	logfile_start(loop);
	server_init(web, s);
}

static void web_finish(struct web *web)
{
	net_worker_fini(&web->net);
	offload_free(&app_worker.pool);
	site_table_free(&web->sites);
	arena_fini(&web->arena);
	logfile_flush();
	loop_free(&web->worker->loop);
}

static int web_run(struct worker *w)
{
	struct web web = { .worker = w };
	w->state = &web;
	w->orders = &web_orders;
	w->loop = loop_new();
	if (!w->loop) {
		log_error("cannot make an event loop: %s", strerror(errno));
		return 1;
	}
	web_start(&web, w->heritage->snapshot);
	int failed = start_accepting(&web) < 0 || worker_ready(w) < 0;
	if (!failed)
		loop_run(w->loop);
	web_finish(&web);
	return failed;
}

const struct worker_group web_group = {
	.name = "web",
	.count = web_count,
	.listens = web_listens,
	.open = web_open,
	.close = web_close,
	.look = web_look,
	.status = web_status,
	.reopen = logfile_reopen_all,
	.check = web_check,
	.run = web_run,
	.sandbox = web_sandbox,
	.keep = web_keep,
};
