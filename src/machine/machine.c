/*
 * See machine.h.
 *
 * The main thread builds everything and then serves the scheduler until the
 * end.  vCPU and I/O threads only ask (sched_quit(), sched_ask_reset()).
 */
#include "machine/machine.h"

#include <stdlib.h>
#include <string.h>

#include "a64/cpumodel.h"
#include "a64/gtimer.h"
#include "a64/interp.h"
#include "x64/x64.h"
#include "xlate/jit.h"
#include "xlate/lockstep.h"
#include "tcache/perfmap.h"
#include "base/bits.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/hostrand.h"
#include "base/keeper.h"
#include "base/log.h"
#include "base/timer.h"
#include "dev/fw_cfg.h"
#include "dev/hostsig.h"
#include "dev/netdev.h"
#include "dev/pl011.h"
#include "dev/pl031.h"
#include "dev/pl061.h"
#include "machine/machine_priv.h"
#include "machine/memmap.h"
#include "machine/qmp.h"
#include "machine/stats.h"

bool machine_has_accel(enum accel a) { return a == ACCEL_INTERP || a == ACCEL_JIT || a == ACCEL_LOCKSTEP || a == ACCEL_BEST; }
void machine_list_chardevs(FILE *f) { chardev_help(f); }
void machine_list_netdevs(FILE *f) { netdev_help(f); }

void machine_end(struct machine *m, int status) { sched_quit(m->sched, status); }

static void on_signal(void *arg, int sig) { machine_end(arg, 128 + sig); }

/* -- what the scheduler asks, all vCPUs stopped or on the vCPU's own thread -- */
static void on_cpu_reset(void *arg, struct vcpu *c)
{
	struct machine *m = arg;

	gic_cpu_reset(m->gic, c->index);
	if (m->lockstep)
		lockstep_reset(m->lockstep);
}

void machine_reset_devices(struct machine *m)
{
	gic_reset(m->gic);
	for (struct machine_part *p = m->parts; p; p = p->next)
		if (p->reset)
			p->reset(p->p);
	sched_set_boot(m->sched, 0, m->entry, m->boot_arg);
}

static bool on_reset(void *arg)
{
	struct machine *m = arg;
	struct err e;

	m->reset_ends = m->cfg->no_reboot;
	if (m->reset_ends)
		return false;
	if (machine_load(m, &e)) {
		fprintf(stderr, "parma: cannot load the guest again for its reset: %s\n", e.msg);
		sched_quit(m->sched, e.code);
		return false;
	}
	machine_reset_devices(m);
	return true;
}

/* -- what vCPUs ask -- */
static uint64_t on_semihost(struct vcpu *c, uint64_t op, uint64_t arg)
{
	return semihost_call(c->board, c, op, arg);
}

static void on_cpu_irq(void *arg, int which, bool level)
{
	const struct cpu_wires *w = arg;

	irq_set(&w->line[which], level);
}

bool machine_pause(struct machine *m, bool pause)
{
	if (at_xchg(&m->user_paused, pause) == pause)
		return false;
	if (pause)
		sched_pause(m->sched);
	else
		sched_resume(m->sched);
	return true;
}

bool machine_is_paused(const struct machine *m) { return ld_acq(&m->user_paused); }

void machine_add_part(struct machine *m, void *p, void (*reset)(void *), void (*free_fn)(void *))
{
	struct machine_part *part = calloc(1, sizeof(*part));

	BUG_ON(!part);
	*part = (struct machine_part){reset, free_fn, p, m->parts};
	m->parts = part;
}

/* -- making it -- */
static int make_memory(struct machine *m, struct err *e)
{
	m->pm = physmap_new();
	if (!m->pm)
		return err_set(e, EXIT_HOST, "no memory for the machine");
	m->place = place_new(&m->cfg->place, m->cfg->ncpus, e);
	if (!m->place)
		return -1;
	m->ram = (struct guest_ram){m->pm, VIRT_RAM, m->cfg->ram_size};
	if (physmap_add_ram(m->pm, mk_gpa(VIRT_RAM), m->cfg->ram_size, "ram", e))
		return -1;
	if (log_on(LOG_SCHED))
		place_print(m->place, stderr);
	place_bind_memory(m->place, physmap_host(m->pm, mk_gpa(VIRT_RAM), m->cfg->ram_size, true), m->cfg->ram_size);
	return 0;
}

