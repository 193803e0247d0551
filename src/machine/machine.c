/*
 * See machine.h.
 *
 * The main thread builds everything, starts the vCPU threads and then waits
 * for an event: the end (power-off, the user, a signal) or a reset.  vCPU and
 * I/O threads only post events.
 */
#include "machine/machine.h"

#include <stdlib.h>
#include <string.h>

#include "a64/cpumodel.h"
#include "a64/gtimer.h"
#include "a64/interp.h"
#include "a64/pmu.h"
#include "base/bug.h"
#include "base/clock.h"
#include "base/timer.h"
#include "dev/fw_cfg.h"
#include "dev/hostsig.h"
#include "dev/pl011.h"
#include "dev/pl031.h"
#include "dev/pl061.h"
#include "machine/machine_priv.h"
#include "machine/memmap.h"

static const struct sched_engine engine_interp = {"interp", interp_init, interp_run, interp_free};

bool machine_has_accel(enum accel a) { return a == ACCEL_INTERP || a == ACCEL_BEST; }
void machine_list_cpus(FILE *f) { cpu_model_list(f); }
void machine_list_chardevs(FILE *f) { chardev_help(f); }

static void post(struct machine *m, enum machine_event ev, int status)
{
	lock_take(&m->lock);
	if (m->event < ev) { /* an end is not overtaken by a reset */
		m->event = ev;
		m->status = status;
		pthread_cond_signal(&m->changed);
	}
	lock_drop(&m->lock);
}

void machine_end(struct machine *m, int status) { post(m, MACHINE_END, status); }

/* -- events of vCPU and I/O threads -- */
static void on_system_off(void *arg, int status) { machine_end(arg, status); }
static void on_signal(void *arg, int sig) { machine_end(arg, 128 + sig); }

static void on_system_reset(void *arg)
{
	struct machine *m = arg;

	post(m, m->cfg->no_reboot ? MACHINE_END : MACHINE_RESET, 0);
}

static void on_cpu_reset(void *arg, struct vcpu *c)
{
	struct machine *m = arg;

	gic_cpu_reset(m->gic, c->index);
}

static void on_semihost(void *arg, struct vcpu *c)
{
	struct machine *m = arg;

	semihost_call(&m->semihost, c);
}

static void semihost_write(void *arg, const void *buf, size_t n)
{
	struct machine *m = arg;
	const char *p = buf;

	while (n && m->serial0) {
		size_t done = chardev_write(m->serial0, p, n);

		p += done;
		n -= done;
		if (!done)
			cpu_relax();
	}
}

static void semihost_exit(void *arg, struct vcpu *c, int status)
{
	c->mops->system_off(c, status);
}

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
	m->ram = (struct guest_ram){m->pm, VIRT_RAM, m->cfg->ram_size};
	if (physmap_add_ram(m->pm, mk_gpa(VIRT_RAM), m->cfg->ram_size, "ram", e))
		return -1;
	if (m->cfg->bios) {
		struct guest_ram flash = {m->pm, VIRT_FLASH, VIRT_FLASH_SIZE};
		uint64_t size;

		if (physmap_add_rom(m->pm, mk_gpa(VIRT_FLASH), VIRT_FLASH_SIZE, "flash", e) ||
		    load_raw(&flash, m->cfg->bios, VIRT_FLASH, VIRT_FLASH_SIZE, &size, e))
			return -1;
	}
	return 0;
}

static int make_cpus(struct machine *m, struct err *e)
{
	const struct cpu_model *model = cpu_model_find(m->cfg->cpu);

	if (!model)
		return err_set(e, EXIT_USAGE, "-cpu %s: unknown CPU model (-cpu help lists them)", m->cfg->cpu);
	m->cpus = calloc(m->cfg->ncpus, sizeof(*m->cpus));
	if (!m->cpus)
		return err_set(e, EXIT_HOST, "no memory for %u CPUs", m->cfg->ncpus);
	for (unsigned k = 0; k < m->cfg->ncpus; k++) {
		struct vcpu_config vc = {
			.index = k,
			.mpidr = virt_mpidr(k, m->cfg->gic_version),
			.model = model,
			.pm = m->pm,
			.all = m->cpus,
			.nvcpus = m->cfg->ncpus,
		};

		m->cpus[k] = vcpu_new(&vc, e);
		if (!m->cpus[k])
			return -1;
		m->ncpus = k + 1;
	}
	if (m->cfg->cpu_props) {
		if (cpu_apply_props(m->cpus, m->ncpus, m->cfg->cpu_props, e))
			return -1;
		return opts_finish(m->cfg->cpu_props, e);
	}
	return 0;
}

