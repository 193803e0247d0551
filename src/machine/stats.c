/* See stats.h. */
#include "machine/stats.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/keeper.h"
#include "base/outfile.h"
#include "base/sandbox.h"
#include "base/stats.h"
#include "machine/machine_priv.h"
#include "tcache/tcache.h"
#include "xlate/jit.h"
#include "xlate/lockstep.h"
#include "xlate/xlate.h"

static const struct {
	const char *name, *unit, *help;
	size_t offset;
} counters[] = {
#define COUNT(name, unit, help) {#name, unit, help, offsetof(struct stats, name)},
#include "base/stats.def"
#undef COUNT
};

static const struct {
	const char *name, *unit, *help;
	size_t offset;
} cache_counters[] = {
#define COUNT(name, unit, help) {#name, unit, help, offsetof(struct tcache_stats, name)},
#include "tcache/stats.def"
#undef COUNT
};

static uint64_t cache_counter(const struct tcache_stats *s, unsigned k)
{
	return *(const uint64_t *)(const void *)((const char *)s + cache_counters[k].offset);
}

static uint64_t counter(const struct vcpu *c, unsigned k)
{
	return ld_rlx((const uint64_t *)((const char *)&c->st + counters[k].offset));
}

static const char *const state_names[] = {
	[SCHED_OFF] = "off", [SCHED_PAUSED] = "paused", [SCHED_HALTED] = "halted", [SCHED_RUNNING] = "running",
};

static json_t *cpu_json(struct machine *m, unsigned k)
{
	const struct vcpu *c = m->cpus[k];
	uint64_t ns[CAUSE_COUNT];
	json_t *t = json_object();
	json_t *o = json_pack("{s:i,s:s,s:I,s:I}", "cpu", (int)k, "state", state_names[sched_cpu_state(m->sched, k)],
			      "instructions", (json_int_t)ld_rlx(&c->icount), "host_cpu_ns", (json_int_t)sched_thread_ns(m->sched, k));

	if (place_cpu(m->place, k) >= 0)
		json_object_set_new(o, "host_cpu", json_integer(place_cpu(m->place, k)));
	json_object_set_new(o, "heap_bytes", json_integer((json_int_t)alloc_arena_bytes(sched_thread_arena(m->sched, k))));
	account_get(m->sched, k, ns);
	for (unsigned n = 0; n < CAUSE_COUNT; n++)
		json_object_set_new(t, cause_info[n].name, json_integer((json_int_t)ns[n]));
	json_object_set_new(o, "time_ns", t);
	for (unsigned n = 0; n < ARRAY_SIZE(counters); n++)
		json_object_set_new(o, counters[n].name, json_integer((json_int_t)counter(c, n)));
	return o;
}

static json_t *cache_json(void)
{
	struct tcache_stats s;
	json_t *o = json_object();

	tcache_get_stats(jit_cache(), &s);
	for (unsigned n = 0; n < ARRAY_SIZE(cache_counters); n++)
		json_object_set_new(o, cache_counters[n].name, json_integer((json_int_t)cache_counter(&s, n)));
	return o;
}

json_t *stats_json(struct machine *m)
{
	json_t *cpus = json_array(), *j;
	struct alloc_stats a;

	for (unsigned k = 0; k < m->ncpus; k++)
		json_array_append_new(cpus, cpu_json(m, k));
	j = json_pack("{s:I,s:s,s:i,s:o}", "time_ns", (json_int_t)(clock_ns() - m->start_ns), "engine", m->engine_name,
		      "usable_cpus", (int)place_usable_cpus(), "cpus", cpus);
	json_object_set_new(j, "unit_cost_ns", json_pack("{s:f,s:f}", "fence", account_costs(m->sched).fence_ns, "retry",
							 account_costs(m->sched).retry_ns));
	if (m->jit)
		json_object_set_new(j, "code_cache", cache_json());
	if (place_note(m->place)[0])
		json_object_set_new(j, "placement", json_string(place_note(m->place)));
	if (alloc_stats(&a))
		json_object_set_new(j, "allocator",
				    json_pack("{s:I,s:I,s:I,s:I,s:I,s:i}", "allocated", (json_int_t)a.allocated, "active",
					      (json_int_t)a.active, "resident", (json_int_t)a.resident, "metadata",
					      (json_int_t)a.metadata, "retained", (json_int_t)a.retained, "arenas", (int)a.arenas));
	return j;
}

static void print_counter(FILE *f, const char *group, const char *name, uint64_t v, const char *unit, const char *help)
{
	fprintf(f, "%s%-*s %" PRIu64 "%s%s  (%s)\n", group, 21 - (int)strlen(group), name, v, unit[0] ? " " : "", unit, help);
}

