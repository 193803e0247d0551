# The x86-64 back end.
noinst_LIBRARIES += libx64.a
libx64_a_SOURCES = src/x64/asm.h src/x64/asm.c src/x64/x64.h src/x64/consts.h src/x64/consts.c src/x64/cpu.h src/x64/cpu.c src/x64/lower.h src/x64/lower.c src/x64/regalloc.c \
	src/x64/lower_cond.c src/x64/lower_int.c src/x64/lower_mem.c src/x64/lower_atomic.c src/x64/lower_group.c src/x64/lower_memo.c src/x64/lower_exit.c src/x64/lower_loop.c \
	src/x64/lower_vec.c src/x64/lower_vec_priv.h src/x64/lower_vec_lane.c src/x64/lower_vec_shift.c src/x64/lower_vec_wide.c src/x64/lower_vec_perm.c src/x64/lower_vec_crypto.c src/x64/lower_fp.c src/x64/lower_fp_cvt.c src/x64/lower_fp_step.c src/x64/lower_fp_half.c src/x64/lower_fp_priv.h src/x64/glue.c
LIBX64 = libx64.a
