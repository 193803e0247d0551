# litmus: tests in herd7's format; parser, assembler, event extraction through the instruction semantics.
noinst_LIBRARIES += liblitmus.a
liblitmus_a_SOURCES = \
	litmus/test.h litmus/lex.h litmus/lex.c litmus/md5.h litmus/md5.c litmus/hash.h litmus/hash.c litmus/hash_insn.c litmus/parse.c litmus/parse_init.c litmus/parse_prop.c litmus/regs.c \
	litmus/asm.h litmus/asm_priv.h litmus/asm.c litmus/asm_base.c litmus/asm_ldst.c litmus/asm_simd.c \
	litmus/model.h litmus/model.c litmus/state.c litmus/x86.h litmus/x86_parse.c litmus/x86_run.c litmus/a64_run.c \
	litmus/dep.h litmus/eval_dep.h litmus/dep.c litmus/dep_base.c litmus/dep_ldst.c litmus/dep_system.c \
	litmus/dep_fp.c litmus/dep_simd.c litmus/dep_crypto.c \
	litmus/expect.h litmus/expect.c litmus/mapped.h litmus/mapped.c \
	litmus/emit.h litmus/emit.c litmus/gang.h litmus/gang.c litmus/build.h litmus/build_priv.h litmus/build.c litmus/build_regs.c litmus/build_start.c \
	litmus/hostcode.h litmus/hostcode.c litmus/graph.h litmus/graph.c litmus/classify.h litmus/classify.c litmus/hist.h litmus/hist.c litmus/run.h litmus/run.c litmus/trial.h litmus/trial_priv.h litmus/trial.c litmus/collect.c litmus/plan.h litmus/plan.c \
	litmus/judge.h litmus/judge.c litmus/expect_log.c litmus/suite.h litmus/suite.c litmus/results.h litmus/results.c
LIBLITMUS = liblitmus.a
