/*
 * replay_main.c - gives a fuzz target the inputs that were kept, without libFuzzer.
 *
 *   request_replay              every file of tests/fuzz/corpus/request, as one TAP case
 *   request_replay FILE...      these files
 *
 * An input that once broke something breaks the program again: it aborts or a sanitizer speaks, and
 * the last line on standard error names the input.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void die(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	exit(EXIT_FAILURE);
}

/* The input stands in memory of exactly its size, so that a sanitizer sees a read past its end. */
static void replay_file(const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "rb");
	if (!f || fstat(fileno(f), &st) < 0)
		die(path);
	size_t size = (size_t)st.st_size;
	uint8_t *data = malloc(size ? size : 1);
	if (!data || fread(data, 1, size, f) != size)
		die(path);
	fclose(f);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int replay_folder(const char *path)
{
	struct dirent **list;
	int count = scandir(path, &list, not_hidden, alphasort);
	if (count < 0)
		die(path);
	for (int i = 0; i < count; i++) {
		char file[8192];
		snprintf(file, sizeof(file), "%s/%s", path, list[i]->d_name);
		replay_file(file);
		free(list[i]);
	}
	free(list);
	return count;
}

/* "request" of ".../request_replay". */
static void target_name(const char *program, char *name_out, size_t room)
{
	const char *base = strrchr(program, '/');
	snprintf(name_out, room, "%s", base ? base + 1 : program);
	char *suffix = strstr(name_out, "_replay");
	if (suffix)
		*suffix = '\0';
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			replay_file(argv[i]);
		return EXIT_SUCCESS;
	}
	char name[256];
	char folder[4096];
	const char *top = getenv("TEST_TOP");
	target_name(argv[0], name, sizeof(name));
	snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s", top ? top : ".", name);
	int count = replay_folder(folder);
	printf("1..1\n%sok 1 - %s: %d inputs\n", count > 0 ? "" : "not ", name, count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
