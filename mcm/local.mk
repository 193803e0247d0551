# mcm: memory models, their enumerator, and the mapping that is checked against them.  Uses src/base alone.
noinst_LIBRARIES += libmcm.a
libmcm_a_SOURCES = \
	mcm/mapping.h mcm/mapping.c \
	mcm/arena.h mcm/arena.c mcm/event.h mcm/explore.h mcm/explore.c \
	mcm/model.h mcm/model_priv.h mcm/model.c mcm/model_arm.c mcm/model_tso.c \
	mcm/states.h mcm/states.c mcm/solve.h mcm/solve_priv.h mcm/solve_rel.h mcm/solve_impl.h \
	mcm/solve.c mcm/solve64.c mcm/solve256.c mcm/witness.h mcm/witness.c \
	mcm/lower.h mcm/lower.c mcm/aprog.h mcm/aprog.c mcm/aprog_text.c \
	mcm/cycle.h mcm/cycle.c mcm/cycle_prog.c mcm/cycle_name.c \
	mcm/check.h mcm/check.c mcm/derive.c mcm/rules.h mcm/rules.c
libmcm_a_CFLAGS = $(AM_CFLAGS) -O2
LIBMCM = libmcm.a
