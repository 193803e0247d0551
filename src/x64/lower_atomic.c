/*
 * Lowering of read-modify-writes: LSE atomics, compare-and-swap, and pairs of
 * exclusives that the front end made into these.  They are locked
 * instructions, hence full fences that pay what is owed; but where the machine
 * has one vCPU they are plain ones: nobody else writes what it reads, devices
 * do not share words with it that it modifies, and an instruction or a few in
 * a row are not interrupted.
 *
 * Exclusives that are not half of a pair in the unit go to the slow path's function.
 */
#include "x64/lower.h"

static void lock(struct lower *l)
{
	if (!l->job->alone)
		x8(&l->a, 0xf0);
}

static void paid(struct lower *l)
{
	if (l->job->alone)
		return;
	x_op(&l->a, PNONE, 0xc6, false, 0, xmem(R15, (int)x64_cfg.off_owed));
	x8(&l->a, 0);
}

static void zext_to(struct xa *a, unsigned size, int d, int s)
{
	switch (size) {
	case 0: x_movzx8(a, d, xr(s)); break;
	case 1: x_movzx16(a, d, xr(s)); break;
	default: x_mov(a, size == 3, d, s); break;
	}
}

/* op: the opcode for bytes; the next one is for all else. */
static void sized(struct xa *a, unsigned size, unsigned op, int reg, struct xm m)
{
	if (size == 0) {
		/* a byte register above rbx needs a REX, which x_op emits only if some bit is set */
		if (reg >= RSP && reg < R8 && m.base < R8 && (m.index == NOREG || m.index < R8))
			x8(a, 0x40);
		x_op(a, PNONE, op, false, reg, m);
	} else {
		x_op(a, size == 1 ? P66 : PNONE, op + 1, size == 3, reg, m);
	}
}

/* rdx = op(rax, v); false: not for this size. */
static void compute(struct lower *l, unsigned op, bool w, int v)
{
	static const uint8_t keep[] = {[IR_RMW_SMAX] = CC_L, [IR_RMW_SMIN] = CC_G, [IR_RMW_UMAX] = CC_B, [IR_RMW_UMIN] = CC_A};
	struct xa *a = &l->a;

	switch (op) {
	case IR_RMW_CLR: x_vex(a, PNONE, 2, true, false, 0xf2, RDX, v, xr(RAX)); return; /* andn */
	case IR_RMW_SWP: x_mov(a, true, RDX, v); return;
	default: break;
	}
	x_mov(a, true, RDX, RAX);
	switch (op) {
	case IR_RMW_ADD: x_alu(a, X_ADD, true, RDX, xr(v)); break;
	case IR_RMW_EOR: x_alu(a, X_XOR, true, RDX, xr(v)); break;
	case IR_RMW_SET: x_alu(a, X_OR, true, RDX, xr(v)); break;
	default:
		x_alu(a, X_CMP, w, RDX, xr(v));
		x_cmov(a, keep[op], w, RDX, xr(v));
		break;
	}
}

/*
 * A while before the next try of a store-exclusive, or of a loop here, that has failed: what failed has taken the line away from
 * who succeeds, and who does tens of operations in this time if it keeps it. Two processors on one word did an eighth of what
 * one does alone without it, half with half as much, and nearly as much with this.
 */
#define BACK_OFF_PAUSES 16
#define BACK_OFF_BYTES 11

/* Needs register r, and the flags. */
static void back_off(struct xa *a, int r)
{
	x8(a, 0xb8 + (unsigned)r); /* mov r, imm32 */
	x32(a, BACK_OFF_PAUSES);
	x8(a, 0xf3); /* 1: pause */
	x8(a, 0x90);
	x8(a, 0xff); /* dec r */
	x8(a, 0xc8 + (unsigned)r);
	x8(a, 0x75); /* jnz 1b */
	x8(a, 0x100 - 6);
}

/* Behind a compare-and-swap: over what follows, if it has succeeded. */
static void jump_if_done(struct xa *a, unsigned bytes)
{
	x8(a, 0x74);
	x8(a, bytes);
}

static void rmw_loop(struct lower *l, unsigned op, unsigned size, int v, struct xm m)
{
	struct xa *a = &l->a;
	uint8_t *again, *at;

	lo_load_int(a, size, RAX, m);
	again = a->p;
	compute(l, op, size == 3, v);
	lock(l);
	sized(a, size, 0x0fb0, RDX, m);
	jump_if_done(a, BACK_OFF_BYTES + 5);
	back_off(a, RDX);
	at = x_jmp(a);
	if (!a->overflow) {
		int32_t rel = (int32_t)(again - (at + 4));

		memcpy(at, &rel, 4);
	}
}

static void retry_later(struct lower *l, ir_ref r, int scratch)
{
	if (!(LN(r)->aux & MEM_EXCL) || l->job->alone)
		return;
	jump_if_done(&l->a, BACK_OFF_BYTES);
	back_off(&l->a, scratch);
}

/* Nobody wants the old value: one instruction, but for minimum and maximum. */
static bool rmw_no_result(struct lower *l, unsigned op, unsigned size, int v, struct xm m)
{
	struct xa *a = &l->a;
	unsigned x86;

	switch (op) {
	case IR_RMW_ADD: x86 = 0x00; break;
	case IR_RMW_SET: x86 = 0x08; break;
	case IR_RMW_CLR: x86 = 0x20; break;
	case IR_RMW_EOR: x86 = 0x30; break;
	default: return false;
	}
	x_mov(a, true, RDX, v);
	if (op == IR_RMW_CLR)
		x_op(a, PNONE, 0xf7, true, 2, xr(RDX)); /* not */
	lock(l);
	sized(a, size, x86, RDX, m);
	return true;
}

