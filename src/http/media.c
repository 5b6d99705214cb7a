/*
 * media.c - see media.h. Looked up once when a file enters the cache, not once a request.
 */
#include "http/media.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum { SUFFIX_MAX = 32 }; /* of a lower-cased copy; no suffix of a known type is nearly as long */

struct media_row {
	struct slice suffix; /* lower case */
	struct slice type;   /* with its charset: the value of Content-Type */
};

/* Sorted by suffix. What the web is made of; a mime.types file knows the rest. */
static const struct media_row built_in[] = {
	/* clang-format off */
	{ SLICE("7z"), SLICE("application/x-7z-compressed") },
	{ SLICE("aac"), SLICE("audio/aac") },
	{ SLICE("apk"), SLICE("application/vnd.android.package-archive") },
	{ SLICE("apng"), SLICE("image/apng") },
	{ SLICE("asc"), SLICE("text/plain; charset=utf-8") },
	{ SLICE("atom"), SLICE("application/atom+xml") },
	{ SLICE("avi"), SLICE("video/x-msvideo") },
	{ SLICE("avif"), SLICE("image/avif") },
	{ SLICE("bin"), SLICE("application/octet-stream") },
	{ SLICE("bmp"), SLICE("image/bmp") },
	{ SLICE("br"), SLICE("application/octet-stream") },
	{ SLICE("bz2"), SLICE("application/x-bzip2") },
	{ SLICE("c"), SLICE("text/plain; charset=utf-8") },
	{ SLICE("conf"), SLICE("text/plain; charset=utf-8") },
	{ SLICE("cpp"), SLICE("text/plain; charset=utf-8") },
	{ SLICE("css"), SLICE("text/css; charset=utf-8") },
	{ SLICE("csv"), SLICE("text/csv; charset=utf-8") },
	{ SLICE("deb"), SLICE("application/vnd.debian.binary-package") },
	{ SLICE("diff"), SLICE("text/plain; charset=utf-8") },
	{ SLICE("doc"), SLICE("application/msword") },
	{ SLICE("docx"), SLICE("application/vnd.openxmlformats-officedocument.wordprocessingml.document") },
	{ SLICE("eot"), SLICE("application/vnd.ms-fontobject") },
	{ SLICE("epub"), SLICE("application/epub+zip") },
	{ SLICE("flac"), SLICE("audio/flac") },
	{ SLICE("gif"), SLICE("image/gif") },
	{ SLICE("gz"), SLICE("application/gzip") },
	{ SLICE("h"), SLICE("text/plain; charset=utf-8") },
	{ SLICE("heic"), SLICE("image/heic") },
	{ SLICE("htm"), SLICE("text/html; charset=utf-8") },
	{ SLICE("html"), SLICE("text/html; charset=utf-8") },
	{ SLICE("ico"), SLICE("image/vnd.microsoft.icon") },
	{ SLICE("ics"), SLICE("text/calendar; charset=utf-8") },
	{ SLICE("iso"), SLICE("application/octet-stream") },
	{ SLICE("jar"), SLICE("application/java-archive") },
	{ SLICE("jpeg"), SLICE("image/jpeg") },
	{ SLICE("jpg"), SLICE("image/jpeg") },
	{ SLICE("js"), SLICE("text/javascript; charset=utf-8") },
	{ SLICE("json"), SLICE("application/json") },
	{ SLICE("jsonld"), SLICE("application/ld+json") },
	{ SLICE("jxl"), SLICE("image/jxl") },
	{ SLICE("log"), SLICE("text/plain; charset=utf-8") },
	{ SLICE("m3u8"), SLICE("application/vnd.apple.mpegurl") },
	{ SLICE("m4a"), SLICE("audio/mp4") },
	{ SLICE("m4v"), SLICE("video/mp4") },
	{ SLICE("map"), SLICE("application/json") },
	{ SLICE("markdown"), SLICE("text/markdown; charset=utf-8") },
	{ SLICE("md"), SLICE("text/markdown; charset=utf-8") },
	{ SLICE("mid"), SLICE("audio/midi") },
	{ SLICE("midi"), SLICE("audio/midi") },
	{ SLICE("mjs"), SLICE("text/javascript; charset=utf-8") },
	{ SLICE("mkv"), SLICE("video/x-matroska") },
	{ SLICE("mov"), SLICE("video/quicktime") },
	{ SLICE("mp3"), SLICE("audio/mpeg") },
	{ SLICE("mp4"), SLICE("video/mp4") },
	{ SLICE("mpd"), SLICE("application/dash+xml") },
	{ SLICE("mpeg"), SLICE("video/mpeg") },
	{ SLICE("mpg"), SLICE("video/mpeg") },
	{ SLICE("odp"), SLICE("application/vnd.oasis.opendocument.presentation") },
	{ SLICE("ods"), SLICE("application/vnd.oasis.opendocument.spreadsheet") },
	{ SLICE("odt"), SLICE("application/vnd.oasis.opendocument.text") },
	{ SLICE("oga"), SLICE("audio/ogg") },
	{ SLICE("ogg"), SLICE("audio/ogg") },
	{ SLICE("ogv"), SLICE("video/ogg") },
	{ SLICE("opus"), SLICE("audio/ogg") },
	{ SLICE("otf"), SLICE("font/otf") },
	{ SLICE("patch"), SLICE("text/plain; charset=utf-8") },
	{ SLICE("pdf"), SLICE("application/pdf") },
	{ SLICE("pem"), SLICE("application/x-pem-file") },
	{ SLICE("png"), SLICE("image/png") },
	{ SLICE("ppt"), SLICE("application/vnd.ms-powerpoint") },
	{ SLICE("pptx"), SLICE("application/vnd.openxmlformats-officedocument.presentationml.presentation") },
	{ SLICE("ps"), SLICE("application/postscript") },
	{ SLICE("py"), SLICE("text/plain; charset=utf-8") },
	{ SLICE("rss"), SLICE("application/rss+xml") },
	{ SLICE("rtf"), SLICE("application/rtf") },
	{ SLICE("sh"), SLICE("text/plain; charset=utf-8") },
	{ SLICE("svg"), SLICE("image/svg+xml") },
	{ SLICE("svgz"), SLICE("image/svg+xml") },
	{ SLICE("tar"), SLICE("application/x-tar") },
	{ SLICE("tgz"), SLICE("application/gzip") },
	{ SLICE("tif"), SLICE("image/tiff") },
	{ SLICE("tiff"), SLICE("image/tiff") },
	{ SLICE("toml"), SLICE("application/toml") },
	{ SLICE("torrent"), SLICE("application/x-bittorrent") },
	{ SLICE("ts"), SLICE("video/mp2t") },
	{ SLICE("ttf"), SLICE("font/ttf") },
	{ SLICE("txt"), SLICE("text/plain; charset=utf-8") },
	{ SLICE("vcf"), SLICE("text/vcard; charset=utf-8") },
	{ SLICE("vtt"), SLICE("text/vtt; charset=utf-8") },
	{ SLICE("wasm"), SLICE("application/wasm") },
	{ SLICE("wav"), SLICE("audio/wav") },
	{ SLICE("weba"), SLICE("audio/webm") },
	{ SLICE("webm"), SLICE("video/webm") },
	{ SLICE("webmanifest"), SLICE("application/manifest+json") },
	{ SLICE("webp"), SLICE("image/webp") },
	{ SLICE("woff"), SLICE("font/woff") },
	{ SLICE("woff2"), SLICE("font/woff2") },
	{ SLICE("xhtml"), SLICE("application/xhtml+xml") },
	{ SLICE("xls"), SLICE("application/vnd.ms-excel") },
	{ SLICE("xlsx"), SLICE("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet") },
	{ SLICE("xml"), SLICE("application/xml") },
	{ SLICE("xsl"), SLICE("application/xslt+xml") },
	{ SLICE("xz"), SLICE("application/x-xz") },
	{ SLICE("yaml"), SLICE("application/yaml") },
	{ SLICE("yml"), SLICE("application/yaml") },
	{ SLICE("zip"), SLICE("application/zip") },
	{ SLICE("zst"), SLICE("application/zstd") },
	/* clang-format on */
};

