# vCPU threads.
check_PROGRAMS += tests/sched/t_sched
tests_sched_t_sched_LDADD = $(LIBSCHED) $(LIBA64) $(LIBIR) $(LIBMEM) $(LIBBASE) $(URCU_LIBS) $(HWLOC_LIBS) -lm
# Placement by hwloc.
check_PROGRAMS += tests/sched/t_place
tests_sched_t_place_LDADD = $(LIBSCHED) $(LIBA64) $(LIBIR) $(LIBMEM) $(LIBBASE) $(URCU_LIBS) $(HWLOC_LIBS) -lm
# The deterministic engine.
check_PROGRAMS += tests/sched/t_rr
tests_sched_t_rr_LDADD = $(LIBSCHED) $(LIBA64) $(LIBIR) $(LIBMEM) $(LIBBASE) $(URCU_LIBS) $(HWLOC_LIBS) -lm
# Nobody starves.
check_PROGRAMS += tests/sched/t_fair
tests_sched_t_fair_LDADD = $(LIBSCHED) $(LIBA64) $(LIBIR) $(LIBMEM) $(LIBBASE) $(URCU_LIBS) $(HWLOC_LIBS) -lm
# Rests of those who spin for one lock.
check_PROGRAMS += tests/sched/t_crowd
tests_sched_t_crowd_LDADD = $(LIBSCHED) $(LIBA64) $(LIBIR) $(LIBMEM) $(LIBBASE) $(URCU_LIBS) $(HWLOC_LIBS) -lm
EXTRA_DIST += tests/sched/crew.h
# Sleepers that poll.
check_PROGRAMS += tests/sched/t_poll
tests_sched_t_poll_LDADD = $(LIBSCHED) $(LIBA64) $(LIBIR) $(LIBMEM) $(LIBBASE) $(URCU_LIBS) $(HWLOC_LIBS) -lm
CLOCK_TESTS += tests/sched/t_fair
CLOCK_TESTS += tests/sched/t_poll
