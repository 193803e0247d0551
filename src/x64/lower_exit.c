/* Exits of a unit, write-back of snapshots, and the code out of line. */
#include "base/bug.h"
#include "x64/lower.h"

struct stub *lo_stub(struct lower *l, enum stub_kind kind)
{
	struct stub *s;

	if (l->nstubs >= MAX_STUBS - 1)
		l->fail = true;
	else
		l->nstubs++;
	s = &l->stubs[l->nstubs];
	*s = (struct stub){.kind = (uint8_t)kind};
	return s;
}

static struct xm spill_at(unsigned idx) { return xmem(RSP, FR_SPILL + (int)idx * 16); }

struct xm lo_slot_mem(const struct lower *l, unsigned slot) { return xmem(R15, (int)l->u->slots[slot].offset); }

/* The integer of an entry in a register; `scratch` if it has none. */
static int rloc_int(struct lower *l, const struct x64_rloc *e, int scratch)
{
	switch (e->kind & 127) {
	case RL_GPR: return e->idx;
	case RL_SPILL: x_load(&l->a, true, scratch, spill_at(e->idx)); return scratch;
	case RL_ENV: x_load(&l->a, true, scratch, lo_slot_mem(l, e->idx)); return scratch;
	default: x_mov_ri(&l->a, scratch, l->pool[e->idx]); return scratch;
	}
}

/* An integer's value to memory. */
static void put_int(struct lower *l, bool w, struct xm m, const struct x64_rloc *e)
{
	uint64_t k = (e->kind & 127) == RL_K ? l->pool[e->idx] : 0;

	if ((e->kind & 127) == RL_K && (!w || (int64_t)k == (int32_t)k)) {
		x_op(&l->a, PNONE, 0xc7, w, 0, m);
		x32(&l->a, (uint32_t)k);
		return;
	}
	x_store(&l->a, w, m, rloc_int(l, e, RAX));
}

static void set_kind(struct xa *a, unsigned kind)
{
	x_op(a, PNONE, 0xc7, false, 0, xmem(RSP, FR_NZ_KIND));
	x32(a, kind);
}

/* Flags of the operation on the operands that follow, into eax. */
static void rloc_flags(struct lower *l, const struct x64_rloc *e)
{
	bool w = e->kind & 128;
	unsigned kind = e->kind & 127;
	int r0 = rloc_int(l, e + 1, RAX), r1;

	if (kind >= RL_FCMP) {
		x_mov(&l->a, false, RAX, r0);
		lo_nzcv_from_ah(&l->a, kind);
		return;
	}
	if (kind == RL_FLOGIC) {
		x_test(&l->a, w, r0, r0);
	} else {
		r1 = rloc_int(l, e + 2, RCX);
		if (kind == RL_FSUB) {
			x_alu(&l->a, X_CMP, w, r0, xr(r1));
		} else {
			x_mov(&l->a, w, RDX, r0);
			x_alu(&l->a, X_ADD, w, RDX, xr(r1));
		}
	}
	lo_nzcv_from_host(&l->a, kind == RL_FSUB);
}

/* The flags of an operation on the entries that follow are left to whoever needs them. */
static void put_flags(struct lower *l, const struct x64_rloc *e)
{
	bool w = e->kind & 128;

	set_kind(&l->a, e->kind);
	put_int(l, w, xmem(RSP, FR_NZ_A), e + 1);
	if (rl_has_two(e->kind & 127))
		put_int(l, w, xmem(RSP, FR_NZ_B), e + 2);
}

void low_sync_flags(struct lower *l)
{
	struct stub *s = lo_stub(l, STUB_FLAGS);

	x_op(&l->a, PNONE, 0x83, false, X_CMP, xmem(RSP, FR_NZ_KIND));
	x8(&l->a, 0);
	s->from[s->nfrom++] = x_jcc(&l->a, CC_NE);
	s->back = l->a.p;
}

void low_store_slot(struct lower *l, const struct x64_rloc *e, bool used)
{
	const struct ir_slot *sl = &l->u->slots[e->slot];
	struct xm m = xmem(R15, (int)sl->offset);
	struct xa *a = &l->a;

	if (likely(e->kind == RL_GPR && sl->type == T_INT)) {
		x_env(a, 0x89, sl->size == 8, e->idx, (int32_t)sl->offset);
		return;
	}
	if ((e->kind & 127) >= RL_FSUB && !used) {
		put_flags(l, e);
		return;
	}
	if (sl->type == T_FLAGS)
		set_kind(a, 0);
	if ((e->kind & 127) >= RL_FSUB) {
		rloc_flags(l, e);
		x_store(a, false, m, RAX);
	} else if (sl->type == T_VEC) {
		int x = e->idx;

		if (e->kind == RL_SPILL) {
			x_vload(a, 0, spill_at(e->idx));
			x = 0;
		} else if (e->kind == RL_ENV) {
			x_vload(a, 0, lo_slot_mem(l, e->idx));
			x = 0;
		} else if (e->kind == RL_VK) {
			x_mov_ri(a, RAX, l->pool[e->idx]);
			x_store(a, true, m, RAX);
			x_mov_ri(a, RAX, l->pool[e->idx + 1]);
			m.disp += 8;
			x_store(a, true, m, RAX);
			return;
		}
		x_vstore(a, m, x);
	} else {
		put_int(l, sl->size == 8, m, e);
	}
}

