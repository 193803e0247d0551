# src/ir: fragment of the top Makefile.am
noinst_LIBRARIES += libir.a
libir_a_SOURCES = \
	src/ir/value.h src/ir/ops.def src/ir/ops_sigs.h src/ir/ops_int.def src/ir/ops_int.h
libir_a_SOURCES += \
	src/ir/ops_fp.def src/ir/ops_fp.h src/ir/fp_imm.h src/ir/fp_est.h \
	src/ir/fp_core.h src/ir/fp_arith_core.h src/ir/fp_lanes.h src/ir/fp_host.h \
	src/ir/fp_arith.c src/ir/fp_mla.c src/ir/fp_cmp.c src/ir/fp_cvt.c src/ir/fp_est.c src/ir/fp_bf16.c
libir_a_SOURCES += \
	src/ir/ops_vec.def src/ir/ops_vec_inline.def src/ir/ops_vec.h src/ir/vec_priv.h \
	src/ir/vec_lane.c src/ir/vec_shift.c src/ir/vec_sat.c src/ir/vec_wide.c \
	src/ir/vec_perm.c src/ir/vec_aes.c src/ir/vec_sha.c
libir_a_SOURCES += \
	src/ir/ir.h src/ir/ir.c src/ir/fold.c src/ir/fold.h src/ir/verify.c src/ir/print.c src/ir/op_fn.c
LIBIR = libir.a