/* Returns the register that the old value is in. */
static int rmw(struct lower *l, ir_ref r, unsigned size, int v, struct xm m)
{
	unsigned op = MEM_OP(LN(r)->aux);
	struct xa *a = &l->a;

	if (!l->v[r].end && rmw_no_result(l, op, size, v, m))
		return RAX;
	if (l->job->alone) {
		lo_load_int(a, size, RAX, m);
		compute(l, op, size == 3, v);
		lo_store_int(a, size, m, RDX);
		return RAX;
	}
	if (op != IR_RMW_ADD && op != IR_RMW_SWP) {
		rmw_loop(l, op, size, v, m);
		return RAX;
	}
	x_mov(a, true, RDX, v);
	lock(l);
	sized(a, size, op == IR_RMW_ADD ? 0x0fc0 : 0x86, RDX, m);
	return RDX;
}

/* Where the access is: checked here, or by the load of the pair. */
static struct xm target(struct lower *l, struct stub *s, ir_ref r, int addend)
{
	if (addend >= 0) {
		x_test(&l->a, true, addend, addend);
		lo_slow_if(l, s, CC_E);
		return xmemi(s->base, addend, 0, s->disp);
	}
	return lo_check(l, s, true, 1u << (s->aux & MEM_SIZE));
}

static void atomic(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	unsigned size = n->aux & MEM_SIZE;
	int base = lo_use(l, n->a[0]), v = lo_use(l, n->a[1]), v2 = n->op == IR_cas ? lo_use(l, n->a[2]) : 0;
	int addend = lo_addend(l, r), d, result = RAX;
	struct stub *s = lo_slow_stub(l, r, base, v);
	struct xa *a = &l->a;

	d = lo_def(l, r);
	s->in2 = (int8_t)v2;
	s->load = true;
	if (n->op == IR_rmw && MEM_OP(n->aux) >= IR_RMW_SMAX && MEM_OP(n->aux) <= IR_RMW_UMIN && size < 2) {
		s->from[s->nfrom++] = x_jmp(a);
	} else {
		struct xm m = target(l, s, r, addend);

		if (m.index == RAX) { /* which is needed */
			x_lea(a, true, RCX, m);
			m = xmem(RCX, 0);
		}
		if (n->op == IR_cas) {
			x_mov(a, true, RAX, v);
			lock(l);
			sized(a, size, 0x0fb0, v2, m);
			retry_later(l, r, RCX);
		} else {
			result = rmw(l, r, size, v, m);
		}
		paid(l);
	}
	zext_to(a, size, d, result);
	s->reg = (int8_t)d;
	s->back = a->p;
}

/* 16 bytes: cmpxchg16b has fixed registers, two of which hold something else. */
static void cas16(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	int base = lo_use(l, n->a[0]), v = lo_usex(l, n->a[1]), v2 = lo_usex(l, n->a[2]), addend = lo_addend(l, r), d;
	struct stub *s = lo_slow_stub(l, r, base, v);
	struct xa *a = &l->a;
	struct xm m;

	d = lo_defx(l, r);
	s->in2 = (int8_t)v2;
	s->load = true;
	m = target(l, s, r, addend);
	x_lea(a, true, RAX, m);
	x_store(a, true, xmem(RSP, FR_ARG), RBX);
	x_store(a, true, xmem(RSP, FR_ARG + 8), RSI);
	x_mov(a, true, RSI, RAX);
	x_vmovq_rx(a, RBX, v2);
	x_vex(a, P66, 3, true, false, 0x16, v2, 0, xr(RCX)); /* vpextrq 1 */
	x8(a, 1);
	x_vmovq_rx(a, RAX, v);
	x_vex(a, P66, 3, true, false, 0x16, v, 0, xr(RDX));
	x8(a, 1);
	lock(l);
	x_op(a, PNONE, 0x0fc7, true, 1, xmem(RSI, 0));
	x_load(a, true, RBX, xmem(RSP, FR_ARG));
	x_load(a, true, RSI, xmem(RSP, FR_ARG + 8));
	retry_later(l, r, RCX);
	x_vmovq_xr(a, d, RAX);
	x_vex(a, P66, 3, true, false, 0x22, d, d, xr(RDX)); /* vpinsrq 1 */
	x8(a, 1);
	paid(l);
	s->reg = (int8_t)d;
	s->back = a->p;
}

static void exclusive(struct lower *l, ir_ref r)
{
	const struct ir_node *n = LN(r);
	int base = lo_use(l, n->a[0]), v = n->op == IR_stx ? lo_use(l, n->a[1]) : 0;
	struct stub *s = lo_slow_stub(l, r, base, v);

	s->load = true;
	s->reg = (int8_t)lo_def(l, r);
	s->from[s->nfrom++] = x_jmp(&l->a);
	s->back = l->a.p;
}

void low_atomic(struct lower *l, ir_ref r)
{
	switch (LN(r)->op) {
	case IR_casv: cas16(l, r); break;
	case IR_ldx: case IR_stx: exclusive(l, r); break;
	default: atomic(l, r); break;
	}
}