void low_writeback(struct lower *l, uint32_t first, uint32_t n, bool used)
{
	for (uint32_t k = 0; k < n; k++)
		if (l->rlocs[first + k].slot != 255)
			low_store_slot(l, &l->rlocs[first + k], used);
}

/* To the run loop, which goes on at pc; why: NULL or an X64_ */
static void leave(struct xa *a, uint64_t pc, const void *why)
{
	x_mov_ri(a, RAX, pc);
	x_jmp_to(a, glue_leave[(uintptr_t)why]);
}

/* Leaves if the word at `offset` is not 0. */
static struct stub *poll_word(struct lower *l, unsigned offset, uint64_t pc, uint32_t first, uint32_t n)
{
	struct stub *s = lo_stub(l, STUB_LEAVE);

	s->pc = pc;
	s->first = first;
	s->n = n;
	x_op(&l->a, PNONE, 0x83, false, X_CMP, xmem(R15, (int)offset));
	x8(&l->a, 0);
	s->from[s->nfrom++] = x_jcc(&l->a, CC_NE);
	return s;
}

void low_poll(struct lower *l, uint64_t pc, uint32_t first, uint32_t n)
{
	struct stub *s = poll_word(l, x64_cfg.off_request, pc, first, n);

	if (l->job->fp_settles) { /* there is faster code for what follows */
		x_test_mi(&l->a, xmem(R15, (int)x64_cfg.off_fp + (int)offsetof(struct fpenv, fpsr)), FPSR_IXC);
		s->from[s->nfrom++] = x_jcc(&l->a, CC_NE);
	}
}

/* To a known pc: chained within the page, through the jump cache to others. */
static void go(struct lower *l, uint64_t pc)
{
	struct xa *a = &l->a;
	int at = (int)(x64_cfg.jc + ((uint32_t)((pc ^ pc >> x64_cfg.jc_shift) >> 2) & ((1u << x64_cfg.jc_bits) - 1)) * 16);

	if (!((pc ^ l->job->pc) & l->job->page_mask) && l->nlinks < 500) {
		struct x64_link *k = &l->links[l->nlinks++];

		x_align_jmp(a);
		k->pc = pc;
		k->site = (uint32_t)(x_jmp(a) - a->start);
		return;
	}
	x_mov_ri(a, RAX, pc);
	x_alu(a, X_CMP, true, RAX, xmem(R14, at));
	x_jcc_to(a, CC_NE, glue_leave[0]);
	x_op(a, PNONE, 0xff, false, 4, xmem(R14, at + 8));
}

void low_links(struct lower *l)
{
	struct xa *a = &l->a;
	const uint8_t *common = a->p + a->delta;

	if (!l->nlinks)
		return;
	x_mov_ri(a, RAX, (uint64_t)(uintptr_t)l->job->unit);
	x_jmp_to(a, glue_exit);
	for (uint32_t k = 0; k < l->nlinks && !a->overflow; k++) {
		x_bind(a, a->start + l->links[k].site);
		l->links[k].stub = (uint32_t)(a->p - a->start);
		x_mov_ri(a, RDX, k + 1);
		x_jmp_to(a, common);
	}
}

static void exit_cond(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	struct stub *s;

	lo_cond_prep(l, n->a[0]);
	s = lo_stub(l, STUB_EXIT);
	s->pc = n->k;
	s->poll = n->k <= l->u->snaps[n->snap - 1].pc;
	s->n = lo_capture(l, n->snap, &s->first);
	s->used = n->aux & BR_FLAGS_USED;
	lo_branch(l, n->a[0], !n->imm, s->from, &s->nfrom, 6);
}

