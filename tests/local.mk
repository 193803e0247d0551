# Tests: TAP, each linking only the libraries of its own layer and below.
EXTRA_DIST += tests/tap.h tests/again.sh
# Those that depend on the host's clock, terminals or sockets: where they fail, .ci/run gives them a second chance (tests/again.sh).
CLOCK_TESTS =
clock-tests:
	@echo $(CLOCK_TESTS)
all-tests:
	@echo $(TESTS)
.PHONY: clock-tests all-tests
include tests/base/local.mk
include tests/mcm/local.mk
include tests/litmus/local.mk
include tests/house/local.mk
include tests/dev/local.mk
include tests/a64/local.mk
include tests/guest/local.mk
include tests/a64/sys.mk
include tests/x64/local.mk
include tests/tcache/local.mk
include tests/sched/local.mk
include tests/cli/local.mk
include tests/bench/local.mk
include tests/fuzz/local.mk
include tests/mutation/local.mk
include tests/sanitize/local.mk
include tests/xlate/local.mk
include tests/ir/local.mk
