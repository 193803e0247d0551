/*
 * Any words through the translator.
 *
 * Input: 4 bytes (bit 7 of the first: the mode; EL; what FPCR and registers
 * hold), then words.
 *   mode 0  instructions without system registers and with branches forwards only: both engines must end in the same state
 *   mode 1  whatever the words are, system instructions and loops, with the
 *           translator: it must survive; a timer ends it
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#include "tests/xlate/lockstep.h"
#include "tests/a64/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS 64u
#define NOP 0xd503201fu

static struct vcpu *c;
static struct machine_ops ops;

static void stop(struct vcpu *v) { at_or(&v->request, REQ_STOP); }
static void stop_code(struct vcpu *v, int code) { at_or(&v->request, REQ_STOP); }
static void on_alarm(int sig) { at_or(&c->request, REQ_STOP); }

static void init(void)
{
	static struct sigaction a = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};

	c = lockstep_new();
	ops = *c->mops;
	ops.cpu_off = ops.system_reset = stop;
	ops.system_off = stop_code;
	c->mops = &ops;
	sigaction(SIGALRM, &a, NULL);
}

/* After whatever the last input did to registers and tables: as lockstep_new() left them. */
static void restore(void)
{
	vcpu_reset(c, CODE, 0);
	poke64(RAM + 0x1000 + 8, (RAM + 0x2000) | 3);
	poke64(RAM + 0x2000, RAM | 1 << 10 | 3 << 8 | 3 << 6 | 1);
	poke64(RAM + 0x2000 + 8, DATA | 1 << 10 | 3 << 8 | 1 << 6 | 1);
	c->sys.ttbr0 = RAM + 0x1000;
	c->sys.mair = 0xff;
	c->sys.tcr = 25 | UINT64_C(1) << 23 | UINT64_C(2) << 32;
	c->sys.cpacr = 3 << 20;
	c->sys.vbar = VBAR;
	c->sys.oslock = 0;
	c->sys.sctlr |= 1;
	for (unsigned k = 0; k < 16; k++) {
		poke32(VBAR + 0x80 * k, WFI);
		poke32(VBAR + 0x80 * k + 4, 0x14000000);
	}
	tlbset_inv_all(c);
	cpu_ctx_update(c);
}

static bool forwards(uint32_t w)
{
	int64_t to;

	if ((w & 0xff000010) == 0x54000000 || (w & 0x7e000000) == 0x34000000)
		to = (int32_t)(w << 8) >> 13;
	else if ((w & 0x7e000000) == 0x36000000)
		to = (int32_t)(w << 13) >> 18;
	else if ((w & 0x7c000000) == 0x14000000)
		to = (int32_t)(w << 6) >> 6;
	else
		return false;
	return to > 0 && to < 8;
}

static bool comparable(uint32_t w)
{
	struct a64_insn in;
	const struct a64_row *r;

	if (!a64_decode(w, c->feats, &in))
		return true; /* undefined for both */
	r = &a64_rows[in.op];
	if (r->end)
		return forwards(w);
	/* Exclusives and acquire forms of them: their monitor is not part of the state compared. */
	return row_runs_alone(r) && (w & 0x3f000000) != 0x08000000 && !strstr(r->name, "CLREX");
}

static void fill(struct state *s, const uint8_t *d)
{
	for (unsigned k = 0; k < 31; k++)
		s->x[k] = k & 1 ? DATA + 16384 + 8 * k * d[1] : (uint64_t)d[2] << (k * 2) | k;
	for (unsigned k = 0; k < 32; k++)
		s->v[k] = (u128)(0x3ff0000000000000u + ((uint64_t)d[3] << k)) << 64 | (k & 1 ? 0x7f800000bf800000u : 0x3c00u * (uint64_t)k);
	s->sp = DATA + 32768;
	s->nzcv = (uint32_t)(d[1] & 0xf) << 28;
	s->fpcr = (uint32_t)(d[0] >> 1 & 0x1f) << 22;
	s->el = d[0] & 1;
	for (unsigned k = 0; k < DATA_BYTES; k++)
		s->data[k] = (uint8_t)(k * d[2] >> 3);
}

static void compare(const struct state *in, const uint32_t *words, unsigned n)
{
	static struct state a, b;

	run_with(c, interp_run, in, &a);
	run_with(c, jit_run, in, &b);
	if (states_equal(&a, &b))
		return;
	for (unsigned k = 0; k < n; k++) {
		struct a64_insn i;

		a64_decode(words[k], c->feats, &i);
		printf("#   %" PRIx64 "  %08x %s\n", CODE + 4 * k, words[k], a64_rows[i.op].name);
	}
	fflush(stdout);
	abort();
}

static void survive(const struct state *in)
{
	static const struct itimerval soon = {{0, 0}, {0, 2000}}, never;
	unsigned turns = 0;

	state_put(c, in);
	st_rlx(&c->request, 0);
	setitimer(ITIMER_REAL, &soon, NULL);
	do {
		vcpu_poll(c);
		rcu_quiescent();
		jit_run(c);
	} while (!(ld_acq(&c->request) & REQ_STOP) && ++turns < 1000);
	setitimer(ITIMER_REAL, &never, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct state in;
	uint32_t words[WORDS];
	unsigned n = size < 8 ? 0 : (unsigned)((size - 4) / 4);

	if (!c)
		init();
	n = n < WORDS ? n : WORDS;
	if (!n)
		return 0;
	memcpy(words, data + 4, 4 * n);
	restore();
	fill(&in, data);
	for (unsigned k = 0; k < n; k++)
		if (!(data[0] & 0x80) && !comparable(words[k]))
			words[k] = NOP;
	program(c, words, n);
	if (data[0] & 0x80)
		survive(&in);
	else
		compare(&in, words, n);
	return 0;
}
