/*
 * notify.c - see notify.h. A datagram is a few lines NAME=VALUE.
 */
#include "process/notify.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/number.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void send_text(struct notify *n, const char *text)
{
	if (n->fd >= 0 && send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("cannot notify the service manager: %s", strerror(errno));
}

static socklen_t fill_address(struct sockaddr_un *address, const char *path)
{
	size_t len = strlen(path);
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if ((path[0] != '/' && path[0] != '@') || len < 2 || len >= sizeof(address->sun_path))
		return 0;
	memcpy(address->sun_path, path, len);
	if (path[0] == '@') /* an abstract name begins with a zero and has none at its end */
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (path[0] == '/'));
}

/* Half of what is asked for, as sd_watchdog_enabled(3) advises. WATCHDOG_PID names whom it is meant
 * for, if it is there. */
static uint64_t watchdog_interval(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t us, wanted;
	if (!usec || number_parse(slice_str(usec), INT64_MAX, &us) < 0)
		return 0;
	if (pid &&
	    (number_parse(slice_str(pid), INT32_MAX, &wanted) < 0 || wanted != (uint64_t)getpid()))
		return 0;
	return us / 2000 > 0 ? us / 2000 : 1;
}

void notify_open(struct notify *n)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address;
	*n = (struct notify){ .fd = -1 };
	if (!path)
		return;
	socklen_t len = fill_address(&address, path);
	if (len == 0)
		return;
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (n->fd < 0 || connect(n->fd, (struct sockaddr *)&address, len) < 0) {
		log_warning("cannot reach the service manager at '%s': %s", path, strerror(errno));
		notify_close(n);
		return;
	}
	n->watchdog_ms = watchdog_interval();
	n->watchdog_next = n->watchdog_ms ? clock_mono_ms() + n->watchdog_ms : 0;
}

void notify_close(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	*n = (struct notify){ .fd = -1 };
}

void notify_forget(void)
{
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void notify_ready(struct notify *n)
{
	send_text(n, "READY=1");
}

void notify_reloading(struct notify *n)
{
	/* Type=notify-reload matches the time with that of its own request. */
	char text[64];
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)clock_mono_us());
	send_text(n, text);
}

void notify_stopping(struct notify *n)
{
	send_text(n, "STOPPING=1");
}

void notify_main_pid(struct notify *n, pid_t pid)
{
	char text[32];
	snprintf(text, sizeof(text), "MAINPID=%d", (int)pid);
	send_text(n, text);
}

void notify_status(struct notify *n, const char *fmt, ...)
{
	char text[256] = "STATUS=";
	size_t len = strlen(text);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	va_end(ap);
	text[strcspn(text, "\n")] = '\0';
	send_text(n, text);
}

void notify_watchdog(struct notify *n, uint64_t now_ms)
{
	if (n->watchdog_ms == 0 || now_ms < n->watchdog_next)
		return;
	send_text(n, "WATCHDOG=1");
	n->watchdog_next = now_ms + n->watchdog_ms;
}

uint64_t notify_next_ms(const struct notify *n)
{
	return n->watchdog_ms ? n->watchdog_next : UINT64_MAX;
}