/* Chains of a small hash table; newer rows stand before older ones. */
enum { MEDIA_PLACES = 256 };

struct media_node {
	struct media_node *next;
	struct media_row row;
};

struct media_table {
	struct arena *arena;
	const struct media_table *base;
	struct media_node *places[MEDIA_PLACES];
};

struct media_table *media_new(struct arena *a, const struct media_table *base)
{
	struct media_table *t = arena_zalloc(a, sizeof(*t));
	t->arena = a;
	t->base = base;
	return t;
}

static void lower(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] |= 0x20;
}

static bool is_text(struct slice type)
{
	return slice_eq_ci(slice_head(type, 5), SLICE("text/")) && slice_find(type, ';') < 0;
}

void media_add(struct media_table *t, struct slice suffix, struct slice type)
{
	if (suffix.len && suffix.ptr[0] == '.')
		suffix = slice_tail(suffix, 1);
	if (suffix.len == 0 || suffix.len > SUFFIX_MAX)
		return;
	struct media_node *node = arena_zalloc(t->arena, sizeof(*node));
	node->row.suffix = arena_dup(t->arena, suffix);
	lower((char *)node->row.suffix.ptr, suffix.len);
	node->row.type =
	    is_text(type)
		? slice_str(arena_printf(t->arena, SLICE_FMT "; charset=utf-8", SLICE_ARG(type)))
		: arena_dup(t->arena, type);
	struct media_node **place = &t->places[slice_hash(node->row.suffix) % MEDIA_PLACES];
	node->next = *place;
	*place = node;
}

