# Bare-metal guests; built by the test itself with a cross compiler, skipped without one.
dist_check_SCRIPTS += tests/guest/t_guests.sh
EXTRA_DIST += tests/guest/guest.lds tests/guest/start.S tests/guest/guest.h tests/guest/lib.c \
	tests/guest/gicv3.c tests/guest/gicv3.expect \
	tests/guest/gicv2.c tests/guest/gicv2.expect \
	tests/guest/ipi.c tests/guest/ipi.expect \
	tests/guest/except.c tests/guest/except.expect \
	tests/guest/mmu.c tests/guest/mmu.expect \
	tests/guest/pl0xx.c tests/guest/pl0xx.expect tests/guest/order.c tests/guest/order.expect \
	tests/guest/hostile.c tests/guest/hostile.expect
EXTRA_DIST += tests/guest/events.c tests/guest/events.expect
EXTRA_DIST += tests/guest/sgi_order.c tests/guest/sgi_order.expect
EXTRA_DIST += tests/guest/sysinsn.c tests/guest/sysinsn.expect
EXTRA_DIST += tests/guest/psci.c tests/guest/psci.expect
EXTRA_DIST += tests/guest/pmu.c tests/guest/pmu.expect
EXTRA_DIST += tests/guest/debug.c tests/guest/debug.expect
EXTRA_DIST += tests/guest/flash.c tests/guest/flash.expect
EXTRA_DIST += tests/guest/tlbi.c tests/guest/tlbi.expect
EXTRA_DIST += tests/guest/icount.c tests/guest/icount.expect
EXTRA_DIST += tests/guest/timer.c tests/guest/timer.expect
# Debian's kernel and user space
dist_check_SCRIPTS += tests/guest/t_linux.sh
dist_check_SCRIPTS += tests/guest/t_memory.sh
LONG_TESTS += tests/guest/t_boots.sh tests/guest/t_root.sh tests/guest/t_bootstrap.sh
LONG_TESTS += tests/guest/t_firmware.sh
tests/guest/t_bootstrap.log: tests/cli/ptyrun
LONG_TESTS += tests/guest/t_selftest.sh
EXTRA_DIST += tests/guest/fpcheck.c
EXTRA_DIST += tests/guest/linux.sh tests/guest/mkroot tests/guest/root-init.sh
LONG_TESTS += tests/guest/t_lockstep.sh
EXTRA_DIST += tests/guest/smc.c tests/guest/smc.expect
LONG_TESTS += tests/guest/t_disk_ends.sh
LONG_TESTS += tests/guest/t_jits.sh
EXTRA_DIST += tests/guest/jits/work.py tests/guest/jits/work.js tests/guest/jits/work.lua tests/guest/jits/Work.java
LONG_TESTS += tests/guest/t_host_cpu.sh
# Memory order as a Linux program sees it
dist_check_SCRIPTS += tests/guest/t_memorder.sh
LONG_TESTS += tests/guest/t_memorder_long.sh
EXTRA_DIST += tests/guest/memorder.c
dist_check_SCRIPTS += tests/guest/t_scale.sh
LONG_TESTS += tests/guest/t_stress.sh