/* -perfmap, -jitdump, -symbols */
static int start_perfmap(struct machine *m, struct err *e)
{
	const unsigned what = (m->cfg->perfmap ? PERFMAP_MAP : 0) | (m->cfg->jitdump ? PERFMAP_DUMP : 0);
	struct file_data f;

	if (m->cfg->symbols) {
		if (file_read(m->cfg->symbols, &f, e))
			return -1;
		m->symtab = symtab_new(m->cfg->symbols, f.data, f.size, e);
		file_free(&f);
		if (!m->symtab)
			return -1;
	}
	if (!what)
		return 0;
	if (!m->jit)
		return err_set(e, EXIT_USAGE, "-perfmap and -jitdump name translated code; -accel interp has none");
	m->perfmap = perfmap_start(jit_cache(), what, m->symtab, e);
	return m->perfmap ? 0 : -1;
}

static int make_cpus(struct machine *m, struct err *e)
{
	const struct sched_config sc = {
		.nvcpus = m->cfg->ncpus, .run = m->jit ? jit_run : interp_run, .cpu_reset = on_cpu_reset, .reset = on_reset, .arg = m,
	};
	const bool semihosting = machine_has_semihosting(m);

	if (machine_choose_cpu(m, e))
		return -1;
	m->engine_name = m->cfg->accel == ACCEL_LOCKSTEP ? "lockstep" : m->jit ? "jit" : "interp";
	if ((m->jit && accel_start_jit(&m->accel, m->cfg->accel == ACCEL_LOCKSTEP, e)) || start_perfmap(m, e))
		return -1;
	m->wires = calloc(m->cfg->ncpus, sizeof(*m->wires));
	m->sched = sched_new(&sc);
	if (!m->wires || !m->sched)
		return err_set(e, EXIT_HOST, "no memory for %u CPUs", m->cfg->ncpus);
	if (m->cfg->place.policy == PLACE_RR)
		sched_set_rr(m->sched, m->cfg->place.seed, m->cfg->accel == ACCEL_LOCKSTEP ? lockstep_run_for : interp_run_for);
	sched_set_place(m->sched, m->place);
	m->cpus = sched_vcpus(m->sched);
	for (unsigned k = 0; k < m->cfg->ncpus; k++) {
		struct vcpu_config vc = {
			.index = k,
			.mpidr = virt_mpidr(k, m->cfg->gic_version),
			.model = &m->model,
			.pm = m->pm,
			.mops = &sched_machine_ops,
			.machine = m->sched,
			.board = &m->semihost,
			.all = m->cpus,
			.nvcpus = m->cfg->ncpus,
			.timer_irq = on_cpu_irq,
			.timer_irq_arg = &m->wires[k],
			.semihost = semihosting ? on_semihost : NULL,
			.icount_cycles = (uint8_t)m->cfg->icount_cycles,
			.semihost_el0 = semihosting && machine_semihosting_el0(m),
		};

		m->cpus[k] = vcpu_new(&vc);
		if (!m->cpus[k] || interp_init(m->cpus[k]) || (m->jit && jit_cpu_init(m->cpus[k])))
			return err_set(e, EXIT_HOST, "no memory for vCPU %u", k);
		m->ncpus = k + 1;
	}
	return 0;
}

/* Interrupt outputs of a vCPU's timers and PMU. */
static void wire_cpu(struct machine *m, struct vcpu *c)
{
	static const unsigned ppi[] = {
		[VCPU_IRQ_PHYS_TIMER] = VIRT_PPI_TIMER_PHYS,
		[VCPU_IRQ_VIRT_TIMER] = VIRT_PPI_TIMER_VIRT,
		[VCPU_IRQ_PMU] = VIRT_PPI_PMU,
	};

	for (unsigned k = 0; k < ARRAY_SIZE(ppi); k++)
		m->wires[c->index].line[k] = gic_ppi_line(m->gic, c->index, ppi[k]);
}

