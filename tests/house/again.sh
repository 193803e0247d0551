#!/usr/bin/env bash
# The second chance of .ci/run (tests/again.sh), tried on a build of stand-ins: each fails as often as its file says.
set -u
unset MAKEFLAGS MAKEOVERRIDES MFLAGS # those of the `make check` that runs this
top=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 99
mkdir tests
cat >Makefile <<'M'
TESTS = tests/clock tests/term.sh tests/model tests/words.sh
all-tests: ; @echo $(TESTS)
clock-tests: ; @echo tests/clock tests/term.sh
check: ; @bash run-tests $(TESTS)
M
cat >run-tests <<'R'
rc=0
for t; do
	name=${t%.sh} left=$(cat "${t%.sh}.fails" 2>/dev/null || echo 0)
	echo "$t" >>ran
	if [ "$left" -gt 0 ]; then
		echo $((left - 1)) >"$name.fails" && echo "not ok 1 - what $t looks at" >"$name.log" && echo ":test-result: FAIL 1 - x" >"$name.trs" && rc=1
	else
		echo "ok 1 - it" >"$name.log" && echo ":test-result: PASS 1 - it" >"$name.trs"
	fi
done
exit $rc
R
n=0 bad=0
# chance NAME STATUS PATTERN RAN [TEST TIMES]...: after these fail so often, again.sh ends with that, says that, and has run those.
chance() {
	local name=$1 want=$2 pattern=$3 runs=$4 rc
	shift 4
	rm -f tests/* ran
	while [ $# -gt 0 ]; do echo "$2" >"tests/$1.fails" && shift 2; done
	make -s check >/dev/null 2>&1
	rm -f ran ${forget-}
	bash "$top/tests/again.sh" . >out 2>&1
	rc=$?
	n=$((n + 1))
	if [ $rc = "$want" ] && grep -Eq -- "$pattern" out && [ "$(cat ran 2>/dev/null | paste -sd' ')" = "$runs" ]; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		bad=1
		sed "s/^/# status $rc: /" out
	fi
}
chance "one that fails once passes, with a loud line" 0 '^again: tests/clock, which failed:' tests/clock clock 1
chance "...and what it did not like is shown" 0 '^not ok 1 - what tests/term.sh looks at' tests/term.sh term 1
chance "two of them, one after the other" 0 '^again: tests/term.sh has passed now' "tests/clock tests/term.sh" clock 1 term 1
chance "one that fails twice fails" 1 '^again: tests/clock failed a second time' tests/clock clock 2
chance "one that does not depend on the host fails at once" 1 '^no second chance for tests/model$' "" model 1
chance "...also beside one that does" 1 '^no second chance for tests/model tests/words.sh$' "" clock 1 model 1 words 1
chance "what is no test fails at once" 1 '^no second chance: it was no test' ""
forget=tests/model.trs chance "tests that have not run fail" 1 '^no second chance: tests/model has not run' "" clock 1
# The list itself
lists=$(cd "$top" && cat tests/*/*.mk | sed -n 's/^CLOCK_TESTS += //p' | tr ' ' '\n')
strange() { # names that are no tests, or of areas whose tests have no second chance
	local t
	for t in $lists; do
		[ -f "$top/$t" ] || [ -f "$top/$t.c" ] || echo "$t is not there"
		case $t in tests/mcm/* | tests/litmus/* | tests/xlate/* | tests/x64/* | tests/ir/* | tests/tcache/* | tests/a64/* | tests/house/* | tests/fuzz/*) echo "$t must pass at once" ;; esac
	done
}
n=$((n + 1))
if [ -n "$lists" ] && [ -z "$(strange)" ]; then
	echo "ok $n - the list names tests of clocks, terminals and sockets only"
else
	echo "not ok $n - the list names tests of clocks, terminals and sockets only"
	strange | sed 's/^/# /'
	bad=1
fi
echo "1..$n"
exit $bad
