/*
 * wheel.c - hierarchical timer wheel.
 *
 * A tick's number is read as digits of six bits. A timer stands on the level of the highest digit
 * in which its tick differs from the wheel's, in the slot of that digit; so each level's occupied
 * slots lie ahead of the wheel's own digit, lower levels come before higher ones, and the next
 * occupied slot is found with one bit scan. When the wheel reaches a slot of a higher level, its
 * timers move down.
 *
 * Moving a timer to a later time, the case of every request, only notes the new time: the timer is
 * looked at where it stands and then put where it belongs.
 */
#include "event/wheel.h"

enum { DIGIT_MASK = WHEEL_SLOTS - 1 };

static const uint64_t LAST_TICK = (UINT64_C(1) << (WHEEL_BITS * WHEEL_LEVELS)) - 1;

void wheel_init(struct wheel *w, uint64_t now_ms)
{
	*w = (struct wheel){ .tick = now_ms >> WHEEL_TICK_SHIFT };
	for (int level = 0; level < WHEEL_LEVELS; level++)
		for (int slot = 0; slot < WHEEL_SLOTS; slot++)
			list_init(&w->slots[level][slot]);
}

/* The first tick at or after due_ms, but one that has not been run. */
static uint64_t tick_of(uint64_t due_ms, uint64_t now_ms)
{
	uint64_t first = (now_ms >> WHEEL_TICK_SHIFT) + 1;
	uint64_t tick = ((due_ms - 1) >> WHEEL_TICK_SHIFT) + 1;
	tick = tick < first ? first : tick;
	return tick < LAST_TICK ? tick : LAST_TICK;
}

static void place(struct wheel *w, struct timer *t, uint64_t tick)
{
	int level = (63 - __builtin_clzll(tick ^ w->tick)) / WHEEL_BITS;
	unsigned slot = (tick >> (level * WHEEL_BITS)) & DIGIT_MASK;
	t->tick = tick;
	w->occupied[level] |= UINT64_C(1) << slot;
	list_append(&w->slots[level][slot], &t->node);
}

void wheel_set(struct wheel *w, struct timer *t, uint64_t due_ms, uint64_t now_ms)
{
	bool stands = t->due_ms != 0;
	uint64_t tick = tick_of(due_ms, now_ms);
	t->due_ms = due_ms;
	if (stands && tick >= t->tick)
		return;
	if (stands)
		list_remove(&t->node);
	place(w, t, tick);
}

void wheel_clear(struct timer *t)
{
	if (t->due_ms == 0)
		return;
	list_remove(&t->node);
	t->due_ms = 0;
}

/* The first occupied slot of a level, its bit cleared if it proves empty; -1 without one. */
static int first_slot(struct wheel *w, int level)
{
	while (w->occupied[level]) {
		int slot = __builtin_ctzll(w->occupied[level]);
		if (!list_empty(&w->slots[level][slot]))
			return slot;
		w->occupied[level] &= w->occupied[level] - 1;
	}
	return -1;
}

/* The next occupied slot and its first tick; NULL without one. */
static struct list *next_slot(struct wheel *w, uint64_t *tick_out)
{
	for (int level = 0; level < WHEEL_LEVELS; level++) {
		int slot = first_slot(w, level);
		if (slot < 0)
			continue;
		int shift = level * WHEEL_BITS;
		uint64_t above = w->tick >> shift >> WHEEL_BITS << WHEEL_BITS;
		*tick_out = (above | (uint64_t)slot) << shift;
		return &w->slots[level][slot];
	}
	return NULL;
}

/* The timer may be freed by its callback. */
static void look_at(struct wheel *w, struct timer *t, uint64_t now_ms)
{
	list_remove(&t->node);
	if (t->due_ms <= now_ms) {
		t->due_ms = 0;
		t->on_due(t);
	} else {
		place(w, t, tick_of(t->due_ms, now_ms));
	}
}

void wheel_run(struct wheel *w, uint64_t now_ms)
{
	uint64_t target = now_ms >> WHEEL_TICK_SHIFT;
	uint64_t tick;
	struct list *slot;
	/* The slot can not fill again meanwhile: what callbacks set comes after the wheel's tick.
	 */
	while ((slot = next_slot(w, &tick)) && tick <= target) {
		w->tick = tick;
		while (!list_empty(slot))
			look_at(w, CONTAINER_OF(slot->next, struct timer, node), now_ms);
	}
	w->tick = target;
}

uint64_t wheel_next_ms(struct wheel *w)
{
	uint64_t tick;
	return next_slot(w, &tick) ? tick << WHEEL_TICK_SHIFT : UINT64_MAX;
}
