/*
 * Lowering of memory accesses: the check against the software TLB inline
 * (mem/tlb.h), the access, and a slow path out of line that calls back.
 * Ordering is not here: fences are nodes of their own, and locked
 * instructions (lower_atomic.c) are full barriers.
 */
#include "base/bug.h"
#include "x64/lower.h"

#define LINE_BITS 5 /* log2 of the bytes of a line */
#define LOOK_MOST 56 /* bytes of a look-up */

static uint32_t new_rec(struct lower *l, ir_ref r, int base, int in)
{
	const struct ir_node *n = LN(r);
	struct x64_rec *rec = &l->recs[l->nrecs];

	if (l->nrecs >= IR_MAX_SNAPS) {
		l->fail = true;
		return 0;
	}
	*rec = (struct x64_rec){.op = n->op, .aux = n->aux, .imm = (uint16_t)n->imm, .disp = (int32_t)n->k, .base = (uint8_t)base,
				.in = (uint8_t)in, .group = X64_NO_GROUP, .pc = (int32_t)(l->u->snaps[n->snap - 1].pc - l->job->pc)};
	rec->n = (uint8_t)lo_capture(l, n->snap, &rec->first);
	return l->nrecs++;
}

struct stub *lo_slow_stub(struct lower *l, ir_ref r, int base, int in)
{
	struct stub *s = lo_stub(l, STUB_SLOW);

	s->node = r;
	s->zero = -1;
	s->base = (int8_t)base;
	s->disp = (int32_t)LN(r)->k;
	s->in = (int8_t)in;
	s->aux = LN(r)->aux;
	s->type = LN(r)->type;
	s->xmm_live = lo_live_x(l) != 0;
	s->rec = new_rec(l, r, base, in);
	return s;
}

void lo_slow_if(struct lower *l, struct stub *s, enum x_cc cc) { s->from[s->nfrom++] = x_jcc(&l->a, cc); }

/*
 * The look-up for an address in rax, as it is nearly always: only the register and the number of bytes differ. Made with
 * the glue; CONST_AFTER_INIT.
 */
static struct look {
	uint8_t code[LOOK_MOST];
	unsigned len;
	uint8_t at[3], imm; /* where the instructions begin that have the register, and where the number is */
} looks[2];

static void emit_look(struct xa *a, int at, bool write, bool unpriv, int bytes, struct look *k);

void lo_tlb_prepare(void)
{
	for (unsigned write = 0; write < 2; write++) {
		uint8_t buf[X_LEAST + LOOK_MOST];
		struct xa a = x_window(buf, buf + sizeof(buf), 0);

		emit_look(&a, RAX, write, false, 1, &looks[write]);
		looks[write].len = (unsigned)(a.p - buf);
		BUG_ON(looks[write].len > LOOK_MOST);
		memcpy(looks[write].code, buf, looks[write].len);
	}
}

void lo_tlb_look(struct xa *a, int at, bool write, bool unpriv, int bytes)
{
	const struct look *k = &looks[write];
	unsigned high = (unsigned)at >> 3, low = (unsigned)at & 7;
	uint32_t most = 4096 - (uint32_t)bytes;
	uint8_t *p = a->p;

	if (unlikely(unpriv || p + LOOK_MOST > a->end)) {
		emit_look(a, at, write, unpriv, bytes, NULL);
		return;
	}
	memcpy(p, k->code, LOOK_MOST);
	p[k->at[0] + 1] ^= (uint8_t)(high << 5); /* VEX.B is inverted */
	p[k->at[0] + 4] |= (uint8_t)low;
	p[k->at[1] + 1] ^= (uint8_t)(high << 5);
	p[k->at[1] + 4] |= (uint8_t)low;
	p[k->at[2]] |= (uint8_t)high; /* REX.B */
	p[k->at[2] + 2] |= (uint8_t)low;
	memcpy(p + k->imm, &most, 4);
	a->p = p + k->len;
}

/* k: filled with where what may differ is, or NULL */
static void emit_look(struct xa *a, int at, bool write, bool unpriv, int bytes, struct look *k)
{
	const uint8_t *start = a->p;
	struct xm line = unpriv ? xmem(RCX, 0) : xmemi(R14, RCX, 0, 0);

	/* the line's offset; the mask takes what comes around */
	x_rorx(a, true, RCX, at, 12 - LINE_BITS);
	if (k)
		k->at[1] = (uint8_t)(a->p - start);
	x_rorx(a, true, RDX, at, x64_cfg.tlb_hash - LINE_BITS);
	x_alu(a, X_XOR, false, RCX, xr(RDX));
	x_alu_i(a, X_AND, false, xr(RCX), ((1 << x64_cfg.tlb_bits) - 1) << LINE_BITS);
	if (unpriv) /* another table, whose address is not in a register */
		x_alu(a, X_ADD, true, RCX, xmem(R15, (int)x64_cfg.off_tlb_unpriv));
	line.disp = (int)(write ? x64_cfg.tag_w : x64_cfg.tag_r);
	x_load(a, true, RDX, line);
	if (k)
		k->at[2] = (uint8_t)(a->p - start);
	x_alu(a, X_XOR, true, RDX, xr(at));
	x_alu_i(a, X_CMP, true, xr(RDX), 4096 - bytes);
	if (k)
		k->imm = (uint8_t)(a->p - start - 4);
	line.disp = (int)x64_cfg.addend;
	x_load(a, true, RCX, line);
}

