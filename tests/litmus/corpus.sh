#!/usr/bin/env bash
# The corpus of litmus tests with known outcomes, where it is at hand: same verdicts, same sets of states.
# Then the shipped mapping over the same tests.
set -u
parma=${top_builddir:-.}/parma
corpus=${top_srcdir:-.}/../shared/litmus
if [ ! -f "$corpus/diy/expected.tsv" ]; then
	echo "1..0 # SKIP no corpus of litmus tests in $corpus"
	exit 0
fi
out=$("$parma" model --expect -j2 "$corpus"/{catalogue,diy,x86} 2>/dev/null)
echo "$out" | sed 's/^/# /' | tail -12
bad=0
if grep -q '^6092 agree, 0 differ, 10 out of scope' <<<"$out"; then
	echo "ok 1 - outcomes as recorded"
else
	echo "not ok 1 - outcomes as recorded"
	bad=1
fi
if out=$("$parma" mapping check parma "$corpus"/{catalogue,diy}); then
	echo "ok 2 - $(tail -1 <<<"$out")"
else
	echo "not ok 2 - the shipped mapping over the corpus"
	sed 's/^/# /' <<<"$out"
	bad=1
fi
hashes() { # of the generated tests: as the table has them
	"$parma" model "$corpus/diy" 2>/dev/null | awk -F'\t' 'NR == FNR { want[$1] = $15; next }
		/^Test / { split($0, w, " "); name = w[2] }
		/^Hash=/ { if (substr($0, 6) == want[name]) same++; else { print "# " name ": " $0; differ++ } }
		END { exit !(same == 4240 && !differ) }' "$corpus/diy/expected.tsv" -
}
hashes
r=$?
[ $r = 0 ] && echo "ok 3 - fingerprints as recorded" || { echo "not ok 3 - fingerprints as recorded"; bad=1; }
echo 1..3
exit $bad
