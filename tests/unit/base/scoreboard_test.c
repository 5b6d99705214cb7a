/* scoreboard_test.c - slots, counters across a fork, requests in hand, adoption. */
#include "base/scoreboard.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct scoreboard *board;

/* Boards live as long as their process: each test has one more. Kept, so that none counts as
 * leaked. */
static struct scoreboard *boards[32];
static int boards_made;

static int set_up(void **state)
{
	(void)state;
	if (scoreboard_new(&board) != OK)
		return -1;
	boards[boards_made++] = board;
	scoreboard_use(board, -1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(scoreboard_fd(board));
	scoreboard_use(NULL, -1);
	return 0;
}

static void wait_for(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Runs `work` in a child that holds the slot. */
static void in_worker(int slot, void (*work)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		scoreboard_use(board, slot);
		work();
		_exit(0);
	}
	wait_for(pid);
}

static void test_without_board(void **state)
{
	static const unsigned char key[16] = { 1, 2, 3 };
	(void)state;
	scoreboard_use(NULL, -1);
	score_self()->connections += 2;
	assert_int_equal(score_connections(), 2);
	score_self()->connections -= 1;
	assert_int_equal(score_connections(), 1);
	score_self()->connections -= 1;
	assert_int_equal(score_workers_ready(), 0);
	assert_int_equal(score_address_add(key), 1);
	assert_int_equal(score_address_add(key), 2);
	score_address_remove(key);
	score_address_remove(key);
	assert_int_equal(score_address_add(key), 1);
	score_address_remove(key);
	int place = score_begin(SLICE("GET"), SLICE("/"), SLICE("192.0.2.1"));
	assert_true(place >= 0);
	score_end(place);
}

static void test_take_slots(void **state)
{
	(void)state;
	for (int i = 0; i < SCORE_SLOTS; i++)
		assert_int_equal(score_take_slot(board), i);
	assert_int_equal(score_take_slot(board), ERR_FULL);
	assert_int_equal(score_at(7)->state, SCORE_STARTING);
	score_clear_slot(board, 7);
	assert_int_equal(score_at(7)->state, SCORE_FREE);
	assert_int_equal(score_take_slot(board), 7);
}

static void work_and_die(void)
{
	static const unsigned char key[16] = { 9 };
	struct score_slot *self = score_self();
	self->state = SCORE_READY;
	self->group = 0;
	self->connections += 5;
	self->in_hand += 1;
	self->requests += 100;
	self->sites[score_site_find(SLICE("example.org"))].requests[SCORE_HTTP_2][2] += 99;
	score_address_add(key);
	score_address_add(key);
	score_begin(SLICE("GET"), SLICE("/crash"), SLICE("192.0.2.7"));
}

static void test_across_fork(void **state)
{
	static const unsigned char key[16] = { 9 };
	(void)state;
	int a = score_take_slot(board), b = score_take_slot(board);
	assert_int_equal(score_site_add(SLICE("example.org")), OK);
	in_worker(a, work_and_die);
	in_worker(b, work_and_die);
	assert_int_equal(score_connections(), 10);
	assert_int_equal(score_workers_ready(), 2);

	const struct score_slot *slot = score_at(a);
	assert_int_equal(slot->requests, 100);
	assert_int_equal(slot->requests_in_hand[0].used, 1);
	assert_memory_equal(slot->requests_in_hand[0].text, "GET /crash from 192.0.2.7",
	    slot->requests_in_hand[0].len);

	score_clear_slot(board, a);
	assert_int_equal(score_connections(), 5);
	assert_int_equal(score_workers_ready(), 1);
	assert_int_equal(slot->connections, 0);
	assert_int_equal(slot->in_hand, 0);
	assert_int_equal(slot->requests_in_hand[0].used, 0);
	/* Totals go on. */
	assert_int_equal(slot->requests, 100);
	assert_int_equal(slot->sites[1].requests[SCORE_HTTP_2][2], 99);
	scoreboard_use(board, a);
	assert_int_equal(score_address_add(key), 3);
}

/* Only those that are alive count, only the own group's are ready. */
static void test_states(void **state)
{
	static const struct {
		enum score_state state;
		uint32_t group;
	} slots[] = { { SCORE_STARTING, 0 }, { SCORE_READY, 0 }, { SCORE_READY, 1 },
		{ SCORE_DRAINING, 0 }, { SCORE_DEAD, 0 }, { SCORE_READY, 0 } };
	(void)state;
	for (int i = 0; i < 6; i++) {
		scoreboard_use(board, score_take_slot(board));
		score_self()->state = slots[i].state;
		score_self()->group = slots[i].group;
		score_self()->connections = 1u << i;
	}
	assert_int_equal(score_workers_ready(), 2);
	assert_int_equal(score_connections(), 1 + 2 + 4 + 8 + 32);
	scoreboard_use(board, 2);
	assert_int_equal(score_workers_ready(), 1);
}

static void test_in_hand_places(void **state)
{
	int places[SCORE_IN_HAND];
	(void)state;
	scoreboard_use(board, score_take_slot(board));
	for (int i = 0; i < SCORE_IN_HAND; i++) {
		places[i] = score_begin(SLICE("GET"), SLICE("/"), SLICE("192.0.2.1"));
		assert_int_equal(places[i], i);
	}
	assert_int_equal(score_begin(SLICE("GET"), SLICE("/"), SLICE("192.0.2.1")), -1);
	score_end(-1);
	score_end(places[31]);
	assert_int_equal(score_begin(SLICE("PUT"), SLICE("/"), SLICE("192.0.2.1")), 31);
	for (int i = 0; i < SCORE_IN_HAND; i++) {
		assert_int_equal(score_self()->requests_in_hand[i].used, 1);
		score_end(places[i]);
		assert_int_equal(score_self()->requests_in_hand[i].used, 0);
	}
}

static void test_in_hand_text(void **state)
{
	static const char tail[] = "/ from 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff";
	char path[300], peer[300];
	(void)state;
	memset(path, '/', sizeof(path));
	memset(peer, 'p', sizeof(peer));
	struct slice long_path = slice_of(path, sizeof(path));
	struct score_request *r = score_self()->requests_in_hand;

	int place = score_begin(SLICE("GET"), long_path, slice_str(tail + strlen("/ from ")));
	assert_int_equal(r[place].len, SCORE_TEXT);
	assert_memory_equal(r[place].text, "GET ////", 8);
	assert_memory_equal(r[place].text + SCORE_TEXT - strlen(tail), tail, strlen(tail));
	score_end(place);

	place = score_begin(long_path, long_path, slice_of(peer, sizeof(peer)));
	assert_int_equal(r[place].len, SCORE_TEXT);
	assert_int_equal(r[place].text[SCORE_TEXT - 1], 'p');
	score_end(place);

	place = score_begin(SLICE("G"), SLICE_NONE, SLICE_NONE);
	assert_int_equal(r[place].len, strlen("G  from "));
	assert_memory_equal(r[place].text, "G  from ", r[place].len);
	score_end(place);
}

/* A successor sees what the predecessor's workers wrote, and takes other slots. */
static void test_adopt(void **state)
{
	struct scoreboard *adopted;
	(void)state;
	int slot = score_take_slot(board);
	in_worker(slot, work_and_die);
	int fd = dup(scoreboard_fd(board));
	assert_int_equal(scoreboard_adopt(&adopted, fd), OK);
	boards[boards_made++] = adopted;
	assert_int_equal(scoreboard_fd(adopted), fd);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	scoreboard_use(adopted, -1);
	assert_int_equal(score_at(slot)->requests, 100);
	assert_int_equal(score_connections(), 5);
	assert_int_equal(score_take_slot(adopted), slot + 1);
	close(fd);
}

static int memory_of(size_t size, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void test_adopt_refuses(void **state)
{
	struct scoreboard *adopted = NULL;
	struct stat st;
	(void)state;
	assert_int_equal(fstat(scoreboard_fd(board), &st), 0);
	size_t size = (size_t)st.st_size;
	int seals = F_SEAL_SHRINK | F_SEAL_GROW;
	int fds[] = {
		memory_of(size, seals),     /* no magic */
		memory_of(size, 0),         /* no seals */
		memory_of(size - 1, seals), /* another layout */
		memory_of(0, seals),
		open("/dev/null", O_RDWR | O_CLOEXEC),
	};
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		assert_int_equal(scoreboard_adopt(&adopted, fds[i]), ERR_SYNTAX);
		assert_null(adopted);
		assert_int_equal(close(fds[i]), 0); /* it is still ours */
	}
	char version = 77;
	assert_int_equal(pwrite(scoreboard_fd(board), &version, 1, 8), 1);
	int fd = dup(scoreboard_fd(board));
	assert_int_equal(scoreboard_adopt(&adopted, fd), ERR_SYNTAX);
	close(fd);
}

static void test_sealed(void **state)
{
	(void)state;
	assert_int_equal(ftruncate(scoreboard_fd(board), 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(scoreboard_fd(board), 1 << 30), -1);
	assert_true(fcntl(scoreboard_fd(board), F_GETFD) & FD_CLOEXEC);
}

/* A worker with a few connections costs a few pages of the megabytes mapped. */
static void test_memory(void **state)
{
	struct stat st;
	(void)state;
	scoreboard_use(board, score_take_slot(board));
	for (unsigned char i = 0; i < 4; i++)
		score_address_add((const unsigned char[16]){ i });
	score_connections();
	score_workers_ready();
	assert_int_equal(fstat(scoreboard_fd(board), &st), 0);
	assert_true(st.st_size > 4000000);
	assert_true(st.st_blocks * 512 <= 16 * 4096);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_without_board),
		TEST(test_take_slots),
		TEST(test_across_fork),
		TEST(test_states),
		TEST(test_in_hand_places),
		TEST(test_in_hand_text),
		TEST(test_adopt),
		TEST(test_adopt_refuses),
		TEST(test_sealed),
		TEST(test_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
