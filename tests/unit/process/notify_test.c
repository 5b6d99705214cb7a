/* notify_test.c - what a service manager gets to read. */
#include "process/notify.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int manager = -1; /* the manager's end */
static char name[96];    /* as in NOTIFY_SOCKET */

static void listen_at(bool abstract)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(name, sizeof(name), "%shttpd-notify.%d", abstract ? "@" : "/tmp/", (int)getpid());
	memcpy(address.sun_path, name, strlen(name));
	if (abstract)
		address.sun_path[0] = '\0';
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	if (!abstract)
		unlink(name);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&address, len), 0);
	setenv("NOTIFY_SOCKET", name, 1);
}

static int teardown(void **state)
{
	(void)state;
	if (manager >= 0)
		close(manager);
	manager = -1;
	if (name[0] == '/')
		unlink(name);
	notify_forget();
	return getenv("NOTIFY_SOCKET") || getenv("WATCHDOG_USEC") || getenv("WATCHDOG_PID");
}

static const char *heard(void)
{
	static char text[512];
	ssize_t n = recv(manager, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void check_all(struct notify *n)
{
	notify_ready(n);
	assert_string_equal(heard(), "READY=1");
	notify_stopping(n);
	assert_string_equal(heard(), "STOPPING=1");
	notify_main_pid(n, 4711);
	assert_string_equal(heard(), "MAINPID=4711");
	notify_status(n, "serving with %d workers\nREADY=0", 3);
	assert_string_equal(heard(), "STATUS=serving with 3 workers");
	unsigned long long before = clock_mono_us(), usec = 0;
	notify_reloading(n);
	assert_int_equal(sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%llu", &usec), 1);
	assert_true(usec >= before && usec <= clock_mono_us());
}

static void test_path(void **state)
{
	(void)state;
	struct notify n;
	listen_at(false);
	notify_open(&n);
	check_all(&n);
	assert_true(notify_next_ms(&n) == UINT64_MAX);
	notify_close(&n);
}

static void test_abstract(void **state)
{
	(void)state;
	struct notify n;
	listen_at(true);
	notify_open(&n);
	check_all(&n);
	notify_close(&n);
}

static void test_nobody_listens(void **state)
{
	(void)state;
	static const char *const names[] = { NULL, "", "@", "/", "relative",
		"/nonexistent/socket" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct notify n;
		if (names[i])
			setenv("NOTIFY_SOCKET", names[i], 1);
		notify_open(&n);
		assert_int_equal(n.fd, -1);
		notify_ready(&n);
		notify_watchdog(&n, UINT64_MAX - 1);
		assert_true(notify_next_ms(&n) == UINT64_MAX);
		notify_close(&n);
	}
}

static void test_watchdog(void **state)
{
	(void)state;
	struct notify n;
	listen_at(false);
	setenv("WATCHDOG_USEC", "3000000", 1);
	notify_open(&n);
	uint64_t next = notify_next_ms(&n), now = clock_mono_ms();
	assert_true(next > now && next <= now + 1500);
	notify_watchdog(&n, next - 1);
	assert_string_equal(heard(), "");
	notify_watchdog(&n, next);
	assert_string_equal(heard(), "WATCHDOG=1");
	assert_true(notify_next_ms(&n) == next + 1500);
	notify_close(&n);
}

static void test_watchdog_of_somebody_else(void **state)
{
	(void)state;
	struct notify n;
	char pid[16];
	listen_at(false);
	setenv("WATCHDOG_USEC", "3000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	notify_open(&n);
	assert_true(notify_next_ms(&n) == UINT64_MAX);
	notify_close(&n);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	notify_open(&n);
	assert_true(notify_next_ms(&n) != UINT64_MAX);
	notify_close(&n);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_path),
		TEST(test_abstract),
		TEST(test_nobody_listens),
		TEST(test_watchdog),
		TEST(test_watchdog_of_somebody_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
