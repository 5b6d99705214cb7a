/*
 * fake_wire.c - see fake_wire.h.
 */
#include "fake_wire.h"

#include "app/chain.h"
#include "app/check.h"
#include "base/mem.h"
#include "config/load.h"
#include "event/offload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONTENT_MAX = 64 << 20 };

static struct fake_request *of_request(struct request *r)
{
	return CONTAINER_OF(r, struct fake_request, r);
}

static ssize_t fake_sendv(struct conn *c, const struct iovec *iov, int count, bool more)
{
	struct fake_request *f = CONTAINER_OF(c, struct fake_request, conn);
	ssize_t sent = 0;
	(void)more;
	for (int i = 0; i < count; i++) {
		assert_int_equal(
		    buf_append(&f->content, slice_of(iov[i].iov_base, iov[i].iov_len)), OK);
		sent += (ssize_t)iov[i].iov_len;
	}
	return sent;
}

static ssize_t fake_sendfile(struct conn *c, int fd, off_t *offset, size_t len)
{
	struct fake_request *f = CONTAINER_OF(c, struct fake_request, conn);
	ssize_t n = pread(fd, buf_reserve(&f->content, len), len, *offset);
	if (n > 0) {
		f->content.len += (size_t)n;
		*offset += n;
	}
	return n < 0 ? ERR_IO : n;
}

static const struct transport fake_transport = {
	.name = "fake",
	.sendv = fake_sendv,
	.sendfile = fake_sendfile,
};

static void flush(struct fake_request *f)
{
	int rc;
	do
		rc = outq_flush(&f->conn.out, &f->conn);
	while (rc == ERR_AGAIN);
	if (rc == ERR_IO)
		f->failed = true;
}

static void pull_all(struct fake_request *f)
{
	struct source *source = f->r.response.source;
	enum pull more = PULL_MORE;
	while (more == PULL_MORE && !f->failed) {
		more = source->ops->pull(source, &f->conn.out, 16384);
		flush(f);
	}
	f->failed |= more == PULL_ERROR;
	f->done = more == PULL_END && !f->failed;
}

static void on_start(struct request *r)
{
	struct fake_request *f = of_request(r);
	f->starts++;
	if (r->method == METHOD_HEAD || r->response.status == 304) {
		f->done = true;
	} else if (r->response.source) {
		pull_all(f);
	} else {
		assert_int_equal(buf_append(&f->content, r->response.body), OK);
		f->done = true;
	}
}

static void on_wake(struct request *r)
{
	if (!of_request(r)->done)
		pull_all(of_request(r));
}

static void on_reset(struct request *r, int error)
{
	(void)error;
	of_request(r)->failed = true;
}

static void on_interim(struct request *r, int status, const struct fields *fields)
{
	(void)r, (void)status, (void)fields;
}

static void on_read(struct request *r)
{
	(void)r;
}

static const struct wire fake_wire = {
	.name = "HTTP/1.1",
	.start = on_start,
	.wake = on_wake,
	.reset = on_reset,
	.interim = on_interim,
	.read_body = on_read,
	.read_on = on_read,
};

void fake_request_init(struct fake_request *f, struct site_table *sites, const char *path)
{
	*f = (struct fake_request){ 0 };
	f->conn.transport = &fake_transport;
	f->r.wire = &fake_wire;
	f->r.app = &chain_app;
	f->r.server = sites;
	f->r.version = HTTP_1_1;
	f->r.target = slice_str(path);
	f->r.query = f->r.target;
	f->r.path = slice_split(&f->r.query, '?');
	f->r.host = SLICE("example.org");
	f->peer.v4 =
	    (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(0xc0000201) } };
	f->r.peer = &f->peer;
	f->r.local = &f->peer;
	fake_request_method(f, METHOD_GET);
	buf_init(&f->content, CONTENT_MAX);
}

void fake_request_method(struct fake_request *f, enum http_method method)
{
	f->r.method = method;
	f->r.method_name = slice_str(method_name(method));
}

void fake_request_field(struct fake_request *f, const char *name, const char *value)
{
	struct slice n = slice_str(name);
	fields_add(&f->r.fields, &f->r.arena, field_find_id(n), n, slice_str(value));
}

void fake_request_start(struct fake_request *f)
{
	chain_app.on_head(&f->r);
	chain_app.on_end(&f->r);
}