static int make_gic(struct machine *m, struct err *e)
{
	if (m->cfg->gic_version == 2) {
		m->gic = gicv2_new(m->cpus, m->ncpus, VIRT_NSPIS, e);
		if (!m->gic || gicv2_map(m->gic, m->pm, mk_gpa(VIRT_GICD), mk_gpa(VIRT_GICC), e))
			return -1;
	} else {
		struct gicr_region r[] = {
			{mk_gpa(VIRT_GICR), VIRT_GICR_MAX_CPUS * VIRT_GICR_CPU_SIZE},
			{mk_gpa(VIRT_GICR2), MACHINE_MAX_CPUS * VIRT_GICR_CPU_SIZE},
		};

		m->gic = gicv3_new(m->cpus, m->ncpus, VIRT_NSPIS, e);
		if (!m->gic || gicv3_map(m->gic, m->pm, mk_gpa(VIRT_GICD), r, 2, e))
			return -1;
	}
	for (unsigned k = 0; k < m->ncpus; k++)
		wire_cpu(m, m->cpus[k]);
	return 0;
}

static void on_differ(void *arg) { machine_end(arg, EXIT_DIFFERS); }

/* -accel lockstep,check=UNITS: the second engine beside the first. */
static int start_lockstep(struct machine *m, struct err *e)
{
	const struct lockstep_config lc = {.lead = m->cpus[0], .pm = m->pm, .check = (unsigned)m->accel.check, .differ = on_differ, .arg = m};

	m->lockstep = lockstep_new(&lc, e);
	return m->lockstep ? 0 : -1;
}

static void reset_fw_cfg(void *p) { fw_cfg_reset(p); }
static void free_fw_cfg(void *p) { fw_cfg_free(p); }

static int make_qmp(struct machine *m, struct err *e)
{
	for (unsigned k = 0; k < m->cfg->nqmps; k++) {
		struct qmp *q = qmp_new(m, m->cfg->qmps[k], e);

		if (!q)
			return -1;
		m->qmp = q;
	}
	return 0;
}

static int make_fw_cfg(struct machine *m, struct err *e)
{
	m->fw_cfg = fw_cfg_new(m->pm);
	if (!m->fw_cfg)
		return err_set(e, EXIT_HOST, "no memory for fw_cfg");
	machine_add_part(m, m->fw_cfg, reset_fw_cfg, free_fw_cfg);
	fw_cfg_add_u16(m->fw_cfg, FW_CFG_NB_CPUS, (uint16_t)m->ncpus);
	fw_cfg_add_u16(m->fw_cfg, FW_CFG_MAX_CPUS, (uint16_t)m->ncpus);
	fw_cfg_add_u16(m->fw_cfg, FW_CFG_NOGRAPHIC, 1);
	for (unsigned k = 0; k < m->cfg->fw_cfgs.n; k++)
		if (fw_cfg_add_option(m->fw_cfg, m->cfg->fw_cfgs.v[k], e) || opts_finish(m->cfg->fw_cfgs.v[k], e))
			return -1;
	physmap_add_mmio(m->pm, mk_gpa(VIRT_FW_CFG), FW_CFG_SIZE, &fw_cfg_mmio, m->fw_cfg);
	return 0;
}

static int check_ids(const struct machine_config *c, struct err *e)
{
	return opts_unique(c->chardevs.v, c->chardevs.n, "id", e) || opts_unique(c->drives.v, c->drives.n, "id", e) ||
	       opts_unique(c->netdevs.v, c->netdevs.n, "id", e) || opts_unique(c->objects.v, c->objects.n, "id", e) ||
	       opts_unique(c->devices.v, c->devices.n, "id", e) || opts_unique(c->blockdevs.v, c->blockdevs.n, "node-name", e) ? -1 : 0;
}