static void print_text(struct machine *m, FILE *f)
{
	double s = (double)(clock_ns() - m->start_ns) * 1e-9, busy = 0;
	uint64_t insns = sched_icount(m->sched);

	for (unsigned k = 0; k < m->ncpus; k++)
		busy += (double)(sched_thread_ns(m->sched, k)) * 1e-9;
	fprintf(f, "engine                %s\n", m->engine_name);
	fprintf(f, "time                  %.3f s, vCPUs busy %.3f s\n", s, busy);
	if (m->lockstep) {
		struct lockstep_counts n = lockstep_counts(m->lockstep);

		fprintf(f, "lockstep              %" PRIu64 " units of %" PRIu64 " instructions compared, %" PRIu64 " differences excused\n",
			n.units, n.insns, n.excused);
	} else if (m->jit) /* translated code does not count */
		fprintf(f, "guest instructions    counted by -accel interp only\n");
	else
		fprintf(f, "guest instructions    %" PRIu64 " (%.1f MIPS of busy time)\n", insns, busy > 0 ? (double)insns / busy * 1e-6 : 0);
	for (unsigned n = 0; n < ARRAY_SIZE(counters); n++) {
		uint64_t sum = 0;

		for (unsigned k = 0; k < m->ncpus; k++)
			sum += counter(m->cpus[k], n);
		print_counter(f, "", counters[n].name, sum, counters[n].unit, counters[n].help);
	}
}

static void print_cache(const struct machine *m, FILE *f)
{
	uint64_t ns = 0, insns = 0, busy = 0;
	struct tcache_stats s;

	for (unsigned k = 0; k < m->ncpus; k++) {
		ns += ld_rlx(&m->cpus[k]->st.translate_ns);
		insns += ld_rlx(&m->cpus[k]->st.insns_translated);
		busy += sched_thread_ns(m->sched, k);
	}
	fprintf(f, "translation           %.1f%% of the busy time, %.0f ns a guest instruction\n", 100 * (double)ns / (double)MAX(busy, 1),
		(double)ns / (double)MAX(insns, 1));

	tcache_get_stats(jit_cache(), &s);
	for (unsigned n = 0; n < ARRAY_SIZE(cache_counters); n++)
		print_counter(f, "cache ", cache_counters[n].name, cache_counter(&s, n), cache_counters[n].unit, cache_counters[n].help);
	fprintf(f, "host per guest byte   %.2f code, %.2f tables\n", (double)s.code_bytes / (double)MAX(s.guest_bytes, 1),
		(double)s.meta_bytes / (double)MAX(s.guest_bytes, 1));
}

/* Per vCPU, in percent of its wall time. */
static void print_causes(struct machine *m, FILE *f)
{
	fputs("where the time went   vCPU", f);
	for (unsigned n = 0; n < CAUSE_COUNT; n++)
		fprintf(f, " %9s", cause_info[n].name);
	fputc('\n', f);
	for (unsigned k = 0; k < m->ncpus; k++) {
		uint64_t ns[CAUSE_COUNT], sum = 0;

		account_get(m->sched, k, ns);
		for (unsigned n = 0; n < CAUSE_COUNT; n++)
			sum += ns[n];
		fprintf(f, "%26u", k);
		for (unsigned n = 0; n < CAUSE_COUNT; n++)
			fprintf(f, " %8.2f%%", sum ? 100 * (double)ns[n] / (double)sum : 0);
		fputc('\n', f);
	}
	fprintf(f, "%-21s fence %.1f ns, failed store-exclusive %.1f ns: one undisturbed, measured at the start; their time is count x cost%s\n",
		"cost of one", account_costs(m->sched).fence_ns, account_costs(m->sched).retry_ns,
		m->jit && !xlate_profile ? " (translated code counts with -accel profile=on only)" : "");
}

static void print_allocator(struct machine *m, FILE *f)
{
	struct alloc_stats a;

	if (!alloc_stats(&a))
		return;
	fprintf(f, "allocator             jemalloc, %u arenas: %.1f MiB in use, %.1f MiB resident; vCPU arenas", a.arenas,
		(double)a.allocated / 1048576, (double)a.resident / 1048576);
	for (unsigned k = 0; k < m->ncpus; k++)
		fprintf(f, " %.1f", (double)alloc_arena_bytes(sched_thread_arena(m->sched, k)) / 1048576);
	fputs(" MiB\n", f);
}

/* A closed sandbox cannot open files. */
static int write_file(const char *path, const char *text, size_t n, struct err *e)
{
	return sandbox_active() ? keeper_write(text, n, e) : outfile_write(path, text, n, e);
}

static void report_json(const char *path, json_t *j)
{
	char *text = json_dumps(j, JSON_INDENT(2));
	size_t n = text ? strlen(text) : 0;
	struct err e = {.msg = "no memory for the statistics"};

	if (!text || (path && write_file(path, text, n, &e)))
		fprintf(stderr, "parma: %s\n", e.msg);
	else if (!path)
		fprintf(stderr, "%s\n", text);
	free(text);
}

void stats_report(struct machine *m)
{
	const char *how = m->cfg->stats;
	json_t *j;

	if (!strcmp(how, "text")) {
		print_text(m, stderr);
		if (m->jit)
			print_cache(m, stderr);
		print_causes(m, stderr);
		place_print(m->place, stderr);
		print_allocator(m, stderr);
		return;
	}
	j = stats_json(m);
	report_json(how[4] == ':' ? how + 5 : NULL, j);
	json_decref(j);
}
