# The translator: semantics to intermediate code to units of the cache, and its run loop.
noinst_LIBRARIES += libxlate.a
libxlate_a_SOURCES = src/xlate/slots.h src/xlate/irb.h src/xlate/irb.c src/xlate/order.c src/xlate/watch.h src/xlate/watch.c src/xlate/pair.h src/xlate/pair.c src/xlate/eval_ir.h \
	src/xlate/irb_base.c src/xlate/irb_ldst.c src/xlate/irb_system.c \
	src/xlate/irb_fp.c src/xlate/irb_simd.c src/xlate/irb_crypto.c \
	src/xlate/xlate.h src/xlate/xlate.c src/xlate/flow.h src/xlate/flow.c src/xlate/region.h src/xlate/region.c src/xlate/disas.h src/xlate/disas.c src/xlate/jit.h src/xlate/jit.c src/xlate/heat.h src/xlate/slow.h src/xlate/slow.c
libxlate_a_SOURCES += src/xlate/lockstep.h src/xlate/lockstep.c src/xlate/lockstep_priv.h src/xlate/lockstep_outside.c src/xlate/lockstep_report.c src/xlate/tape.h src/xlate/tape.c
libxlate_a_SOURCES += src/xlate/tables.h src/xlate/tables.c
LIBXLATE = libxlate.a
