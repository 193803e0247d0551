/* The look at guest code that decides what units are made of (xlate/flow.c). */
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"
#include "xlate/flow.h"

#define NOP 0xd503201fu
#define RET 0xd65f03c0u
#define B(by) (0x14000000u | ((uint32_t)(by) & 0x3ffffff))
#define BL(by) (0x94000000u | ((uint32_t)(by) & 0x3ffffff))
#define BNE(by) (0x54000001u | ((uint32_t)(by) & 0x7ffff) << 5)
#define CBZ(by) (0xb4000000u | ((uint32_t)(by) & 0x7ffff) << 5)
#define TBZ(by) (0x36000000u | ((uint32_t)(by) & 0x3fff) << 5)
#define BLR 0xd63f0020u
#define SVC 0xd4000001u

static uint32_t page_words[FLOW_PAGE_WORDS];
static struct flow f;
static struct decoded *heat; /* NULL: no turns were counted */

/* Looks from word `entry` of a page that starts with these words and goes on with RETs. */
static void look(const uint32_t *words, size_t bytes, unsigned entry, unsigned most)
{
	static struct flow_page p;

	for (unsigned k = 0; k < FLOW_PAGE_WORDS; k++)
		page_words[k] = k < bytes / 4 ? words[k] : RET;
	memset(&p, 0, sizeof(p));
	p.host = page_words;
	p.heat = heat;
	p.hot = heat ? 128 : 0;
	flow_find(&f, &p, entry, most);
}
#define LOOK(entry, ...) look((const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}), entry, 192)

static bool starts(unsigned n, const uint16_t *at)
{
	bool same = f.nstarts == n;

	for (unsigned k = 0; same && k < n; k++)
		same = f.start[k] == at[k] && flow_has(f.starts, at[k]);
	return same;
}
#define STARTS(...) starts(sizeof((const uint16_t[]){__VA_ARGS__}) / 2, (const uint16_t[]){__VA_ARGS__})

static void t_loops(void)
{
	LOOK(0, NOP, NOP, RET);
	ok(!f.nstarts, "straight code is no loop");
	LOOK(0, NOP, NOP, BNE(-2), RET);
	ok(STARTS(0) && flow_has(f.inside, 2) && !flow_has(f.inside, 3), "a loop of one block ends where it is left");
	LOOK(0, NOP, NOP, NOP, BNE(-2), RET);
	ok(!f.nstarts && flow_has(f.heads, 1), "a unit before a loop ends at its head");
	LOOK(1, NOP, NOP, CBZ(3), NOP, B(2), NOP, NOP, TBZ(-6), RET);
	ok(STARTS(1, 5, 6) && !flow_has(f.inside, 0), "both arms of a branch are inside, and where they join starts a block");
	LOOK(2, NOP, BNE(2), NOP, NOP, BNE(-4), RET);
	ok(!f.nstarts, "in the middle of a loop starts no region");
	LOOK(0, NOP, BLR, NOP, BNE(-3), RET);
	ok(!f.nstarts, "a call of what is not known leaves");
	LOOK(0, NOP, SVC, NOP, BNE(-3), RET);
	ok(!f.nstarts, "so does a system call");
	LOOK(0, NOP, B(2000), BNE(-2), RET);
	ok(!f.nstarts, "and a branch out of the page");
}

static void t_nests(void)
{
	LOOK(0, NOP, NOP, BNE(-1), NOP, NOP, BNE(-1), NOP, BNE(-7), RET);
	ok(f.nloops == 4 && f.loop[3].lo == 0 && f.loop[3].hi == FLOW_PAGE_WORDS - 1, "two loops in one, and the whole page");
	ok(f.loop[2].lo == 0 && f.loop[2].hi == 7, "the outer loop comes after those inside");
	LOOK(0, NOP, NOP, NOP, BNE(-2), NOP, BNE(-5), RET);
	ok(f.nloops == 3 && f.loop[0].lo == 1 && f.loop[0].hi == 3, "an inner loop");
	LOOK(0, NOP, NOP, NOP, BNE(-3), NOP, BNE(-3), RET);
	ok(f.nloops == 2 && f.loop[0].lo == 0 && f.loop[0].hi == 5, "loops that overlap count as one");
}

static void t_calls(void)
{
	LOOK(0, NOP, BL(5), NOP, BNE(-3), RET, RET, NOP, NOP, RET);
	ok(f.nstarts && f.nrets == 1 && f.ret[0] == 2 && flow_has(f.inside, 7), "a function called in a loop is inside");
	ok(!flow_has(f.starts, 6) && flow_has(f.starts, 2), "called once, it is built where it is called; it comes back to a start");
	LOOK(0, NOP, BL(6), NOP, BL(4), BNE(-4), RET, RET, NOP, RET);
	ok(f.nrets == 2 && flow_has(f.starts, 7), "called twice, it starts a block");
	LOOK(0, NOP, CBZ(4), NOP, BL(-3), BNE(-2), RET);
	ok(STARTS(0, 2, 4, 5) && f.nrets == 1 && f.ret[0] == 4, "recursion is a loop by call and return");
	LOOK(0, NOP, CBZ(3), NOP, BL(-3), RET);
	ok(STARTS(0) && !f.nrets, "without what only returns");
	LOOK(0, NOP, BL(2000), NOP, BNE(-3), RET);
	ok(!f.nstarts, "a function of another page is not seen into");
}

static void t_limits(void)
{
	static uint32_t w[FLOW_PAGE_WORDS];

	for (unsigned k = 0; k < FLOW_PAGE_WORDS; k++)
		w[k] = k % 2 ? CBZ(3) : NOP;
	w[FLOW_PAGE_WORDS - 2] = B(2 - FLOW_PAGE_WORDS);
	look(w, sizeof(w), 0, 64);
	ok(!f.nstarts, "a loop larger than what may be looked at is none");
	look(w, sizeof(w), 0, FLOW_PAGE_WORDS);
	ok(!f.nstarts, "nor is one of too many blocks");
	w[FLOW_PAGE_WORDS - 1] = CBZ(-1);
	look(w, sizeof(w), FLOW_PAGE_WORDS - 1, 192);
	ok(!f.nstarts || f.start[0] == FLOW_PAGE_WORDS - 1, "the last word of a page");
}

static void t_turns(void)
{
	static const struct turns {
		uint8_t at, n;
	} turns[] = {{0, 200}, {1, 128}, {3, 1}, {4, 2}, {5, 128}};

	heat = decoded_new();
	for (unsigned k = 0; heat && k < sizeof(turns) / sizeof(*turns); k++)
		decoded_line(heat, page_words + turns[k].at)->turns = turns[k].n;
	LOOK(1, NOP, NOP, CBZ(3), NOP, B(2), NOP, TBZ(-5), RET);
	ok(STARTS(1, 5) && !flow_has(f.inside, 3), "an arm that was gone in one of 128 turns is not inside");
	LOOK(1, NOP, NOP, NOP, CBZ(-2), NOP, NOP, TBZ(-5), RET);
	ok(f.nstarts && flow_has(f.inside, 6), "an outer loop's, of two turns, is");
	free(heat);
	heat = 0;
}

int main(void)
{
	t_loops();
	t_nests();
	t_calls();
	t_limits();
	t_turns();
	return tap_done();
}
