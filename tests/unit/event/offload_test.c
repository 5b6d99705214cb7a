/* offload_test.c - order, the queue's bound, threads and signals, closing while jobs run. */
#include "event/offload.h"

#include "base/arena.h"
#include "base/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop *loop;
static pthread_t loop_thread;

/* A gate that jobs wait at, so that tests decide when they go on. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static int at_gate;

struct sum_job {
	struct offload_job job;
	int number;
	int square;
	bool off_thread; /* work ran in another thread */
	int done;
};

static struct sum_job *finished[64];
static int finished_len;
static _Atomic int work_order[64];
static _Atomic int work_len;

static int set_up(void **state)
{
	(void)state;
	loop = loop_new();
	loop_thread = pthread_self();
	gate_open = false;
	at_gate = finished_len = 0;
	work_len = 0;
	return loop ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(&loop);
	return 0;
}

static void work(struct offload_job *job)
{
	struct sum_job *j = CONTAINER_OF(job, struct sum_job, job);
	j->square = j->number * j->number;
	j->off_thread = !pthread_equal(pthread_self(), loop_thread);
	work_order[work_len++] = j->number;
}

static void work_at_gate(struct offload_job *job)
{
	pthread_mutex_lock(&lock);
	at_gate++;
	pthread_cond_broadcast(&changed);
	while (!gate_open)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	work(job);
}

