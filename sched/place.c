/* See place.h. */
#include "sched/place.h"

#include <hwloc.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/opts.h"

struct place {
	struct place_config cfg;  /* CONST_AFTER_INIT */
	unsigned n;               /* CONST_AFTER_INIT */
	int *cpu;                 /* CONST_AFTER_INIT but [k] = -1 by vCPU k's thread: processor of each vCPU, -1: none */
	hwloc_topology_t topo;    /* CONST_AFTER_INIT; NULL: nothing is bound */
	char note[120];           /* CONST_AFTER_INIT: why it is not as asked */
	const char *mem_done;     /* OWNER(main thread): how RAM was placed; NULL: left to the host */
};

/* -- the option -- */

static int parse_range(const char *text, struct place_config *c, struct err *e)
{
	char lo[24], *dash;
	uint64_t a, b;

	snprintf(lo, sizeof(lo), "%s", text);
	dash = strchr(lo, '-');
	if (dash)
		*dash = 0;
	if (parse_u64("-sched list", lo, 0, 65535, &a, e))
		return -1;
	b = a;
	if (dash && parse_u64("-sched list", dash + 1, a, 65535, &b, e))
		return -1;
	for (; a <= b; a++) {
		if (c->nlist == PLACE_LIST_MAX)
			return err_set(e, EXIT_USAGE, "-sched list: at most %d processors", PLACE_LIST_MAX);
		c->list[c->nlist++] = (unsigned)a;
	}
	return 0;
}

static int parse_mem(const char *v, struct place_config *c, struct err *e)
{
	if (!strcmp(v, "interleave"))
		c->mem = PLACE_MEM_INTERLEAVE;
	else if (!strcmp(v, "local"))
		c->mem = PLACE_MEM_LOCAL;
	else
		return err_set(e, EXIT_USAGE, "-sched: mem=%s: give interleave or local", v);
	return 0;
}

static int parse_policy(const char *w, struct place_config *c, struct err *e)
{
	static const struct {
		const char *name;
		enum place_policy p;
	} names[] = {{"none", PLACE_NONE}, {"compact", PLACE_COMPACT}, {"scatter", PLACE_SCATTER}};

	if (!strncmp(w, "list:", 5)) {
		c->policy = PLACE_LIST;
		return parse_range(w + 5, c, e);
	}
	if (!strncmp(w, "rr:", 3)) {
		c->policy = PLACE_RR;
		return parse_u64("-sched rr", w + 3, 0, UINT64_MAX, &c->seed, e);
	}
	for (unsigned k = 0; k < ARRAY_SIZE(names); k++)
		if (!strcmp(names[k].name, w)) {
			c->policy = names[k].p;
			return 0;
		}
	return err_set(e, EXIT_USAGE, "-sched %s: give compact, scatter, none, list:N,... or rr:SEED", w);
}

int place_parse(const char *text, struct place_config *c, struct err *e)
{
	char *copy = strdup(text), *save = NULL, *w;
	int rc = -1;

	*c = (struct place_config){0};
	if (!copy)
		return err_set(e, EXIT_HOST, "no memory for -sched");
	w = strtok_r(copy, ",", &save);
	rc = parse_policy(w ? w : "", c, e);
	while (!rc && (w = strtok_r(NULL, ",", &save))) {
		if (!strncmp(w, "mem=", 4))
			rc = parse_mem(w + 4, c, e);
		else if (c->policy == PLACE_LIST)
			rc = parse_range(w, c, e);
		else
			rc = err_set(e, EXIT_USAGE, "-sched: '%s' is not known here (mem=interleave|local)", w);
	}
	free(copy);
	return rc;
}

/* -- what the process may use -- */

/* Processors of a cgroup v2 or v1 quota; 0: none. */
static unsigned cgroup_quota(void)
{
	char max[32] = "";
	double quota = 0, period = 0;
	FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r");

	if (f) {
		if (fscanf(f, "%31s %lf", max, &period) == 2 && strcmp(max, "max"))
			quota = atof(max);
		fclose(f);
	} else if ((f = fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "r"))) {
		if (fscanf(f, "%lf", &quota) != 1)
			quota = 0;
		fclose(f);
		f = fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "r");
		if (!f || fscanf(f, "%lf", &period) != 1)
			period = 0;
		if (f)
			fclose(f);
	}
	return quota > 0 && period > 0 ? (unsigned)((quota + period - 1) / period) : 0;
}

