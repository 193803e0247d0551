/*
 * The abstract evaluator: what a semantics body (src/a64/sem) may use.  Each
 * evaluator header gives these types and functions their own meaning and
 * then includes the bodies:
 *
 *   eval_conc.h   concrete values: the reference interpreter
 *   eval_ir.h     IR references: the translator
 *   eval_dep.h    values with dependency sets: litmus event extraction
 *
 * Types
 *   E      the evaluator (struct vcpu, IR builder, ...)
 *   v64, v128, vb, vf    one-member structs: integer, vector, truth, flags
 *
 * Bodies
 *   SEM(NAME) { ... }    with `E *e` and `const struct f_NAME *i` (the decoded fields) in scope
 *
 * Rules: what is known at decode time is plain C control flow; what is known
 * at run time is sel64()/selv(), never C `if`.  Pure operations nest; effects
 * are statements with out parameters.  Guest state is written after the last
 * effect of the instruction that can fault.
 *
 * Constants         v64 k64(E*, uint64_t);  v128 via v_const()/vk128(E*, lo, hi);  vb kb(E*, bool)
 * Pure operations   one function per row of ir/ops.def: add64(e, a, b), shl64(e, a, 3), vadd(e, x, y, imm), ...
 *
 * Guest state (no faults)
 *   v64  get_x(e, n)           register 0..30; 31 reads as zero
 *   void set_x(e, n, v64)      31 discards
 *   v64  get_xsp(e, n)         31 is the current SP
 *   void set_xsp(e, n, v64)
 *   v128 get_v(e, n);  void set_v(e, n, v128)
 *   vf   get_flags(e);  void set_flags(e, vf)
 *   v64  insn_pc(e)            address of this instruction
 *
 * Memory.  size in bytes: 1, 2, 4, 8.  Loaded integers are zero-extended.
 * `mo` is an enum mem_order ORed with MF_ flags.
 *   void mem_ld(e, v64 *out, v64 addr, unsigned size, unsigned mo)
 *   void mem_st(e, v64 addr, v64 val, unsigned size, unsigned mo)
 *   void mem_ld128(e, v128 *out, v64 addr, unsigned mo)             one 16-byte register (Q)
 *   void mem_st128(e, v64 addr, v128 val, unsigned mo)
 *   void mem_ldp(e, v64 *a, v64 *b, v64 addr, unsigned size, mo)     two units of size 4 or 8, as LDP
 *   void mem_stp(e, v64 addr, v64 a, v64 b, unsigned size, mo)
 *   void mem_ldp128(e, v128 *a, v128 *b, v64 addr, mo);  mem_stp128(e, addr, a, b, mo)
 *   void mem_ldx(e, v64 *out, v64 addr, unsigned size, mo)           exclusive; mo PLAIN or ACQ
 *   void mem_ldxp(e, v64 *a, v64 *b, v64 addr, unsigned size, mo)
 *   void mem_stx(e, v64 *status, v64 addr, v64 val, unsigned size, mo)   status 0 stored, 1 not; mo PLAIN or REL
 *   void mem_stxp(e, v64 *status, v64 addr, v64 a, v64 b, unsigned size, mo)
 *   void mem_clrex(e)
 *   void mem_rmw(e, v64 *old, v64 addr, v64 val, unsigned size, enum rmw_op, mo)   mo: MO_RMW(acq, rel), MF_NORET
 *   void mem_cas(e, v64 *old, v64 addr, v64 expect, v64 desired, unsigned size, mo)
 *   void mem_casp(e, v64 *old0, v64 *old1, v64 addr, e0, e1, d0, d1, unsigned size, mo)
 *   void mem_barrier(e, enum barrier_kind)
 *   void mem_isb(e)
 *   void mem_prefetch(e, v64 addr)
 *   void mem_dczva(e, v64 addr)
 *
 * Control (an instruction ends with at most one of these; otherwise it falls through)
 *   void br_to(e, uint64_t offset_from_pc)                direct
 *   void br_if(e, vb cond, uint64_t offset_from_pc)       direct conditional, else fall through
 *   void br_reg(e, v64 target, enum br_hint)              indirect: BR_JUMP, BR_CALL, BR_RET
 *   void br_link_hint(e)                                  after set_x(30, ..) of BL: a call pushes its return
 *   void raise_undef(e)                                   UNDEFINED
 *   void raise_svc(e, imm16), raise_hvc, raise_smc, raise_brk, raise_hlt
 *   void do_eret(e)
 *   void do_hint(e, enum hint_kind)                       YIELD, WFE, WFI, SEV, SEVL
 *   void do_wfxt(...) is absent: FEAT_WFxT is not advertised
 *
 * System registers.  `enc` is op0<<14|op1<<11|CRn<<7|CRm<<3|op2 (op0 2..3).
 *   void sys_read(e, v64 *out, uint32_t enc)
 *   void sys_write(e, uint32_t enc, v64 val)
 *   void sys_op(e, v64 *out, uint32_t enc, v64 val)        SYS / SYSL (op0 = 1): AT, DC, IC, TLBI
 *   void sys_msr_imm(e, op1, op2, imm)                     MSR (immediate): DAIF, SP, PAN, UAO, SSBS, ...
 *
 * Traps known from the context that a unit is specialised on
 *   bool check_fp(e)        false if FP/SIMD access traps here (the exception is raised: return at once)
 *   bool has(e, enum feat)  feature of this CPU model (decode normally settles this)
 */