void fake_request_finish(struct fake_request *f)
{
	for (int i = 0; i < 500 && !f->done && !f->failed; i++)
		loop_turn(app_worker.loop, 10);
	assert_true(f->done || f->failed);
}

void fake_request_fini(struct fake_request *f)
{
	if (f->done)
		chain_app.on_done(&f->r);
	else
		chain_app.on_abort(&f->r, f->failed ? ABORT_SOURCE : ABORT_PEER);
	response_fini(&f->r);
	outq_clear(&f->conn.out);
	arena_fini(&f->r.arena);
	buf_fini(&f->content);
}

static const char *find_in(const struct field *list, unsigned count, const char *name, char *room)
{
	for (unsigned i = 0; i < count; i++) {
		if (!slice_eq_ci(list[i].name, slice_str(name)))
			continue;
		snprintf(room, 512, SLICE_FMT, SLICE_ARG(list[i].value));
		return room;
	}
	return NULL;
}

const char *fake_response_field(const struct fake_request *f, const char *name)
{
	static char room[512];
	const struct response *response = &f->r.response;
	const char *value = find_in(response->fields.list, response->fields.count, name, room);
	if (!value && response->block)
		value = find_in(response->block->list, response->block->count, name, room);
	return value;
}

void fake_worker_init(struct fake_worker *w, const struct modules *modules, bool with_loop)
{
	*w = (struct fake_worker){ .modules = modules };
	strcpy(w->dir, "/tmp/httpd-unit-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	app_worker = (struct app_worker){ 0 };
	if (with_loop) {
		app_worker.loop = loop_new();
		app_worker.pool = offload_new(app_worker.loop, 2, 64);
	}
}

static void print_line(void *ctx, bool mistake, const char *place, const char *text)
{
	struct buf *lines = ctx;
	assert_int_equal(buf_printf(lines, "%s%s%s\n", place, report_kind(mistake), text), OK);
}

static void on_check(void *ctx, const struct snapshot *s, struct config_report *report)
{
	struct fake_worker *w = ctx;
	app_check(s, w->modules, geteuid(), getegid(), report);
}

static void write_config(struct fake_worker *w, const char *config, const char *path)
{
	FILE *to = fopen(path, "w");
	assert_non_null(to);
	for (const char *p = config; *p; p++) {
		if (*p == '@')
			fputs(w->dir, to);
		else
			fputc(*p, to);
	}
	fclose(to);
}

static struct snapshot *load(struct fake_worker *w, const char *config, struct buf *lines)
{
	char path[80];
	snprintf(path, sizeof(path), "%s.conf", w->dir);
	write_config(w, config, path);
	struct config_request request = {
		.file = path,
		.groups = w->modules->groups,
		.check = on_check,
		.check_ctx = w,
	};
	struct config_report *report = report_new();
	struct snapshot *s = config_load(&request, report);
	report_each(report, print_line, lines);
	report_free(&report);
	unlink(path);
	return s;
}

void fake_worker_config(struct fake_worker *w, const char *config)
{
	struct buf lines;
	buf_init(&lines, 1 << 16);
	site_table_free(&w->sites);
	if (w->snapshot)
		snapshot_unref(&w->snapshot);
	w->snapshot = load(w, config, &lines);
	if (!w->snapshot)
		fail_msg("%s", lines.data);
	buf_fini(&lines);
	app_worker.snapshot = w->snapshot;
	w->sites = site_table_new(w->snapshot, w->modules);
}

const char *fake_worker_mistakes(struct fake_worker *w, const char *config)
{
	static struct buf lines;
	buf_fini(&lines);
	buf_init(&lines, 1 << 16);
	assert_int_equal(buf_append(&lines, SLICE("")), OK);
	struct snapshot *s = load(w, config, &lines);
	if (s)
		snapshot_unref(&s);
	return lines.len ? lines.data : "";
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void fake_worker_fini(struct fake_worker *w)
{
	offload_free(&app_worker.pool);
	site_table_free(&w->sites);
	if (w->snapshot)
		snapshot_unref(&w->snapshot);
	loop_free(&app_worker.loop);
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fake_path(const struct fake_worker *w, const char *name)
{
	static char path[512];
	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	return path;
}

void fake_file(const struct fake_worker *w, const char *name, const char *content)
{
	char path[512];
	strcpy(path, fake_path(w, name));
	for (char *slash = strchr(path + strlen(w->dir) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	FILE *to = fopen(path, "w");
	assert_non_null(to);
	fputs(content, to);
	fclose(to);
}