unsigned place_usable_cpus(void)
{
	static int known = -1; /* ATOMIC(ld_rlx, st_rlx): the quota as first read; a sandbox lets nobody read it later */
	unsigned quota, n = 1;
	cpu_set_t set;

	if (ld_rlx(&known) < 0)
		st_rlx(&known, (int)cgroup_quota());
	quota = (unsigned)ld_rlx(&known);
	if (!sched_getaffinity(0, sizeof(set), &set))
		n = (unsigned)CPU_COUNT(&set);
	return MAX(1u, quota ? MIN(quota, n) : n);
}

/* The topology cut down to the process's affinity; NULL: unknown. */
static hwloc_topology_t load_topology(void)
{
	hwloc_topology_t t;
	hwloc_bitmap_t mine;

	if (hwloc_topology_init(&t))
		return NULL;
	if (hwloc_topology_load(t)) {
		hwloc_topology_destroy(t);
		return NULL;
	}
	mine = hwloc_bitmap_alloc();
	if (mine && !hwloc_get_cpubind(t, mine, HWLOC_CPUBIND_PROCESS))
		hwloc_topology_restrict(t, mine, 0);
	hwloc_bitmap_free(mine);
	return t;
}

/* -- choosing -- */

static unsigned count_pus(struct place *p) { return (unsigned)hwloc_get_nbobjs_by_type(p->topo, HWLOC_OBJ_PU); }

/* Neighbouring cores first, each with its first sibling, then the second siblings, and so on. */
static void choose_compact(struct place *p)
{
	unsigned given = 0;

	for (unsigned sibling = 0; given < p->n && sibling < count_pus(p); sibling++) {
		hwloc_obj_t core = NULL;

		while (given < p->n && (core = hwloc_get_next_obj_by_type(p->topo, HWLOC_OBJ_CORE, core))) {
			hwloc_obj_t pu = hwloc_get_obj_inside_cpuset_by_type(p->topo, core->cpuset, HWLOC_OBJ_PU, sibling);

			if (pu)
				p->cpu[given++] = (int)pu->os_index;
		}
	}
	if (given < p->n) /* a host that shows no cores */
		for (unsigned k = 0; k < p->n; k++)
			p->cpu[k] = (int)hwloc_get_obj_by_type(p->topo, HWLOC_OBJ_PU, k)->os_index;
}

/* Over packages, nodes and caches as evenly as possible. */
static void choose_scatter(struct place *p)
{
	hwloc_obj_t root = hwloc_get_root_obj(p->topo);
	hwloc_cpuset_t *set = calloc(p->n, sizeof(*set));

	if (!set || hwloc_distrib(p->topo, &root, 1, set, p->n, INT_MAX, 0)) {
		choose_compact(p);
	} else {
		for (unsigned k = 0; k < p->n; k++) {
			hwloc_bitmap_singlify(set[k]);
			p->cpu[k] = hwloc_bitmap_first(set[k]);
			hwloc_bitmap_free(set[k]);
		}
	}
	free(set);
}

static int choose_list(struct place *p, struct err *e)
{
	hwloc_const_cpuset_t all = hwloc_topology_get_topology_cpuset(p->topo);

	for (unsigned k = 0; k < p->cfg.nlist; k++)
		if (!hwloc_bitmap_isset(all, p->cfg.list[k])) {
			char *may = NULL;

			hwloc_bitmap_list_asprintf(&may, all);
			err_set(e, EXIT_USAGE, "-sched list: processor %u is not one that parma may use (%s)",
				p->cfg.list[k], may ? may : "?");
			free(may);
			return -1;
		}
	for (unsigned k = 0; k < p->n; k++)
		p->cpu[k] = (int)p->cfg.list[k % p->cfg.nlist];
	return 0;
}

static int choose(struct place *p, struct err *e)
{
	if (p->cfg.policy == PLACE_LIST)
		return choose_list(p, e);
	if (p->cfg.policy == PLACE_NONE || p->cfg.policy == PLACE_RR)
		return 0;
	if (p->n > count_pus(p)) {
		snprintf(p->note, sizeof(p->note), "not bound: %u vCPUs on %u processors; the host balances them", p->n, count_pus(p));
		return 0;
	}
	if (p->cfg.policy == PLACE_COMPACT)
		choose_compact(p);
	else
		choose_scatter(p);
	return 0;
}

struct place *place_new(const struct place_config *cfg, unsigned n, struct err *e)
{
	struct place *p = calloc(1, sizeof(*p));
	bool wants = cfg->policy != PLACE_NONE && cfg->policy != PLACE_RR;