static void exit_indirect(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	struct xa *a = &l->a;
	int t = lo_use(l, n->a[0]);
	uint32_t first, cnt = lo_capture(l, n->snap, &first);

	low_writeback(l, first, cnt, false);
	x_rorx(a, true, RCX, t, x64_cfg.jc_shift);
	x_alu(a, X_XOR, false, RCX, xr(t));
	x_op(a, PNONE, 0x83, false, X_CMP, xmem(R15, (int)x64_cfg.off_request));
	x8(a, 0);
	x_jcc_to(a, CC_NE, glue_leave_at[t]);
	x_alu_i(a, X_AND, false, xr(RCX), ((1 << x64_cfg.jc_bits) - 1) << 2);
	x_alu(a, X_CMP, true, t, xmemi(R14, RCX, 2, (int)x64_cfg.jc)); /* lines are 16 bytes, instructions 4 */
	x_jcc_to(a, CC_NE, glue_leave_at[t]);
	x_op(a, PNONE, 0xff, false, 4, xmemi(R14, RCX, 2, (int)x64_cfg.jc + 8));
}

void low_exit(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	uint32_t first, cnt;

	switch (n->op) {
	case IR_brc:
		if (lo_edge(l, n) >= 0)
			low_edge_if(l, r, (unsigned)lo_edge(l, n));
		else
			exit_cond(l, r);
		return;
	case IR_jmp:
		exit_indirect(l, r);
		return;
	case IR_poll:
		cnt = lo_capture(l, n->snap, &first);
		if (n->imm)
			poll_word(l, x64_cfg.off_release, n->k, first, cnt)->release = true;
		else
			low_poll(l, n->k, first, cnt);
		return;
	default:
		if (lo_edge(l, n) >= 0) {
			low_edge(l, r, (unsigned)lo_edge(l, n));
			return;
		}
		cnt = lo_capture(l, n->snap, &first);
		low_writeback(l, first, cnt, n->aux & BR_FLAGS_USED);
		if (n->op == IR_leave && n->imm) {
			leave(&l->a, n->k, X64_EXEC);
			return;
		}
		if (n->op == IR_leave) {
			leave(&l->a, n->k, 0);
			return;
		}
		if (n->k <= l->u->snaps[n->snap - 1].pc)
			low_poll(l, n->k, 0, 0);
		go(l, n->k);
	}
}

/* Calls a C function of the user: f(env, a0, a1, a2). */
void low_helper(struct lower *l, ir_ref r)
{
	static const uint8_t args[] = {RSI, RDX, RCX};
	const struct ir_node *n = LN(r);
	struct xa *a = &l->a;
	uint32_t first, cnt, g, x;

	for (unsigned k = 0; k < 3; k++)
		if (n->a[k])
			x_store(a, true, xmem(RSP, FR_ARG + 16 * (int)k), lo_use(l, n->a[k]));
	if (n->imm & HF_SYNC) {
		cnt = lo_capture(l, n->snap, &first);
		low_writeback(l, first, cnt, true);
		low_sync_flags(l);
		x_mov_ri(a, RAX, l->u->snaps[n->snap - 1].pc);
		x_store(a, true, xmem(R15, (int)x64_cfg.off_pc), RAX);
		lo_fp_sync(a, RAX, RCX, FR_FLAGS, true);
	}
	l->def_phase = true;
	g = lo_live_g(l);
	x = lo_live_x(l);
	for (int k = 0; k < 16; k++) {
		if (g >> k & 1)
			x_store(a, true, xmem(RSP, FR_GPR + 8 * k), k);
		if (x >> k & 1)
			x_vstore(a, xmem(RSP, FR_XMM + 16 * k), k);
	}
	for (unsigned k = 0; k < 3; k++)
		if (n->a[k])
			x_load(a, true, args[k], xmem(RSP, FR_ARG + 16 * (int)k));
	x_mov(a, true, RDI, R15);
	x_call(a, (const void *)(uintptr_t)n->k);
	for (int k = 0; k < 16; k++) {
		if (g >> k & 1)
			x_load(a, true, k, xmem(RSP, FR_GPR + 8 * k));
		if (x >> k & 1)
			x_vload(a, k, xmem(RSP, FR_XMM + 16 * k));
	}
	lo_memo_called(l);
	if (n->imm & HF_LEAVE) {
		struct stub *s = lo_stub(l, STUB_LEAVE);

		s->pc = n->k2;
		x_test(a, false, RAX, RAX);
		s->from[s->nfrom++] = x_jcc(a, CC_NE);
	}
	if (n->imm & HF_RESULT)
		x_mov(a, true, lo_def(l, r), RAX);
}

static void call_glue(struct xa *a, const void *fn)
{
	x8(a, 0xe8);
	x32(a, (uint32_t)((const uint8_t *)fn - (a->p + 4 + a->delta)));
}

static bool uses_vectors(const struct lower *l, const struct stub *s)
{
	unsigned op = LN(s->node)->op;

	return s->xmm_live || op == IR_ldv || op == IR_stv || op == IR_casv;
}

