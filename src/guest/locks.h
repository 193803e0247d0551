/*
 * The lock workloads of `parma scale`, once for the guest (scale.c) and once for threads of the host itself
 * (cli/scale_native.c), so that both do the same.  Each returns the operations that this CPU did.
 *
 * They do hardly anything but pass cache lines around.  That this is what they lose by, two variants show (enum
 * spread): with a lock and data of its own for each CPU nothing is shared, with locks of their own that lie in the same
 * lines nobody waits for anybody, but the lines still move.
 *
 * The includer has ALIGNED, MAX_CPUS (numbers of CPUs are below), acquire(), release(), add() and:
 *   wait_for(p, v)   until *p is v
 *   hint()           between two looks of a loop that spins
 *   over()           is the time over?
 *   crossed()        the last one has come to a barrier, and let the others go
 *   ncpus            how many take part
 */
#ifndef PARMA_GUEST_LOCKS_H
#define PARMA_GUEST_LOCKS_H

enum spread {
	SHARED,      /* one for all */
	SAME_LINE,   /* one for each CPU, those of eight CPUs side by side */
	OWN_LINE,    /* one for each CPU, in lines of its own */
};

union word {
	uint32_t u32;
	uint64_t u64;
	struct mcs *mcs;
};

/* MCS queue node. */
struct mcs {
	struct mcs *next;
	uint32_t locked;
};

#define DATA_LINES 4
enum word_name { NEXT_TICKET, SERVING, MCS_TAIL, SPIN_WORD, ARRIVED, SENSE, DISPUTED, DATA, AREA_LINES = 14 };

/* Close together, since addresses that agree in their low bits are slow: a kilobyte for each CPU. */
static struct area {
	union word line[AREA_LINES][8];
	struct mcs node; /* its CPU's, in all variants */
	uint8_t pad[128 - sizeof(struct mcs)];
} area[MAX_CPUS] ALIGNED;

static inline union word *word(enum word_name which, uint32_t me, enum spread how)
{
	return how == SAME_LINE ? &area[me / 8].line[which][me % 8] : &area[how == OWN_LINE ? me : 0].line[which][0];
}

/* What is done under a lock: a few lines are touched. */
struct data {
	volatile uint64_t *line[DATA_LINES];
};

static struct data data_of(uint32_t me, enum spread how)
{
	struct data d;

	for (unsigned k = 0; k < DATA_LINES; k++)
		d.line[k] = &word((enum word_name)(DATA + k), me, how)->u64;
	return d;
}

static inline void critical(const struct data *d)
{
	for (unsigned k = 0; k < DATA_LINES; k++)
		++*d->line[k];
}

static uint64_t run_ticket(uint32_t me, enum spread how)
{
	uint32_t *next = &word(NEXT_TICKET, me, how)->u32, *now = &word(SERVING, me, how)->u32;
	struct data d = data_of(me, how);
	uint64_t n = 0;

	do {
		uint32_t t = add(next, 1);

		while (acquire(now) != t)
			hint();
		critical(&d);
		release(now, t + 1);
		n++;
	} while (!over());
	return n;
}

/* MCS queue lock; each waiter watches a word of its own, in WFE on Arm as Linux's arch_mcs_spin_lock does. */
static uint64_t run_mcs(uint32_t me, enum spread how)
{
	struct mcs *node = &area[me].node, **tail = &word(MCS_TAIL, me, how)->mcs;
	struct data d = data_of(me, how);
	uint64_t n = 0;

	do {
		struct mcs *prev, *next, *self = node;

		__atomic_store_n(&node->next, (struct mcs *)0, __ATOMIC_RELAXED);
		__atomic_store_n(&node->locked, 0, __ATOMIC_RELAXED);
		prev = __atomic_exchange_n(tail, node, __ATOMIC_ACQ_REL);
		if (prev) {
			__atomic_store_n(&prev->next, node, __ATOMIC_RELEASE);
			wait_for(&node->locked, 1);
		}
		critical(&d);
		next = __atomic_load_n(&node->next, __ATOMIC_ACQUIRE);
		if (!next && !__atomic_compare_exchange_n(tail, &self, (struct mcs *)0, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			while (!(next = __atomic_load_n(&node->next, __ATOMIC_ACQUIRE)))
				hint();
		if (next)
			release(&next->locked, 1);
		n++;
	} while (!over());
	return n;
}

/* Test-and-set, waiters in WFE on the lock word (Linux's pending waiter in a queued spin lock). */
static uint64_t run_spin(uint32_t me, enum spread how)
{
	uint32_t *lock = &word(SPIN_WORD, me, how)->u32;
	struct data d = data_of(me, how);
	uint64_t n = 0;

	do {
		while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
			wait_for(lock, 0);
		critical(&d);
		release(lock, 0);
		n++;
	} while (!over());
	return n;
}

/*
 * Sense-reversing barrier; an operation is one CPU's crossing.  With one of its own for each CPU everybody crosses alone.
 * CPU 0 says which crossing is the last, before it; who has gone beyond (alone only) stops too.
 */
static uint32_t barrier_stop ALIGNED;

static uint64_t run_barrier(uint32_t me, enum spread how)
{
	uint32_t *in = &word(ARRIVED, me, how)->u32, *side = &word(SENSE, me, how)->u32, all = how == SHARED ? ncpus : 1, n = 0, last;

	do {
		uint32_t s = acquire(side);

		n++;
		if ((!me || how != SHARED) && over() && !me)
			release(&barrier_stop, n);
		if (add(in, 1) == all - 1) {
			release(in, 0);
			release(side, !s);
			crossed();
		} else {
			wait_for(side, !s);
		}
		last = acquire(&barrier_stop);
	} while (!last || n < last);
	return n;
}

#endif
