/* See flat.h. */
#include "tests/a64/flat.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "a64/cpu_ops.h"
#include "a64/exclusive.h"
#include "a64/interp.h"
#include "base/bug.h"

static uint8_t *code, *lit, *ram, *pristine;
static uint32_t trap, zero_gen;
uint32_t code_gen_all;

static _Noreturn void leave(struct vcpu *c, uint32_t why)
{
	trap = why;
	siglongjmp(c->unwind, 1);
}

void *mem_slow(struct vcpu *c, uint64_t va, unsigned size, unsigned acc, struct mem_dev *dev)
{
	if (va >= CASE_RAM && va + size <= CASE_RAM + CASE_RAM_BYTES)
		return ram + (va - CASE_RAM);
	if (va >= CASE_CODE && va + size <= CASE_CODE + CASE_CODE_BYTES)
		return code + (va - CASE_CODE);
	if (va >= CASE_LIT && va + size <= CASE_LIT + CASE_LIT_BYTES)
		return lit + (va - CASE_LIT);
	leave(c, CASE_ABORT);
}
uint64_t mmio_load(struct vcpu *c, const struct mem_dev *dev, uint64_t va, unsigned size, unsigned acc) { leave(c, CASE_OTHER); }
void mmio_store(struct vcpu *c, const struct mem_dev *dev, uint64_t va, unsigned size, uint64_t val, unsigned acc)
{
	leave(c, CASE_OTHER);
}
const uint32_t *cpu_fetch_page(struct vcpu *c, uint64_t pc, uint32_t **code_gen)
{
	*code_gen = &zero_gen;
	if (pc < CASE_CODE || pc >= CASE_CODE + CASE_CODE_BYTES)
		leave(c, CASE_ABORT);
	return (const uint32_t *)(const void *)(code + (pc - CASE_CODE));
}
void cpu_before_insn(struct vcpu *c) {}
void cpu_after_insn(struct vcpu *c) {}
void exc_undef(struct vcpu *c) { leave(c, CASE_UNDEF); }
void exc_svc(struct vcpu *c, uint32_t imm16) { leave(c, CASE_OTHER); }
void exc_brk(struct vcpu *c, uint32_t imm16) { leave(c, CASE_OTHER); }
void exc_hvc(struct vcpu *c, uint32_t imm16) { leave(c, CASE_UNDEF); }
void exc_smc(struct vcpu *c, uint32_t imm16) { leave(c, CASE_UNDEF); }
void exc_hlt(struct vcpu *c, uint32_t imm16) { leave(c, CASE_OTHER); }
void exc_fp_trap(struct vcpu *c) { leave(c, CASE_OTHER); }
void exc_sys_trap(struct vcpu *c) { leave(c, CASE_UNDEF); }
void exc_pc_align(struct vcpu *c) { leave(c, CASE_ALIGN); }
void exc_sp_align(struct vcpu *c) { leave(c, CASE_ALIGN); }
void exc_align(struct vcpu *c, uint64_t va, unsigned acc) { leave(c, CASE_ALIGN); }
uint64_t cpu_sys_read(struct vcpu *c, uint32_t enc) { leave(c, CASE_OTHER); }
void cpu_sys_write(struct vcpu *c, uint32_t enc, uint64_t val) { leave(c, CASE_OTHER); }
uint64_t cpu_sys_op(struct vcpu *c, uint32_t enc, uint64_t val) { leave(c, CASE_OTHER); }
void cpu_msr_imm(struct vcpu *c, unsigned op1, unsigned op2, unsigned imm) { leave(c, CASE_OTHER); }
void cpu_dczva_check(struct vcpu *c) {}
void cpu_eret(struct vcpu *c) { leave(c, CASE_UNDEF); }
void cpu_wfi(struct vcpu *c) { at_or(&c->request, REQ_STOP); }
void cpu_wfe(struct vcpu *c) {}
void cpu_sev(struct vcpu *c) {}
void cpu_sevl(struct vcpu *c) {}
void cpu_yield(struct vcpu *c) {}
void cpu_isb(struct vcpu *c) {}
bool excl_translated, excl_compare_always; /* no translator here */
void excl_distrust(struct vcpu *c) {}
void excl_watch(struct vcpu *c, const void *p) {}
bool excl_is_watched(const struct vcpu *c, const void *p) { return true; }
void cpu_dsb(struct vcpu *c) {}
void vcpu_log_exec(const struct vcpu *c) {}