int lo_tlb_check(struct lower *l, struct stub *s)
{
	int at = s->base;

	if (s->lo) {
		x_lea(&l->a, true, RAX, xmem(at, s->lo));
		at = RAX;
	}
	lo_tlb_look(&l->a, at, s->write, s->aux & MEM_UNPRIV, s->bytes);
	lo_slow_if(l, s, CC_A);
	return at;
}

static void check_align(struct lower *l, struct stub *s, unsigned align)
{
	struct xa *a = &l->a;

	if (s->aux & MEM_CHECK_SP) {
		x_test_i(a, false, s->base, 15);
		lo_slow_if(l, s, CC_NE);
	}
	if (align <= 1)
		return;
	x_lea(a, false, RAX, xmem(s->base, s->disp));
	x_test_i(a, false, RAX, (int)align - 1);
	lo_slow_if(l, s, CC_NE);
}

/* Checks `bytes` at base + lo; afterwards rcx is the addend.  The host operand of the access is returned. */
static struct xm check_span(struct lower *l, struct stub *s, bool write, unsigned align, int32_t lo, int bytes)
{
	int at;

	s->write = write;
	s->lo = lo;
	s->bytes = bytes;
	check_align(l, s, align);
	if (s->memo) {
		lo_memo_check(l, s);
		return xmemi(s->base, RCX, 0, s->disp);
	}
	at = lo_tlb_check(l, s);
	return at == RAX && lo == s->disp ? xmemi(RCX, RAX, 0, 0) : xmemi(s->base, RCX, 0, s->disp);
}

struct xm lo_check(struct lower *l, struct stub *s, bool write, unsigned align)
{
	return check_span(l, s, write, align, s->disp, 1 << (s->aux & MEM_SIZE));
}

/*
 * An access of the same group ends here, with nothing done since: its look will do, if its slow path goes on
 * to that of this one.
 */
static bool follows(const struct lower *l, const struct stub *s, ir_ref r)
{
	return l->a.p == l->group_end && l->nstubs > 1 && s[-1].kind == STUB_SLOW && l->group[s[-1].node] == l->group[r];
}

/*
 * The host operand of a plain access.  In a group: the leader checks for all and keeps the addend, the others only look
 * whether it did.  `addend`: the register of the group's value, brought before the stub was made, or -1.
 */
static struct xm operand(struct lower *l, struct stub *s, ir_ref r, bool write, unsigned align, int addend)
{
	const struct group *g = &l->groups[l->group[r]];

	s->memo = l->memo[r];
	if (addend < 0)
		return lo_check(l, s, write, align);
	if (g->leader == r) {
		s->zero = (int8_t)addend;
		check_span(l, s, g->write, align, g->lo, g->hi - g->lo);
		x_mov(&l->a, true, addend, RCX);
	} else if (follows(l, s, r)) {
		s->chained = true;
	} else {
		x_test(&l->a, true, addend, addend);
		lo_slow_if(l, s, CC_E);
	}
	return xmemi(s->base, addend, 0, s->disp);
}

static unsigned align_of(const struct ir_node *n)
{
	return n->aux & (MEM_ALIGNED | MEM_ORDERED) ? 1u << (n->aux & MEM_SIZE) : 1;
}

void lo_load_int(struct xa *a, unsigned aux, int d, struct xm m)
{
	bool w = aux & MEM_SX64, sx = aux & (MEM_SX64 | MEM_SX32);

	switch (aux & MEM_SIZE) {
	case 0:
		if (sx)
			x_movsx8(a, w, d, m);
		else
			x_movzx8(a, d, m);
		break;
	case 1:
		x_op(a, PNONE, sx ? 0x0fbf : 0x0fb7, w, d, m);
		break;
	case 2:
		if (w)
			x_op(a, PNONE, 0x63, true, d, m);
		else
			x_load(a, false, d, m);
		break;
	default:
		x_load(a, true, d, m);
		break;
	}
}

void lo_store_int(struct xa *a, unsigned size, struct xm m, int s)
{
	switch (size) {
	case 0: {
		unsigned op = 0x88;

		/* a byte register above rbx needs a REX, which x_op emits only if some bit is set */
		if (s >= RSP && s < R8 && m.base < R8 && (m.index == NOREG || m.index < R8))
			x8(a, 0x40);
		x_op(a, PNONE, op, false, s, m);
		break;
	}
	case 1: x_op(a, P66, 0x89, false, s, m); break;
	case 2: x_store(a, false, m, s); break;
	default: x_store(a, true, m, s); break;
	}
}

