/*
 * offload.c - a small pool of threads for what would block the loop.
 *
 * Two lists under one mutex, waiting and finished jobs; an eventfd tells the loop that the second
 * has something. Threads block all signals, so that these reach the loop's thread, and never
 * touch the loop, the log or another's job.
 */
#include "event/offload.h"

#include "base/arena.h"
#include "base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

struct jobs {
	struct offload_job *first;
	struct offload_job **end;
};

struct offload {
	struct watch watch; /* the eventfd */
	struct loop *loop;
	unsigned threads_max;
	unsigned queue_max;
	unsigned started; /* threads; the loop's thread alone reads and writes it */
	int nice;         /* of the threads; written before there are any */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t has_work;
	struct jobs waiting;
	struct jobs finished;
	unsigned queued; /* length of waiting */
	unsigned idle;   /* threads that wait for work */
	bool closing;

	pthread_t threads[];
};

static void jobs_init(struct jobs *jobs)
{
	jobs->first = NULL;
	jobs->end = &jobs->first;
}

static void jobs_append(struct jobs *jobs, struct offload_job *job)
{
	job->next = NULL;
	*jobs->end = job;
	jobs->end = &job->next;
}

static struct offload_job *jobs_take_first(struct jobs *jobs)
{
	struct offload_job *job = jobs->first;
	jobs->first = job->next;
	if (!jobs->first)
		jobs->end = &jobs->first;
	return job;
}

/* Runs `done` of all that has finished. It may submit the job again or free it. */
static void finish_jobs(struct offload *pool)
{
	pthread_mutex_lock(&pool->lock);
	struct offload_job *job = pool->finished.first;
	jobs_init(&pool->finished);
	pthread_mutex_unlock(&pool->lock);
	while (job) {
		struct offload_job *next = job->next;
		job->done(job);
		job = next;
	}
}

static void on_finished(struct watch *w, uint32_t events)
{
	struct offload *pool = CONTAINER_OF(w, struct offload, watch);
	eventfd_t count;
	(void)events;
	if (eventfd_read(w->fd, &count) == 0)
		finish_jobs(pool);
}

/* NULL when the pool closes and nothing waits any more. */
static struct offload_job *next_job(struct offload *pool)
{
	struct offload_job *job = NULL;
	pthread_mutex_lock(&pool->lock);
	pool->idle++;
	while (!pool->waiting.first && !pool->closing)
		pthread_cond_wait(&pool->has_work, &pool->lock);
	pool->idle--;
	if (pool->waiting.first) {
		job = jobs_take_first(&pool->waiting);
		pool->queued--;
	}
	pthread_mutex_unlock(&pool->lock);
	return job;
}

static void *run_thread(void *arg)
{
	struct offload *pool = arg;
	struct offload_job *job;
	if (pool->nice != 0)
		setpriority(PRIO_PROCESS, 0, pool->nice); /* in Linux 0 is the calling thread */
	while ((job = next_job(pool))) {
		job->work(job);
		pthread_mutex_lock(&pool->lock);
		bool tell = !pool->finished.first;
		jobs_append(&pool->finished, job);
		pthread_mutex_unlock(&pool->lock);
		if (tell)
			eventfd_write(pool->watch.fd, 1);
	}
	arena_trim();
	return NULL;
}

struct offload *offload_new(struct loop *loop, unsigned threads, unsigned queue_max)
{
	struct offload *pool = mem_zalloc(sizeof(*pool) + threads * sizeof(pool->threads[0]));
	pool->watch =
	    (struct watch){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .on_event = on_finished };
	if (pool->watch.fd < 0 || loop_add(loop, &pool->watch, EPOLLIN | EPOLLET) != OK) {
		if (pool->watch.fd >= 0)
			close(pool->watch.fd);
		mem_free(pool);
		return NULL;
	}
	pool->loop = loop;
	pool->threads_max = threads;
	pool->queue_max = queue_max;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->has_work, NULL);
	jobs_init(&pool->waiting);
	jobs_init(&pool->finished);
	return pool;
}

void offload_set_nice(struct offload *pool, int nice)
{
	assert(pool->started == 0);
	pool->nice = nice;
}

/* A thread takes its signal mask from the one that starts it. */
static bool start_thread(struct offload *pool)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int error = pthread_create(&pool->threads[pool->started], NULL, run_thread, pool);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pool->started += error == 0;
	return error == 0;
}

/* Threads that wait have been promised to the jobs queued before this one. A pool that closes
 * starts none: nobody would join it. */
static bool needs_thread(struct offload *pool)
{
	pthread_mutex_lock(&pool->lock);
	bool needed =
	    !pool->closing && pool->started < pool->threads_max && pool->idle <= pool->queued;
	pthread_mutex_unlock(&pool->lock);
	return needed;
}

int offload_submit(struct offload *pool, struct offload_job *job)
{
	/* No thread at all: nobody would ever run it. With one, it comes later. */
	if (needs_thread(pool) && !start_thread(pool) && pool->started == 0)
		return ERR_FULL;
	pthread_mutex_lock(&pool->lock);
	bool full = pool->closing || pool->queued >= pool->queue_max;
	if (!full) {
		jobs_append(&pool->waiting, job);
		pool->queued++;
		pthread_cond_signal(&pool->has_work);
	}
	pthread_mutex_unlock(&pool->lock);
	return full ? ERR_FULL : OK;
}

static void close_queue(struct offload *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	pthread_cond_broadcast(&pool->has_work);
	pthread_mutex_unlock(&pool->lock);
}

void offload_free(struct offload **pool)
{
	struct offload *p = *pool;
	if (!p)
		return;
	close_queue(p);
	for (unsigned i = 0; i < p->started; i++)
		pthread_join(p->threads[i], NULL);
	finish_jobs(p);
	loop_remove(p->loop, &p->watch);
	close(p->watch.fd);
	pthread_cond_destroy(&p->has_work);
	pthread_mutex_destroy(&p->lock);
	mem_free(p);
	*pool = NULL;
}