static uint8_t *make(uint64_t at, size_t len)
{
	uint8_t *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	BUG_ON(p == MAP_FAILED);
	for (size_t k = 0; k < len; k += 8)
		*(uint64_t *)(void *)(p + k) = case_pattern(at + k);
	return p;
}

struct vcpu *flat_new(void)
{
	static struct vcpu *all[1];
	struct vcpu *c = aligned_alloc(64, ALIGN_UP(sizeof(*c), 64));
	struct tlb *t = malloc(sizeof(*t));

	BUG_ON(!c || !t);
	memset(c, 0, sizeof(*c));
	for (unsigned k = 0; k < TLB_SIZE; k++)
		tlb_empty(t, k);
	c->tlb = c->tlb_unpriv = t;
	c->all = all;
	c->nvcpus = 1;
	c->ctx = CTX_TBI0; /* as Linux programs have it */
	all[0] = c;
	for (unsigned f = 1; f < FEAT_COUNT; f++)
		c->feats[f >> 6] |= BIT(f & 63);
	BUG_ON(interp_init(c) < 0);
	code = make(CASE_CODE, CASE_CODE_BYTES);
	for (unsigned k = 0; k < CASE_CODE_BYTES; k += 4)
		*(uint32_t *)(void *)(code + k) = CASE_BRK;
	lit = make(CASE_LIT, CASE_LIT_BYTES);
	ram = make(CASE_RAM, CASE_RAM_BYTES);
	pristine = make(CASE_RAM, CASE_RAM_BYTES);
	return c;
}

static void compare_memory(struct case_result *r)
{
	uint32_t first = 0, last = CASE_RAM_BYTES;

	if (!memcmp(ram, pristine, CASE_RAM_BYTES))
		return;
	while (ram[first] == pristine[first])
		first++;
	while (ram[last - 1] == pristine[last - 1])
		last--;
	r->mem_first = first;
	r->mem_len = last - first;
	memcpy(r->mem, ram + first, MIN(r->mem_len, CASE_DIFF));
	memcpy(ram + first, pristine + first, last - first);
}

void flat_run(struct vcpu *c, const struct case_input *in, struct case_result *out)
{
	const struct case_state *s = &in->s;

	memcpy(c->x, s->x, sizeof(s->x));
	c->x[31] = 0;
	c->sp = s->sp;
	c->pc = s->pc;
	c->nzcv = s->nzcv;
	c->fp.fpcr = s->fpcr;
	c->fp.fpsr = s->fpsr;
	memcpy(c->v, s->v, sizeof(s->v));
	c->mon.armed = 0;
	*(uint32_t *)(void *)(code + (s->pc - CASE_CODE)) = in->word;
	zero_gen++;
	trap = CASE_OK;
	interp_step(c);
	memset(out, 0, sizeof(*out));
	memcpy(out->s.x, c->x, sizeof(out->s.x));
	out->s.sp = c->sp;
	out->s.pc = c->pc;
	out->s.nzcv = c->nzcv;
	out->s.fpcr = c->fp.fpcr;
	out->s.fpsr = c->fp.fpsr;
	memcpy(out->s.v, c->v, sizeof(out->s.v));
	out->s.trap = trap;
	if (in->is_mem)
		compare_memory(out);
}

void flat_program(struct vcpu *c, const uint32_t *words, unsigned n)
{
	BUG_ON(n > TLB_PAGE / 4);
	memcpy(code, words, n * sizeof(*words));
	zero_gen++;
	c->tlb->e[tlb_index(CASE_CODE)].tag[TLB_X] = CASE_CODE;
	c->tlb->e[tlb_index(CASE_CODE)].addend = (uintptr_t)code - CASE_CODE;
	for (uint64_t va = CASE_RAM_MID; va < CASE_RAM + CASE_RAM_BYTES; va += TLB_PAGE) {
		unsigned k = tlb_index(va);

		c->tlb->e[k].tag[TLB_R] = c->tlb->e[k].tag[TLB_W] = va;
		c->tlb->e[k].addend = (uintptr_t)ram - CASE_RAM;
	}
}
