/*
 * master_test.c - a whole master with workers that are no web server: start, stop, deaths, reloads,
 * upgrades.
 *
 * Each test has a directory with a configuration, a control socket and a unix socket that the
 * workers listen on, so tests need no port. The master is this program, started through a link in
 * that directory with the argument --master: so an upgrade starts it again, and a test can put
 * something else there.
 */
#include "process/master.h"

#include "config/core.h"
#include "fake_worker.h"
#include "process/title.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char directory[64];
static pid_t master; /* the one that was started; 0: it has been waited for */

static const char *below(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, 128, "%s/%s", directory, name);
	return path;
}

static void write_config(const char *extra)
{
	FILE *f = fopen(below("conf.new"), "w");
	assert_non_null(f);
	fprintf(f,
	    "control = \"%s/c\"; pid_file = \"%s/p\"; log = { error = \"%s/log\"; };\n"
	    "listen = ( { address = \"unix:%s/s\"; } );\n%s\n",
	    directory, directory, directory, directory, extra);
	fclose(f);
	assert_int_equal(rename(below("conf.new"), below("conf")), 0);
}

/* --- waiting --------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void nap(void)
{
	poll(NULL, 0, 5);
}

#define WAIT_FOR(condition)                                           \
	for (uint64_t end_ms = now_ms() + 15000; !(condition); nap()) \
		if (now_ms() > end_ms)                                \
	fail_msg("waited in vain for %s", #condition)

/* --- the control socket ---------------------------------------------------------------------- */

static char verdict[16384];

/* What --signal does; the answer goes to `verdict`. */
static int ask(const char *command)
{
	int fds[2], status;
	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		_exit(control_send(below("c"), command));
	}
	close(fds[1]);
	size_t len = 0;
	for (ssize_t n; (n = read(fds[0], verdict + len, sizeof(verdict) - 1 - len)) > 0;)
		len += (size_t)n;
	verdict[len] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void assert_verdict(const char *command, int status, const char *part)
{
	int got = ask(command);
	if (got != status || !strstr(verdict, part))
		fail_msg("%s: %d, %s", command, got, verdict);
}

static unsigned count_ready(void)
{
	unsigned count = 0;
	if (ask("status") != 0)
		return 0;
	for (const char *at = verdict; (at = strstr(at, ", ready,")) != NULL; at++)
		count++;
	return count;
}

static long master_pid(void)
{
	char text[32] = "";
	FILE *f = fopen(below("p"), "r");
	if (!f)
		return 0;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	return strtol(text, NULL, 10);
}

static bool logged(const char *part)
{
	static char text[1 << 20];
	FILE *f = fopen(below("log"), "r");
	if (!f)
		return false;
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return strstr(text, part) != NULL;
}

/* --- a client -------------------------------------------------------------------------------- */

static int try_connect(const char *line)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strcpy(address.sun_path, below("s"));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return -1;
	}
	send(fd, line, strlen(line), MSG_NOSIGNAL);
	return fd;
}

/* The answer up to the end; "" when the worker has hung up without one. */
static const char *take(int fd)
{
	static char text[128];
	size_t len = 0;
	for (ssize_t n; (n = recv(fd, text + len, sizeof(text) - 1 - len, 0)) > 0;)
		len += (size_t)n;
	text[len] = '\0';
	close(fd);
	return text;
}

struct who {
	unsigned generation;
	int pid;
};

static bool who(struct who *out)
{
	int fd = try_connect("who\n");
	return fd >= 0 && sscanf(take(fd), "%u %d", &out->generation, &out->pid) == 2;
}

static unsigned generation(void)
{
	struct who w = { 0, 0 };
	assert_true(who(&w));
	return w.generation;
}

static int worker_pid(void)
{
	struct who w = { 0, 0 };
	assert_true(who(&w));
	return w.pid;
}

/* Clients that ask without a pause until told to stop, in a process of their own. */
struct load {
	_Atomic bool stop;
	_Atomic unsigned asked, lost;
};
static struct load *load;
static pid_t load_pid;