int machine_make(struct machine *m, struct err *e)
{
	if (check_ids(m->cfg, e))
		return -1;
	if (make_memory(m, e) || make_cpus(m, e) || make_gic(m, e))
		return -1;
	if (m->cfg->dumpdtb)
		return 0;
	m->loop = ioloop_new(e);
	if (!m->loop || hostsig_start(m->loop, on_signal, m, e))
		return -1;
	if (machine_add_chardevs(m, e) || make_qmp(m, e) || make_fw_cfg(m, e) || machine_add_devices(m, e) || machine_start_semihosting(m, e))
		return -1;
	if (m->cfg->accel == ACCEL_LOCKSTEP && start_lockstep(m, e))
		return -1;
	loader_keep_files();
	return machine_load(m, e);
}

/* Runs to the end; the exit status, or -1 with e filled. */
static int run(struct machine *m, struct err *e)
{
	int status = 0;
	int rc;

	machine_reset_devices(m);
	for (unsigned k = 0; k < m->nchardevs; k++)
		chardev_start(m->chardevs[k]);
	m->start_ns = clock_ns();
	if (m->cfg->start_paused)
		machine_pause(m, true);
	if ((m->cfg->stats || m->qmp) && m->cfg->place.policy != PLACE_RR)
		account_start(m->sched);
	rc = sandbox_close(m, e) || sched_run(m->sched, &status, e);
	account_stop(m->sched);
	qmp_ended(m, status, m->reset_ends);
	if (m->cfg->stats)
		stats_report(m);
	return rc ? -1 : status;
}

void machine_free(struct machine *m)
{
	timer_service_stop(); /* an armed alarm of a device would fire when the device is gone */
	qmp_free(m->qmp);
	while (m->parts) {
		struct machine_part *p = m->parts;

		m->parts = p->next;
		if (p->free)
			p->free(p->p);
		free(p);
	}
	/* After the devices, which let go of them. */
	for (unsigned k = m->nchardevs; k--;)
		chardev_free(m->chardevs[k]);
	free(m->chardevs);
	if (m->loop) {
		hostsig_stop(m->loop);
		ioloop_free(m->loop);
	}
	for (unsigned k = 0; k < m->ncpus; k++)
		gtimer_stop(m->cpus[k]);
	lockstep_free(m->lockstep);
	if (m->gic)
		gic_free(m->gic);
	for (unsigned k = 0; k < m->ncpus; k++) {
		jit_cpu_free(m->cpus[k]);
		interp_free(m->cpus[k]);
		vcpu_free(m->cpus[k]);
	}
	loader_forget_files();
	perfmap_stop(m->perfmap);
	symtab_free(m->symtab);
	if (m->jit)
		jit_fini();
	sched_free(m->sched);
	place_free(m->place);
	free(m->wires);
	if (m->pm)
		physmap_free(m->pm);
}

static int make_and_run(const struct machine_config *cfg, struct err *e)
{
	struct machine m = {.cfg = cfg};
	const bool rr = cfg->place.policy == PLACE_RR;
	int rc;

	hostsig_block();
	if (accel_parse(cfg->accel_props, &m.accel, e) || accel_limit_host(&m.accel, e))
		return -1;
	if (sandbox_prepare(cfg, e))
		return -1;
	clock_init();
	if (rr && cfg->accel == ACCEL_JIT)
		return err_set(e, EXIT_USAGE, "-sched rr works with -accel interp only");
	if (rr) {
		clock_virtual_start();
		hostrand_fix(cfg->place.seed);
	} else if (timer_service_start(e)) {
		return -1;
	}
	m.jit = cfg->accel == ACCEL_JIT || cfg->accel == ACCEL_LOCKSTEP || (cfg->accel == ACCEL_BEST && !rr && x64_supported());
	rc = machine_make(&m, e);
	if (!rc)
		rc = cfg->dumpdtb ? machine_dump_dtb(&m, cfg->dumpdtb, e) : run(&m, e);
	machine_free(&m);
	return rc;
}

int machine_main(const struct machine_config *cfg, struct err *e)
{
	int rc = make_and_run(cfg, e);

	keeper_stop();
	return rc;
}