/* What the slow paths of the unit call, with the number of the record on the stack. */
static const uint8_t *slow_entry(struct lower *l, bool vec)
{
	struct xa *a = &l->a;

	if (!l->slow[vec]) {
		l->slow[vec] = a->p + a->delta;
		x_mov_ri(a, RDX, (uint64_t)(uintptr_t)l->job->unit);
		x_jmp_to(a, glue_slow[vec]);
	}
	return l->slow[vec];
}

static void finish_rec(struct lower *l, const struct stub *s)
{
	const struct group *g = &l->groups[l->group[s->node]];
	struct x64_rec *rec = &l->recs[s->rec];

	rec->in2 = (uint8_t)s->in2;
	rec->out = (uint8_t)s->reg;
	if (s->zero < 0)
		return;
	rec->group = (uint8_t)s->zero;
	rec->below = (uint8_t)(s->disp - g->lo);
	rec->last = (uint8_t)(g->hi - g->lo - 1);
	rec->group_write = g->write;
}

static void call_slow(struct lower *l, const struct stub *s)
{
	struct xa *a = &l->a;

	finish_rec(l, s);
	if (s->rec < 128) {
		x8(a, 0x6a); /* push */
		x8(a, s->rec);
	} else {
		x8(a, 0x68);
		x32(a, s->rec);
	}
	call_glue(a, slow_entry(l, uses_vectors(l, s)));
}

/* The jump at `at`, with 8 bits, goes here. */
static void bind8(struct xa *a, uint8_t *at)
{
	if (!a->overflow)
		at[-1] = (uint8_t)(a->p - at);
}

static uint8_t *jump8(struct xa *a, unsigned op)
{
	x8(a, op);
	x8(a, 0);
	return a->p;
}

/* The stub that goes on behind this one. */
static bool has_next(const struct lower *l, const struct stub *s) { return s < &l->stubs[l->nstubs] && s[1].chained; }

/* Of a group whose span did not fit: the access alone may. Else the slow path. */
static void probe(struct lower *l, const struct stub *s)
{
	struct xa *a = &l->a;
	uint8_t *above, *done = 0;

	x_lea(a, true, RAX, xmem(s->base, s->disp));
	call_glue(a, glue_probe[!s->load][s->aux & MEM_SIZE]);
	above = jump8(a, 0x70 + CC_A);
	if (s->zero >= 0)
		x_mov_ri(a, s->zero, 0);
	lo_access(l, s, xmemi(RAX, RCX, 0, 0));
	if (has_next(l, s))
		done = jump8(a, 0xeb);
	else
		x_jmp_to(a, s->back + a->delta);
	bind8(a, above);
	call_slow(l, s);
	if (done)
		bind8(a, done);
}

/* What this stub and those that it goes on to call must be there before. */
static void slow_entries(struct lower *l, const struct stub *s)
{
	slow_entry(l, uses_vectors(l, s));
	for (; has_next(l, s); s++)
		slow_entry(l, uses_vectors(l, s + 1));
}

static void slow_path(struct lower *l, struct stub *s)
{
	struct xa *a = &l->a;

	if (!s->chained)
		slow_entries(l, s);
	if (s->memo) {
		x_bind(a, s->memo_miss);
		lo_memo_fill(l, s, lo_tlb_check(l, s));
	}
	for (unsigned k = 0; k < s->nfrom; k++)
		x_bind(a, s->from[k]);
	if (s->probe)
		probe(l, s);
	else
		call_slow(l, s);
	if (!has_next(l, s))
		x_jmp_to(a, s->back + a->delta);
}

void low_stubs(struct lower *l)
{
	for (uint32_t k = 1; k <= l->nstubs && !l->fail && !l->a.overflow; k++) {
		struct stub *s = &l->stubs[k];

		for (unsigned f = 0; f < s->nfrom && s->kind != STUB_SLOW; f++)
			x_bind(&l->a, s->from[f]);
		switch ((enum stub_kind)s->kind) {
		case STUB_SLOW:
			slow_path(l, s);
			break;
		case STUB_EXIT: {
			low_writeback(l, s->first, s->n, s->used);
			if (s->poll)
				low_poll(l, s->pc, 0, 0);
			go(l, s->pc);
			break;
		}
		case STUB_EDGE:
			low_edge_stub(l, s);
			break;
		case STUB_CALL:
			low_call_stub(l, s);
			break;
		case STUB_LEAVE:
			low_writeback(l, s->first, s->n, false);
			leave(&l->a, s->pc, s->release ? X64_RELEASE : 0);
			break;
		case STUB_FLAGS:
			call_glue(&l->a, glue_flags);
			x_jmp_to(&l->a, s->back + l->a.delta);
			break;
		}
	}
}
