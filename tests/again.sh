#!/usr/bin/env bash
# again.sh BUILD: after a `make check` in BUILD that failed.  Tests that depend on the host's clock, terminals or sockets
# (CLOCK_TESTS of the .mk files) and failed are run once more, alone and one after the other; if any other test failed,
# or something that is no test, the failure stands at once.  Status 0: all that failed has passed now.
set -u
build=${1:?usage: again.sh BUILD}
in_build() { MAKEFLAGS='' make -C "$build" -s "$@"; }
clock=" $(in_build clock-tests) " all=$(in_build all-tests) || exit 1
failed=() final=
for t in $all; do
	trs=$build/${t%.sh}.trs
	[ -f "$trs" ] || { echo "no second chance: $t has not run"; exit 1; }
	grep -Eq '^:(global-)?test-result: *(FAIL|XPASS|ERROR)' "$trs" || continue
	failed+=("$t")
	[[ $clock == *" $t "* ]] || final+=" $t"
done
[ ${#failed[@]} -gt 0 ] || { echo "no second chance: it was no test that failed"; exit 1; }
[ -z "$final" ] || { echo "no second chance for$final"; exit 1; }
for t in "${failed[@]}"; do
	echo "again: $t, which failed:"
	grep -A9 '^not ok' "$build/${t%.sh}.log"
	in_build check TESTS="$t" || { echo "again: $t failed a second time"; exit 1; }
	echo "again: $t has passed now"
done
