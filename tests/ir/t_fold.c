/* The builder of intermediate code: folding, narrowing, sharing, forwarding of registers, snapshots, the verifier. */
#include "ir/ir.h"
#include "tests/tap.h"

static const struct ir_slot slots[] = {{T_INT, 8, 0, "a"}, {T_INT, 8, 8, "b"}, {T_FLAGS, 4, 16, "f"}};
static struct ir_unit *u;

static ir_ref op2(unsigned op, ir_ref a, ir_ref b, uint32_t imm) { return ir_pure(u, op, a, b, 0, 0, imm); }
static ir_ref k(uint64_t v) { return ir_const(u, v); }
static unsigned opof(ir_ref r) { return u->n[r].op; }

static uint64_t rng = 88172645463325252u;
static uint64_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	return rng ^= rng << 17;
}

/* Evaluates r with a and b for the two registers. */
static u128 eval(ir_ref r, uint64_t a, uint64_t b)
{
	const struct ir_node *n = &u->n[r];
	u128 ops[4] = {0};

	switch (n->op) {
	case IR_const: return n->k;
	case IR_kb: return n->imm;
	case IR_getr: return n->imm == 0 ? a : b;
	default: break;
	}
	for (unsigned j = 0; j < ir_info(n->op)->nops; j++)
		ops[j] = eval(n->a[j], a, b);
	return ir_eval_node(n, ops, 0);
}

/* Every condition on the flags of an addition, subtraction or logic result means the same folded and not. */
static void conditions(void)
{
	unsigned wrong = 0;

	for (unsigned round = 0; round < 400; round++)
		for (unsigned cond = 0; cond < 16; cond++) {
			static const uint16_t fl[] = {IR_fl_add, IR_fl_sub, IR_fl_logic};
			uint64_t a = rnd() >> (rnd() % 64), b = rnd() % 3 ? rnd() >> (rnd() % 64) : a;
			unsigned op = fl[rnd() % 3], sf = rnd() & 1;
			u128 args[4] = {a, b};
			struct ir_node n = {.op = (uint16_t)op, .imm = sf};
			ir_ref x, y, t;

			ir_reset(u);
			x = ir_get(u, 0);
			y = ir_get(u, 1);
			if (rnd() & 1) /* the result exists already, as after SUBS */
				op2(IR_sub64, x, y, 0);
			t = op2(IR_fl_test, op == IR_fl_logic ? op2(op, x, 0, sf) : op2(op, x, y, sf), 0, cond);
			args[0] = ir_eval_node(&n, args, 0);
			n = (struct ir_node){.op = IR_fl_test, .imm = cond};
			wrong += eval(t, a, b) != ir_eval_node(&n, args, 0);
			wrong += ir_verify(u) != 0;
		}
	ok(!wrong, "conditions on flags keep their meaning (%u wrong)", wrong);
}

/* Between the register files nothing takes a detour. */
static void moves(void)
{
	ir_ref a, v, w, ld;

	ir_reset(u);
	a = ir_get(u, 0);
	v = op2(IR_v_from2, a, ir_get(u, 1), 0);
	w = op2(IR_vneg, v, 0, 0);
	ok(op2(IR_v_from2, op2(IR_v_lo, w, 0, 0), op2(IR_v_hi, w, 0, 0), 0) == w, "both halves of a vector are the vector");
	ok(opof(op2(IR_v_from, op2(IR_v_lo, w, 0, 0), 0, 0)) == IR_v_zero_hi, "its low half is the rest cleared");
	ok(opof(op2(IR_v_from2, op2(IR_v_lo, w, 0, 0), op2(IR_v_lo, v, 0, 0), 0)) != IR_vzip1, "a half that is known stays what it is");
	ld = ir_emit(u, &(struct ir_node){.op = IR_ld, .a = {a}, .aux = 3, .snap = ir_snapshot(u, 0x1000)});
	ok(op2(IR_v_from, ld, 0, 0) == ld && opof(ld) == IR_ldv && u->n[ld].type == T_VEC, "a load goes straight to a vector register");
	ld = ir_emit(u, &(struct ir_node){.op = IR_ld, .a = {a}, .aux = 3, .snap = ir_snapshot(u, 0x1000)});
	op2(IR_not64, ld, 0, 0);
	ok(opof(op2(IR_v_from, ld, 0, 0)) == IR_v_from && opof(ld) == IR_ld, "unless something else has the integer");
	ok(!ir_verify(u), "the unit verifies");
}

int main(void)
{
	ir_ref x, y, s;

	u = ir_new(slots, 3);
	ok(u->n[op2(IR_add64, k(3), k(4), 0)].k == 7, "constants fold");
	x = ir_get(u, 0);
	y = ir_get(u, 1);
	ok(ir_get(u, 0) == x, "a register is read once");
	ok(op2(IR_add64, x, y, 0) == op2(IR_add64, x, y, 0), "equal operations are shared");
	ok(op2(IR_add64, x, k(0), 0) == x && op2(IR_xor64, x, x, 0) == k(0), "identities");
	s = op2(IR_zext32, op2(IR_add64, op2(IR_zext32, x, 0, 0), y, 0), 0, 0);
	ok(opof(s) == IR_add64 && u->n[s].fl & NF_W32 && u->n[s].a[0] == x, "a truncated sum is a 32-bit one");
	ok(op2(IR_zext32, s, 0, 0) == s, "and needs no truncation");
	ok(opof(op2(IR_fl_test, op2(IR_fl_sub, x, y, 1), 0, 8)) == IR_ltu64, "HI of a comparison is unsigned less");
	ok(op2(IR_bnot, op2(IR_bnot, op2(IR_eq64, x, y, 0), 0, 0), 0, 0) == op2(IR_eq64, x, y, 0), "double negation");
	ir_set(u, 1, x);
	s = ir_snapshot(u, 0x1000);
	ok(u->snaps[s - 1].n == 1 && u->ents[u->snaps[s - 1].first].ref == x, "a snapshot tells what differs from memory");
	ok(ir_snapshot(u, 0x1000) == s, "and is shared while nothing changes");
	ok(!ir_verify(u), "the unit verifies: %s", ir_verify(u) ? ir_verify(u) : "");
	u->n[x].type = T_VEC;
	ok(ir_verify(u), "a wrong type does not");
	conditions();
	moves();
	ir_free(u);
	return tap_done();
}
