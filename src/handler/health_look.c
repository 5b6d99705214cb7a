/*
 * health_look.c - see health_look.h.
 */
#include "handler/health_look.h"

#include "app/escape.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static const char *const kind_names[] = { [HEALTH_FILE] = "file", [HEALTH_DISK] = "disk" };

size_t health_checks(const struct health_settings *s, struct health_check *list_out)
{
	const struct health_disk *disks = s->disks.list;
	size_t n = 0;
	for (size_t i = 0; list_out && i < s->files.count; i++)
		list_out[n++] =
		    (struct health_check){ .kind = HEALTH_FILE, .path = s->files.list[i] };
	for (size_t i = 0; list_out && i < s->disks.count; i++)
		list_out[n++] = (struct health_check){
			.kind = HEALTH_DISK,
			.path = disks[i].path,
			.wanted = (uint64_t)disks[i].free,
		};
	return s->files.count + s->disks.count;
}

static void look_at_file(struct health_check *c)
{
	struct stat st;
	c->error = stat(c->path, &st) < 0 ? errno : 0;
	c->passed = c->error == 0;
}

/* What is kept for root is no room for the workers. */
static void look_at_disk(struct health_check *c)
{
	struct statvfs fs;
	c->error = statvfs(c->path, &fs) < 0 ? errno : 0;
	c->found = c->error == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : 0;
	c->passed = c->error == 0 && c->found >= c->wanted;
}

void health_look(struct health_check *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].kind == HEALTH_FILE)
			look_at_file(&list[i]);
		else
			look_at_disk(&list[i]);
	}
}

static int write_details(struct buf *out, const struct health_check *c)
{
	if (buf_append(out, SLICE(",\"path\":\"")) < 0 ||
	    escape_append(out, slice_str(c->path), ESCAPE_JSON) < 0 || buf_byte(out, '"') < 0)
		return ERR_FULL;
	if (c->error)
		return buf_printf(out, ",\"error\":\"%s\"", strerror(c->error));
	if (c->kind == HEALTH_DISK)
		return buf_printf(out, ",\"free\":%llu,\"wanted\":%llu",
		    (unsigned long long)c->found, (unsigned long long)c->wanted);
	return OK;
}

static int write_check(struct buf *out, const struct health_check *c, bool details)
{
	if (buf_printf(out, "{\"check\":\"%s\",\"status\":\"%s\"", kind_names[c->kind],
		c->passed ? "ok" : "fail") < 0 ||
	    (details && write_details(out, c) < 0))
		return ERR_FULL;
	return buf_byte(out, '}');
}

int health_write(struct buf *out, const char *status, const struct health_check *list, size_t count,
    bool details)
{
	if (buf_printf(out, "{\"status\":\"%s\",\"checks\":[", status) < 0)
		return ERR_FULL;
	for (size_t i = 0; i < count; i++)
		if ((i > 0 && buf_byte(out, ',') < 0) || write_check(out, &list[i], details) < 0)
			return ERR_FULL;
	return buf_append(out, SLICE("]}\n"));
}
