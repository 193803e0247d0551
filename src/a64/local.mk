# The encoding tables and what the generator makes of them.
A64_ENC = \
	$(top_srcdir)/src/a64/enc/base.enc \
	$(top_srcdir)/src/a64/enc/ldst.enc \
	$(top_srcdir)/src/a64/enc/system.enc \
	$(top_srcdir)/src/a64/enc/fp.enc \
	$(top_srcdir)/src/a64/enc/simd.enc \
	$(top_srcdir)/src/a64/enc/crypto.enc
EXTRA_DIST += $(A64_ENC)
noinst_PROGRAMS += encgen
encgen_SOURCES = src/a64/encgen.c

BUILT_SOURCES += src/a64/a64_enc.gen.h
CLEANFILES += src/a64/a64_enc.gen.h src/a64/a64_decode.gen.c
src/a64/a64_enc.gen.h: $(A64_ENC) encgen$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) src/a64 && ./encgen$(EXEEXT) $@.tmp src/a64/a64_decode.gen.c $(A64_ENC) && mv $@.tmp $@
src/a64/a64_decode.gen.c: src/a64/a64_enc.gen.h
# Before any object but the generator's: whoever is compiled first may include it (`make parma` in a fresh folder).
$(filter-out src/a64/encgen.o,$(subst /$(DEPDIR)/,/,$(am__depfiles_remade:.Po=.o))): | src/a64/a64_enc.gen.h

# Bodies: one file per group of the manual, included by every evaluator.
A64_SEM = \
	src/a64/sem/common.h \
	src/a64/sem/arith_imm.h src/a64/sem/arith_reg.h src/a64/sem/bitfield.h \
	src/a64/sem/branch.h \
	src/a64/sem/ldst.h src/a64/sem/ldst_pair.h src/a64/sem/atomics.h \
	src/a64/sem/system.h \
	src/a64/sem/fp_common.h src/a64/sem/fp_convert.h src/a64/sem/fp_element.h \
	src/a64/sem/fp_scalar.h src/a64/sem/fp_vector.h \
	src/a64/sem/simd_util.h src/a64/sem/simd_elem.h src/a64/sem/simd_ldst.h \
	src/a64/sem/simd_misc.h src/a64/sem/simd_perm.h src/a64/sem/simd_same.h src/a64/sem/simd_shift.h \
	src/a64/sem/simd_wide.h \
	src/a64/sem/crypto.h

noinst_LIBRARIES += liba64.a
liba64_a_SOURCES = $(A64_SEM) \
	src/a64/feat.h src/a64/bitmask.h src/a64/sysstate.h src/a64/vcpu.h src/a64/cpu_ops.h \
	src/a64/eval.h src/a64/eval_conc_ops.h src/a64/eval_conc.h \
	src/a64/interp.h src/a64/interp.c src/a64/decoded.h src/a64/decoded.c \
	src/a64/interp_mem.h src/a64/interp_mem.c src/a64/exclusive.h src/a64/exclusive.c \
	src/a64/interp_base.c src/a64/interp_ldst.c src/a64/interp_system.c \
	src/a64/interp_fp.c src/a64/interp_simd.c src/a64/interp_crypto.c
nodist_liba64_a_SOURCES = src/a64/a64_enc.gen.h src/a64/a64_decode.gen.c
LIBA64 = liba64.a
