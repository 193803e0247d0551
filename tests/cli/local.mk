# The command line: usage, bad input, ends, the terminal.
EXTRA_PROGRAMS += tests/cli/ptyrun
tests/cli/terminal.log: tests/cli/ptyrun
dist_check_SCRIPTS += tests/cli/usage.sh tests/cli/bad_input.sh tests/cli/boot.sh tests/cli/terminal.sh tests/cli/scale.sh
EXTRA_DIST += tests/cli/lib.sh tests/cli/testdev.c
check_PROGRAMS += tests/cli/t_scale_fit
tests_cli_t_scale_fit_LDADD = $(LIBCLI) -lm
dist_check_SCRIPTS += tests/cli/sandbox.sh
dist_check_SCRIPTS += tests/cli/log.sh
dist_check_SCRIPTS += tests/cli/qmp.sh
EXTRA_DIST += tests/cli/qmp.py
dist_check_SCRIPTS += tests/cli/pty.sh
tests/cli/pty.log: tests/cli/ptyrun
check_PROGRAMS += tests/cli/t_scale_explain
tests_cli_t_scale_explain_LDADD = $(LIBCLI) $(LIBSCHED) $(LIBA64) $(LIBIR) $(LIBMEM) $(LIBBASE) $(URCU_LIBS) $(HWLOC_LIBS) $(JANSSON_LIBS) -lm
CLOCK_TESTS += tests/cli/pty.sh
CLOCK_TESTS += tests/cli/terminal.sh
CLOCK_TESTS += tests/cli/qmp.sh
CLOCK_TESTS += tests/cli/sandbox.sh
CLOCK_TESTS += tests/cli/scale.sh
