/* Placement: the option's grammar, and what a thread is bound to. */
#include <sched.h>
#include <string.h>

#include "base/bits.h"
#include "sched/place.h"
#include "tests/tap.h"

static void grammar(void)
{
	static const char *const bad[] = {"", "foo", "list:", "list:1,x", "list:3-1", "compact,3", "compact,mem=far", "list:0-500"};
	struct place_config c;
	struct err e;

	ok(!place_parse("list:0,2-4,mem=local", &c, &e) && c.policy == PLACE_LIST && c.nlist == 4 && c.list[3] == 4 &&
		   c.mem == PLACE_MEM_LOCAL,
	   "list with a range and memory policy");
	ok(!place_parse("scatter,mem=interleave", &c, &e) && c.policy == PLACE_SCATTER && c.mem == PLACE_MEM_INTERLEAVE, "scatter, interleaved");
	for (unsigned k = 0; k < ARRAY_SIZE(bad); k++)
		ok(place_parse(bad[k], &c, &e) < 0 && e.code == EXIT_USAGE, "'%s' is refused", bad[k]);
}

/* The processors that this thread may run on now. */
static cpu_set_t affinity(void)
{
	cpu_set_t s;

	CPU_ZERO(&s);
	sched_getaffinity(0, sizeof(s), &s);
	return s;
}

static void binding(const char *policy)
{
	struct place_config c;
	struct err e;
	cpu_set_t before = affinity(), after;
	unsigned n = (unsigned)CPU_COUNT(&before);
	struct place *p;
	cpu_set_t used;

	place_parse(policy, &c, &e);
	p = place_new(&c, n, &e);
	CPU_ZERO(&used);
	for (unsigned k = 0; k < n; k++)
		if (place_cpu(p, k) >= 0)
			CPU_SET((unsigned)place_cpu(p, k), &used);
	ok(CPU_EQUAL(&used, &before), "%s: as many vCPUs as processors use each once", policy);
	place_bind_thread(p, n - 1);
	after = affinity();
	ok(CPU_COUNT(&after) == 1 && CPU_ISSET((unsigned)place_cpu(p, n - 1), &after), "%s: the thread is bound where it says", policy);
	sched_setaffinity(0, sizeof(before), &before);
	place_free(p);

	p = place_new(&c, n + 1, &e);
	ok(p && place_cpu(p, 0) == -1 && place_note(p)[0] && !place_bind_thread(p, 0), "%s: more vCPUs than processors: unbound, and it says so", policy);
	place_free(p);
}

/* A process that may use one processor only. */
static void limited(void)
{
	struct place_config c;
	struct err e;
	cpu_set_t before = affinity(), one;
	unsigned first = 0, other;
	struct place *p;
	char text[32];

	while (!CPU_ISSET(first, &before))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	sched_setaffinity(0, sizeof(one), &one);
	ok(place_usable_cpus() == 1, "affinity to one processor: one is usable");
	place_parse("compact", &c, &e);
	p = place_new(&c, 1, &e);
	ok(p && place_cpu(p, 0) == (int)first, "and the vCPU gets that one");
	place_free(p);
	for (other = first + 1; other < 1024 && !CPU_ISSET(other, &before); other++)
		;
	snprintf(text, sizeof(text), "list:%u", other < 1024 ? other : 1023);
	place_parse(text, &c, &e);
	ok(!place_new(&c, 1, &e) && e.code == EXIT_USAGE && strstr(e.msg, "may use"), "a list may not name another (%s)", e.msg);
	sched_setaffinity(0, sizeof(before), &before);
}

static void memory(void)
{
	static char ram[1 << 20];
	struct place_config c;
	struct err e;
	struct place *p;
	char text[400] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");

	place_parse("none,mem=interleave", &c, &e);
	p = place_new(&c, 2, &e);
	place_bind_memory(p, ram, sizeof(ram));
	memset(ram, 1, sizeof(ram));
	place_print(p, f);
	fclose(f);
	ok(strstr(text, "RAM: "), "memory policy is reported: %.60s", text);
	place_free(p);
}

int main(void)
{
	grammar();
	binding("compact");
	binding("scatter");
	limited();
	memory();
	return tap_done();
}