static bool is_tchar(unsigned char c)
{
	return c > 0x20 && c < 0x7f && !strchr("\"(),/:;<=>?@[\\]{}", c);
}

bool media_type_valid(struct slice type)
{
	struct slice subtype = type;
	struct slice main_type = slice_split(&subtype, '/');
	if (!subtype.ptr || main_type.len == 0)
		return false;
	struct slice parameters = subtype;
	subtype = slice_trim(slice_split(&parameters, ';'));
	for (size_t i = 0; i < main_type.len; i++)
		if (!is_tchar((unsigned char)main_type.ptr[i]))
			return false;
	for (size_t i = 0; i < subtype.len; i++)
		if (!is_tchar((unsigned char)subtype.ptr[i]))
			return false;
	for (size_t i = 0; i < parameters.len; i++)
		if (parameters.ptr[i] < 0x20 || parameters.ptr[i] > 0x7e)
			return false;
	return subtype.len > 0;
}

/* The next word of a line; ptr NULL at its end. */
static struct slice next_word(struct slice *line)
{
	size_t from = 0;
	while (from < line->len && strchr(" \t\r", line->ptr[from]))
		from++;
	size_t to = from;
	while (to < line->len && !strchr(" \t\r", line->ptr[to]))
		to++;
	struct slice word = from < to ? slice_of(line->ptr + from, to - from) : SLICE_NONE;
	*line = slice_tail(*line, to);
	return word;
}

static void load_line(struct media_table *t, struct slice line)
{
	line = slice_split(&line, '#');
	struct slice type = next_word(&line);
	if (!type.ptr || !media_type_valid(type))
		return;
	for (struct slice suffix = next_word(&line); suffix.ptr; suffix = next_word(&line))
		media_add(t, suffix, type);
}

/* Reads at most `room` bytes; the number read, ERR_IO. */
static ssize_t read_all(int fd, char *to, size_t room)
{
	size_t len = 0;
	while (len < room) {
		ssize_t n = read(fd, to + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

int media_load(struct media_table *t, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ERR_IO;
	struct arena text;
	arena_init(&text);
	char *data = arena_bytes(&text, MEDIA_FILE_MAX + 1);
	ssize_t len = read_all(fd, data, MEDIA_FILE_MAX + 1);
	int saved = errno;
	close(fd);
	int rc = len < 0 ? ERR_IO : len > MEDIA_FILE_MAX ? ERR_FULL : OK;
	struct slice rest = slice_of(data, rc == OK ? (size_t)len : 0);
	while (rest.ptr)
		load_line(t, slice_split(&rest, '\n'));
	arena_fini(&text);
	errno = saved;
	return rc;
}

static int compare_suffix(const void *key, const void *row)
{
	return slice_cmp(*(const struct slice *)key, ((const struct media_row *)row)->suffix);
}

/* `suffix` in lower case. */
static struct slice find_suffix(const struct media_table *t, struct slice suffix)
{
	for (; t; t = t->base)
		for (const struct media_node *n = t->places[slice_hash(suffix) % MEDIA_PLACES]; n;
		     n = n->next)
			if (slice_eq(n->row.suffix, suffix))
				return n->row.type;
	const struct media_row *row = bsearch(&suffix, built_in,
	    sizeof(built_in) / sizeof(*built_in), sizeof(*built_in), compare_suffix);
	return row ? row->type : SLICE_NONE;
}

struct slice media_find(const struct media_table *t, struct slice name)
{
	char text[SUFFIX_MAX];
	struct slice rest = name.len > SUFFIX_MAX ? slice_tail(name, name.len - SUFFIX_MAX) : name;
	memcpy(text, rest.ptr ? rest.ptr : "", rest.len);
	lower(text, rest.len);
	rest = slice_of(text, rest.len);
	/* From the left, so that the longest suffix is tried first. */
	while (slice_split(&rest, '.'), rest.ptr) {
		struct slice type = find_suffix(t, rest);
		if (type.ptr)
			return type;
	}
	return SLICE("application/octet-stream");
}

bool media_matches(struct slice type, struct slice pattern)
{
	ptrdiff_t star = slice_find(pattern, '*');
	if (star < 0)
		return slice_eq_ci(type, pattern);
	struct slice before = slice_head(pattern, (size_t)star);
	struct slice after = slice_tail(pattern, (size_t)star + 1);
	/* Of all types: the second star stands for the subtype. */
	if (slice_eq(pattern, SLICE("*/*")))
		return true;
	return type.len >= before.len + after.len &&
	       slice_eq_ci(slice_head(type, before.len), before) &&
	       slice_eq_ci(slice_tail(type, type.len - after.len), after);
}