#ifndef PARMA_A64_EVAL_H
#define PARMA_A64_EVAL_H

enum mem_order {
	MO_PLAIN = 0,
	MO_ACQ = 1,    /* LDAR, LDAXR */
	MO_ACQPC = 2,  /* LDAPR, LDAPUR */
	MO_REL = 3,    /* STLR, STLXR, STLUR */
	MO_RMW_PLAIN = 0, /* read-modify-writes: acquire and release halves */
	MO_RMW_A = 1,
	MO_RMW_L = 3,
	MO_RMW_AL = 4,
	MO_MASK = 7,
};
#define MO_RMW(acq, rel) ((acq) ? (rel) ? MO_RMW_AL : MO_RMW_A : (rel) ? MO_RMW_L : MO_RMW_PLAIN)

#define MF_UNPRIV (1u << 3)   /* LDTR, STTR: checked as EL0 (unless UAO) */
#define MF_ALIGNED (1u << 4)  /* alignment fault if not naturally aligned (without LSE2's relaxation); set for
				 exclusives and atomics by the effect itself */
#define MF_NONTEMP (1u << 5)  /* LDNP, STNP, hint only */
#define MF_NORET (1u << 6)    /* read-modify-write with destination XZR (STADD): loses acquire, no-return read */
#define MF_SPBASE (1u << 7)   /* base register is SP: SP alignment check (SCTLR.SA/SA0) */
/* Elements of 1 << es bytes that travel in larger units (LD1 .. ST4): what alignment means for them, where it is checked. */
#define MF_ELEM(es) (((unsigned)(es) + 1) << 8)
#define MF_ELEM_OF(mo) ((mo) >> 8 & 7) /* es + 1; 0: the unit is the element */

enum rmw_op { RMW_ADD, RMW_CLR, RMW_EOR, RMW_SET, RMW_SMAX, RMW_SMIN, RMW_UMAX, RMW_UMIN, RMW_SWP };

/* DMB and DSB by domain-independent type; parma treats all shareability domains as full system. */
enum barrier_kind { BAR_DMB_SY, BAR_DMB_LD, BAR_DMB_ST, BAR_DSB_SY, BAR_DSB_LD, BAR_DSB_ST, BAR_SB };

enum br_hint { BR_JUMP, BR_CALL, BR_RET };
enum hint_kind { HINT_NOP, HINT_YIELD, HINT_WFE, HINT_WFI, HINT_SEV, HINT_SEVL };

#define SYSREG(op0, op1, crn, crm, op2) \
	((uint32_t)((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2)))

#endif
