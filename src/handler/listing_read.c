/*
 * listing_read.c - see listing_read.h. Runs in a thread of the pool: nothing here touches the loop,
 * arenas or the log.
 */
#include "handler/listing_read.h"

#include "base/clock.h"
#include "base/mem.h"
#include "handler/file_hidden.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const readmes[] = { "README.md", "README.txt", "README" };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static unsigned char fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* Two runs of digits by their value; moves both behind them. */
static int compare_digits(const char **a, const char **b)
{
	while (**a == '0' && is_digit((*a)[1]))
		(*a)++;
	while (**b == '0' && is_digit((*b)[1]))
		(*b)++;
	int first = 0;
	while (is_digit(**a) && is_digit(**b)) {
		if (first == 0)
			first = **a - **b;
		(*a)++;
		(*b)++;
	}
	if (is_digit(**a) != is_digit(**b))
		return is_digit(**a) ? 1 : -1; /* more digits */
	return first;
}

int listing_compare_names(const char *a, const char *b)
{
	const char *x = a, *y = b;
	while (*x && *y) {
		int d;
		if (is_digit(*x) && is_digit(*y)) {
			d = compare_digits(&x, &y);
		} else {
			d = fold(*x) - fold(*y);
			x++;
			y++;
		}
		if (d)
			return d;
	}
	if (*x || *y)
		return *x ? 1 : -1;
	return strcmp(a, b); /* alike but for case or zeros: some order, always the same */
}

/* What a visitor would get under this name; false if that is nothing. */
static bool look(
    int dir, const struct files *f, const char *path, const char *name, struct stat *st)
{
	if (fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (S_ISLNK(st->st_mode)) {
		char full[PATH_MAX];
		if (snprintf(full, sizeof(full), "%s%s", path, name) >= (int)sizeof(full))
			return false;
		int fd = file_open(&f->root, full, O_PATH, true);
		if (fd < 0)
			return false; /* it leads out of the root, or nowhere */
		int rc = fstat(fd, st);
		close(fd);
		if (rc < 0)
			return false;
	}
	return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode);
}

static void add_row(struct listing *l, const char *name, const struct stat *st)
{
	if (l->count == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->rows = mem_realloc(l->rows, l->cap * sizeof(*l->rows));
	}
	l->rows[l->count++] = (struct listing_row){
		.name = mem_strdup(name),
		.directory = S_ISDIR(st->st_mode),
		.size = S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size,
		.modified = st->st_mtime,
	};
}

static void note_readme(struct listing *l, const char *name)
{
	for (size_t i = 0; i < sizeof(readmes) / sizeof(*readmes); i++) {
		if (l->readme_name == readmes[i])
			return; /* a better one is there */
		if (strcmp(readmes[i], name) == 0)
			l->readme_name = readmes[i];
	}
}

static void read_readme(struct listing *l, const struct files *f, const char *path)
{
	char full[PATH_MAX];
	struct stat st;
	if (!l->readme_name ||
	    snprintf(full, sizeof(full), "%s%s", path, l->readme_name) >= (int)sizeof(full))
		return;
	int fd = file_open(&f->root, full, 0, true);
	if (fd < 0)
		return;
	ssize_t n = 0;
	char *to = buf_reserve(&l->readme, README_MAX);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= README_MAX)
		n = pread(fd, to, README_MAX, 0);
	l->readme.len = n > 0 ? (size_t)n : 0;
	close(fd);
}

static void read_rows(struct listing *l, DIR *dir, const struct files *f, const char *path)
{
	uint64_t end_ms = clock_mono_ms() + LISTING_READ_MS;
	struct dirent *entry;
	while ((entry = readdir(dir))) {
		struct stat st;
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    (name[0] == '.' && (!f->hidden || file_hidden(name, true))) ||
		    !look(dirfd(dir), f, path, name, &st))
			continue;
		if (l->count == LISTING_ENTRIES_MAX || clock_mono_ms() > end_ms) {
			l->cut = true;
			break;
		}
		add_row(l, name, &st);
		if (S_ISREG(st.st_mode))
			note_readme(l, name);
	}
}

int listing_read(struct listing *out, const struct files *f, const char *path)
{
	*out = (struct listing){ 0 };
	buf_init(&out->readme, README_MAX + 1);
	int fd = file_open(&f->root, path, O_DIRECTORY, true);
	if (fd < 0)
		return fd;
	DIR *dir = fdopendir(fd);
	if (!dir) {
		int saved = errno;
		close(fd);
		errno = saved;
		return ERR_IO;
	}
	read_rows(out, dir, f, path);
	closedir(dir);
	read_readme(out, f, path);
	return OK;
}

void listing_fini(struct listing *l)
{
	for (size_t i = 0; i < l->count; i++)
		mem_free((char *)l->rows[i].name);
	mem_free(l->rows);
	buf_fini(&l->readme);
	*l = (struct listing){ 0 };
}

struct order {
	enum listing_sort by;
	bool descending;
};

static int compare_rows(const void *va, const void *vb, void *ctx)
{
	const struct listing_row *a = va, *b = vb;
	const struct order *order = ctx;
	int d = 0;
	if (a->directory != b->directory)
		return a->directory ? -1 : 1;
	if (order->by == LISTING_SIZE)
		d = (a->size > b->size) - (a->size < b->size);
	else if (order->by == LISTING_DATE)
		d = (a->modified > b->modified) - (a->modified < b->modified);
	if (d == 0 && order->by != LISTING_NAME)
		return listing_compare_names(a->name, b->name);
	if (d == 0)
		d = listing_compare_names(a->name, b->name);
	return order->descending ? -d : d;
}

void listing_sort(struct listing *l, enum listing_sort by, bool descending)
{
	struct order order = { by, descending };
	if (l->count)
		qsort_r(l->rows, l->count, sizeof(*l->rows), compare_rows, &order);
}