	if (!p || !(p->cpu = malloc(n * sizeof(*p->cpu)))) {
		free(p);
		err_set(e, EXIT_HOST, "no memory for the placement of %u vCPUs", n);
		return NULL;
	}
	p->cfg = *cfg;
	p->n = n;
	for (unsigned k = 0; k < n; k++)
		p->cpu[k] = -1;
	if (!wants && cfg->mem == PLACE_MEM_ANY)
		return p;
	p->topo = load_topology();
	if (!p->topo) {
		snprintf(p->note, sizeof(p->note), "not bound: the host's topology cannot be read");
	} else if (choose(p, e)) {
		place_free(p);
		return NULL;
	}
	return p;
}

void place_free(struct place *p)
{
	if (!p)
		return;
	if (p->topo)
		hwloc_topology_destroy(p->topo);
	free(p->cpu);
	free(p);
}

/* -- doing -- */

bool place_bind_thread(struct place *p, unsigned k)
{
	cpu_set_t *set;
	size_t size;
	int rc;

	if (!p || p->cpu[k] < 0)
		return false;
	set = CPU_ALLOC((size_t)p->cpu[k] + 1);
	size = CPU_ALLOC_SIZE((size_t)p->cpu[k] + 1);
	if (!set)
		return false;
	CPU_ZERO_S(size, set);
	CPU_SET_S((size_t)p->cpu[k], size, set);
	rc = sched_setaffinity(0, size, set);
	CPU_FREE(set);
	if (rc)
		st_rlx(&p->cpu[k], -1); /* the host refuses; read by place_print() only */
	return !rc;
}

/* Nodes of the processors that vCPUs are bound to, or all. */
static hwloc_nodeset_t nodes_of_vcpus(struct place *p)
{
	hwloc_nodeset_t nodes = hwloc_bitmap_alloc();
	hwloc_cpuset_t cpus = hwloc_bitmap_alloc();

	for (unsigned k = 0; k < p->n; k++)
		if (p->cpu[k] >= 0)
			hwloc_bitmap_set(cpus, (unsigned)p->cpu[k]);
	if (hwloc_bitmap_iszero(cpus))
		hwloc_bitmap_copy(cpus, hwloc_topology_get_topology_cpuset(p->topo));
	hwloc_cpuset_to_nodeset(p->topo, cpus, nodes);
	hwloc_bitmap_free(cpus);
	return nodes;
}

void place_bind_memory(struct place *p, void *ram, size_t bytes)
{
	bool interleave = p && p->cfg.mem == PLACE_MEM_INTERLEAVE;
	hwloc_nodeset_t nodes;
	hwloc_const_nodeset_t all;

	if (!p || !p->topo || p->cfg.mem == PLACE_MEM_ANY)
		return;
	all = hwloc_topology_get_topology_nodeset(p->topo);
	nodes = interleave ? hwloc_bitmap_dup(all) : nodes_of_vcpus(p);
	if (hwloc_bitmap_weight(all) < 2)
		p->mem_done = "the host has one memory node";
	else if (hwloc_set_area_membind(p->topo, ram, bytes, nodes,
					interleave || hwloc_bitmap_weight(nodes) > 1 ? HWLOC_MEMBIND_INTERLEAVE : HWLOC_MEMBIND_BIND,
					HWLOC_MEMBIND_BYNODESET))
		p->mem_done = "the host refuses to place it";
	else
		p->mem_done = interleave ? "interleaved over all nodes" : "on the nodes of the vCPUs";
	hwloc_bitmap_free(nodes);
}

int place_cpu(const struct place *p, unsigned k) { return p ? ld_rlx(&p->cpu[k]) : -1; }
const char *place_note(const struct place *p) { return p ? p->note : ""; }

void place_print(const struct place *p, FILE *f)
{
	static const char *const names[] = {
		[PLACE_NONE] = "none", [PLACE_COMPACT] = "compact", [PLACE_SCATTER] = "scatter", [PLACE_LIST] = "list", [PLACE_RR] = "rr",
	};

	fprintf(f, "placement             %s, %u usable processors", names[p->cfg.policy], place_usable_cpus());
	if (p->note[0])
		fprintf(f, "; %s", p->note);
	for (unsigned k = 0; k < p->n; k++)
		if (place_cpu(p, k) >= 0)
			fprintf(f, "%s vCPU %u on %d", k ? "," : ":", k, place_cpu(p, k));
	if (p->mem_done)
		fprintf(f, "; RAM: %s", p->mem_done);
	fputc('\n', f);
}
