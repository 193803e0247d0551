/*
 * Two vCPUs that wake each other in turns (sched/sleep.c): the "guest code" is a function here that waits for its turn in
 * WFI, takes it and raises the other's interrupt line.  Nobody sleeps past its turn, whether sleepers poll or not, and on two
 * free processors they do.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include <stdlib.h>

#include "a64/wait.h"
#include "base/clock.h"
#include "tests/sched/crew.h"
#include "tests/tap.h"

#define TURNS 1000u
#define TRIES 20 /* a host that is busy with others leaves no processor for those that poll */
#define IDLE_NS UINT64_C(60000000000) /* one that seems not to be shows it within that */

static struct sched *s;
static uint32_t turn; /* ATOMIC: the vCPU of its parity goes next */

static void run(struct vcpu *c)
{
	uint32_t t;

	at_and(&c->irq_lines, ~LINE_IRQ); /* before the look at the turn */
	t = ld_sc(&turn);
	if (t == TURNS) {
		sched_quit(s, 0);
		return;
	}
	if (t % 2 != c->index) {
		vcpu_ask_sleep(c, SLEEP_WFI);
		return;
	}
	at_add(&turn, 1);
	at_or(&sched_vcpus(s)[!c->index]->irq_lines, LINE_IRQ);
	c->mops->kick(sched_vcpus(s)[!c->index]);
}

/* Returns how many sleeps ended by polling. */
static uint64_t ping_pong(void)
{
	struct crew w = crew_new(2, run);
	uint64_t polls = 0;

	s = w.s;
	turn = 0;
	if (!crew_run(&w) || turn != TURNS)
		ok(false, "all turns were taken (%u of %u)", turn, TURNS);
	for (unsigned k = 0; k < 2; k++)
		polls += sched_vcpus(s)[k]->st.polls;
	crew_free(&w);
	return polls;
}

/* Whether the host's other work leaves processors free. */
static bool has_room(void)
{
	double load;

	return place_usable_cpus() > 1 && getloadavg(&load, 1) == 1 && load < 0.5 * place_usable_cpus();
}

int main(void)
{
	uint64_t polls = 0, end;
	bool idle = false;

	clock_init();
	end = clock_ns() + IDLE_NS;
	if (place_usable_cpus() > 1)
		for (unsigned k = 0; !polls && (k < TRIES || ((idle = has_room()) && clock_ns() < end)); k++)
			polls = ping_pong();
	if (polls || idle)
		ok(polls > 0, "sleepers polled (%llu times)", (unsigned long long)polls);
	else
		ok(true, "sleepers polled # SKIP no processor is free");
	if (crew_on(1)) {
		polls = ping_pong();
		ok(turn == TURNS && !polls, "on one processor all turns are taken too, and nobody polls");
	}
	return tap_done();
}
