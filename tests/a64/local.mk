# Instructions of the reference engine, without a system around them.
A64_FLAT = tests/a64/case.h tests/a64/flat.h tests/a64/flat.c tests/a64/vecfile.h tests/a64/vecfile.c
A64_FLAT_LIBS = $(LIBA64) $(LIBIR) $(LIBMEM) $(LIBBASE) -lm

EXTRA_PROGRAMS += tests/a64/oracle
tests_a64_oracle_SOURCES = tests/a64/oracle.c $(A64_FLAT)
tests_a64_oracle_LDADD = $(A64_FLAT_LIBS)
EXTRA_DIST += tests/a64/oracle.sh tests/a64/harness.h tests/a64/harness.c tests/a64/rows.h
EXTRA_PROGRAMS += tests/a64/bench_interp
tests_a64_bench_interp_SOURCES = tests/a64/bench_interp.c tests/a64/bench_words.h tests/a64/flat.h tests/a64/flat.c
tests_a64_bench_interp_LDADD = $(A64_FLAT_LIBS)

# The decoder against binutils
check_PROGRAMS += tests/a64/t_decode
tests_a64_t_decode_LDADD = $(LIBA64) $(LIBBASE)
EXTRA_DIST += tests/a64/decode_mnemonics.txt tests/a64/decode_differences.txt

# Memory effects and the block loop, on the real MMU
check_PROGRAMS += tests/a64/t_memory
tests_a64_t_memory_LDADD = $(A64_FLAT_LIBS)
check_PROGRAMS += tests/a64/t_decoded
tests_a64_t_decoded_LDADD = $(A64_FLAT_LIBS)

# Recorded single instructions
check_PROGRAMS += tests/a64/t_vectors
tests_a64_t_vectors_SOURCES = tests/a64/t_vectors.c $(A64_FLAT)
tests_a64_t_vectors_LDADD = $(A64_FLAT_LIBS)
EXTRA_DIST += tests/a64/vectors/base.vec tests/a64/vectors/ldst.vec tests/a64/vectors/fp.vec tests/a64/vectors/simd.vec

# Floating point over hard operands
EXTRA_DIST += tests/a64/fp.vec tests/a64/fprun.c
check_PROGRAMS += tests/a64/t_fp
tests_a64_t_fp_SOURCES = tests/a64/t_fp.c tests/a64/fp_operands.h
tests_a64_t_fp_LDFLAGS = $(AM_LDFLAGS) -Wl,-u,conc_FADD_s
tests_a64_t_fp_LDADD = $(LIBA64) $(LIBIR) $(LIBBASE)
dist_check_SCRIPTS += tests/a64/fp_oracle.sh

# SIMD: recorded digests, and live against qemu-aarch64 where there is one.
check_PROGRAMS += tests/a64/t_simd
tests_a64_t_simd_LDFLAGS = $(AM_LDFLAGS) -Wl,-u,conc_ADD_v -Wl,-u,conc_AESE
tests_a64_t_simd_LDADD = $(LIBA64) $(LIBIR) $(LIBMEM) $(LIBBASE) -lm
dist_check_SCRIPTS += tests/a64/simd_oracle.sh
EXTRA_DIST += tests/a64/simd_sets.h tests/a64/simd_words.txt tests/a64/simd_run.c

# Random programs: the generator, and the harness that runs them under QEMU
A64_PROG = tests/a64/prog.h tests/a64/prog_gen.h tests/a64/prog_gen.c tests/a64/vecfile.h tests/a64/vecfile.c tests/a64/rows.h
EXTRA_DIST += tests/a64/programs.sh tests/a64/prog_harness.c tests/a64/programs.txt

# At length, beside qemu-aarch64: PROGRAM_INSNS instructions of each group, then PROGRAM_PASS_INSNS with each pass of the
# translator off.  Interrupted, it goes on where it was.
PROGRAM_INSNS = 10000000
PROGRAM_PASS_INSNS = 1000000
PROGRAM_RUN = top_srcdir=$(abs_top_srcdir) top_builddir=$(abs_builddir) bash $(top_srcdir)/tests/a64/programs.sh
check-programs: all tests/xlate/t_programs
	$(PROGRAM_RUN) --all -n $(PROGRAM_INSNS) -k 128
	$(PROGRAM_RUN) --all -n $(PROGRAM_PASS_INSNS) -k 128 -p
.PHONY: check-programs