/* Interrupt outputs of a vCPU's timers and PMU. */
static void wire_cpu(struct machine *m, struct vcpu *c)
{
	c->irq_timer[GT_PHYS] = gic_ppi_line(m->gic, c->index, VIRT_PPI_TIMER_PHYS);
	c->irq_timer[GT_VIRT] = gic_ppi_line(m->gic, c->index, VIRT_PPI_TIMER_VIRT);
	c->irq_pmu = gic_ppi_line(m->gic, c->index, VIRT_PPI_PMU);
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

static void reset_gic(void *p) { gic_reset(p); }
static void free_gic(void *p) { gic_free(p); }
static void reset_fw_cfg(void *p) { fw_cfg_reset(p); }
static void free_fw_cfg(void *p) { fw_cfg_free(p); }

static int make_fw_cfg(struct machine *m, struct err *e)
{
	m->fw_cfg = fw_cfg_new(m->pm);
	if (!m->fw_cfg)
		return err_set(e, EXIT_HOST, "no memory for fw_cfg");
	machine_add_part(m, m->fw_cfg, reset_fw_cfg, free_fw_cfg);
	fw_cfg_add_u16(m->fw_cfg, FW_CFG_NB_CPUS, (uint16_t)m->ncpus);
	fw_cfg_add_u16(m->fw_cfg, FW_CFG_MAX_CPUS, (uint16_t)m->ncpus);
	fw_cfg_add_u16(m->fw_cfg, FW_CFG_NOGRAPHIC, 1);
	physmap_add_mmio(m->pm, mk_gpa(VIRT_FW_CFG), FW_CFG_SIZE, &fw_cfg_mmio, m->fw_cfg);
	return 0;
}

static int make_sched(struct machine *m, struct err *e)
{
	struct sched_events ev = {on_system_off, on_system_reset, on_cpu_reset,
				  m->cfg->semihosting || !(m->cfg->kernel || m->cfg->bios) ? on_semihost : NULL, m};

	m->semihost = (struct semihost){semihost_write, semihost_exit, m, m->cfg->append, m->ram.base, m->ram.size,
					clock_ns()};
	m->sched = sched_new(m->cpus, m->ncpus, &engine_interp, &ev, e);
	return m->sched ? 0 : -1;
}

static int make(struct machine *m, struct err *e)
{
	if (make_memory(m, e) || make_cpus(m, e) || make_gic(m, e))
		return -1;
	if (m->cfg->dumpdtb)
		return 0;
	m->loop = ioloop_new(e);
	if (!m->loop || hostsig_start(m->loop, on_signal, m, e))
		return -1;
	if (machine_add_chardevs(m, e) || make_fw_cfg(m, e) || machine_add_devices(m, e) || make_sched(m, e))
		return -1;
	return machine_load(m, e);
}

/* Power-on state of everything but RAM. The vCPUs are not running. */
static void reset_all(struct machine *m)
{
	for (unsigned k = 0; k < m->ncpus; k++)
		vcpu_reset(m->cpus[k], k ? 0 : m->entry, k ? 0 : m->boot_arg);
	gic_reset(m->gic);
	for (struct machine_part *p = m->parts; p; p = p->next)
		if (p->reset)
			p->reset(p->p);
	sched_reset_power(m->sched);
}

/* Waits for events until the end; returns the exit status, or -1 with e filled. */
static int run(struct machine *m, struct err *e)
{
	int status = 0;

	reset_all(m);
	if (sched_start(m->sched, e))
		return -1;
	for (;;) {
		enum machine_event ev;

		lock_take(&m->lock);
		while (m->event == MACHINE_RUNS)
			lock_wait(&m->lock, &m->changed);
		ev = m->event;
		status = m->status;
		if (ev == MACHINE_RESET)
			m->event = MACHINE_RUNS;
		lock_drop(&m->lock);
		if (ev == MACHINE_END)
			break;
		sched_pause(m->sched);
		if (machine_load(m, e)) {
			status = -1;
			break;
		}
		reset_all(m);
		sched_resume(m->sched);
	}
	sched_stop(m->sched);
	return status;
}

static void destroy(struct machine *m)
{
	for (unsigned k = m->nchardevs; k--;)
		chardev_free(m->chardevs[k]);
	free(m->chardevs);
	while (m->parts) {
		struct machine_part *p = m->parts;

		m->parts = p->next;
		if (p->free)
			p->free(p->p);
		free(p);
	}
	if (m->loop) {
		hostsig_stop(m->loop);
		ioloop_free(m->loop);
	}
	sched_free(m->sched);
	for (unsigned k = 0; k < m->ncpus; k++)
		gtimer_stop(m->cpus[k]);
	timer_service_stop();
	if (m->gic)
		gic_free(m->gic);
	for (unsigned k = 0; k < m->ncpus; k++)
		vcpu_free(m->cpus[k]);
	free(m->cpus);
	if (m->pm)
		physmap_free(m->pm);
	lock_destroy(&m->lock);
	pthread_cond_destroy(&m->changed);
}

int machine_main(const struct machine_config *cfg, struct err *e)
{
	struct machine m = {.cfg = cfg};
	int rc;

	hostsig_block();
	clock_init();
	lock_init(&m.lock, RANK_MACHINE);
	pthread_cond_init(&m.changed, NULL);
	if (timer_service_start(e))
		return -1;
	rc = make(&m, e);
	if (!rc)
		rc = cfg->dumpdtb ? machine_dump_dtb(&m, cfg->dumpdtb, e) : run(&m, e);
	destroy(&m);
	return rc;
}
