/*
 * client.c - the other side of control.h: `httpd --signal NAME` and `httpd --status`.
 */
#include "base/buf.h"
#include "process/master.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	ANSWER_MAX = 1024 * 1024, /* twice what a master sends */
};

static int open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static int send_command(int fd, const char *command)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%s\n", command);
	return send(fd, line, (size_t)len, MSG_NOSIGNAL) == len ? OK : ERR_IO;
}

/* All until end of file: after a stop that is when the master is gone. */
static int read_answer(int fd, struct buf *answer)
{
	for (;;) {
		char *room = buf_reserve(answer, 4096);
		if (!room)
			return ERR_FULL;
		ssize_t n = read(fd, room, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? ERR_IO : OK;
		answer->len += (size_t)n;
	}
}

/* Prints what stands before the verdict, which must be the last line. */
static int print_answer(const struct buf *answer)
{
	static const struct slice good = { "\nverdict 0\n", 11 }, bad = { "\nverdict 1\n", 11 };
	struct slice text = buf_peek(answer);
	if (!slice_ends(text, good) && !slice_ends(text, bad)) {
		fprintf(stderr, "httpd: the master has ended without a verdict\n");
		return EXIT_FAILURE;
	}
	int status = slice_ends(text, good) ? EXIT_SUCCESS : EXIT_FAILURE;
	text.len -= good.len;
	printf(SLICE_FMT "\n", SLICE_ARG(text));
	return fflush(stdout) == 0 ? status : EXIT_FAILURE;
}

int control_send(const char *socket_path, const char *command)
{
	if (!socket_path) {
		fprintf(stderr, "httpd: no control socket: name one with the key 'control'\n");
		return EXIT_FAILURE;
	}
	int fd = open_socket(socket_path);
	if (fd < 0) {
		fprintf(stderr, "httpd: no master answers on the control socket %s: %s\n",
		    socket_path, strerror(errno));
		return EXIT_FAILURE;
	}
	struct buf answer;
	buf_init(&answer, ANSWER_MAX);
	int status = EXIT_FAILURE;
	if (send_command(fd, command) < 0 || read_answer(fd, &answer) < 0)
		fprintf(stderr, "httpd: control socket %s: %s\n", socket_path, strerror(errno));
	else
		status = print_answer(&answer);
	close(fd);
	buf_fini(&answer);
	return status;
}
