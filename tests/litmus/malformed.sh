#!/usr/bin/env bash
# Malformed tests: one message with file, line and column; the other tests go on; the exit code tells.
set -u
parma=${top_builddir:-.}/parma
dir=${top_srcdir:-.}/tests/litmus
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0 bad=0
check() { # name, condition
	n=$((n + 1))
	if [ "$2" = 0 ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; bad=1; fi
}
for f in "$dir"/bad/*.litmus; do
	want=$(sed -n 's/^(\* Expect: \(.*\) \*)$/\1/p' "$f")
	out=$("$parma" model "$f" 2>&1)
	rc=$?
	lines=$(wc -l <<<"$out")
	grep -qF "$(basename "$f"):$want" <<<"$out" && [ $rc = 66 ] && [ "$lines" = 1 ]
	r=$?
	check "$(basename "$f"): $want" $r
	[ $r = 0 ] || sed "s/^/# rc $rc: /" <<<"$out"
done
out=$("$parma" model -q "$dir/bad" "$dir/axioms/addr.litmus" 2>/dev/null)
rc=$?
[ $rc = 66 ] && [ "$out" = "addr No" ]
check "good tests run beside bad ones, exit code 66" $?
"$parma" model "$tmp/none.litmus" >/dev/null 2>&1
[ $? = 66 ]
check "a missing file" $?
"$parma" model --model=vax "$dir/axioms/addr.litmus" >/dev/null 2>&1
[ $? = 64 ]
check "an unknown model" $?
"$parma" model >/dev/null 2>&1
[ $? = 64 ]
check "no file given" $?
"$parma" mapping show vax >/dev/null 2>&1
[ $? = 64 ]
check "an unknown mapping" $?
mkdir "$tmp/t"
cp "$dir/axioms/addr.litmus" "$tmp/t"
printf 'name\tfile\tthreads\tvariants\tunroll\tquantifier\tverdict\tobservation\tpositive\tnegative\tnstates\tstates\tloop\tflags\thash\tcondition\tseconds\n' >"$tmp/t/expected.tsv"
row() { printf 'addr\taddr.litmus\t2\t\t2\tAllowed\t%s\tNever\t0\t3\t3\t%s\t0\t\t\t\t1\n' "$1" "$2" >>"$tmp/t/expected.tsv"; }
row No '1:X0=0; 1:X2=0; | 1:X0=0; 1:X2=1; | 1:X0=1; 1:X2=1;'
"$parma" model --expect "$tmp/t" | grep -q '^1 agree, 0 differ, 0 out of scope'
check "a table that agrees" $?
sed -i '$d' "$tmp/t/expected.tsv"
row No '1:X0=0; 1:X2=0; | 1:X0=1; 1:X2=0; | 1:X0=1; 1:X2=1;'
out=$("$parma" model --expect "$tmp/t")
[ $? = 1 ] && grep -q 'missing: 1:X0=1;1:X2=0;' <<<"$out" && grep -q 'extra:   1:X0=0;1:X2=1;' <<<"$out"
check "a table that differs is told apart, exit code 1" $?
"$parma" model --dot "$dir/axioms/addr.litmus" --without=addr | grep -q '^digraph'
check "a graph of an execution" $?
"$parma" model --witness "$dir/axioms/addr.litmus" --without=addr | grep -q '^  fr d -> a'
check "an execution as text" $?
"$parma" model --model=sc "$dir/axioms/mfence.litmus" | grep -q '^Observation mfence Never'
check "sequential consistency on request" $?
echo "1..$n"
exit $bad