static void start_load(void)
{
	load = mmap(NULL, sizeof(*load), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(load != MAP_FAILED);
	fflush(NULL);
	load_pid = fork();
	if (load_pid != 0)
		return;
	struct who w;
	while (!load->stop) {
		load->asked++;
		load->lost += !who(&w);
	}
	_exit(0);
}

static unsigned end_load(void)
{
	int status;
	WAIT_FOR(load->asked > 10);
	load->stop = true;
	assert_int_equal(waitpid(load_pid, &status, 0), load_pid);
	unsigned lost = load->lost;
	munmap(load, sizeof(*load));
	return lost;
}

/* --- the master ------------------------------------------------------------------------------ */

static void spawn_master(const char *option)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	assert_true(n > 0);
	path[n] = '\0';
	unlink(below("httpd"));
	assert_int_equal(symlink(path, below("httpd")), 0);
	fflush(NULL);
	master = fork();
	if (master != 0)
		return;
	int log = open(below("stderr"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(log, STDERR_FILENO);
	execl(below("httpd"), below("httpd"), "--master", below("conf"), option, (char *)NULL);
	_exit(127);
}

static int wait_master(void)
{
	int status;
	assert_int_equal(waitpid(master, &status, 0), master);
	master = 0;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void start(const char *extra)
{
	write_config(extra);
	spawn_master(NULL);
	WAIT_FOR(ask("status") == 0 && strstr(verdict, ": serving"));
}

static void stop(void)
{
	assert_verdict("stop", 0, "stopped");
	if (master)
		assert_int_equal(wait_master(), 0);
	assert_int_equal(access(below("c"), F_OK), -1);
	assert_int_equal(access(below("p"), F_OK), -1);
	assert_int_equal(access(below("s"), F_OK), -1);
}

/* A zombie is gone, too: whose child it is now may take its time. */
static bool gone(long pid)
{
	char path[64], text[256] = "";
	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	FILE *f = fopen(path, "r");
	if (!f)
		return true;
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	const char *state = strrchr(text, ')');
	return !state || state[2] == 'Z' || state[2] == 'X';
}

static int setup(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/httpd-master.XXXXXX");
	master = 0;
	alarm(60); /* a test that hangs fails */
	return mkdtemp(directory) && chmod(directory, 0755) == 0 ? 0 : -1;
}

/* A sanitizer that spoke, in whatever process, fails the test. */
static int teardown(void **state)
{
	(void)state;
	char command[160];
	alarm(0);
	if (master)
		kill(master, SIGKILL);
	if (master)
		waitpid(master, NULL, 0);
	long successor = master_pid();
	if (successor > 0 && !gone(successor))
		kill((pid_t)successor, SIGKILL);
	snprintf(command, sizeof(command),
	    "! grep -a -A9 -e Sanitizer -e 'runtime error' %s/stderr", directory);
	int spoke = access(below("stderr"), F_OK) == 0 && system(command) != 0;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command) != 0 || spoke;
}

/* --- start and stop -------------------------------------------------------------------------- */

static void test_starts_and_stops(void **state)
{
	(void)state;
	start("workers = 2;");
	assert_int_equal(generation(), 1);
	assert_int_equal(count_ready(), 2);
	assert_int_equal(master_pid(), master);
	assert_non_null(strstr(verdict, "listener: unix:"));
	stop();
}

static void test_signals_stop(void **state)
{
	(void)state;
	static const int signals[] = { SIGTERM, SIGINT, SIGQUIT };
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		start("workers = 1;");
		kill(master, signals[i]);
		assert_int_equal(wait_master(), 0);
		assert_int_equal(access(below("p"), F_OK), -1);
	}
}

static void test_a_second_start_is_told_who_runs(void **state)
{
	(void)state;
	char wanted[64];
	start("workers = 1;");
	pid_t first = master;
	spawn_master(NULL);
	assert_int_equal(wait_master(), 1);
	master = first;
	snprintf(wanted, sizeof(wanted), "already running as pid %d", (int)first);
	char text[4096] = "";
	int fd = open(below("stderr"), O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_non_null(strstr(text, wanted));
	assert_int_equal(generation(), 1);
	stop();
}

static void test_workers_that_can_not_start(void **state)
{
	(void)state;
	write_config("workers = 2; mime_types = \"die\";");
	spawn_master(NULL);
	assert_int_equal(wait_master(), 1);
	assert_int_equal(access(below("p"), F_OK), -1);
	assert_int_equal(access(below("s"), F_OK), -1);
}

static void test_detaches_when_it_serves(void **state)
{
	(void)state;
	write_config("workers = 1;");
	spawn_master("--daemon");
	assert_int_equal(wait_master(), 0);
	assert_int_equal(generation(), 1); /* at once */
	long pid = master_pid();
	assert_true(pid > 0 && !gone(pid));
	stop();
	WAIT_FOR(gone(pid));

	write_config("workers = 1; mime_types = \"die\";");
	spawn_master("--daemon");
	assert_int_equal(wait_master(), 1);
	write_config("nonsense = 1;");
	spawn_master("--daemon");
	assert_int_equal(wait_master(), 1);
}

/* --- deaths ---------------------------------------------------------------------------------- */

static void test_the_dead_are_replaced(void **state)
{
	(void)state;
	start("workers = 2;");
	for (int i = 1; i <= 5; i++) {
		char restarts[32];
		snprintf(restarts, sizeof(restarts), "restarts: %d\n", i);
		kill(worker_pid(), SIGKILL);
		WAIT_FOR(ask("status") == 0 && strstr(verdict, restarts));
		WAIT_FOR(count_ready() == 2);
	}
	assert_true(logged("killed by SIGKILL"));
	stop();
}

static void test_a_death_tells_what_was_in_hand(void **state)
{
	(void)state;
	start("workers = 1;");
	assert_string_equal(take(try_connect("die\n")), "");
	WAIT_FOR(logged("killed by SIGABRT"));
	assert_true(logged("1 connections lost, in hand: die /fake\\x0a from unix:; replaced"));
	WAIT_FOR(count_ready() == 1);
	stop();
}

static void test_who_keeps_dying_is_held_back(void **state)
{
	(void)state;
	start("workers = 1;");
	for (int i = 0; i < 4; i++) {
		int pid = worker_pid();
		kill(pid, SIGKILL);
		WAIT_FOR(gone(pid));
	}
	assert_true(logged("replaced at once"));
	assert_true(logged("replaced in 100 ms"));
	assert_true(logged("replaced in 200 ms"));
	WAIT_FOR(count_ready() == 1);
	stop();
}

static void test_an_operator_ends_a_worker(void **state)
{
	(void)state;
	static const int signals[] = { SIGTERM, SIGQUIT };
	start("workers = 1;");
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		int pid = worker_pid();
		kill(pid, signals[i]);
		WAIT_FOR(gone(pid));
		WAIT_FOR(count_ready() == 1);
	}
	/* What a terminal sends to all is not for workers. */
	int pid = worker_pid();
	kill(pid, SIGINT);
	kill(pid, SIGHUP);
	kill(pid, SIGUSR1);
	assert_int_equal(ask("reopen"), 0);
	assert_int_equal(worker_pid(), pid);
	stop();
}

static void test_workers_follow_their_master(void **state)
{
	(void)state;
	start("workers = 1;");
	int pid = worker_pid();
	kill(master, SIGKILL);
	waitpid(master, NULL, 0);
	master = 0;
	WAIT_FOR(gone(pid));
	assert_int_equal(try_connect("who\n"), -1);
	start("workers = 1;"); /* what is left of it is in nobody's way */
	stop();
}

static void test_more_and_fewer(void **state)
{
	(void)state;
	start("workers = 1;");
	kill(master, SIGTTIN);
	WAIT_FOR(count_ready() == 2);
	kill(master, SIGTTOU);
	WAIT_FOR(count_ready() == 1);
	kill(master, SIGTTOU);
	WAIT_FOR(logged("the last worker stays"));
	assert_int_equal(count_ready(), 1);
	stop();
}

/* --- reloads --------------------------------------------------------------------------------- */

static void test_reloads_lose_nothing(void **state)
{
	(void)state;
	start("workers = 2;");
	start_load();
	for (unsigned i = 2; i <= 21; i++) {
		assert_verdict("reload", 0, "reloaded");
		assert_int_equal(
		    generation(), i); /* who comes after the verdict meets the new one */
	}
	assert_int_equal(end_load(), 0);
	stop();
}

static void test_a_mistake_changes_nothing(void **state)
{
	(void)state;
	start("workers = 1;");
	write_config("workers = 1;\nworksers = 2;\nnonsense = 3;");
	assert_verdict("reload", 1, "refused");
	assert_non_null(strstr(verdict, ":4: unknown key 'worksers'"));
	assert_non_null(strstr(verdict, ":5: unknown key 'nonsense'"));
	assert_int_equal(generation(), 1);
	stop();
}

static void test_a_generation_that_dies_is_undone(void **state)
{
	(void)state;
	start("workers = 2;");
	int pid = worker_pid();
	start_load();
	write_config("workers = 1; mime_types = \"die\";");
	assert_verdict("reload", 1, "reload undone");
	assert_int_equal(end_load(), 0);
	assert_false(gone(pid));
	assert_int_equal(generation(), 1);
	write_config("workers = 1;");
	assert_verdict("reload", 0, "reloaded");
	stop();
}

static void test_what_needs_a_restart_is_named(void **state)
{
	(void)state;
	start("workers = 1;");
	write_config("workers = 1; user = \"daemon\";");
	assert_verdict("reload", 0, "'user' needs a restart");
	stop();
}

static void test_what_is_in_flight_is_finished(void **state)
{
	(void)state;
	start("workers = 1;");
	int fd = try_connect("hold\n");
	WAIT_FOR(ask("status") == 0 && strstr(verdict, "connections 1"));
	assert_verdict("reload", 0, "reloaded");
	assert_int_equal(generation(), 2);
	assert_int_equal(send(fd, "x\n", 2, 0), 2);
	assert_string_equal(take(fd), "held");
	stop();
}

static void test_the_time_to_drain_has_an_end(void **state)
{
	(void)state;
	start("workers = 1; timeouts = { drain = \"100ms\"; };");
	int fd = try_connect("hold\n");
	WAIT_FOR(ask("status") == 0 && strstr(verdict, "connections 1"));
	assert_verdict("reload", 0, "reloaded");
	assert_string_equal(take(fd), ""); /* cut */
	WAIT_FOR(logged("time to drain is over, 1 connections cut"));
	fd = try_connect("hold\n");
	WAIT_FOR(ask("status") == 0 && strstr(verdict, "connections 1"));
	kill(master, SIGQUIT);
	assert_string_equal(take(fd), "");
	assert_int_equal(wait_master(), 0);
}

static void test_now_is_sooner_than_gently(void **state)
{
	(void)state;
	start("workers = 1; timeouts = { drain = \"60s\"; };");
	int fd = try_connect("hold\n");
	WAIT_FOR(ask("status") == 0 && strstr(verdict, "connections 1"));
	kill(master, SIGQUIT);
	WAIT_FOR(ask("status") == 0 && strstr(verdict, "draining"));
	assert_verdict("reload", 1, "the server stops");
	kill(master, SIGTERM);
	assert_string_equal(take(fd), "");
	assert_int_equal(wait_master(), 0);
}

static void test_many_ask_at_once(void **state)
{
	(void)state;
	enum { CLIENTS = 10 };
	pid_t clients[CLIENTS];
	start("workers = 1;");
	fflush(NULL);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		if (clients[i] == 0)
			_exit(ask("reload"));
	}
	for (int i = 0; i < CLIENTS; i++) {
		int status;
		assert_int_equal(waitpid(clients[i], &status, 0), clients[i]);
		assert_int_equal(status, 0);
	}
	assert_true(generation() <= CLIENTS + 1); /* those that came meanwhile share one */
	stop();
}

