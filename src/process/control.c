/*
 * control.c - see control.h.
 */
#include "process/control.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	OUT_MAX = 512 * 1024,
	ASK_MS = 5000,   /* from connecting to the whole command */
	TAKE_MS = 10000, /* from the verdict to its last byte */
};

static const struct {
	const char *name;
	enum order order;
} commands[] = {
	{ "reload", ORDER_RELOAD },
	{ "stop", ORDER_STOP },
	{ "quit", ORDER_QUIT },
	{ "reopen", ORDER_REOPEN },
	{ "upgrade", ORDER_UPGRADE },
};

void control_init(struct control *c)
{
	*c = (struct control){ .fd = -1 };
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		c->clients[i].fd = -1;
}

static int fill_address(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path)) {
		errno = ENAMETOOLONG;
		return ERR_IO;
	}
	strcpy(address->sun_path, path);
	return OK;
}

/* Whether somebody listens there, and who: the kernel keeps the pid of the process that called
 * listen. */
static bool answered(const struct sockaddr_un *address, pid_t *holder_out)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	bool alive =
	    connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN;
	struct ucred peer = { .pid = 0 };
	socklen_t len = sizeof(peer);
	if (alive && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
		*holder_out = peer.pid;
	close(fd);
	return alive;
}

/*
 * Bound under another name and moved into place, so that at every moment exactly one process
 * answers under the real name, also while a successor takes over.
 */
static int bind_in_place(int fd, const char *path)
{
	struct sockaddr_un address;
	char *aside = mem_printf("%s.%d", path, (int)getpid());
	int result = fill_address(&address, aside);
	if (result == OK) {
		unlink(aside);
		mode_t mask = umask(0177);
		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
			result = ERR_IO;
		umask(mask);
	}
	if (result == OK && (listen(fd, CONTROL_CLIENTS) < 0 || rename(aside, path) < 0)) {
		int saved = errno;
		unlink(aside);
		errno = saved;
		result = ERR_IO;
	}
	mem_free(aside);
	return result;
}

int control_open(struct control *c, const char *path, bool inherited, pid_t *holder_out)
{
	struct sockaddr_un address;
	*holder_out = 0;
	if (fill_address(&address, path) < 0)
		return ERR_IO;
	if (!inherited && answered(&address, holder_out))
		return ERR_DENIED;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ERR_IO;
	if (bind_in_place(fd, path) < 0) {
		int saved = errno;
		close(fd);
		errno = saved;
		return ERR_IO;
	}
	struct stat st;
	c->fd = fd;
	c->path = mem_strdup(path);
	c->inode = stat(path, &st) == 0 ? st.st_ino : 0;
	return OK;
}

void control_close(struct control *c)
{
	struct stat st;
	if (c->fd < 0)
		return;
	if (stat(c->path, &st) == 0 && st.st_ino == c->inode)
		unlink(c->path);
	close(c->fd);
	mem_free(c->path);
	c->fd = -1;
	c->path = NULL;
}

static void close_client(struct control_client *client)
{
	close(client->fd);
	buf_fini(&client->out);
	*client = (struct control_client){ .fd = -1 };
}

void control_fini(struct control *c)
{
	control_close(c);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].fd >= 0)
			close_client(&c->clients[i]);
}

static struct control_client *free_client(struct control *c)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].fd < 0)
			return &c->clients[i];
	return NULL;
}

size_t control_pollfds(const struct control *c, struct pollfd *out)
{
	size_t n = 0;
	bool room = false;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		const struct control_client *client = &c->clients[i];
		room = room || client->fd < 0;
		if (client->fd >= 0)
			out[n++] = (struct pollfd){ .fd = client->fd,
				.events = (short)(POLLIN | (client->out.len ? POLLOUT : 0)) };
	}
	if (c->fd >= 0 && room)
		out[n++] = (struct pollfd){ .fd = c->fd, .events = POLLIN };
	return n;
}

uint64_t control_next_ms(const struct control *c)
{
	uint64_t next = UINT64_MAX;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].fd >= 0 && c->clients[i].deadline_ms < next)
			next = c->clients[i].deadline_ms;
	return next;
}

static void answer(struct control_client *client, bool good, const char *text)
{
	if (buf_printf(&client->out, "%s\nverdict %d\n", text, good ? 0 : 1) < 0 &&
	    buf_printf(&client->out, "the answer is too long, see the error log\nverdict %d\n",
		good ? 0 : 1) < 0)
		log_debug("no room for an answer on the control socket");
	client->waits = false;
	client->done = true;
	client->deadline_ms = clock_mono_ms() + TAKE_MS;
}

static void run_command(struct control_client *client, control_status_fn status, void *ctx)
{
	client->asked = true;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, client->line) != 0)
			continue;
		client->waits = true;
		client->order = commands[i].order;
		client->deadline_ms = UINT64_MAX; /* a drain may take its time */
		order_give(client->order);
		return;
	}
	if (strcmp(client->line, "status") != 0) {
		answer(client, false,
		    "unknown command (expected reload, stop, quit, reopen, upgrade or status)");
		return;
	}
	struct buf text;
	buf_init(&text, OUT_MAX / 2);
	status(ctx, &text);
	answer(client, true, text.data ? text.data : "");
	buf_fini(&text);
}

/* Whether the client is still there. */
static bool read_client(struct control_client *client, control_status_fn status, void *ctx)
{
	char byte[CONTROL_LINE];
	ssize_t n = recv(client->fd, byte, sizeof(byte), 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	/* Who hangs up after the command still gets it done, but not told. */
	if (n == 0)
		return false;
	for (ssize_t i = 0; i < n && !client->asked; i++) {
		if (byte[i] == '\n')
			run_command(client, status, ctx);
		else if (client->len < CONTROL_LINE - 1)
			client->line[client->len++] = byte[i];
		else
			return false;
	}
	return true;
}

static bool write_client(struct control_client *client)
{
	while (client->out.len > 0) {
		ssize_t n = send(client->fd, client->out.data, client->out.len, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		buf_consume(&client->out, (size_t)n);
	}
	return !client->done;
}

/* The file's mode lets nobody else in; this also holds where it was changed by mistake. */
static bool may_ask(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static void accept_clients(struct control *c, uint64_t now_ms)
{
	struct control_client *client;
	while (c->fd >= 0 && (client = free_client(c)) != NULL) {
		int fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		if (!may_ask(fd)) {
			close(fd);
			continue;
		}
		*client = (struct control_client){ .fd = fd, .deadline_ms = now_ms + ASK_MS };
		buf_init(&client->out, OUT_MAX);
	}
}

void control_serve(struct control *c, uint64_t now_ms, control_status_fn status, void *ctx)
{
	accept_clients(c, now_ms);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &c->clients[i];
		if (client->fd < 0)
			continue;
		if (!read_client(client, status, ctx) || !write_client(client) ||
		    client->deadline_ms <= now_ms)
			close_client(client);
	}
}

void control_begin(struct control *c, enum order order)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].waits && c->clients[i].order == order)
			c->clients[i].begun = true;
}

void control_verdict(struct control *c, enum order order, bool good, const char *text)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].begun && c->clients[i].waits && c->clients[i].order == order)
			answer(&c->clients[i], good, text);
}

void control_flush(struct control *c)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].fd >= 0 && c->clients[i].out.len > 0)
			write_client(&c->clients[i]);
}
