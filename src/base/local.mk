noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	src/base/types.h src/base/bits.h src/base/atomic.h src/base/bug.h src/base/bug.c \
	src/base/err.h src/base/err.c src/base/log.h src/base/log.c \
	src/base/lock.h src/base/lock.c src/base/clock.h src/base/clock.c \
	src/base/timer.h src/base/timer.c src/base/rcu.h src/base/stats.h src/base/stats.def \
	src/base/opts.h src/base/opts.c src/base/nearest.h src/base/nearest.c src/base/hostrand.h src/base/hostrand.c src/base/outfile.h src/base/outfile.c src/base/alloc.h src/base/alloc.c
libbase_a_SOURCES += src/base/sandbox.h src/base/sandbox.def src/base/sandbox.c
libbase_a_SOURCES += src/base/keeper.h src/base/keeper.c
libbase_a_SOURCES += src/base/symtab.h src/base/symtab.c
libbase_a_SOURCES += src/base/termguard.h src/base/termguard.c
libbase_a_SOURCES += src/base/passes.h src/base/passes.c
LIBBASE = libbase.a