int lo_addend(struct lower *l, ir_ref r)
{
	const struct group *g = &l->groups[l->group[r]];

	return l->group[r] && g->leader != r ? lo_use(l, g->ref) : -1;
}
static int def_addend(struct lower *l, ir_ref r)
{
	const struct group *g = &l->groups[l->group[r]];

	return l->group[r] && g->leader == r ? lo_def(l, g->ref) : -1;
}

static void load_vec(struct xa *a, unsigned size, int d, struct xm m)
{
	switch (size) {
	case 2: x_vex(a, P66, 1, false, false, 0x6e, d, 0, m); break; /* vmovd */
	case 3: x_vex(a, PF3, 1, false, false, 0x7e, d, 0, m); break; /* vmovq */
	default: x_vload(a, d, m); break;
	}
}

static void store_vec(struct xa *a, unsigned size, struct xm m, int s)
{
	switch (size) {
	case 2: x_vex(a, P66, 1, false, false, 0x7e, s, 0, m); break;
	case 3: x_vex(a, P66, 1, false, false, 0xd6, s, 0, m); break;
	default: x_vstore(a, m, s); break;
	}
}

void lo_access(struct lower *l, const struct stub *s, struct xm m)
{
	struct xa *a = &l->a;

	switch (LN(s->node)->op) {
	case IR_ld: lo_load_int(a, s->aux, s->reg, m); break;
	case IR_ldv: load_vec(a, s->aux & MEM_SIZE, s->reg, m); break;
	case IR_st: lo_store_int(a, s->aux & MEM_SIZE, m, s->in); break;
	default: store_vec(a, s->aux & MEM_SIZE, m, s->in); break;
	}
}

static void access_end(struct lower *l, struct stub *s, struct xm m, int addend)
{
	s->probe = addend >= 0 && !(s->aux & (MEM_CHECK_SP | MEM_EXCL));
	lo_access(l, s, m);
	s->back = l->a.p;
	if (addend >= 0)
		l->group_end = l->a.p;
}

static void load(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	int base = lo_use(l, n->a[0]), addend = lo_addend(l, r), d;
	struct stub *s = lo_slow_stub(l, r, base, 0);
	struct xm m;

	/* Before the check: what these spill is spilled on both ways. */
	if (addend < 0)
		addend = def_addend(l, r);
	d = n->op == IR_ldv ? lo_defx(l, r) : lo_def(l, r);
	m = operand(l, s, r, false, align_of(n), addend);
	s->reg = (int8_t)d;
	s->load = true;
	access_end(l, s, m, addend);
}

static void store(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	bool vec = n->op == IR_stv;
	int base = lo_use(l, n->a[0]), v = vec ? lo_usex(l, n->a[1]) : lo_use(l, n->a[1]), addend = lo_addend(l, r);
	struct stub *s = lo_slow_stub(l, r, base, v);
	struct xm m;

	if (addend < 0)
		addend = def_addend(l, r);
	m = operand(l, s, r, true, align_of(n), addend);
	access_end(l, s, m, addend);
}

/* From r on, by `step`, past what only computes: is `op` there? */
static bool is_beside(const struct lower *l, ir_ref r, int step, unsigned op)
{
	do
		r = (ir_ref)((int64_t)r + step);
	while (r && r < l->u->nn && (LN(r)->op < IR_pure_end || LN(r)->op == IR_const || LN(r)->op == IR_getr));
	return r && r < l->u->nn && LN(r)->op == op;
}

static void fence(struct lower *l, ir_ref r)
{
	struct xa *a = &l->a;
	uint8_t *skip = 0;

	if (LN(r)->imm && !is_beside(l, r, -1, IR_owe)) {
		x_op(a, PNONE, 0x80, false, X_CMP, xmem(R15, (int)x64_cfg.off_owed));
		x8(a, 0);
		skip = x_jcc(a, CC_E);
	}
	x8(a, 0xf0);
	x_op(a, PNONE, 0x83, false, X_OR, xmem(RSP, 0)); /* lock or dword [rsp], 0 */
	x8(a, 0);
	x_op(a, PNONE, 0xc6, false, 0, xmem(R15, (int)x64_cfg.off_owed));
	x8(a, 0);
	if (skip)
		x_bind(a, skip);
}

bool low_mem(struct lower *l, ir_ref r)
{
	switch (LN(r)->op) {
	case IR_ld: case IR_ldv: load(l, r); return true;
	case IR_st: case IR_stv: store(l, r); return true;
	case IR_rmw: case IR_cas: case IR_casv: case IR_ldx: case IR_stx: low_atomic(l, r); return true;
	case IR_fence: fence(l, r); return true;
	case IR_owe:
		if (is_beside(l, r, 1, IR_fence))
			return true; /* paid at once */
		x_op(&l->a, PNONE, 0xc6, false, 0, xmem(R15, (int)x64_cfg.off_owed));
		x8(&l->a, 1);
		return true;
	default: return false;
	}
}
