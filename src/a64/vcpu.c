/* A vCPU's life: making, reset, requests and interrupt inputs, dump.  See vcpu.h. */
#include "a64/vcpu.h"

#include <stdlib.h>
#include <string.h>

#include "a64/cpumodel.h"
#include "a64/exception.h"
#include "a64/gtimer.h"
#include "a64/pmu.h"
#include "a64/sysreg.h"
#include "a64/tlbi.h"
#include "a64/tlbset.h"
#include "a64/wait.h"
#include "base/bug.h"
#include "base/log.h"

struct vcpu *vcpu_new(const struct vcpu_config *cfg)
{
	struct vcpu *c = aligned_alloc(64, ALIGN_UP(sizeof(*c), 64));

	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	sysreg_init();
	c->index = cfg->index;
	c->mpidr = cfg->mpidr;
	c->model = cfg->model;
	c->feats[0] = cfg->model->feats[0];
	c->feats[1] = cfg->model->feats[1];
	c->pm = cfg->pm;
	c->mops = cfg->mops;
	c->machine = cfg->machine;
	c->all = cfg->all;
	c->nvcpus = cfg->nvcpus;
	c->timer_irq = cfg->timer_irq;
	c->timer_irq_arg = cfg->timer_irq_arg;
	c->semihost = cfg->semihost;
	c->semihost_el0 = cfg->semihost_el0;
	c->icount_cycles = cfg->icount_cycles;
	c->board = cfg->board;
	c->tlbs = tlbset_new();
	tlbi_init(c);
	gtimer_init(c);
	pmu_init(c);
	vcpu_reset(c, 0, 0);
	return c;
}

void vcpu_free(struct vcpu *c)
{
	if (!c)
		return;
	gtimer_stop(c);
	pmu_stop(c);
	lock_destroy(&c->mbox.lock);
	tlbset_free(c->tlbs);
	free(c);
}

void vcpu_reset(struct vcpu *c, uint64_t entry, uint64_t arg)
{
	memset(c->x, 0, sizeof(c->x));
	memset(c->v, 0, sizeof(c->v));
	memset(c->sp_el, 0, sizeof(c->sp_el));
	memset(&c->mon, 0, sizeof(c->mon));
	c->sp = 0;
	c->nzcv = 0;
	c->fp = (struct fpenv){0};
	c->el = c->spsel = 1;
	c->daif = PSTATE_D | PSTATE_A | PSTATE_I | PSTATE_F;
	c->pan = c->uao = c->ssbs = c->dit = c->tco = c->il = c->ss = c->stepped = 0;
	c->fence_owed = 0;
	sysreg_reset(c);
	gtimer_reset(c);
	pmu_reset(c);
	tlbset_inv_all(c);
	event_take(c);
	cpu_ctx_update(c);
	c->x[0] = arg;
	c->pc = c->npc = entry;
	exc_masks_changed(c);
	if (log_on(LOG_CPU_RESET)) {
		log_begin();
		log_printf("CPU Reset (CPU %u)\n", c->index);
		vcpu_dump(c, log_stream());
		log_end();
	}
}

void vcpu_set_line(struct vcpu *c, uint32_t line, bool level)
{
	if (!level) {
		at_and(&c->irq_lines, ~line);
	} else if (!(at_or(&c->irq_lines, line) & line)) {
		at_or(&c->request, REQ_IRQ);
		c->mops->kick(c);
	}
}

bool vcpu_poll(struct vcpu *c)
{
	/* Clearing before looking: what is raised afterwards sets the bit again. */
	uint32_t req = at_and(&c->request, REQ_STOP | REQ_TLB);

	if (req & REQ_TLB)
		tlbi_serve(c);
	if (req & REQ_TIMER) {
		gtimer_update_all(c);
		pmu_sync(c);
		pmu_update(c);
	}
	if (req & REQ_STOP)
		return true;
	if (ld_acq(&c->irq_lines) && exc_poll_irq(c))
		return false;
	if (req & REQ_SLEEP)
		wait_sleep(c);
	return false;
}

static void dump_general(const struct vcpu *c, FILE *out)
{
	uint64_t p = pstate_get(c);

	fprintf(out, "CPU%u PC=%016llx", c->index, (unsigned long long)c->pc);
	for (unsigned k = 0; k < 31; k++)
		fprintf(out, "%cX%02u=%016llx", k % 4 == 3 || k == 0 ? '\n' : ' ', k, (unsigned long long)c->x[k]);
	fprintf(out, " SP=%016llx\n", (unsigned long long)c->sp);
	fprintf(out, "PSTATE=%08llx %c%c%c%c EL%u%c DAIF=%x PAN=%u UAO=%u SSBS=%u IL=%u SS=%u\n", (unsigned long long)p,
		bit(p, 31) ? 'N' : '-', bit(p, 30) ? 'Z' : '-', bit(p, 29) ? 'C' : '-', bit(p, 28) ? 'V' : '-', c->el,
		c->el && c->spsel ? 'h' : 't', c->daif, c->pan, c->uao, c->ssbs, c->il, c->ss);
}

void vcpu_dump(const struct vcpu *c, FILE *out)
{
	dump_general(c, out);
	fprintf(out, "SCTLR=%016llx TCR=%016llx MAIR=%016llx\nTTBR0=%016llx TTBR1=%016llx VBAR=%016llx\n",
		(unsigned long long)c->sys.sctlr, (unsigned long long)c->sys.tcr, (unsigned long long)c->sys.mair,
		(unsigned long long)c->sys.ttbr0, (unsigned long long)c->sys.ttbr1, (unsigned long long)c->sys.vbar);
	fprintf(out, "ESR=%08llx FAR=%016llx ELR=%016llx SPSR=%08llx\nrequest=%x lines=%x icount=%llu\n",
		(unsigned long long)c->sys.esr, (unsigned long long)c->sys.far, (unsigned long long)c->sys.elr,
		(unsigned long long)c->sys.spsr, ld_rlx(&c->request), ld_rlx(&c->irq_lines),
		(unsigned long long)c->icount);
}

void vcpu_log_exec(const struct vcpu *c)
{
	if (!log_here(c->pc))
		return;
	log_begin();
	if (log_on(LOG_EXEC))
		log_printf("exec: cpu %u pc %llx el%u\n", c->index, (unsigned long long)c->pc, c->el);
	if (log_on(LOG_CPU))
		vcpu_dump(c, log_stream());
	log_end();
}
