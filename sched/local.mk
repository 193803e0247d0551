# sched: fragment of the top Makefile.am
noinst_LIBRARIES += libsched.a
libsched_a_SOURCES = sched/sched.h sched/sched_priv.h sched/sched.c sched/sleep.c sched/spin.c sched/rr.c \
	sched/crowd.c sched/account.h sched/account.def sched/account.c \
	sched/place.h sched/place.c
libsched_a_SOURCES += sched/cost.h sched/cost.c
LIBSCHED = libsched.a