/* --- upgrades -------------------------------------------------------------------------------- */

static void test_upgrades_lose_nothing(void **state)
{
	(void)state;
	start("workers = 2;");
	start_load();
	for (int i = 0; i < 10; i++) {
		long old = master_pid();
		assert_verdict("upgrade", 0, "upgraded");
		assert_int_not_equal(master_pid(), old);
		assert_int_equal(count_ready(), 2);
	}
	assert_int_equal(end_load(), 0);
	assert_int_equal(wait_master(), 0); /* the first, when its workers were gone */
	assert_verdict("reload", 0, "reloaded");
	long last = master_pid();
	stop();
	WAIT_FOR(gone(last));
}

static void put_binary(const char *target)
{
	unlink(below("httpd"));
	if (target)
		assert_int_equal(symlink(target, below("httpd")), 0);
}

static void test_a_bad_binary_changes_nothing(void **state)
{
	(void)state;
	static const char *const binaries[] = { "/bin/false", "/etc/passwd", "/nonexistent", NULL };
	start("workers = 1;");
	int pid = worker_pid();
	start_load();
	for (size_t i = 0; i < sizeof(binaries) / sizeof(binaries[0]); i++) {
		put_binary(binaries[i]);
		assert_verdict("upgrade", 1, "upgrade failed");
		assert_int_equal(master_pid(), master);
	}
	assert_int_equal(end_load(), 0);
	assert_int_equal(worker_pid(), pid);
	stop();
}