static void wait_at_gate(int count)
{
	pthread_mutex_lock(&lock);
	while (at_gate < count)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void open_gate(void)
{
	pthread_mutex_lock(&lock);
	gate_open = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void done(struct offload_job *job)
{
	struct sum_job *j = CONTAINER_OF(job, struct sum_job, job);
	assert_true(pthread_equal(pthread_self(), loop_thread));
	j->done++;
	finished[finished_len++] = j;
}

static struct sum_job job_of(int number)
{
	return (struct sum_job){ .job = { .work = work, .done = done }, .number = number };
}

static void turn_until_finished(int count)
{
	while (finished_len < count)
		loop_turn(loop, -1);
}

/* One thread: started and finished in the order submitted. */
static void test_order(void **state)
{
	struct sum_job jobs[50];
	struct offload *pool = offload_new(loop, 1, 50);
	(void)state;
	for (int i = 0; i < 50; i++) {
		jobs[i] = job_of(i);
		assert_int_equal(offload_submit(pool, &jobs[i].job), OK);
	}
	assert_int_equal(finished_len, 0); /* done never runs within submit */
	turn_until_finished(50);
	for (int i = 0; i < 50; i++) {
		assert_ptr_equal(finished[i], &jobs[i]);
		assert_int_equal(work_order[i], i);
		assert_int_equal(jobs[i].square, i * i);
		assert_true(jobs[i].off_thread);
		assert_int_equal(jobs[i].done, 1);
	}
	offload_free(&pool);
	assert_null(pool);
	offload_free(&pool);
}

/* The bound is of those that wait; running ones do not count. */
static void test_queue_bound(void **state)
{
	struct sum_job jobs[6];
	struct offload *pool = offload_new(loop, 2, 3);
	(void)state;
	for (int i = 0; i < 6; i++) {
		jobs[i] = job_of(i);
		jobs[i].job.work = work_at_gate;
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(offload_submit(pool, &jobs[i].job), OK);
	wait_at_gate(2);
	for (int i = 2; i < 5; i++)
		assert_int_equal(offload_submit(pool, &jobs[i].job), OK);
	assert_int_equal(offload_submit(pool, &jobs[5].job), ERR_FULL);
	open_gate();
	turn_until_finished(5);
	assert_int_equal(jobs[5].done, 0);
	assert_int_equal(offload_submit(pool, &jobs[5].job), OK);
	turn_until_finished(6);
	offload_free(&pool);
}

/* As many at once as there are threads, though each was submitted while the others were busy. */
static void test_parallel(void **state)
{
	struct sum_job jobs[4];
	struct offload *pool = offload_new(loop, 4, 10);
	(void)state;
	for (int i = 0; i < 4; i++) {
		jobs[i] = job_of(i);
		jobs[i].job.work = work_at_gate;
		assert_int_equal(offload_submit(pool, &jobs[i].job), OK);
	}
	wait_at_gate(4);
	open_gate();
	turn_until_finished(4);
	offload_free(&pool);
}

/* Running, waiting and finished jobs: each is done once before offload_free returns. */
static void test_free_while_running(void **state)
{
	struct sum_job jobs[10];
	struct offload *pool = offload_new(loop, 2, 10);
	(void)state;
	for (int i = 0; i < 10; i++) {
		jobs[i] = job_of(i);
		jobs[i].job.work = i == 0 ? work : work_at_gate;
		assert_int_equal(offload_submit(pool, &jobs[i].job), OK);
	}
	wait_at_gate(2);
	open_gate();
	offload_free(&pool);
	for (int i = 0; i < 10; i++)
		assert_int_equal(jobs[i].done, 1);
}

static void test_free_unused(void **state)
{
	struct offload *pool = offload_new(loop, 4, 4);
	(void)state;
	offload_free(&pool);
	assert_null(pool);
}

static struct offload *shared_pool;

static void done_free(struct offload_job *job)
{
	mem_free(CONTAINER_OF(job, struct sum_job, job));
	finished_len++;
}

static void done_again(struct offload_job *job)
{
	struct sum_job *j = CONTAINER_OF(job, struct sum_job, job);
	j->done++;
	finished_len++;
	if (j->done < 5)
		assert_int_equal(offload_submit(shared_pool, job), OK);
}

static void test_done_frees_and_resubmits(void **state)
{
	struct sum_job again = job_of(1);
	(void)state;
	shared_pool = offload_new(loop, 2, 20);
	again.job.done = done_again;
	assert_int_equal(offload_submit(shared_pool, &again.job), OK);
	for (int i = 0; i < 10; i++) {
		struct sum_job *j = mem_alloc(sizeof(*j));
		*j = job_of(i);
		j->job.done = done_free;
		assert_int_equal(offload_submit(shared_pool, &j->job), OK);
	}
	turn_until_finished(15);
	assert_int_equal(again.done, 5);
	offload_free(&shared_pool);
}

static void done_refused(struct offload_job *job)
{
	CONTAINER_OF(job, struct sum_job, job)->done++;
	assert_int_equal(offload_submit(shared_pool, job), ERR_FULL);
}

static void test_closing_takes_none(void **state)
{
	struct sum_job j = job_of(1);
	(void)state;
	shared_pool = offload_new(loop, 1, 1);
	j.job.done = done_refused;
	assert_int_equal(offload_submit(shared_pool, &j.job), OK);
	offload_free(&shared_pool);
	assert_int_equal(j.done, 1);
}

static sigset_t mask_of_thread;

static void work_mask(struct offload_job *job)
{
	(void)job;
	pthread_sigmask(SIG_SETMASK, NULL, &mask_of_thread);
}

/* Signals reach the loop's thread only, whose own mask is as before. */
static void test_signals_blocked(void **state)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGCHLD, SIGUSR1, SIGALRM };
	struct sum_job j = job_of(1);
	struct offload *pool = offload_new(loop, 1, 1);
	sigset_t own;
	(void)state;
	j.job.work = work_mask;
	assert_int_equal(offload_submit(pool, &j.job), OK);
	turn_until_finished(1);
	pthread_sigmask(SIG_SETMASK, NULL, &own);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		assert_true(sigismember(&mask_of_thread, signals[i]));
		assert_false(sigismember(&own, signals[i]));
	}
	offload_free(&pool);
}

static void work_arena(struct offload_job *job)
{
	struct arena a = { 0 };
	(void)job;
	memset(arena_alloc(&a, 3000), 1, 3000);
	memset(arena_alloc(&a, 3000), 1, 3000);
	arena_fini(&a);
}

/* A job may use arenas: what its thread keeps of them goes with it. */
static void test_arenas_in_threads(void **state)
{
	struct sum_job jobs[20];
	struct offload *pool = offload_new(loop, 3, 20);
	(void)state;
	for (int i = 0; i < 20; i++) {
		jobs[i] = job_of(i);
		jobs[i].job.work = work_arena;
		assert_int_equal(offload_submit(pool, &jobs[i].job), OK);
		work_arena(NULL);
	}
	turn_until_finished(20);
	offload_free(&pool);
	arena_trim();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_order),
		TEST(test_queue_bound),
		TEST(test_parallel),
		TEST(test_free_while_running),
		TEST(test_free_unused),
		TEST(test_done_frees_and_resubmits),
		TEST(test_closing_takes_none),
		TEST(test_signals_blocked),
		TEST(test_arenas_in_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