static void test_a_bad_file_fails_an_upgrade(void **state)
{
	(void)state;
	start("workers = 1;");
	int pid = worker_pid();
	write_config("nonsense = 1;");
	assert_verdict("upgrade", 1, "upgrade failed");
	write_config("workers = 1; mime_types = \"die\";");
	assert_verdict("upgrade", 1, "upgrade failed");
	assert_int_equal(worker_pid(), pid);
	assert_int_equal(access(below("s"), F_OK), 0);
	write_config("workers = 1;");
	WAIT_FOR(ask("upgrade") == 0);
	stop();
}

static int run_master(int argc, char **argv)
{
	static const struct key_group *const keys[] = { &core_group, &listen_group, &log_group,
		&limits_group, &timeouts_group, &site_group, &route_group, NULL };
	static const struct worker_group *const groups[] = { &fake_group, NULL };
	title_init(argv);
	struct config_request request = { .file = argv[2], .groups = keys };
	struct master_options options = {
		.config = &request,
		.groups = groups,
		.argv = argv,
		.daemon = argc > 3,
	};
	return master_run(&options);
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "--master") == 0)
		return run_master(argc, argv);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(test_starts_and_stops),
		TEST(test_signals_stop),
		TEST(test_a_second_start_is_told_who_runs),
		TEST(test_workers_that_can_not_start),
		TEST(test_detaches_when_it_serves),
		TEST(test_the_dead_are_replaced),
		TEST(test_a_death_tells_what_was_in_hand),
		TEST(test_who_keeps_dying_is_held_back),
		TEST(test_an_operator_ends_a_worker),
		TEST(test_workers_follow_their_master),
		TEST(test_more_and_fewer),
		TEST(test_reloads_lose_nothing),
		TEST(test_a_mistake_changes_nothing),
		TEST(test_a_generation_that_dies_is_undone),
		TEST(test_what_needs_a_restart_is_named),
		TEST(test_what_is_in_flight_is_finished),
		TEST(test_the_time_to_drain_has_an_end),
		TEST(test_now_is_sooner_than_gently),
		TEST(test_many_ask_at_once),
		TEST(test_upgrades_lose_nothing),
		TEST(test_a_bad_binary_changes_nothing),
		TEST(test_a_bad_file_fails_an_upgrade),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
